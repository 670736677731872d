"""Batches of personas and of simulations."""

from datetime import datetime
from typing import Any

from tinytroupe_client.models.base import Model
from tinytroupe_client.models.people import CreatedPersona


class BatchItem(Model):
    """`id` is that of the persona or simulation, None where there is none. `status` is a word or an HTTP status."""

    index: int
    status: str | int | None = None
    id: str | None = None
    persona: CreatedPersona | None = None
    error: dict[str, Any] | None = None


class Batch(Model):
    """Where a batch stands. `results` and `errors` are in the answer to a batch of personas, `items` in the others."""

    batch_id: str
    status: str | None = None
    total: int | None = None
    pending: int | None = None
    running: int | None = None
    successful: int | None = None
    failed: int | None = None
    skipped: int | None = None
    cancelled: int | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    results: tuple[BatchItem, ...] = ()
    errors: tuple[BatchItem, ...] = ()
    items: tuple[BatchItem, ...] = ()
