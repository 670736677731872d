"""Make declared resources exist, and say what differed."""

from collections.abc import Iterable
from dataclasses import dataclass

from dramatis_kit.service import Resource


@dataclass(frozen=True, slots=True)
class Drift:
    """One resource that is not as declared. `what` is "missing" or names the difference."""

    kind: str
    name: str
    what: str


async def drift_of(resources: Iterable[Resource]) -> list[Drift]:
    """What differs from the declaration; changes nothing."""
    return [Drift(r.kind, r.name, what) for r in resources if (what := await r.drift())]


async def provision(resources: Iterable[Resource]) -> list[Drift]:
    """Apply what differs and report it. A second run reports nothing."""
    repaired = []
    for resource in resources:
        if what := await resource.drift():
            await resource.apply()
            repaired.append(Drift(resource.kind, resource.name, what))
    return repaired
