"""Load, decide, append: what is answered to the commands and queries about batches."""

from dataclasses import dataclass

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.pages import Page
from dramatis_eventlog import Aggregate, Loaded, cause_of
from dramatis_eventlog.requesters import asked_by, may_see
from dramatis_kit import Document, Rejected
from dramatis_orchestrator.batches.decider import Batch, Cancel, Command, Request
from dramatis_orchestrator.batches.names import simulation_id
from dramatis_orchestrator.batches.personas import PersonaBatch, ended
from dramatis_orchestrator.batches.projections import resource, summary

Batches = Aggregate[Batch, Command]


@dataclass(frozen=True, slots=True)
class BatchHandlers:
    """Answers commands and queries. Simulations are carried out by `conductor.py`, once the log holds them."""

    batches: Batches
    bus: Bus

    async def create_personas(self, call: Call[v1.CreatePersonas]) -> v1.CreatedPersonas:
        """Creates, then records: who repeats a command that was cut off meets what was created before."""
        asked = call.request
        outcomes = await PersonaBatch(self.bus, call).outcomes()
        command = Request(
            kind="personas",
            items=tuple(
                v1.RequestedItem(index=o.index, type="persona", id=o.persona.id if o.persona else "") for o in outcomes
            ),
            ended=ended(outcomes),
            continue_on_error=asked.continue_on_error,
            viewer=asked.viewer,
        )
        loaded = await self._commit(call, asked.batch_id, command)
        return v1.CreatedPersonas(batch=summary(loaded), outcomes=outcomes)

    async def request_simulations(self, call: Call[v1.RequestSimulations]) -> v1.Batch:
        asked = call.request
        command = Request(
            kind="simulations",
            items=tuple(
                v1.RequestedItem(
                    index=place, type=item.type, id=simulation_id(asked.batch_id, place), request=item.request
                )
                for place, item in enumerate(asked.items)
            ),
            ended=tuple(
                v1.EndedItem(index=place, status="failed", error=item.refused)
                for place, item in enumerate(asked.items)
                if item.refused is not None
            ),
            continue_on_error=asked.continue_on_error,
            viewer=asked.viewer,
            execution=asked.execution,
        )
        return resource(await self._commit(call, asked.batch_id, command))

    async def get(self, call: Call[v1.GetBatch]) -> v1.Batch:
        return resource(await self._visible(call.tenant, call.request.batch_id, call.request.viewer))

    async def list_(self, call: Call[v1.ListBatches]) -> Page[v1.BatchSummary]:
        wanted, kept = call.request, self.batches.snapshots
        asked = {"state.status": wanted.status, "state.kind": wanted.type}
        chosen: Document = {field: value for field, value in asked.items() if value is not None}
        chosen |= asked_by(wanted.viewer, "state.viewer")
        skip = (wanted.page - 1) * wanted.page_size
        found = await kept.find(call.tenant, chosen, skip=skip, limit=wanted.page_size)
        items = [summary(self.batches.restored(snapshot)) for snapshot in found]
        total = await kept.count(call.tenant, chosen)
        return Page[v1.BatchSummary](items=items, total=total, page=wanted.page, page_size=wanted.page_size)

    async def cancel(self, call: Call[v1.CancelBatch]) -> v1.Batch:
        """Nothing starts any more from here on; what runs is cancelled by who follows the log."""
        wanted = call.request
        await self._visible(call.tenant, wanted.batch_id, wanted.viewer)
        return resource(await self._commit(call, wanted.batch_id, Cancel()))

    async def _commit(
        self,
        call: Call[v1.CreatePersonas] | Call[v1.RequestSimulations] | Call[v1.CancelBatch],
        batch_id: str,
        command: Command,
    ) -> Loaded[Batch]:
        return await self.batches.handle(
            call.tenant, batch_id, command, command_id=call.command_id, cause=cause_of(call)
        )

    async def _visible(self, tenant: str, batch_id: str, viewer: Viewer) -> Loaded[Batch]:
        loaded = await self.batches.load(tenant, batch_id)
        if loaded.state.status is None or not may_see(viewer, loaded.state.viewer):
            raise Rejected("NOT_FOUND", f"no batch {batch_id}", field="batch_id")
        return loaded
