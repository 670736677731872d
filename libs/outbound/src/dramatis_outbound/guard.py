"""Which addresses may be called. It stands between a tenant's URL and the network that the platform runs in.

A URL is checked where text alone decides it; every connection is checked again by the address that it really goes to,
because a name can resolve to anything and can change between two look-ups.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from aiohttp.connector import AddrInfoType
from yarl import URL

Network = IPv4Network | IPv6Network

# Cloud platforms answer here to whoever asks from within: with credentials. No setting opens these.
_NEVER: tuple[Network, ...] = (
    IPv4Network("169.254.0.0/16"),  # link-local: metadata of AWS, Azure and Google, credentials of ECS
    IPv4Network("100.100.100.200/32"),  # Alibaba Cloud
    IPv4Network("168.63.129.16/32"),  # Azure's platform address
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments; 192.0.0.192 is Oracle Cloud's metadata address
    IPv4Network("0.0.0.0/8"),  # this host
    IPv6Network("fe80::/10"),
    IPv6Network("fd00:ec2::/32"),  # AWS
    IPv6Network("fd20:ce::254/128"),  # Google
)
# `is_global` of Python 3.11 calls each of these public.
_REFUSED: tuple[Network, ...] = (
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv6Network("2001::/23"),  # IETF protocol assignments, among them Teredo, which embeds an IPv4 address
    IPv6Network("2002::/16"),  # 6to4 embeds an IPv4 address
    IPv6Network("3fff::/20"),  # documentation
)
# Only this part of IPv6 is routed publicly. IPv4-mapped, NAT64, site-local and multicast addresses lie outside it.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Not `is_loopback`: newer Pythons say yes to ::ffff:127.0.0.1.
_LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class RefusedAddress(OSError):
    """A connection to an address that may not be called. It is not named: that is our network's affair."""

    def __init__(self) -> None:
        super().__init__("the address may not be called")


@dataclass(frozen=True, slots=True)
class Guard:
    """`loopback` opens 127.0.0.0/8 and ::1 and plain http, for the embedded mode. `ports` None means any.

    `private` are networks of the operator's own that may be called although they are not public; `plain` allows
    http everywhere.
    """

    loopback: bool = False
    ports: frozenset[int] | None = frozenset({443})
    refused: tuple[Network, ...] = ()
    private: tuple[Network, ...] = ()
    plain: bool = False

    def allows(self, address: str) -> bool:
        """Whether a connection may go to an IP address, as the operating system writes it."""
        ip = ipaddress.ip_address(address)
        if _within(ip, (*_NEVER, *self.refused)):
            return False
        if _within(ip, self.private):
            return True
        if _within(ip, _LOOPBACK):
            return self.loopback
        if _within(ip, _REFUSED):
            return False
        return ip.is_global and (isinstance(ip, IPv4Address) or ip in _GLOBAL_UNICAST)

    def issue_with(self, url: str) -> str | None:
        """Why the text of a URL is enough to refuse it, in words for whoever wrote it; None where it is not."""
        return _issue(self, url)

    def open_socket(self, address: AddrInfoType) -> socket.socket:
        """A `socket_factory` for aiohttp: the last moment before a connection, with the address it will go to."""
        family, kind, protocol, _, target = address
        if not self.allows(str(target[0])):
            raise RefusedAddress
        return socket.socket(family, kind, protocol)


def _within(ip: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(ip in network for network in networks)


@lru_cache(maxsize=4096)
def _issue(guard: Guard, url: str) -> str | None:
    """What is wrong with a URL. Remembered: the same few are asked about before every call."""
    if not url.isprintable() or " " in url or "\\" in url:
        return "not a URL: spaces, backslashes and control characters must be encoded"
    try:
        parsed = URL(url)  # the client's own parser: two parsers could disagree about the host
        host, port = parsed.host, parsed.port
    except ValueError as error:
        return f"not a URL: {error}"
    if parsed.scheme not in (("http", "https") if guard.loopback or guard.plain else ("https",)):
        return "the scheme must be https"
    if not host or not port:
        return "the URL names no host"
    if parsed.user is not None or parsed.password is not None:
        return "credentials do not belong into a URL"
    if guard.ports is not None and port not in guard.ports:
        return f"port {port} is not allowed"
    return None if _host_allowed(guard, host) else "the address is not public"


def _host_allowed(guard: Guard, host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return guard.loopback
    literal = _literal(name)
    return literal is None or guard.allows(str(literal))


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host part means without a look-up, also in the old forms `0x7f.1` and `2130706433`."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() and " " not in host else None
    except OSError:
        return None
