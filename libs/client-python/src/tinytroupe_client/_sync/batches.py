# Generated from _async by scripts/synchronise_client.py: edit there.
"""Batches: up to 100 personas or simulations in one request."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._http import call, path
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.models.batches import Batch
from tinytroupe_client.params import CallOptions


class Batches:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def personas(self, **batch: Unpack[params.BatchPersonas]) -> Batch:
        """Create personas. What became of each is in `results` and `errors`: a refused one raises nothing."""
        return self._transport.ask(Batch, call("POST", "/batch/personas", batch))

    def simulations(self, **batch: Unpack[params.BatchSimulations]) -> Batch:
        """Run simulations; `get` tells where the batch stands."""
        return self._transport.ask(Batch, call("POST", "/batch/simulations", batch))

    def get(self, batch_id: str, **options: Unpack[CallOptions]) -> Batch:
        return self._transport.ask(Batch, call("GET", path("batch", batch_id), options))

    def list(self, **which: Unpack[params.BatchFilter]) -> Pages[Batch]:
        """Newest first."""
        return Pages(self._transport, call("GET", "/batch", which), Batch.model_validate)

    def cancel(self, batch_id: str, **options: Unpack[CallOptions]) -> Batch:
        """Start nothing more of it, and stop what runs."""
        return self._transport.ask(Batch, call("POST", path("batch", batch_id, "cancel"), options))
