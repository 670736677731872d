"""Load, compute, decide, append: what the engine answers about tastes. Estimates are computed off the event loop."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.tastes import v1
from dramatis_eventlog import Aggregate, Loaded, StreamId, cause_of
from dramatis_kit import Rejected, Unavailable
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.estimation.choices import InvalidChoices
from dramatis_simulation_engine.estimation.fit import fit
from dramatis_simulation_engine.focus_group.model import DOMAIN
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.population import load_segments
from dramatis_simulation_engine.runner import respondent_of
from dramatis_simulation_engine.settings import SimulationSettings
from dramatis_simulation_engine.taste_sets import interviews
from dramatis_simulation_engine.taste_sets.commands import Begin, Command, Observe, RecordFit
from dramatis_simulation_engine.taste_sets.decider import Tastes, check_answer, invalid, is_repeated
from dramatis_simulation_engine.taste_sets.projections import resource
from dramatis_simulation_engine.taste_sets.results import fitted_of
from dramatis_simulation_engine.taste_sets.usable import columns_of, usable

TasteSets = Aggregate[Tastes, Command]
ResultT = TypeVar("ResultT")

_CELLS = 2_000_000
"""Options × columns of one fit."""
_WAITING = 4
"""Fits that wait for one that is in work."""


class TasteHandlers:
    """Answers commands and queries about tastes. One fit at a time in a process; a few may wait."""

    def __init__(self, tastes: TasteSets, bus: Bus, settings: SimulationSettings) -> None:
        self._tastes = tastes
        self._bus = bus
        self._settings = settings
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def fit(self, call: Call[v1.RequestFit]) -> v1.Tastes:
        request, tastes_id = call.request.fit, call.request.tastes_id
        await self._check_targets(call.tenant, request.applies_to, call.request.viewer)
        check_size(request)
        event = await self._in_turn(lambda go_on: fitted_event(tastes_id, request, go_on))
        loaded = await self._tastes.handle(
            call.tenant, tastes_id, RecordFit(event), command_id=call.command_id, cause=cause_of(call)
        )
        return await self._resource(call.tenant, loaded)

    async def elicit(self, call: Call[v1.RequestElicitation]) -> v1.Tastes:
        wanted = call.request.elicitation
        if wanted.persona_id is not None:
            command: Command = await self._begin(call, wanted.persona_id)
        else:
            loaded = await self._present(call.tenant, call.request.tastes_id)
            if loaded.state.open is None:
                raise Rejected("CONFLICT", "these tastes were fitted: nothing is asked", field="tastes_id")
            if wanted.answer is None or is_repeated(wanted.answer, loaded.state):
                return await self._resource(call.tenant, loaded)
            check_answer(wanted.answer, loaded.state)
            command = await asyncio.to_thread(observed, loaded, wanted.answer, wanted.options)
        after = await self._tastes.handle(
            call.tenant, call.request.tastes_id, command, command_id=call.command_id, cause=cause_of(call)
        )
        return await self._resource(call.tenant, after)

    async def get(self, call: Call[v1.GetTastes]) -> v1.Tastes:
        return await self._resource(call.tenant, await self._present(call.tenant, call.request.tastes_id))

    # Details

    async def _begin(self, call: Call[v1.RequestElicitation], persona_id: str) -> Begin:
        wanted = call.request.elicitation
        try:
            query = persona.GetPersona(persona_id=persona_id, viewer=call.request.viewer)
            found = await self._bus.call(persona.get_persona, query, tenant=call.tenant)
        except Rejected as refusal:
            if refusal.code != "NOT_FOUND":
                raise
            raise invalid("persona_id", f"no persona '{persona_id}'") from refusal
        return await asyncio.to_thread(begun, respondent_of(found), wanted)

    async def _check_targets(self, tenant: str, to: v1.AppliesTo, viewer: Viewer) -> None:
        known = load_segments(DOMAIN).by_name
        for index, name in enumerate(to.segments):
            if name not in known:
                issue = f"unknown segment '{name}'; known: {', '.join(known)}"
                raise invalid(f"applies_to.segments[{index}]", issue)
        for index, name in enumerate(to.personas):
            try:
                query = persona.GetPersona(persona_id=name, viewer=viewer)
                await self._bus.call(persona.get_persona, query, tenant=tenant)
            except Rejected as refusal:
                if refusal.code != "NOT_FOUND":
                    raise
                raise invalid(f"applies_to.personas[{index}]", f"no persona '{name}'") from refusal

    async def _in_turn(self, work: Callable[[Callable[[], bool]], ResultT]) -> ResultT:
        """Work in a thread of its own, one at a time; it is told to stop when its time is up or nobody waits."""
        if self._waiting > _WAITING:
            raise Unavailable("the estimation of tastes (too many are waiting)")
        left = threading.Event()
        self._waiting += 1
        try:
            async with self._turn:
                until = time.monotonic() + self._settings.simulation_fit_seconds
                return await asyncio.to_thread(work, lambda: not left.is_set() and time.monotonic() < until)
        finally:
            self._waiting -= 1
            left.set()

    async def _present(self, tenant: str, tastes_id: str) -> Loaded[Tastes]:
        loaded = await self._tastes.load(tenant, tastes_id)
        if loaded.state.kind is None:
            raise Rejected("NOT_FOUND", "no such tastes", field="tastes_id")
        return loaded

    async def _resource(self, tenant: str, loaded: Loaded[Tastes]) -> v1.Tastes:
        if loaded.state.kind == "fitted":
            stream = StreamId(self._tastes.category, loaded.id)
            (recorded,) = await self._tastes.log.read(tenant, stream, up_to=1)
            return resource(loaded, v1.TastesFitted.model_validate(recorded.data, extra="ignore").fitted, ())
        interview = loaded.state.interview
        if interview is None:
            raise ValueError(f"tastes {loaded.id} were neither fitted nor elicited")
        return resource(loaded, None, interviews.elicited_of(interview, interviews.belief_of(interview, ())))


def check_size(request: v1.FitTastes) -> None:
    """Raises `Rejected` for more than one fit may take in."""
    options = sum(len(choice.options) for choice in request.choices)
    width = len({name for choice in request.choices for option in choice.options for name in option.attributes})
    if width > 50:
        raise invalid("choices", f"there are {width} attributes, more than the limit of 50")
    if options * max(1, width) > _CELLS:
        raise invalid("choices", f"options × attributes is {options * width}, more than the limit of {_CELLS}")


def fitted_event(tastes_id: str, request: v1.FitTastes, go_on: Callable[[], bool]) -> v1.TastesFitted:
    """Estimate, and say what simulations can use of it. Raises `Rejected` with the field at fault."""
    try:
        found = fit(request.choices, request.model, holdout=request.holdout_choices, seed=request.seed, go_on=go_on)
    except InvalidChoices as refusal:
        raise invalid(refusal.field, refusal.issue) from refusal
    columns = columns_of(request, found, load_assumptions(DOMAIN).taxonomy)
    used = usable(tastes_id, request, found, columns)
    return v1.TastesFitted(
        name=request.name,
        applies_to=request.applies_to,
        fitted=fitted_of(found, request.applies_to.personas, columns.notes),
        used=used,
        unrecognized=tuple(columns.unrecognized),
        model_version=model_version(DOMAIN),
        seed=request.seed,
        inputs_hash=hashlib.sha256(request.model_dump_json().encode()).hexdigest(),
    )


def begun(person: Respondent, wanted: v1.ElicitTastes) -> Begin:
    """The first question to a persona. Raises `Rejected`."""
    interview = interviews.interview_of(person, wanted.attributes, wanted.seed, load_assumptions(DOMAIN), DOMAIN)
    belief = interviews.belief_of(interview, ())
    return Begin(interview, interviews.question_of(interview, belief, (), wanted.options))


def observed(loaded: Loaded[Tastes], answer: v1.Answer, options: int) -> Observe:
    """What an answer to the open question tells, and the next question."""
    interview, asked = loaded.state.interview, loaded.state.open
    if interview is None or asked is None:
        raise ValueError(f"nothing is asked by {loaded.id}")
    answered = (*loaded.state.answered, (asked, answer.chosen))
    belief = interviews.belief_of(interview, answered)
    return Observe(
        answer=answer,
        tastes=interviews.elicited_of(interview, belief),
        used=interviews.used_of(loaded.id, interview, belief, len(answered)),
        next=interviews.question_of(interview, belief, answered, options),
    )
