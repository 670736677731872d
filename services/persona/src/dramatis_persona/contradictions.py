"""What a persona cannot say of itself, told by its words alone; what words mean is not known here. Pure."""

import re
from collections.abc import Iterator

from dramatis_contracts.persona.v1 import Preferences
from dramatis_kit import Rejected

_WORD = re.compile(r"[^\W_]+")
_NEGATORS = frozenset({"no", "not", "without", "non"})
Plain = tuple[tuple[str, ...], bool]
"""The words of a text without a leading negator, and whether there was one."""


def check_consistent(preferences: Preferences) -> None:
    """Raises `Rejected` for a thing that is wanted and refused, or wanted (or refused) both with and without."""
    for field, place, text, other in _contradictions(preferences):
        raise Rejected(
            "INVALID_PERSONA",
            "The persona contradicts itself.",
            field=f"preferences.{field}[{place}]",
            issue=f"'{text}' contradicts {other}",
        )


def _contradictions(preferences: Preferences) -> Iterator[tuple[str, int, str, str]]:
    wanted: dict[Plain, str] = {}
    for place, text in enumerate(preferences.must_have_features):
        if (other := wanted.get(negated(plain(text)))) is not None:
            yield "must_have_features", place, text, f"the must-have '{other}'"
        wanted.setdefault(plain(text), text)
    refused: dict[Plain, str] = {}
    for place, text in enumerate(preferences.deal_breakers):
        refusal = plain(text)
        if refusal in wanted:
            yield "deal_breakers", place, text, f"the must-have '{wanted[refusal]}'"
        if (other := refused.get(negated(refusal))) is not None:
            yield "deal_breakers", place, text, f"the deal breaker '{other}'"
        refused[refusal] = text


def plain(text: str) -> Plain:
    """What a text is about, whatever its case and its joining characters."""
    words = tuple(_WORD.findall(text.casefold())) or (text,)
    return (words[1:], True) if len(words) > 1 and words[0] in _NEGATORS else (words, False)


def negated(plain: Plain) -> Plain:
    words, negated = plain
    return words, not negated
