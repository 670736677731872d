"""Takes requested interrogations from the work queue and carries them on, step by step, from where their events end."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import structlog

from dramatis_bus import Received
from dramatis_contracts import registry
from dramatis_contracts.base import EventBody
from dramatis_contracts.interrogation import v1
from dramatis_eventlog import Cause, StreamId
from dramatis_kit import Clock, Unavailable
from dramatis_kit.telemetry import traceparent
from dramatis_llm import LlmError
from dramatis_simulation_engine.interrogation.commands import Command, Fail, Proceed, Start
from dramatis_simulation_engine.interrogation.decider import ENDED, Interrogation
from dramatis_simulation_engine.interrogation.dossier import Dossier, dossier_of
from dramatis_simulation_engine.interrogation.handlers import Interrogations
from dramatis_simulation_engine.interrogation.minds import Mind
from dramatis_simulation_engine.interrogation.process import Events, next_events
from dramatis_simulation_engine.llm.patience import wait_if_down
from dramatis_simulation_engine.settings import SimulationSettings

log = structlog.get_logger()

_NO_STEPS = (v1.InterrogationRequested, v1.InterrogationStarted)


@dataclass(frozen=True, slots=True)
class Run:
    """One interrogation in work, and the event that asked for it."""

    tenant: str
    id: str
    event_id: str
    correlation_id: str
    requested: v1.InterrogationRequested
    delivered: int


class InterrogationRunner:
    """`mind_of` gives the two roles for a run, and raises `LlmError` where they cannot be had."""

    def __init__(
        self,
        runs: Interrogations,
        mind_of: Callable[[Run], Mind],
        settings: SimulationSettings,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._mind_of = mind_of
        self._settings = settings
        self._clock = clock
        self._computing = asyncio.Semaphore(settings.interrogation_computed_at_once)

    async def run(self, received: Received) -> None:
        """Handle one requested run to its end. Raises only what shall be tried again."""
        run = _run_of(received)
        if (await self._runs.load(run.tenant, run.id)).state.status in ENDED:
            return
        try:
            mind = self._mind_of(run)
            async with self._computing if mind.free else nullcontext():
                await self._carry_on(run, mind)
        except LlmError as failure:
            await self._commit(run, await self._without_answers(run, failure), "fail")
        except Unavailable:
            raise
        except Exception:  # the boundary: the same input fails again, so this is told instead of tried for ever
            if run.delivered < self._settings.simulation_attempts:
                raise
            log.exception("interrogation failed", tenant=run.tenant, run=run.id)
            reason = "The engine failed on this run; the fault is recorded."
            await self._commit(run, Fail(code="INTERNAL_ERROR", reason=reason), "fail")

    async def _carry_on(self, run: Run, mind: Mind) -> None:
        version = mind.investigator.model_version
        if not mind.free:
            # Its followers are told at once that somebody reads the problem; a free mind is done by then.
            await self._commit(run, Start(model_version=version), "start")
        dossier, steps = await self._dossier(run)
        state = Interrogation()
        while state.status not in ENDED:
            events = await next_events(dossier, mind)
            state = await self._commit(run, Proceed(steps, tuple(events), version), _digest(steps, events))
            steps += len(events)
            if state.steps == steps:
                for event in events:
                    dossier = dossier.after(event)
            else:
                # Another engine was faster: its steps count.
                dossier, steps = await self._dossier(run)

    async def _dossier(self, run: Run) -> tuple[Dossier, int]:
        """All that was done already, and how many steps it took."""
        events = await self._runs.log.read(run.tenant, StreamId(self._runs.category, run.id))
        bodies: list[EventBody] = [registry.decode(event) for event in events]
        steps = [body for body in bodies if not isinstance(body, _NO_STEPS)]
        return dossier_of(run.requested, steps), len(steps)

    async def _without_answers(self, run: Run, failure: LlmError) -> Fail:
        """An endpoint that is down is waited for; what was answered stays. Everything else is told at once."""

        async def latest() -> datetime | None:
            return (await self._runs.load(run.tenant, run.id)).updated_at

        await wait_if_down(failure, latest, run.delivered, self._settings, self._clock)
        return Fail(code=failure.code, reason=failure.message)

    async def _commit(self, run: Run, command: Command, what: str) -> Interrogation:
        cause = Cause(run.correlation_id, causation_id=run.event_id, traceparent=traceparent())
        command_id = f"{run.event_id}:{what}"
        return (await self._runs.handle(run.tenant, run.id, command, command_id=command_id, cause=cause)).state


def _digest(steps: int, events: Events) -> str:
    """Names these very steps: sent again because the reply was lost, they are the same command."""
    content = "\x1f".join(event.model_dump_json() for event in events)
    return f"steps:{steps}:{hashlib.sha256(content.encode()).hexdigest()[:24]}"


def _run_of(received: Received) -> Run:
    envelope = received.envelope
    requested = registry.decode(envelope)
    if not isinstance(requested, v1.InterrogationRequested):
        raise TypeError(f"{envelope.type} asks for no interrogation")
    return Run(
        tenant=envelope.tenantid,
        id=envelope.subject,
        event_id=envelope.id,
        correlation_id=envelope.correlationid,
        requested=requested,
        delivered=received.delivered,
    )
