"""Nobody reaches the inside through a webhook: every way of naming an address, tried with a real client and sockets.

A resolver of the attacker's choice stands in for DNS; everything else is what runs in production. A receiver listens on
loopback and must stay silent, and no socket may be opened for a refused address.
"""

import ipaddress
import socket
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
from dramatis_testkit.receiver import Receiver, receiving

STRICT = Guard(ports=None, plain=True)
"""As in production, but for ports and scheme, so that only the address can be the reason."""

MESSAGE = Message(b"{}", {"Content-Type": "application/json"})

REFUSED = {
    "loopback": "127.0.0.1",
    "another loopback": "127.9.9.9",
    "IPv6 loopback": "::1",
    "this host": "0.0.0.0",
    "unspecified IPv6": "::",
    "private 10/8": "10.0.0.1",
    "private 172.16/12": "172.16.0.1",
    "private 192.168/16": "192.168.1.1",
    "unique local": "fd00::1",
    "link-local": "169.254.1.1",
    "link-local IPv6": "fe80::1",
    "CGNAT": "100.64.0.1",
    "AWS, Azure and Google metadata": "169.254.169.254",
    "ECS credentials": "169.254.170.2",
    "AWS metadata IPv6": "fd00:ec2::254",
    "Google metadata IPv6": "fd20:ce::254",
    "Alibaba metadata": "100.100.100.200",
    "Azure platform": "168.63.129.16",
    "Oracle metadata": "192.0.0.192",
    "IPv4-mapped loopback": "::ffff:127.0.0.1",
    "IPv4-mapped metadata": "::ffff:169.254.169.254",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 metadata": "64:ff9b::a9fe:a9fe",
    "local NAT64": "64:ff9b:1::a9fe:a9fe",
    "6to4 loopback": "2002:7f00:1::",
    "Teredo": "2001:0:4136:e378::1",
    "multicast": "224.0.0.1",
    "multicast IPv6": "ff02::1",
    "broadcast": "255.255.255.255",
    "documentation": "192.0.2.1",
    "benchmarking": "198.18.0.1",
}
LITERALS = {
    "dotted": "127.0.0.1",
    "hexadecimal parts": "0x7f.1",
    "hexadecimal": "0x7f000001",
    "octal": "0177.0.0.1",
    "decimal": "2130706433",
    "short": "127.1",
    "zero": "0",
    "IPv6": "[::1]",
    "IPv4-mapped": "[::ffff:127.0.0.1]",
    "IPv4-mapped in hexadecimal": "[::ffff:7f00:1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "name": "localhost",
    "name with a dot": "localhost.",
    "name below": "api.localhost",
    "full-width digits": "１２７.0.0.1",
    "ideographic dots": "127。0。0。1",
}
NEVER = ["169.254.169.254", "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "::1"]

Resolve = Callable[[dict[str, list[str]]], None]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a TCP connection was begun to."""
    begun: list[str] = []
    genuine = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        begun.append(str(address[0]))
        genuine(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return begun


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Let names resolve as an attacker wants; each look-up takes the next of the addresses, the last for ever."""
    names: dict[str, list[str]] = {}

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = names[host].pop(0) if len(names[host]) > 1 else names[host][0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names.update


@pytest.fixture
async def inside() -> AsyncIterator[Receiver]:
    """A service on loopback that must hear nothing."""
    async with receiving() as receiver:
        yield receiver


async def post(guard: Guard, url: str) -> Answer:
    async with Sender.open(guard, 5) as sender:
        return await sender.post(Target(url, [new_key()]), "evt_1", MESSAGE, utc_now())


def port_of(receiver: Receiver) -> int:
    return int(receiver.url.split(":")[2].split("/")[0])


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
async def test_a_name_that_means_an_inward_address_is_refused(
    resolve: Resolve, inside: Receiver, opened: list[str], address: str
) -> None:
    resolve({"innocent.example": [address]})
    answer = await post(STRICT, f"http://innocent.example:{port_of(inside)}/")
    assert answer == Answer(None, "the address may not be called")
    assert (inside.posts, opened) == ([], [])


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED.keys())
async def test_an_inward_address_itself_is_refused(inside: Receiver, opened: list[str], address: str) -> None:
    host = f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
    answer = await post(STRICT, f"http://{host}:{port_of(inside)}/")
    assert answer == Answer(None, "the address is not public")
    assert (inside.posts, opened) == ([], [])


@pytest.mark.parametrize("host", LITERALS.values(), ids=LITERALS.keys())
async def test_other_ways_to_write_loopback_are_refused(inside: Receiver, opened: list[str], host: str) -> None:
    answer = await post(STRICT, f"http://{host}:{port_of(inside)}/")
    assert answer.status is None
    assert (inside.posts, opened) == ([], [])


async def test_a_name_that_turns_inwards_after_it_was_looked_up_is_refused(
    resolve: Resolve, inside: Receiver, opened: list[str]
) -> None:
    """DNS rebinding: the first answer is allowed here, the second is the address of the inside."""
    port = port_of(inside)
    guard = Guard(ports=None, plain=True, private=(ipaddress.ip_network("127.0.0.2/32"),))
    resolve({"rebind.example": ["127.0.0.2", "127.0.0.1"]})
    answers = [await post(guard, f"http://rebind.example:{port}/") for _ in range(3)]
    assert opened == ["127.0.0.2"]
    assert {answer.error for answer in answers[1:]} == {"the address may not be called"}
    assert inside.posts == []


async def test_a_name_with_a_good_and_a_bad_address_never_reaches_the_bad_one(
    monkeypatch: pytest.MonkeyPatch, inside: Receiver, opened: list[str]
) -> None:
    port = port_of(inside)

    def both(host: str, _port: int, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    guard = Guard(ports=None, plain=True, private=(ipaddress.ip_network("127.0.0.2/32"),))
    assert (await post(guard, f"http://mixed.example:{port}/")).status is None
    assert set(opened) <= {"127.0.0.2"}
    assert inside.posts == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/", "http://169.254.169.254/latest/meta-data/"])
async def test_a_redirect_leads_nowhere(inside: Receiver, opened: list[str], status: int, target: str) -> None:
    where = target.format(port=port_of(inside))
    async with receiving([web.Response(status=status, headers={"Location": where})]) as outside:
        answer = await post(Guard(loopback=True, ports=None), outside.url)
    assert (answer.status, answer.error) == (status, "redirects are not followed")
    assert inside.posts == []
    assert len(opened) == 1


@pytest.mark.parametrize("address", NEVER)
async def test_no_setting_opens_metadata_addresses(resolve: Resolve, opened: list[str], address: str) -> None:
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    guard = Guard(ports=None, plain=True, private=everything if address != "::1" else ())
    resolve({"metadata.example": [address]})
    assert (await post(guard, "http://metadata.example/")).error == "the address may not be called"
    assert opened == []


async def test_a_private_network_is_called_when_the_operator_lists_it(resolve: Resolve, inside: Receiver) -> None:
    port = port_of(inside)
    resolve({"intranet.example": ["127.0.0.1"]})
    listed = Guard(ports=None, plain=True, private=(ipaddress.ip_network("127.0.0.0/30"),))
    assert (await post(listed, f"http://intranet.example:{port}/")).status == 204
    assert (await post(STRICT, f"http://intranet.example:{port}/")).status is None
    assert len(inside.posts) == 1


async def test_an_operators_own_addresses_can_be_refused_although_private_networks_are_listed(
    resolve: Resolve, inside: Receiver
) -> None:
    resolve({"database.example": ["127.0.0.1"]})
    guard = Guard(
        ports=None,
        plain=True,
        private=(ipaddress.ip_network("127.0.0.0/8"),),
        refused=(ipaddress.ip_network("127.0.0.1/32"),),
    )
    assert (await post(guard, f"http://database.example:{port_of(inside)}/")).status is None
    assert inside.posts == []


async def test_production_takes_https_on_its_ports_only(inside: Receiver) -> None:
    production = Guard(ports=frozenset({443, 8443}), private=(ipaddress.ip_network("127.0.0.0/8"),))
    port = port_of(inside)
    assert (await post(production, f"http://127.0.0.1:{port}/")).error == "the scheme must be https"
    assert (await post(production, f"https://127.0.0.1:{port}/")).error == f"port {port} is not allowed"
    assert inside.posts == []
