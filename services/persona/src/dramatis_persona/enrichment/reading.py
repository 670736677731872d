"""What a reader makes of a text, and the interface that all readers have."""

from dataclasses import dataclass, field
from typing import Protocol

from dramatis_contracts.persona import v1
from dramatis_persona.learning import Finding


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says of a persona, in the order of its sentences. `traits`: level or word by the trait's name.

    Every insight, those of traits too, cites a sentence that stands in the text word for word.
    """

    findings: tuple[Finding, ...] = ()
    trait_insights: tuple[v1.Insight, ...] = ()
    traits: dict[str, str] = field(default_factory=dict)
    dropped: int = 0
    """Insights of a language model that no sentence of the text says."""


def confidence_of(*checks: bool) -> float:
    """The share of the checks that a statement passes, as (passed + 1) / (checks + 2): never 0 or 1, not calibrated."""
    return round((sum(checks) + 1) / (len(checks) + 2), 2)


class Reader(Protocol):
    """`method` names the reader and its version, and stands in every `persona.enriched`."""

    @property
    def method(self) -> str: ...

    async def read(self, enrichment: v1.Enrichment, profile: v1.PersonaProfile, *, tenant: str, run: str) -> Reading:
        """Raises `LlmError` where a language model cannot be asked; a text that says nothing gives nothing."""
