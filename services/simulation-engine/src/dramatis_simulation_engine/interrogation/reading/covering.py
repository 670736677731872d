"""Which causes a hypothesis covers: one of its own, or what is left of a family. Pure."""

from collections.abc import Sequence

from dramatis_contracts.interrogation.v1 import Hypothesis
from dramatis_simulation_engine.interrogation.reading.causes import Cause, taxonomy


def covered(hypothesis: Hypothesis, hypotheses: Sequence[Hypothesis]) -> tuple[Cause, ...]:
    """The causes of a hypothesis, none for one outside of the taxonomy. `hypotheses`: all of the run."""
    causes, name = taxonomy().causes, hypothesis.cause or ""
    if name in causes:
        return (causes[name],)
    family = taxonomy().families.get(name)
    stated = {other.cause for other in hypotheses}
    return tuple(causes[cause] for cause in family.causes if cause not in stated) if family else ()
