"""Load, decide, append: what the simulation engine answers to each command and query."""

import re
from collections.abc import Mapping

from dramatis_bus import Bus, Call
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Aggregate, Loaded, StreamId, cause_of
from dramatis_kit import Rejected
from dramatis_simulation_engine.commands import Cancel, Command, Request
from dramatis_simulation_engine.decider import Simulation, answers_to
from dramatis_simulation_engine.focus_group.model import DOMAIN
from dramatis_simulation_engine.population import Segments, load_segments
from dramatis_simulation_engine.projections import resource, results
from dramatis_simulation_engine.seeds import derived_seed
from dramatis_simulation_engine.settings import SimulationSettings

Simulations = Aggregate[Simulation, Command]

_AT_ONCE = 200
"""Personas asked for in one call: keeps a reply far below what a message may carry."""
_PLACE = re.compile(r"personas\[(\d+)\]")


class Handlers:
    """Answers commands and queries. `progress` is what this process's own runner knows, by (tenant, simulation)."""

    def __init__(
        self,
        simulations: Simulations,
        bus: Bus,
        settings: SimulationSettings,
        progress: Mapping[tuple[str, str], float],
    ) -> None:
        self._simulations = simulations
        self._bus = bus
        self._settings = settings
        self._progress = progress

    async def request_focus_group(self, call: Call[v1.RequestFocusGroup]) -> v1.Simulation:
        focus_group, simulation_id = call.request.focus_group, call.request.simulation_id
        check_people(focus_group, load_segments(DOMAIN))
        check_size(focus_group, self._settings.simulation_max_answers)
        seed = focus_group.simulation_parameters.seed
        command = Request(
            focus_group=focus_group,
            participants=await self._participants(call),
            seed=derived_seed(call.tenant, simulation_id) if seed is None else seed,
        )
        loaded = await self._simulations.handle(
            call.tenant, simulation_id, command, command_id=call.command_id, cause=cause_of(call)
        )
        return self._resource(call.tenant, loaded)

    async def cancel(self, call: Call[v1.CancelSimulation]) -> v1.Simulation:
        loaded = await self._simulations.handle(
            call.tenant, call.request.simulation_id, Cancel(), command_id=call.command_id, cause=cause_of(call)
        )
        return self._resource(call.tenant, loaded)

    async def get(self, call: Call[v1.GetSimulation]) -> v1.Simulation:
        return self._resource(call.tenant, await self._present(call))

    async def results(self, call: Call[v1.GetSimulation]) -> v1.Results:
        loaded = await self._present(call)
        if loaded.state.completion is None:
            raise Rejected(
                "SIMULATION_NOT_COMPLETED",
                f"the simulation is {loaded.state.status}",
                field="simulation_id",
                issue=loaded.state.failure or f"its status is {loaded.state.status}",
            )
        details = await self._details(call.tenant, loaded) if loaded.state.has_details else None
        return results(loaded, details)

    async def segments(self, _: Call[v1.ListSegments]) -> v1.Segments:
        known = load_segments(DOMAIN).by_name.values()
        return v1.Segments(
            segments=tuple(
                v1.Segment(name=s.name, title=s.title, description=s.description, calibration="assumed") for s in known
            )
        )

    # Details

    async def _participants(self, call: Call[v1.RequestFocusGroup]) -> tuple[v1.Participant, ...]:
        wanted = call.request.focus_group.persona_configuration.specific_personas
        invited: list[v1.Participant] = []
        try:
            for start in range(0, len(wanted), _AT_ONCE):
                several = await self._ask_for(call.tenant, wanted[start : start + _AT_ONCE], start)
                invited.extend(v1.Participant(persona_id=p.id, version=p.version) for p in several)
        except Rejected:
            # A repeated command is answered as before, even if a persona has gone since.
            if (await self._simulations.load(call.tenant, call.request.simulation_id)).version:
                return ()
            raise
        return tuple(invited)

    async def _ask_for(self, tenant: str, ids: tuple[str, ...], start: int) -> tuple[persona.Persona, ...]:
        query = persona.GetPersonas(personas=tuple(persona.PersonaVersion(persona_id=known) for known in ids))
        try:
            return (await self._bus.call(persona.get_personas, query, tenant=tenant)).personas
        except Rejected as refusal:
            raise _unknown_persona(refusal, ids, start) from refusal

    async def _present(self, call: Call[v1.GetSimulation]) -> Loaded[Simulation]:
        loaded = await self._simulations.load(call.tenant, call.request.simulation_id)
        if loaded.state.status is None:
            raise Rejected("NOT_FOUND", "no such simulation", field="simulation_id")
        return loaded

    async def _details(self, tenant: str, loaded: Loaded[Simulation]) -> dict[str, object]:
        """The event before the last one: both were committed together."""
        stream = StreamId(self._simulations.category, loaded.id)
        recorded, _ = await self._simulations.log.read(tenant, stream, after=loaded.version - 2, up_to=loaded.version)
        details: dict[str, object] = recorded.data["detailed_results"]
        return details

    def _resource(self, tenant: str, loaded: Loaded[Simulation]) -> v1.Simulation:
        return resource(loaded, self._progress.get((tenant, loaded.id)))


def check_people(focus_group: v1.FocusGroup, segments: Segments) -> None:
    """Raises `Rejected` for a segment that does not exist, and for people to be drawn from nowhere."""
    wanted = focus_group.persona_configuration
    known = ", ".join(segments.by_name)
    for index, name in enumerate(wanted.segments):
        if name not in segments.by_name:
            raise _invalid(f"persona_configuration.segments[{index}]", f"unknown segment '{name}'; known: {known}")
    if wanted.generated_count and not wanted.segments:
        raise _invalid(
            "persona_configuration.segments", f"generated_count needs a segment to draw people from; known: {known}"
        )


def check_size(focus_group: v1.FocusGroup, limit: int) -> None:
    """Raises `Rejected` for more work than one simulation may ask for."""
    if (answers := answers_to(focus_group)) > limit:
        raise _invalid(
            "simulation_parameters.iterations",
            f"people × scenarios × iterations is {answers}, more than the limit of {limit}",
        )


def _unknown_persona(refusal: Rejected, ids: tuple[str, ...], start: int) -> Rejected:
    place = _PLACE.match(refusal.field or "")
    if place is None:
        return refusal
    index = int(place.group(1))
    return _invalid(f"persona_configuration.specific_personas[{start + index}]", f"no persona '{ids[index]}'")


def _invalid(field: str, issue: str) -> Rejected:
    return Rejected("INVALID_SIMULATION", "The simulation asked for is invalid.", field=field, issue=issue)
