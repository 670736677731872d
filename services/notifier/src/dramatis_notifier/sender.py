"""One signed POST: where a delivery meets the network."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from dramatis_notifier.payload import Message
from dramatis_notifier.schedule import Answer
from dramatis_notifier.signing import Key, signed_headers
from dramatis_outbound import DaemonResolver, Guard
from dramatis_outbound.words import failure

_HEADERS = {
    "User-Agent": "Dramatis-Webhooks/1",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
_RESPONSE_BYTES = 65_536
_RESPONSE_KEPT = 1000
_RESPONSE_SECONDS = 1.0
# Shorter than the usual servers keep an idle connection: a POST on one that is just being closed fails.
_KEEPALIVE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post, what to sign with (the newest key first), and what else the worker goes by.

    `headers` are the owner's own; `warned` is the beginning of the failure that the owner was told of.
    """

    url: str
    keys: Sequence[Key]
    asymmetric: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    active: bool = True
    fifo: bool = False
    rate_limit: float | None = None
    warned: datetime | None = None


class Sender:
    """Posts to addresses that the guard allows; follows no redirect, uses no proxy, keeps no cookie and no answer."""

    def __init__(self, session: ClientSession, guard: Guard, deadline_seconds: float) -> None:
        self._session = session
        self._guard = guard
        self._deadline = deadline_seconds

    @classmethod
    @asynccontextmanager
    async def open(cls, guard: Guard, deadline_seconds: float) -> AsyncIterator["Sender"]:
        connector = TCPConnector(
            socket_factory=guard.open_socket,
            resolver=DaemonResolver(),
            limit=0,  # the worker bounds what is in flight
            keepalive_timeout=_KEEPALIVE_SECONDS,
        )
        async with ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            timeout=ClientTimeout(total=None, sock_connect=None),  # one deadline, around the whole of `post`
            headers=_HEADERS,
        ) as session:
            yield cls(session, guard, deadline_seconds)

    async def post(self, target: Target, message_id: str, message: Message, at: datetime) -> Answer:
        """Never raises for what the other side or the network does: that is the answer."""
        signed = signed_headers(target.keys, message_id, at, message.body, asymmetric=target.asymmetric)
        headers = {**target.headers, **message.headers, **signed}
        if issue := self._guard.issue_with(target.url):  # the settings may have changed since it was registered
            return Answer(None, issue)
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._session.post(
                    _parsed(target.url), data=message.body, headers=headers, allow_redirects=False
                ) as response,
            ):
                return _answer(response, await _beginning(response))
        except TimeoutError:
            return Answer(None, f"no answer within {self._deadline:g} s")
        except (ClientError, OSError, ValueError) as error:
            return Answer(None, failure(error))


@lru_cache(maxsize=4096)
def _parsed(url: str) -> URL:
    return URL(url)


def _answer(response: ClientResponse, beginning: bytes) -> Answer:
    redirected = 300 <= response.status < 400
    error = "redirects are not followed" if redirected else None
    said = beginning.decode(errors="replace").replace("\0", "\ufffd")
    return Answer(response.status, error, response.headers.get("Retry-After"), said or None)


async def _beginning(response: ClientResponse) -> bytes:
    """Read a short body away, so that the connection can be used again; the head has already decided."""
    if response.content.at_eof():
        return b""
    kept, left = bytearray(), _RESPONSE_BYTES
    with contextlib.suppress(TimeoutError, ClientError):
        async with asyncio.timeout(_RESPONSE_SECONDS):
            while left > 0 and (chunk := await response.content.read(left)):
                left -= len(chunk)
                kept += chunk[: max(0, _RESPONSE_KEPT - len(kept))]
    return bytes(kept)
