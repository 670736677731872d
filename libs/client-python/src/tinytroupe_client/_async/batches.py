"""Batches: up to 100 personas or simulations in one request."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import call, path
from tinytroupe_client.models.batches import Batch
from tinytroupe_client.params import CallOptions


class AsyncBatches:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def personas(self, **batch: Unpack[params.BatchPersonas]) -> Batch:
        """Create personas. What became of each is in `results` and `errors`: a refused one raises nothing."""
        return await self._transport.ask(Batch, call("POST", "/batch/personas", batch))

    async def simulations(self, **batch: Unpack[params.BatchSimulations]) -> Batch:
        """Run simulations; `get` tells where the batch stands."""
        return await self._transport.ask(Batch, call("POST", "/batch/simulations", batch))

    async def get(self, batch_id: str, **options: Unpack[CallOptions]) -> Batch:
        return await self._transport.ask(Batch, call("GET", path("batch", batch_id), options))

    def list(self, **which: Unpack[params.BatchFilter]) -> AsyncPages[Batch]:
        """Newest first."""
        return AsyncPages(self._transport, call("GET", "/batch", which), Batch.model_validate)

    async def cancel(self, batch_id: str, **options: Unpack[CallOptions]) -> Batch:
        """Start nothing more of it, and stop what runs."""
        return await self._transport.ask(Batch, call("POST", path("batch", batch_id, "cancel"), options))
