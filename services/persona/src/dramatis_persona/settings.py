"""Settings of the persona service, `DRAMATIS_PERSONA_*` beside those that every process shares."""

from pydantic import Field

from dramatis_kit import Settings


class PersonaSettings(Settings):
    """How texts are read and sources looked at. Times in seconds."""

    persona_collective_seconds: float = Field(default=60.0, gt=0)
    """Between two collective runs, which read what need not be read at once and look at the sources that are due."""

    persona_enrichment_attempts: int = Field(default=3, ge=1)
    """After how many faults of its reader a text counts as unreadable."""

    persona_llm_patience_seconds: float = Field(default=900.0, ge=0)
    """How long a text waits for a language model that is down."""


def persona_settings(shared: Settings) -> PersonaSettings:
    """The service's own settings from the environment, on top of what the process was given."""
    return shared if isinstance(shared, PersonaSettings) else PersonaSettings(**shared.model_dump())
