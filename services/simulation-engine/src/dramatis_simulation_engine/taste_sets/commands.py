"""What is decided about a taste set. What others may ask is in the contracts; here it is computed already."""

from dataclasses import dataclass

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_contracts.tastes import v1


@dataclass(frozen=True, slots=True)
class RecordFit:
    """Tastes were estimated."""

    fitted: v1.TastesFitted


@dataclass(frozen=True, slots=True)
class Begin:
    """Ask a persona the first question."""

    interview: v1.Interview
    question: v1.Question


@dataclass(frozen=True, slots=True)
class Observe:
    """The persona answered: what is known of it now, and what to ask next."""

    answer: v1.Answer
    tastes: tuple[v1.ElicitedTaste, ...]
    used: TasteSet
    next: v1.Question


Command = RecordFit | Begin | Observe
