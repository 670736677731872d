"""How the service's composition root takes analytics in."""

from collections.abc import Sequence
from functools import partial

from dramatis_bus import Bus
from dramatis_bus.provisioning import consumer_resources
from dramatis_contracts.persona.analytics import get_analytics
from dramatis_eventlog import EventLog
from dramatis_kit import Resource, Runtime
from dramatis_persona.analytics.handlers import analytics
from dramatis_persona.analytics.projections import PROJECTIONS
from dramatis_persona.handlers import Personas
from dramatis_projections.client import ClickHousePool
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import Projector, consumer_of
from dramatis_projections.rebuild import rebuild_resource


def serve_analytics(runtime: Runtime, bus: Bus, pool: ClickHousePool, personas: Personas) -> None:
    """The query and the projectors; before `bus.start()`."""
    bus.serve(get_analytics, partial(analytics, personas, pool, runtime.clock))
    for projection in PROJECTIONS:
        bus.consume(consumer_of(projection), Projector(pool, projection, runtime.clock).handle)


def analytics_resources(runtime: Runtime, log: EventLog) -> Sequence[Resource]:
    return [
        *migration_resources(runtime.settings, "dramatis_persona.analytics"),
        *(rebuild_resource(log, runtime.settings, projection) for projection in PROJECTIONS),
        *(resource for p in PROJECTIONS for resource in consumer_resources(runtime.settings, consumer_of(p))),
    ]
