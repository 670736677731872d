"""One POST against real servers, and against a network that means harm."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from dramatis_kit import utc_now
from dramatis_notifier.payload import Message
from dramatis_notifier.schedule import Answer
from dramatis_notifier.sender import Sender, Target
from dramatis_notifier.signing import new_key
from dramatis_outbound import Guard
from dramatis_testkit.receiver import receiving

EMBEDDED = Guard(loopback=True, ports=None)
PUBLIC = Guard(ports=None)
MESSAGE = Message(b"{}", {"Content-Type": "application/json"})
Resolve = Callable[[dict[str, list[str]]], None]


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender.open(EMBEDDED, 2) as opened:
        yield opened


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Let names resolve to addresses of an attacker's choice."""
    names: dict[str, list[str]] = {}

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in names[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names.update


async def post(sender: Sender, url: str) -> Answer:
    return await sender.post(Target(url, [new_key()]), "evt_1", MESSAGE, utc_now())


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "64:ff9b::7f00:1", "::ffff:127.0.0.1"]
)
async def test_a_name_that_resolves_inwards_is_refused_without_a_connection(resolve: Resolve, address: str) -> None:
    resolve({"rebind.example": [address]})
    async with Sender.open(PUBLIC, 2) as sender:
        answer = await post(sender, "https://rebind.example/")
    assert answer == Answer(None, "the address may not be called")


async def test_a_name_with_several_inward_addresses_is_refused(resolve: Resolve) -> None:
    resolve({"rebind.example": ["127.0.0.1", "::1", "10.0.0.1"]})
    async with Sender.open(PUBLIC, 2) as sender:
        assert (await post(sender, "https://rebind.example/")).error == "the address may not be called"


async def test_every_connection_is_checked_and_not_the_name(resolve: Resolve) -> None:
    """The embedded guard opens loopback; the name then turns to a private address."""
    async with receiving() as receiver, Sender.open(EMBEDDED, 2) as sender:
        port = receiver.url.split(":")[2].split("/")[0]
        resolve({"rebind.example": ["127.0.0.1"]})
        assert (await post(sender, f"http://rebind.example:{port}/")).status == 204
        resolve({"other.example": ["192.168.0.1"]})
        assert (await post(sender, f"http://other.example:{port}/")).error == "the address may not be called"


async def test_an_address_literal_needs_no_name_to_be_refused() -> None:
    async with receiving() as receiver, Sender.open(PUBLIC, 2) as sender:
        for host in ("127.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"):
            answer = await post(sender, receiver.url.replace("http://127.0.0.1", f"https://{host}"))
            assert answer.status is None
        assert receiver.posts == []


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        async with Sender.open(EMBEDDED, 2) as sender:
            assert (await post(sender, receiver.url)).status == 204
        assert (len(proxy.posts), len(receiver.posts)) == (0, 1)


async def test_what_cannot_be_reached_is_said_in_plain_words(sender: Sender, resolve: Resolve) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert await post(sender, url) == Answer(None, "cannot connect: connection refused")
        assert await post(sender, url.replace("http", "https")) == Answer(None, "cannot connect: connection refused")
    assert await post(sender, "http://nowhere.example/") == Answer(None, "the host name cannot be resolved")
    assert (await post(sender, "http://" + "a" * 70 + ".example/")).status is None


async def test_a_server_without_tls_is_told_apart(sender: Sender) -> None:
    async with receiving() as receiver:
        answer = await post(sender, receiver.url.replace("http", "https"))
        assert answer == Answer(None, "TLS: the server's certificate or protocol was not accepted")


async def test_what_is_not_http_is_a_failed_connection(sender: Sender) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        answer = await post(sender, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert answer.status is None
    assert (answer.error or "").startswith("the connection failed")


async def test_an_endless_answer_is_cut_off_and_its_status_counts(sender: Sender) -> None:
    cut_off = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        finally:
            cut_off.set()

    async with receiving(always=endless) as receiver:
        assert (await post(sender, receiver.url)).status == 200
        async with asyncio.timeout(10):
            await cut_off.wait()


async def test_a_compressed_bomb_is_not_inflated(sender: Sender) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with receiving([web.Response(body=b"not gzip at all", headers=headers)]) as receiver:
        assert (await post(sender, receiver.url)).status == 200


async def test_connections_are_used_again(sender: Sender) -> None:
    peers = set()

    async def remember(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(text="thanks")

    async with receiving(always=remember) as receiver:
        for _ in range(5):
            await post(sender, receiver.url)
    assert len(peers) == 1


async def test_no_cookie_is_kept(sender: Sender) -> None:
    async with receiving([web.Response(headers={"Set-Cookie": "a=b"})]) as receiver:
        await post(sender, receiver.url)
        await post(sender, receiver.url)
        assert "cookie" not in receiver.posts[1].headers


async def test_names_that_hang_do_not_hold_up_others(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        if host != "quick.example":
            answer.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with receiving() as receiver:
        hanging = [asyncio.create_task(post(sender, f"http://slow{n}.example/")) for n in range(40)]
        quick = receiver.url.replace("127.0.0.1", "quick.example")
        assert (await post(sender, quick)).status == 204
        assert not any(task.done() for task in hanging)
        answers = await asyncio.gather(*hanging)
        assert {one.error for one in answers} == {"no answer within 2 s"}
        answer.set()
