"""`python -m bench.webhook_client URL… COUNT IN_FLIGHT`: a bare aiohttp client that posts what a webhook would.

One address per endpoint, in turn; nothing is signed, looked up or stored.
"""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp
import uvloop

from bench.events import created
from dramatis_contracts.envelope import Envelope
from dramatis_kit import utc_now
from dramatis_notifier.payload import message_of


def message() -> bytes:
    """The body of a webhook for the bench's event."""
    body = created()
    event = Envelope(
        id="evt_bench",
        source="/dramatis/persona",
        type=body.type,
        subject="pers_bench",
        time=utc_now(),
        dataschema="urn:x",
        tenantid="bench",
        streamversion=1,
        correlationid="req_bench",
        data=body.model_dump(mode="json"),
    )
    return message_of(event, "tinytroupe").body


async def _post_all(urls: list[str], count: int, in_flight: int) -> None:
    body, left = message(), iter(range(count))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(_post(session, urls, left, body) for _ in range(in_flight)))


async def _post(session: aiohttp.ClientSession, urls: list[str], left: Iterator[int], body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for number in left:
        async with session.post(urls[number % len(urls)], data=body, headers=headers) as response:
            await response.read()


if __name__ == "__main__":
    *given, total, places = sys.argv[1:]
    uvloop.run(_post_all(given, int(total), int(places)))
