"""The newest tastes of each persona and segment of a study."""

from collections.abc import Iterable, Iterator, Sequence

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_eventlog import Snapshots
from dramatis_eventlog.indexes import Keys
from dramatis_simulation_engine.taste_sets.projections import decode

_NEWEST = {"updated_at": -1, "id": 1}
_AT_ONCE = 50
LOOKED_UP_BY: tuple[Keys, ...] = (
    [("state.personas", 1), ("updated_at", -1)],
    [("state.segments", 1), ("updated_at", -1)],
)
"""Indexes of the snapshots, after the tenant."""


async def newest_tastes(
    snapshots: Snapshots, tenant: str, personas: Iterable[str], segments: Iterable[str]
) -> tuple[TasteSet, ...]:
    """What simulations of these people use, each set narrowed to those of them for whom it is the newest."""
    wanted_personas, wanted_segments = set(personas), set(segments)
    found: list[TasteSet] = []
    while wanted_personas or wanted_segments:
        where = {
            "$or": [
                {"state.personas": {"$in": sorted(wanted_personas)}},
                {"state.segments": {"$in": sorted(wanted_segments)}},
            ]
        }
        page = await snapshots.find(tenant, where, sort=_NEWEST, limit=_AT_ONCE)
        for snapshot in page:
            state = decode(snapshot.state)
            found.extend(_narrowed(state.used, wanted_personas, wanted_segments))
            wanted_personas -= set(state.applies_to.personas)
            wanted_segments -= set(state.applies_to.segments)
        if len(page) < _AT_ONCE:
            break
    return tuple(sorted(found, key=lambda one: (one.id, one.personas, one.segments)))


def _narrowed(sets: Sequence[TasteSet], personas: set[str], segments: set[str]) -> Iterator[TasteSet]:
    for one in sets:
        own = tuple(name for name in one.personas if name in personas)
        drawn = tuple(name for name in one.segments if name in segments)
        if own or drawn:
            yield one.model_copy(update={"personas": own, "segments": drawn})
