"""Load, decide, append: what is answered to each command and query about interrogations."""

from dramatis_bus import Bus, Call
from dramatis_contracts.interrogation import v1
from dramatis_contracts.pages import Page
from dramatis_contracts.persona import stakeholders
from dramatis_eventlog import Aggregate, Loaded, cause_of
from dramatis_kit import Rejected
from dramatis_llm import ChatModel, NotConfigured
from dramatis_simulation_engine.interrogation.commands import Command, Request
from dramatis_simulation_engine.interrogation.decider import Interrogation
from dramatis_simulation_engine.interrogation.projections import resource
from dramatis_simulation_engine.seeds import derived_seed

Interrogations = Aggregate[Interrogation, Command]

_AD_HOC = "Stakeholder"
"""The title of one who has a profile only."""


class InterrogationHandlers:
    """`mind` investigates where a request does not say who; `model` is None where no language model is set up."""

    def __init__(self, runs: Interrogations, bus: Bus, mind: v1.Mind, model: ChatModel | None) -> None:
        self._runs = runs
        self._bus = bus
        self._mind = mind
        self._model = model

    async def request(self, call: Call[v1.RequestInterrogation]) -> v1.Interrogation:
        wanted, run_id = call.request.request, call.request.simulation_id
        mind = wanted.mind or self._mind
        if mind == "llm" and self._model is None:
            raise Rejected("VALIDATION_FAILED", NotConfigured().message, field="mind", issue=NotConfigured().message)
        command = Request(
            user_input=wanted.user_input,
            stakeholder=await self._stakeholder(call.tenant, wanted),
            max_interview_messages=wanted.max_interview_messages,
            mind=mind,
            seed=derived_seed(call.tenant, run_id) if wanted.seed is None else wanted.seed,
        )
        return resource(
            await self._runs.handle(call.tenant, run_id, command, command_id=call.command_id, cause=cause_of(call))
        )

    async def get(self, call: Call[v1.GetInterrogation]) -> v1.Interrogation:
        return resource(await self._present(call))

    async def list_(self, call: Call[v1.ListInterrogations]) -> Page[v1.Interrogation]:
        wanted, kept = call.request, self._runs.snapshots
        chosen = {"state.status": wanted.status} if wanted.status else {}
        found = await kept.find(call.tenant, chosen, skip=(wanted.page - 1) * wanted.page_size, limit=wanted.page_size)
        items = [resource(self._runs.restored(snapshot)) for snapshot in found]
        total = await kept.count(call.tenant, chosen)
        return Page[v1.Interrogation](items=items, total=total, page=wanted.page, page_size=wanted.page_size)

    async def _present(self, call: Call[v1.GetInterrogation]) -> Loaded[Interrogation]:
        loaded = await self._runs.load(call.tenant, call.request.simulation_id)
        if loaded.state.status is None:
            raise Rejected("NOT_FOUND", "no such run", field="simulation_id")
        return loaded

    async def _stakeholder(self, tenant: str, wanted: v1.InterrogationRequest) -> v1.Stakeholder:
        """A profile of the client's own comes before the catalogue's."""
        if wanted.stakeholder_profile is not None:
            return v1.Stakeholder(title=_AD_HOC, profile=wanted.stakeholder_profile)
        if wanted.stakeholder_id is None:
            issue = "give stakeholder_id or stakeholder_profile"
            raise Rejected("INVALID_REQUEST", "Nobody to interview was named.", field="stakeholder_id", issue=issue)
        query = stakeholders.GetStakeholder(stakeholder_id=wanted.stakeholder_id)
        entry = await self._bus.call(stakeholders.get_stakeholder, query, tenant=tenant)
        return v1.Stakeholder.model_validate(entry.model_dump())
