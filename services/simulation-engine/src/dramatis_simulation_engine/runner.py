"""Takes requested simulations from the work queue and runs them, off the event loop.

The queue hands a simulation out at least once. Whoever takes it up computes the same bytes, and the decider lets only
the first completion count; so a killed engine costs time and nothing else.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from dramatis_bus import Bus, Received
from dramatis_contracts import registry
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Cause, StreamId
from dramatis_kit import Clock, Rejected
from dramatis_kit.telemetry import traceparent
from dramatis_llm import ChatModel, LlmError, NotConfigured
from dramatis_simulation_engine.admission import Admission
from dramatis_simulation_engine.commands import Command, Complete, Fail, Start
from dramatis_simulation_engine.decider import ENDED, Simulation
from dramatis_simulation_engine.handlers import Simulations
from dramatis_simulation_engine.kinds import model_version_of as statistical_model_version
from dramatis_simulation_engine.kinds import plan_of, study_of
from dramatis_simulation_engine.latest import LatestProgress
from dramatis_simulation_engine.llm.interviewing import Interview, terms_of
from dramatis_simulation_engine.llm.journal import LogJournal
from dramatis_simulation_engine.llm.patience import wait_if_down
from dramatis_simulation_engine.llm.prompts import model_version_of
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Plan, carry_out
from dramatis_simulation_engine.settings import SimulationSettings

log = structlog.get_logger()

_TICK_SECONDS = 0.1
"""Between two ticks of one step of the work."""
_AT_ONCE = 200


class Stopped(Exception):
    """Raised inside the computation when nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Run:
    """One simulation in work: who asked for it, and the event that asked."""

    tenant: str
    id: str
    event_id: str
    correlation_id: str
    requested: v1.Requested
    delivered: int
    admitted: bool = False
    """Whether it had to wait for others of its tenant."""


class Runner:
    """Runs simulations. `progress` is shared with the queries of this process."""

    def __init__(
        self,
        simulations: Simulations,
        bus: Bus,
        settings: SimulationSettings,
        clock: Clock,
        progress: LatestProgress,
        admission: Admission,
        model: ChatModel | None = None,
    ) -> None:
        self._admission = admission
        self._simulations = simulations
        self._bus = bus
        self._settings = settings
        self._clock = clock
        self._progress = progress
        self._model = model

    async def run(self, received: Received) -> None:
        """Handle one requested simulation to its end. Raises only what shall be tried again."""
        run = await self._run_of(received)
        if (await self._simulations.load(run.tenant, run.id)).state.status in ENDED:
            return
        # One that was admitted has its place; one that just arrives may have to wait, and then holds no worker.
        if not run.admitted and not await self._admission.may_begin(run.tenant, run.id):
            return
        start = Start(model_version=self._model_version(run), at=self._clock())
        # Only the first engine's start is a fact: the command id belongs to the request, not to the attempt.
        if (await self._commit(run, start, "start")).status in ENDED:
            return
        try:
            ended = await self._work(run)
        except Stopped:
            return
        await self._commit(run, ended, "end")

    async def _run_of(self, received: Received) -> Run:
        """The run that an event begins: the request itself, or the admission of one that had to wait."""
        envelope = received.envelope
        if envelope.type != v1.SimulationAdmitted.type:
            return _run_of(envelope, received.delivered, admitted=False)
        stream = StreamId(self._simulations.category, envelope.subject)
        (asked,) = await self._simulations.log.read(envelope.tenantid, stream, up_to=1)
        return _run_of(asked, received.delivered, admitted=True)

    async def _work(self, run: Run) -> Complete | Fail:
        try:
            invited = await self._invited(run)
        except Rejected as gone:
            return Fail(code=gone.code, reason=f"A persona that takes part cannot be read any more: {gone.message}.")
        try:
            return Complete(await self._computed(run, invited), at=self._clock())
        except Stopped:
            raise
        except LlmError as failure:
            return await self._without_answers(run, failure)
        except Exception:  # the boundary: the same input fails again, so this is told instead of tried for ever
            if run.delivered < self._settings.simulation_attempts:
                raise
            log.exception("simulation failed", tenant=run.tenant, simulation=run.id)
            return Fail(code="INTERNAL_ERROR", reason="The engine failed on this simulation; the fault is recorded.")

    async def _computed(self, run: Run, invited: Sequence[Respondent]) -> Outcome:
        """The outcome, from a thread of its own. Ends with `Stopped` soon after the simulation was cancelled."""
        ticker = Ticker(run, self._bus, self._progress)
        watch = asyncio.create_task(self._stop_when_ended(run, ticker.stop), name="watch for a cancellation")
        publish = asyncio.create_task(ticker.publish(), name="publish progress")
        plan = plan_of(run.requested, invited)
        try:
            return await self._outcome(run, plan, ticker)
        finally:
            ticker.stop.set()
            for task in (watch, publish):
                task.cancel()
            await asyncio.wait((watch, publish))
            self._progress.forget(run.tenant, run.id)

    async def _outcome(self, run: Run, plan: Plan[Any], ticker: "Ticker") -> Outcome:
        if run.requested.respondents == "statistical":
            return await asyncio.to_thread(carry_out, plan, ticker)
        if self._model is None:
            raise NotConfigured
        journal = LogJournal(self._simulations, run.tenant, run.id, run.event_id, _cause(run))
        terms = terms_of(run.tenant, run.id, run.requested, self._settings, at_once=self._model.concurrency)
        return await Interview(plan, self._model, journal, terms, ticker).outcome()

    async def _without_answers(self, run: Run, failure: LlmError) -> Fail:
        """An endpoint that is down is waited for; what was answered stays. Everything else is told at once."""

        async def latest() -> datetime | None:
            return (await self._simulations.load(run.tenant, run.id)).updated_at

        await wait_if_down(failure, latest, run.delivered, self._settings, self._clock)
        return Fail(code=failure.code, reason=failure.message)

    def _model_version(self, run: Run) -> str:
        if run.requested.respondents == "llm" and self._model is not None:
            return model_version_of(self._model.name)
        return statistical_model_version(study_of(run.requested))

    async def _stop_when_ended(self, run: Run, stop: threading.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self._settings.simulation_cancel_seconds)
            try:
                loaded = await self._simulations.load(run.tenant, run.id)
            except Exception as fault:  # noqa: BLE001  # the boundary: an outage must not end the watch, it asks again
                log.warning("cannot see whether a simulation was cancelled", simulation=run.id, error=str(fault))
                continue
            if loaded.state.status in ENDED:
                stop.set()

    async def _invited(self, run: Run) -> list[Respondent]:
        """The participants as they were when they were invited."""
        participants = run.requested.participants
        found: list[Respondent] = []
        for start in range(0, len(participants), _AT_ONCE):
            several = participants[start : start + _AT_ONCE]
            wanted = [persona.PersonaVersion(persona_id=p.persona_id, version=p.version) for p in several]
            query = persona.GetPersonas(personas=tuple(wanted))
            answer = await self._bus.call(
                persona.get_personas, query, tenant=run.tenant, correlation_id=run.correlation_id
            )
            found.extend(map(respondent_of, answer.personas))
        return found

    async def _commit(self, run: Run, command: Command, what: str) -> Simulation:
        command_id = f"{run.event_id}:{what}"
        loaded = await self._simulations.handle(run.tenant, run.id, command, command_id=command_id, cause=_cause(run))
        return loaded.state


class Ticker:
    """Carries progress from the computing thread to whoever listens. Ticks are not facts: some may be left out."""

    def __init__(self, run: Run, bus: Bus, progress: LatestProgress) -> None:
        self.stop = threading.Event()
        self._run = run
        self._bus = bus
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[v1.Progress] = asyncio.Queue(maxsize=64)
        self._last: tuple[str, float] = ("", 0.0)

    def __call__(self, progress: float, step: str, partial: dict[str, Any]) -> None:
        """Called by the computation between two chunks of work. Raises `Stopped`."""
        if self.stop.is_set():
            raise Stopped
        last_step, last_time = self._last
        now = time.monotonic()
        if step == last_step and now - last_time < _TICK_SECONDS:
            return
        self._last = (step, now)
        tick = v1.Progress(simulation_id=self._run.id, progress=progress, current_step=step, partial_results=partial)
        self._loop.call_soon_threadsafe(self._note, tick)

    async def publish(self) -> None:
        while True:
            await self._bus.publish_progress(self._run.tenant, await self._queue.get())

    def _note(self, tick: v1.Progress) -> None:
        if self.stop.is_set():
            return
        self._progress.note(self._run.tenant, tick)
        if not self._queue.full():
            self._queue.put_nowait(tick)


def respondent_of(invited: persona.Persona) -> Respondent:
    """A persona as someone who answers; its name and its owners play no part."""
    return Respondent(
        id=invited.id,
        origin="specific",
        version=invited.version,
        demographics=invited.demographics,
        preferences=invited.preferences,
        traits=invited.behavioral_traits,
        insights=invited.insights,
    )


def _cause(run: Run) -> Cause:
    return Cause(run.correlation_id, causation_id=run.event_id, traceparent=traceparent())


def _run_of(envelope: Envelope, delivered: int, *, admitted: bool) -> Run:
    requested = registry.decode(envelope)
    if not isinstance(requested, v1.Requested):
        raise TypeError(f"{envelope.type} asks for no simulation")
    return Run(
        tenant=envelope.tenantid,
        id=envelope.subject,
        event_id=envelope.id,
        correlation_id=envelope.correlationid,
        requested=requested,
        delivered=delivered,
        admitted=admitted,
    )
