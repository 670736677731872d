"""Settings, ids, clock, errors, telemetry and the service runner."""

from dramatis_kit.clock import Clock, utc_now
from dramatis_kit.errors import Rejected, Unavailable
from dramatis_kit.ids import new_id
from dramatis_kit.service import Document, Resource, Runtime, Service
from dramatis_kit.settings import Settings

__all__ = [
    "Clock",
    "Document",
    "Rejected",
    "Resource",
    "Runtime",
    "Service",
    "Settings",
    "Unavailable",
    "new_id",
    "utc_now",
]
