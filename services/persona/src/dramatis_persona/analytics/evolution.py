"""How what a persona wants changed in a period. Pure."""

from collections.abc import Iterable

from dramatis_contracts.persona.analytics import PreferenceEvolution, StrengthChange
from dramatis_persona.analytics.assumptions import LEVEL, beta_interval, model_version
from dramatis_persona.analytics.readings import Evidence, Profile

METHOD = (
    "(for − against) / (for + against + 2) over the events that speak for or against it; interval of a beta posterior"
)


def evolution(start: Profile | None, end: Profile | None, evidence: Iterable[Evidence]) -> PreferenceEvolution:
    """From the profile at the beginning, or at the persona's creation if that is later, to that at the end."""
    before, after = start or Profile(), end or Profile()
    known = tuple(evidence)
    changes = {found.word: _strength(found) for found in known if _moved(found)}
    return PreferenceEvolution(
        new_preferences_detected=tuple(found.word for found in known if _is_new(found, before, after)),
        preference_strength_changes={word: change.end - change.start for word, change in changes.items()},
        new_deal_breakers_detected=tuple(word for word in after.refused if word not in before.refused),
        preferences_not_named=after.unnamed,
        estimates=changes,
    )


def _is_new(found: Evidence, before: Profile, after: Profile) -> bool:
    """What was liked before is not new when it becomes a condition; what is refused by now is no preference."""
    had = found.word in before.wanted or found.for_before > found.against_before
    has = found.word in after.wanted or found.for_after > found.against_after
    return has and not had and found.word not in after.refused


def _moved(found: Evidence) -> bool:
    return (found.for_after, found.against_after) != (found.for_before, found.against_before)


def _strength(found: Evidence) -> StrengthChange:
    low, high = beta_interval(found.for_after + 1, found.against_after + 1)
    return StrengthChange(
        start=_balance(found.for_before, found.against_before),
        end=_balance(found.for_after, found.against_after),
        low=2 * low - 1,
        high=2 * high - 1,
        level=LEVEL,
        in_favour=found.for_after,
        against=found.against_after,
        n=found.for_after + found.against_after,
        method=METHOD,
        model_version=model_version(),
    )


def _balance(in_favour: int, against: int) -> float:
    return (in_favour - against) / (in_favour + against + 2)
