"""A real HTTP server on loopback that answers as it is told, and clients of it that repeat without long pauses."""

from collections.abc import AsyncIterator, Iterator

import pytest

from dramatis_testkit.receiver import Receiver, receiving
from tinytroupe_client import AsyncTinyTroupeClient, TinyTroupeClient


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinytroupe_client._retries.FIRST_PAUSE", 0.01)


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def client(server: Receiver) -> AsyncIterator[AsyncTinyTroupeClient]:
    async with AsyncTinyTroupeClient("key_1", base_url=server.url.replace("/hook", "/v1")) as opened:
        yield opened


@pytest.fixture
def blocking(server: Receiver) -> Iterator[TinyTroupeClient]:
    """The synchronous client: the server lives in the test's own loop, so call it in a thread."""
    with TinyTroupeClient("key_1", base_url=server.url.replace("/hook", "/v1")) as opened:
        yield opened
