"""When the sources of a persona are looked at: at once, again when that failed, and daily where wanted. Pure."""

from datetime import UTC, datetime, timedelta

from dramatis_contracts.persona import v1
from dramatis_persona.decider import PersonaState, SourceState

REFRESHED_AFTER = timedelta(days=1)
"""Between two looks at a source with `auto_refresh`, while all goes well."""

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_RETRY = timedelta(minutes=5)
_LONGEST_RETRY = timedelta(days=7)
_MOST_FAILURES = 10
"""After so many failures a source that is not to be refreshed is given up; the others are tried once a week."""


def next_look(source: v1.EnrichmentSource, state: SourceState) -> datetime | None:
    """When a source is due; None for one that has been read and is not to be refreshed."""
    if state.looked_at is None:
        return AT_ONCE
    if state.failure is not None:
        if state.failures >= _MOST_FAILURES and not source.auto_refresh:
            return None
        wait: timedelta = _FIRST_RETRY * 2 ** min(max(state.failures - 1, 0), 20)
        return state.looked_at + min(_LONGEST_RETRY, wait)
    return state.looked_at + REFRESHED_AFTER if source.auto_refresh else None


def due(persona: PersonaState) -> datetime | None:
    """When the first of a persona's sources is due; None when none will be."""
    if persona.profile is None or persona.deleted or persona.archived:
        return None
    looks = [next_look(source, persona.sources.get(source.url or "", SourceState())) for source in addressed(persona)]
    return min((look for look in looks if look is not None), default=None)


def addressed(persona: PersonaState) -> tuple[v1.EnrichmentSource, ...]:
    """The sources that have an address, each once."""
    sources = persona.profile.enrichment_sources if persona.profile else ()
    return tuple({source.url: source for source in sources if source.url}.values())
