"""Locks, ports and disk: what stands in the way is named before anything starts."""

import asyncio
import os
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from dramatis_engines.console import Voice
from dramatis_engines.files import read_private, write_private
from dramatis_engines.locks import DirectoryHeld, DirectoryLock, Held, take_store
from dramatis_engines.parts import Fault
from dramatis_engines.place import check, resolved, watch
from dramatis_engines.ports import free_port, holder_of, is_free, remembered_port
from dramatis_engines.settings import PlatformSettings, command_settings, write_addresses
from dramatis_engines.supervisor import up


def settings_in(folder: Path, **changes: object) -> PlatformSettings:
    return PlatformSettings().model_copy(update={"data_dir": folder, "gateway_port": free_port(), **changes})


def test_a_second_holder_of_a_directory_learns_who_is_first(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path, "http://127.0.0.1:8000"):
        with pytest.raises(DirectoryHeld) as refusal, DirectoryLock(tmp_path, "http://127.0.0.1:9000"):
            pass
        said = str(refusal.value)
        assert f"process {os.getpid()}" in said
        assert "http://127.0.0.1:8000" in said
    with DirectoryLock(tmp_path, "http://127.0.0.1:9000"):
        pass


def test_the_lock_of_a_killed_holder_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from dramatis_engines.locks import DirectoryLock\n"
        "with DirectoryLock(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(DirectoryHeld), DirectoryLock(tmp_path, "y"):
            pass
        holder.kill()
    with DirectoryLock(tmp_path, "y"):
        pass


def test_a_store_stays_locked_for_as_long_as_the_engine_that_was_given_the_lock_lives(tmp_path: Path) -> None:
    descriptor = take_store(tmp_path)
    engine = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    os.close(descriptor)
    with pytest.raises(Held):
        take_store(tmp_path, wait=0)
    engine.kill()
    engine.wait()
    os.close(take_store(tmp_path, wait=5))


def test_a_taken_port_is_named_with_the_process_that_holds_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Fault, match=rf"port {port} is taken by .+ \(process {os.getpid()}\)"):
            check(settings_in(tmp_path, gateway_port=port))
    check(settings_in(tmp_path, gateway_port=port))


def test_an_address_of_another_machine_is_no_taken_port(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"nothing can listen on 192\.0\.2\.1"):
        check(settings_in(tmp_path, host="192.0.2.1"))


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = StringIO()
    assert up(settings_in(tmp_path / "file"), Voice(said), demo=False) == 1
    assert "cannot be the data directory" in said.getvalue()


def test_a_free_port_has_no_holder() -> None:
    port = free_port()
    assert is_free(port)
    assert holder_of(port) is None


def test_an_engine_keeps_its_port_until_somebody_else_takes_it(tmp_path: Path) -> None:
    port = remembered_port(tmp_path)
    assert remembered_port(tmp_path) == port
    with socket.create_server(("127.0.0.1", port)):
        other = remembered_port(tmp_path)
        assert other != port
    assert remembered_port(tmp_path) == other


def test_a_nearly_full_disk_prevents_a_start(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="MB of free space"):
        check(settings_in(tmp_path / "not" / "yet", disk_refuse_mb=10**9))


async def test_a_platform_stops_before_its_disk_is_full(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="everything accepted so far is stored"):
        await watch(settings_in(tmp_path, disk_stop_mb=10**9), Voice(StringIO()))


async def test_a_disk_that_fills_is_warned_of_once(tmp_path: Path) -> None:
    said = StringIO()
    settings = settings_in(tmp_path, disk_warn_mb=10**9)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch(settings, Voice(said), seconds=0.01), 0.2)
    assert said.getvalue().count("are free in") == 1


def test_a_private_file_is_replaced_whole_and_read_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "dev.json"
    write_private(file, '{"a": 1}')
    write_private(file, '{"a": 2}')
    assert read_private(file) == {"a": 2}
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["dev.json"]


def test_a_command_finds_the_engines_of_its_directory_unless_the_environment_names_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = settings_in(tmp_path, mongo_url="mongodb://ours", nats_url="nats://ours", clickhouse_url="http://ours")
    write_addresses(running)
    monkeypatch.setenv("DRAMATIS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DRAMATIS_NATS_URL", "nats://theirs")
    found = command_settings()
    assert (found.mongo_url, found.nats_url, found.embedded) == ("mongodb://ours", "nats://theirs", True)


def test_port_zero_becomes_a_real_port(tmp_path: Path) -> None:
    assert resolved(settings_in(tmp_path, gateway_port=0)).gateway_port > 0
