"""`dramatis events tail`: the gateway's feed of server-sent events, resumed after every interruption."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import typer

from dramatis_engines.credentials import Credentials, development_credentials
from dramatis_engines.failures import CommandFailed

_SILENCE_SECONDS = 30.0
"""The feed has a heartbeat every 15 s at the latest: a longer silence is a dead connection."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which events: empty means all, `since` is a position of the feed."""

    types: str
    subject: str
    since: str


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event. `position` is what a client resumes from."""

    position: str
    kind: str
    data: str


def run(query: Query, *, url: str, api_key: str, as_json: bool) -> None:
    """Print events until interrupted. Raises `CommandFailed` when the gateway refuses."""
    door = Credentials(url, api_key) if url and api_key else _door(url, api_key)
    asyncio.run(_tail(query, door.url.rstrip("/"), door.api_key, as_json=as_json))


def _door(url: str, api_key: str) -> Credentials:
    """What was given, filled up with what this directory's platform tells."""
    ours = development_credentials()
    return Credentials(url or ours.url, api_key or ours.api_key)


async def _tail(query: Query, base: str, api_key: str, *, as_json: bool) -> None:
    position = query.since
    timeout = httpx.Timeout(10, read=_SILENCE_SECONDS)
    async with httpx.AsyncClient(base_url=base, timeout=timeout) as client:
        while True:
            try:
                async for message in _messages(client, query, api_key, position):
                    position = message.position or position
                    _show(message, as_json=as_json)
            except httpx.TransportError:
                typer.echo(f"dramatis: {base} does not answer; trying again", err=True)
            await asyncio.sleep(1)


async def _messages(client: httpx.AsyncClient, query: Query, api_key: str, position: str) -> AsyncIterator[Message]:
    headers = {"Authorization": f"Bearer {api_key}", "Accept": "text/event-stream"}
    if position:
        headers["Last-Event-ID"] = position
    asked = {name: value for name, value in (("types", query.types), ("subject", query.subject)) if value}
    async with client.stream("GET", "/v1/events/stream", params=asked, headers=headers) as answer:
        if answer.status_code in (502, 503, 504):
            raise httpx.TransportError(f"status {answer.status_code}")
        if answer.status_code != 200:
            raise CommandFailed(_refusal(answer.status_code, await answer.aread()))
        async for message in parse(answer.aiter_lines()):
            yield message


async def parse(lines: AsyncIterator[str]) -> AsyncIterator[Message]:
    """Server-sent events as the HTML standard defines them; comments are heartbeats."""
    position, kind, data = "", "message", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Message(position, kind, "\n".join(data))
            kind, data = "message", []
        elif name == "id":
            position = value
        elif name == "event":
            kind = value
        elif name == "data":
            data.append(value)


def _refusal(status: int, body: bytes) -> str:
    try:
        return f"the gateway refused: {json.loads(body)['error']['message']}"
    except (ValueError, KeyError, TypeError):
        return f"the gateway refused with status {status}"


def _show(message: Message, *, as_json: bool) -> None:
    if as_json:
        typer.echo(message.data)
        return
    event: dict[str, Any] = json.loads(message.data)
    if "type" not in event:
        typer.echo(f"({message.kind}: {message.data})")
        return
    typer.echo(f"{event['time']}  {event['type']}  {event['subject']}  version {event['streamversion']}")
