"""Name look-ups in threads of their own.

`getaddrinfo` cannot be cancelled. In asyncio's shared pool (six threads on two cores) a few names whose servers never
answer would hold up every other look-up of the process, and its exit. These threads are bounded and daemonic.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_AT_ONCE = 64

AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
Found = Sequence[AddressInfo] | OSError | UnicodeError


class DaemonResolver(AbstractResolver):
    """Resolves names; a look-up that hangs occupies one of `at_once` threads until the system gives it up."""

    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OSError when the name cannot be resolved."""
        await self._free.acquire()
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        arguments = (answer, self._free, host, port, family)
        try:
            threading.Thread(target=_look_up, args=arguments, name="outbound-dns", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            self._free.release()
            raise OSError(str(error)) from error
        found = await answer
        if isinstance(found, UnicodeError):
            raise OSError(str(found))
        if isinstance(found, OSError):
            raise found
        return [_result(host, info) for info in found]

    async def close(self) -> None:
        """Nothing to close: a thread ends with its look-up."""


def _look_up(
    answer: "asyncio.Future[Found]", free: asyncio.Semaphore, host: str, port: int, family: socket.AddressFamily
) -> None:
    found: Found
    try:
        found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA cannot encode
        found = error
    with contextlib.suppress(RuntimeError):  # the loop was closed while the look-up hung
        answer.get_loop().call_soon_threadsafe(_finish, answer, free, found)


def _finish(answer: "asyncio.Future[Found]", free: asyncio.Semaphore, found: Found) -> None:
    free.release()
    if not answer.done():
        answer.set_result(found)


def _result(host: str, info: AddressInfo) -> ResolveResult:
    family, _, protocol, _, address = info
    # The scope of a link-local address is dropped: the guard refuses those.
    return ResolveResult(hostname=host, host=address[0], port=address[1], family=family, proto=protocol, flags=_NUMERIC)
