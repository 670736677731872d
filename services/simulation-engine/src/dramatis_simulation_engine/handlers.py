"""Load, decide, append: what the simulation engine answers to each command and query."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar, assert_never

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.campaigns import v1 as campaigns
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.pages import Page
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1
from dramatis_eventlog import Aggregate, Loaded, Snapshots, StreamId, cause_of
from dramatis_eventlog.requesters import asked_by, may_see
from dramatis_kit import Rejected, Unavailable
from dramatis_llm import Budget, ChatModel, NotConfigured, PriceUnknown
from dramatis_simulation_engine.admission import Admission
from dramatis_simulation_engine.campaigns.handlers import Campaigns, kept
from dramatis_simulation_engine.commands import Cancel, Command, Repeat, Request
from dramatis_simulation_engine.contradictions import contradictions_in
from dramatis_simulation_engine.decider import Simulation
from dramatis_simulation_engine.focus_group.duplicates import check_options
from dramatis_simulation_engine.focus_group.model import DOMAIN
from dramatis_simulation_engine.focus_group.price_questions import check_prices
from dramatis_simulation_engine.in_short import whole_campaign, whole_focus_group
from dramatis_simulation_engine.kinds import Study, answers_to, check, drawn_for, field_of_invited, invited_to
from dramatis_simulation_engine.latest import LatestProgress
from dramatis_simulation_engine.llm.interviewing import in_dollars
from dramatis_simulation_engine.population import Segments, load_segments
from dramatis_simulation_engine.projections import resource, results
from dramatis_simulation_engine.seeds import derived_seed
from dramatis_simulation_engine.settings import SimulationSettings
from dramatis_simulation_engine.taste_sets.lookup import newest_tastes
from dramatis_simulation_engine.taxonomy import load_taxonomy

Simulations = Aggregate[Simulation, Command]
Requests = v1.RequestFocusGroup | v1.RequestCampaign | v1.RequestIntervention | v1.RequestVariants | v1.RequestViral
RequestsT = TypeVar("RequestsT", bound=Requests)
CallT = TypeVar("CallT", bound=Requests | v1.CancelSimulation)

_AT_ONCE = 200
"""Personas asked for in one call: keeps a reply far below what a message may carry."""
_SEGMENTS = "persona_configuration.segments"
_PLACE = re.compile(r"personas\[(\d+)\]")


class Handlers:
    """Answers commands and queries. `progress` is what was told last."""

    def __init__(
        self,
        simulations: Simulations,
        bus: Bus,
        settings: SimulationSettings,
        progress: LatestProgress,
        tastes: Snapshots,
        kept_campaigns: Campaigns,
        admission: Admission,
        model: ChatModel | None = None,
    ) -> None:
        self._simulations = simulations
        self._bus = bus
        self._settings = settings
        self._progress = progress
        self._tastes = tastes
        self._campaigns = kept_campaigns
        self._admission = admission
        self._model = model

    async def request(self, call: Call[RequestsT]) -> v1.Simulation:
        """Accept a simulation of any kind."""
        simulation_id = call.request.simulation_id
        try:
            command: Command = await self._accepted(call.tenant, call.request)
        except Rejected:
            # A repeated command is answered as before, even if what it names has gone since.
            if not (await self._simulations.load(call.tenant, simulation_id)).version:
                raise
            command = Repeat()
        if (await self._simulations.load(call.tenant, simulation_id)).version:
            return await self._shown(call.tenant, await self._handle(call, command))
        position = await self._admission.enter(call.tenant, simulation_id)
        try:
            loaded = await self._handle(call, command)
        except (Rejected, Unavailable):
            await self._admission.give_back(call.tenant, simulation_id)
            raise
        return resource(loaded, queue_position=position)

    async def _accepted(self, tenant: str, request: Requests) -> Request:
        """The command of a request that can be carried out. Raises `Rejected`, naming the field, and `Unavailable`."""
        study, derived = await self._whole(tenant, request)
        if isinstance(study, v1.FocusGroup):
            check_options(study)
            check_prices(study)
        check(study)
        check_people(study, load_segments(DOMAIN), _segments_of(request))
        check_size(study, self._settings.simulation_max_answers)
        parameters = study.simulation_parameters
        respondents = parameters.respondents or self._settings.simulation_respondents
        if respondents == "llm":
            # The price list takes a while to be read.
            await asyncio.to_thread(check_language_model, self._model, parameters.language_model)
        simulation_id = request.simulation_id
        return Request(
            study=study,
            participants=await self._participants(tenant, study, request.viewer),
            seed=derived_seed(tenant, simulation_id) if parameters.seed is None else parameters.seed,
            respondents=respondents,
            tastes=await self._estimates(tenant, study, respondents),
            derived=derived,
            requested_by=request.viewer,
        )

    async def _whole(self, tenant: str, request: Requests) -> tuple[Study, tuple[str, ...]]:
        """The study with everything in it that its client left to a word or an id, and what was added."""
        match request:
            case v1.RequestFocusGroup(focus_group=asked):
                whole = whole_focus_group(asked, await self._property(tenant, asked))
                return whole.focus_group, whole.derived
            case v1.RequestCampaign(campaign=wanted):
                return whole_campaign(wanted, await self._campaign(tenant, wanted))
            case v1.RequestIntervention(intervention=study):
                return study, ()
            case v1.RequestVariants(variants=variants):
                return variants, ()
            case v1.RequestViral(content=content):
                return content, ()
        assert_never(request)

    async def _property(
        self, tenant: str, asked: v1.FocusGroupRequest | v1.FocusGroup
    ) -> matching.ListedProperty | None:
        """The property that is named by its id. Raises `Rejected` with `NOT_FOUND`, and `Unavailable`."""
        if isinstance(asked, v1.FocusGroup) or asked.property_id is None or asked.property is not None:
            return None
        query = matching.GetProperty(property_id=asked.property_id)
        return await self._bus.call(matching.get_property, query, tenant=tenant)

    async def _campaign(
        self, tenant: str, asked: v1.CampaignTest | v1.MarketingCampaign
    ) -> campaigns.KeptCampaign | None:
        """The campaign that is named by its id. Raises `Rejected` with `NOT_FOUND`."""
        if isinstance(asked, v1.MarketingCampaign) or asked.campaign_id is None or asked.campaign is not None:
            return None
        return await kept(self._campaigns, tenant, asked.campaign_id)

    async def cancel(self, call: Call[v1.CancelSimulation]) -> v1.Simulation:
        await self._present(call)
        loaded = await self._handle(call, Cancel())
        # Whoever reads next sees those behind it moved up; if this does not come to pass, its event does it.
        await self._admission.leave(call.tenant, loaded.id, cause_of(call))
        return await self._shown(call.tenant, loaded)

    async def get(self, call: Call[v1.GetSimulation]) -> v1.Simulation:
        return await self._shown(call.tenant, await self._present(call))

    async def list_(self, call: Call[v1.ListSimulations]) -> Page[v1.Simulation]:
        wanted, kept = call.request, self._simulations.snapshots
        asked = {"state.status": wanted.status, "state.kind": wanted.type}
        chosen = {field: value for field, value in asked.items() if value is not None}
        chosen |= asked_by(wanted.viewer, "state.requested_by")
        skip = (wanted.page - 1) * wanted.page_size
        found = await kept.find(call.tenant, chosen, skip=skip, limit=wanted.page_size)
        simulations = [self._simulations.restored(snapshot) for snapshot in found]
        waits = any(simulation.state.status == "queued" for simulation in simulations)
        positions = await self._admission.positions(call.tenant) if waits else {}
        items = [self._resource(call.tenant, simulation, positions) for simulation in simulations]
        total = await kept.count(call.tenant, chosen)
        return Page[v1.Simulation](items=items, total=total, page=wanted.page, page_size=wanted.page_size)

    async def results(self, call: Call[v1.GetResults]) -> v1.Results:
        loaded = await self._present(call)
        if loaded.state.completion is None:
            raise Rejected(
                "SIMULATION_NOT_COMPLETED",
                f"the simulation is {loaded.state.status}",
                field="simulation_id",
                issue=loaded.state.failure or f"its status is {loaded.state.status}",
            )
        wanted = loaded.state.has_details and call.request.detail_level == "detailed"
        details = await self._details(call.tenant, loaded) if wanted else None
        return results(loaded, details)

    async def segments(self, _: Call[v1.ListSegments]) -> v1.Segments:
        known = load_segments(DOMAIN).by_name.values()
        return v1.Segments(
            segments=tuple(
                v1.Segment(name=s.name, title=s.title, description=s.description, calibration="assumed") for s in known
            )
        )

    # Details

    async def _estimates(self, tenant: str, study: Study, respondents: v1.RespondentKind) -> tuple[v1.TasteSet, ...]:
        """Tastes that were estimated for people of a focus group, as they are now."""
        drawn = drawn_for(study)
        if not isinstance(study, v1.FocusGroup) or drawn is None or respondents != "statistical":
            return ()
        segments = drawn.segments if drawn.generated_count else ()
        return await newest_tastes(self._tastes, tenant, invited_to(study), segments)

    async def _participants(self, tenant: str, study: Study, viewer: Viewer) -> tuple[v1.Participant, ...]:
        wanted = invited_to(study)
        invited: list[v1.Participant] = []
        for start in range(0, len(wanted), _AT_ONCE):
            several = await self._ask_for(tenant, study, wanted[start : start + _AT_ONCE], start, viewer)
            check_consistent(study, several, start)
            invited.extend(v1.Participant(persona_id=p.id, version=p.version) for p in several)
        return tuple(invited)

    async def _ask_for(
        self, tenant: str, study: Study, ids: tuple[str, ...], start: int, viewer: Viewer
    ) -> tuple[persona.Persona, ...]:
        wanted = tuple(persona.PersonaVersion(persona_id=known) for known in ids)
        query = persona.GetPersonas(personas=wanted, viewer=viewer)
        try:
            return (await self._bus.call(persona.get_personas, query, tenant=tenant)).personas
        except Rejected as refusal:
            raise _unknown_persona(refusal, study, ids, start) from refusal

    async def _present(
        self, call: Call[v1.GetSimulation] | Call[v1.GetResults] | Call[v1.CancelSimulation]
    ) -> Loaded[Simulation]:
        loaded = await self._simulations.load(call.tenant, call.request.simulation_id)
        if loaded.state.status is None or not may_see(call.request.viewer, loaded.state.requested_by):
            raise Rejected("NOT_FOUND", "no such simulation", field="simulation_id")
        return loaded

    async def _details(self, tenant: str, loaded: Loaded[Simulation]) -> dict[str, object]:
        """The event before the last one: both were committed together."""
        stream = StreamId(self._simulations.category, loaded.id)
        recorded, _ = await self._simulations.log.read(tenant, stream, after=loaded.version - 2, up_to=loaded.version)
        details: dict[str, object] = recorded.data["detailed_results"]
        return details

    async def _handle(self, call: Call[CallT], command: Command) -> Loaded[Simulation]:
        return await self._simulations.handle(
            call.tenant, call.request.simulation_id, command, command_id=call.command_id, cause=cause_of(call)
        )

    async def _shown(self, tenant: str, loaded: Loaded[Simulation]) -> v1.Simulation:
        waits = loaded.state.status == "queued"
        return self._resource(tenant, loaded, await self._admission.positions(tenant) if waits else {})

    def _resource(self, tenant: str, loaded: Loaded[Simulation], positions: Mapping[str, int]) -> v1.Simulation:
        position = positions.get(loaded.id) if loaded.state.status == "queued" else None
        return resource(loaded, self._progress.of(tenant, loaded.id), position)


def _segments_of(request: Requests) -> str:
    """Where the client named the segments: in short or in full."""
    if isinstance(request, v1.RequestFocusGroup) and isinstance(request.focus_group, v1.FocusGroupRequest):
        return "persona_segments" if request.focus_group.persona_segments else _SEGMENTS
    return _SEGMENTS


def check_people(study: Study, segments: Segments, field: str = _SEGMENTS) -> None:
    """Raises `Rejected` for a segment that does not exist, and for people to be drawn from nowhere."""
    wanted = drawn_for(study)
    if wanted is None:
        return
    known = ", ".join(segments.by_name)
    for index, name in enumerate(wanted.segments):
        if name not in segments.by_name:
            raise _invalid(f"{field}[{index}]", f"unknown segment '{name}'; known: {known}")
    if wanted.generated_count and not wanted.segments:
        raise _invalid(field, f"generated_count needs a segment to draw people from; known: {known}")


def check_size(study: Study, limit: int) -> None:
    """Raises `Rejected` for more work than one simulation may ask for."""
    if (answers := answers_to(study)) > limit:
        raise _invalid(
            "simulation_parameters.iterations",
            f"people × scenarios × iterations is {answers}, more than the limit of {limit}",
        )


def check_language_model(model: ChatModel | None, limits: v1.LanguageModelLimits) -> None:
    """Raises `Rejected` where no language model is set up, or where its price is not known and money is limited."""
    if model is None:
        raise _invalid("simulation_parameters.respondents", NotConfigured().message)
    try:
        model.check_price(Budget(max_cost=in_dollars(limits.max_cost)))
    except PriceUnknown as unknown:
        raise _invalid("simulation_parameters.language_model.max_cost", unknown.message) from unknown


def check_consistent(study: Study, invited: Sequence[persona.Persona], start: int) -> None:
    """Raises `Rejected` for a persona that contradicts itself; `start`: the place of the first one among all."""
    taxonomy = load_taxonomy(DOMAIN)
    for place, who in enumerate(invited, start):
        found = contradictions_in(who.demographics, who.preferences, who.insights, taxonomy)
        if found:
            raise _invalid(field_of_invited(study, place), f"persona '{who.id}': {found[0]}")


def _unknown_persona(refusal: Rejected, study: Study, ids: tuple[str, ...], start: int) -> Rejected:
    place = _PLACE.match(refusal.field or "")
    if place is None:
        return refusal
    index = int(place.group(1))
    issue = f"no persona '{ids[index]}'" if refusal.code == "NOT_FOUND" else refusal.message
    if refusal.issue is not None:  # it is there, but archived
        issue = f"{refusal.message}: {refusal.issue}"
    return _invalid(field_of_invited(study, start + index), issue)


def _invalid(field: str, issue: str) -> Rejected:
    return Rejected("INVALID_SIMULATION", "The simulation asked for is invalid.", field=field, issue=issue)
