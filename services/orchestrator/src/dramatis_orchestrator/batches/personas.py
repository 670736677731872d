"""The personas of a batch: each is created by the persona service, under names that every attempt shares."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dramatis_bus import Bus, Call, Fault
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.persona import v1 as persona
from dramatis_kit import Rejected, Unavailable
from dramatis_orchestrator.batches.names import persona_name

_AT_ONCE = 16
"""Creations in flight: the persona service commits them in groups."""
_TO_ANSWER = 1.0
"""Seconds before the caller's deadline that are left for the batch itself."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class PersonaBatch:
    """The personas that one call asks for."""

    bus: Bus
    call: Call[v1.CreatePersonas]

    async def outcomes(self) -> tuple[v1.PersonaOutcome, ...]:
        """What became of each item, in order. What comes after a failure that ends the batch is skipped."""
        items = self.call.request.items
        if self.call.request.continue_on_error:
            gate = asyncio.Semaphore(_AT_ONCE)
            return tuple(await asyncio.gather(*(self._through(gate, place) for place in range(len(items)))))
        tried = [outcome async for outcome in self._until_one_fails()]
        skipped = range(len(tried), len(items))
        return (*tried, *(v1.PersonaOutcome(index=place) for place in skipped))

    async def _until_one_fails(self) -> AsyncIterator[v1.PersonaOutcome]:
        for place in range(len(self.call.request.items)):
            outcome = await self._outcome(place)
            yield outcome
            if outcome.error is not None:
                return

    async def _through(self, gate: asyncio.Semaphore, place: int) -> v1.PersonaOutcome:
        async with gate:
            return await self._outcome(place)

    async def _outcome(self, place: int) -> v1.PersonaOutcome:
        item = self.call.request.items[place]
        if item.profile is None:
            return v1.PersonaOutcome(index=place, error=item.refused or _error("INVALID_PERSONA", "It has no profile."))
        try:
            made = await self._created(place, item.profile, item.idempotency_key)
        except Rejected as no:
            return v1.PersonaOutcome(index=place, error=error_of(no))
        except Unavailable as late:
            return v1.PersonaOutcome(index=place, error=_error("SERVICE_UNAVAILABLE", str(late)))
        except Fault as fault:
            return v1.PersonaOutcome(index=place, error=_error("INTERNAL_ERROR", str(fault)))
        if item.idempotency_key is not None and not _as_asked(made, item.profile):
            return v1.PersonaOutcome(index=place, error=_OTHER_CONTENT)
        return v1.PersonaOutcome(index=place, persona=made)

    async def _created(self, place: int, profile: persona.PersonaProfile, key: str | None) -> persona.Persona:
        """Asks again while nobody answers: the names make it the same command. Raises what the last attempt raised."""
        asked = self.call.request
        name = persona_name(self.call.tenant, asked.viewer, asked.batch_id, place, key)
        command = persona.CreatePersona(persona_id=f"pers_{name}", profile=profile, viewer=asked.viewer)
        until = self.call.deadline - _TO_ANSWER
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise Unavailable("the persona service (it did not answer in time)")
            try:
                return await self.bus.call(
                    persona.create_persona,
                    command,
                    tenant=self.call.tenant,
                    command_id=f"batch-persona-{name}",
                    timeout=min(left, persona.create_persona.timeout_seconds),
                )
            except Unavailable:
                if until - time.monotonic() <= _PAUSE:
                    raise
            await asyncio.sleep(_PAUSE)


def ended(outcomes: tuple[v1.PersonaOutcome, ...]) -> tuple[v1.EndedItem, ...]:
    """How the items ended; those that were skipped did not."""
    return tuple(
        v1.EndedItem(
            index=outcome.index,
            status="completed" if outcome.error is None else "failed",
            id=outcome.persona.id if outcome.persona else None,
            error=outcome.error,
        )
        for outcome in outcomes
        if outcome.persona is not None or outcome.error is not None
    )


def error_of(no: Rejected) -> v1.ItemError:
    """A refusal, told of an item: the field is a path into it."""
    field = no.field.removeprefix("profile.") if no.field else None
    return v1.ItemError(code=no.code, message=no.message, field=field, issue=no.issue)


def _error(code: str, message: str) -> v1.ItemError:
    return v1.ItemError(code=code, message=message)


_OTHER_CONTENT = v1.ItemError(
    code="IDEMPOTENCY_MISMATCH",
    message="The key named another persona before.",
    field="idempotency_key",
    issue="the same key needs the same content",
)


def _as_asked(made: persona.Persona, profile: persona.PersonaProfile) -> bool:
    return all(getattr(made, name) == value for name, value in profile)
