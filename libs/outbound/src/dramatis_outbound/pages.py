"""Web pages at addresses that others chose, read within limits and with the consent of their sites."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from dramatis_outbound.guard import Guard
from dramatis_outbound.resolver import DaemonResolver
from dramatis_outbound.robots import Answered, Robots
from dramatis_outbound.text import Reading, lines, read_html
from dramatis_outbound.words import failure

_HTML = ("text/html", "application/xhtml+xml")
_ACCEPT = "text/html, application/xhtml+xml, text/plain;q=0.8"
_REDIRECTS = (301, 302, 303, 307, 308)
_ROBOTS_BYTES = 512_000
_AT_ONCE = 8


class NotReadable(Exception):
    """A page was not read. `reason` says why, for whoever named the address; `status` is the server's, if any."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for a page with its redirects and robots.txt, `max_bytes` of its body."""

    seconds: float = 20.0
    max_bytes: int = 1_000_000
    redirects: int = 3
    agent: str = "Dramatis"
    """The product token that robots.txt is asked about and that stands in `User-Agent`."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as people read it. `url` is where it was found in the end, `digest` the SHA-256 of its text."""

    url: str
    title: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Pages:
    """Reads pages that the guard and their sites allow; uses no proxy, keeps no cookie and stores nothing."""

    def __init__(self, session: ClientSession, guard: Guard, limits: Limits) -> None:
        self._session = session
        self._guard = guard
        self._limits = limits
        self._robots = Robots(self._robots_txt, limits.agent)
        self._free = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    @asynccontextmanager
    async def open(cls, guard: Guard, limits: Limits | None = None) -> AsyncIterator["Pages"]:
        limits = limits or Limits()
        connector = TCPConnector(socket_factory=guard.open_socket, resolver=DaemonResolver(8), force_close=True)
        async with ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,  # a small body must not become a large one
            timeout=ClientTimeout(total=None, sock_connect=None),  # one deadline, around the whole of `read`
            headers={"User-Agent": f"{limits.agent}/1", "Accept": _ACCEPT, "Accept-Encoding": "identity"},
        ) as session:
            yield cls(session, guard, limits)

    async def read(self, url: str) -> Page:
        """The text of a page. Raises `NotReadable` for everything that the other side, its site or the guard do."""
        try:
            async with self._free, asyncio.timeout(self._limits.seconds):
                return await self._read(url)
        except TimeoutError:
            raise NotReadable(f"no page within {self._limits.seconds:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            raise NotReadable(failure(error)) from error

    async def _read(self, text: str) -> Page:
        url = self._checked(text)
        for _ in range(self._limits.redirects + 1):
            if not await self._robots.allow(url):
                raise NotReadable("the site's robots.txt does not allow it, or cannot be read")
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._page(url, response)
                url = self._target(url, response)
        raise NotReadable(f"more than {self._limits.redirects} redirects")

    def _checked(self, text: str) -> URL:
        if issue := self._guard.issue_with(text):
            raise NotReadable(issue)
        return URL(text)

    def _target(self, url: URL, response: ClientResponse) -> URL:
        location = response.headers.get("Location")
        if not location:
            raise NotReadable("a redirect without a target", response.status)
        return self._checked(str(url.join(URL(location))))

    async def _page(self, url: URL, response: ClientResponse) -> Page:
        if response.status != 200:
            raise NotReadable(f"the server answered {response.status}", response.status)
        kind = response.content_type
        if kind not in (*_HTML, "text/plain"):
            raise NotReadable("the page is neither HTML nor plain text", response.status)
        body = await self._body(response, self._limits.max_bytes)
        found = await asyncio.to_thread(_reading, kind, body, response.charset)
        if not found.text:
            raise NotReadable("the page has no text", response.status)
        return Page(str(url), found.title, found.text)

    async def _robots_txt(self, url: URL) -> Answered:
        for _ in range(self._limits.redirects + 1):
            url = self._checked(str(url))
            try:
                async with self._session.get(url, allow_redirects=False) as response:
                    if response.status not in _REDIRECTS:
                        ok = response.status == 200
                        return Answered(response.status, await self._body(response, _ROBOTS_BYTES) if ok else b"")
                    url = self._target(url, response)
            except (ClientError, OSError):
                return Answered(None)
        return Answered(404)  # RFC 9309: after so many redirects as if there were none

    async def _body(self, response: ClientResponse, most: int) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NotReadable("the page is compressed although that was not asked for", response.status)
        body = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            body += chunk
            if len(body) > most:
                raise NotReadable(f"the page is larger than {most} bytes", response.status)
        return bytes(body)


def _reading(kind: str, body: bytes, charset: str | None) -> Reading:
    if kind in _HTML:
        return read_html(body, charset)
    try:
        text = body.decode(charset or "utf-8", errors="replace")
    except LookupError:  # an encoding that nobody knows
        text = body.decode("utf-8", errors="replace")
    return Reading("", lines(text))
