"""The short commands: `rebuild` and `parked`."""

import asyncio
import json
from typing import Literal

import typer

from dramatis_bus import Bus
from dramatis_bus.parking import Parked
from dramatis_bus.parking import list_parked as stored
from dramatis_bus.retries import ParkedEntry, ParkedOutcome, parked_discard, parked_retry
from dramatis_engines.failures import CommandFailed
from dramatis_engines.settings import command_settings
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings


def rebuild(name: str) -> None:
    """Rebuild a projection and say how far it is. Raises `UnknownProjection`."""
    from dramatis_projections.rebuild import Progress
    from dramatis_projections.rebuild import rebuild as run

    def report(progress: Progress) -> None:
        typer.echo(f"{progress.phase}: {progress.events} events", err=True)

    done = asyncio.run(run(name, command_settings(), report))
    typer.echo(f"{name}: {done.events} events, {done.rows} rows, {done.seconds:.1f} s")


def list_parked(*, as_json: bool) -> None:
    for entry in asyncio.run(_parked(command_settings())):
        typer.echo(json.dumps(_fields(entry)) if as_json else _line(entry))


async def _parked(settings: Settings) -> list[Parked]:
    async with connect(settings) as mongo:
        return list(await stored(mongo[settings.mongo_database]))


def _fields(entry: Parked) -> dict[str, object]:
    key = entry.key
    return {
        "consumer": key.consumer,
        "service": key.service,
        "tenant": key.tenant,
        "subject": key.subject,
        "reason": entry.reason,
        "events": entry.events,
        "parked_at": entry.parked_at.isoformat(),
        "owner": entry.owner,
    }


def _line(entry: Parked) -> str:
    key = entry.key
    when = f"{entry.parked_at:%Y-%m-%d %H:%M:%S}"
    return f"{when}  {key.consumer}  {key.subject}  (tenant {key.tenant})  {entry.events} events: {entry.reason}"


def settle(action: Literal["retry", "discard"], consumer: str, subject: str, tenant: str) -> None:
    """Ask the consumer's process to handle or to drop what is parked; says what came of it."""
    outcome = asyncio.run(_settle(command_settings(), action, consumer, subject, tenant))
    done = "handled" if action == "retry" else "discarded"
    typer.echo(f"{outcome.handled} {done}, {outcome.remaining} still parked")
    if outcome.remaining:
        raise CommandFailed(outcome.reason or "some events remain parked")


async def _settle(settings: Settings, action: str, consumer: str, subject: str, tenant: str) -> ParkedOutcome:
    entry = _one(await _parked(settings), consumer, subject, tenant)
    key = entry.key
    query = ParkedEntry(consumer=key.consumer, service=key.service, subject=key.subject)
    method = parked_retry(entry.owner) if action == "retry" else parked_discard(entry.owner)
    async with Bus.open(settings, name="dramatis-cli") as bus:
        await bus.start()
        return await bus.call(method, query, tenant=key.tenant)


def _one(entries: list[Parked], consumer: str, subject: str, tenant: str) -> Parked:
    found = [
        entry
        for entry in entries
        if (entry.key.consumer, entry.key.subject) == (consumer, subject) and tenant in ("", entry.key.tenant)
    ]
    if not found:
        raise CommandFailed(f"nothing of {subject} is parked for {consumer}; see `dramatis parked list`")
    if len(found) > 1:
        raise CommandFailed(f"several tenants have a parked {subject}: name one with --tenant")
    return found[0]
