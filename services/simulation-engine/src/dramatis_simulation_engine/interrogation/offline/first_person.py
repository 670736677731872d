"""A profile written about somebody ("You are…", "She was…") as that person would say it. Pure."""

import re
from functools import lru_cache

_ABOUT_YOU = re.compile(r"^\s*you(?:'re| are| were| work| run| have| live)\b", re.IGNORECASE)
_ABOUT_THIRD = re.compile(r"\b(she|he|they)\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:I|my|we)\b")
_YOU = (
    (r"\byou are\b", "I am"),
    (r"\byou were\b", "I was"),
    (r"\byou're\b", "I'm"),
    (r"\byourself\b", "myself"),
    (r"\byours\b", "mine"),
    (r"\byour\b", "my"),
    (r"\b(to|for|with|from|of|at|by|on|told|asked|gave|let|made|against|about) you\b", r"\1 me"),
    (r"\byou\b", "I"),
)
_SHE = (
    (r"\b(?:she|he) is\b", "I am"),
    (r"\b(?:she|he) has\b", "I have"),
    (r"\b(?:she|he) does\b", "I do"),
    (r"\b(?:she|he)(?: also| never| often| always| usually| rarely)? (\w{2,}[^s\W])s\b", r"I \1"),
    (r"\b(?:she|he)\b", "I"),
    (r"\b(?:herself|himself)\b", "myself"),
    (r"\bhis\b", "my"),
    (r"\bhim\b", "me"),
    (r"\bher (?=\w+(?:\s|[.,;]))", "my "),
    (r"\bher\b", "me"),
)


@lru_cache(maxsize=512)
def _person_of(profile: str) -> str:
    """Who a profile speaks of: `first`, `second` or `third`."""
    if _FIRST.search(profile):
        return "first"
    if _ABOUT_YOU.search(profile):
        return "second"
    return "third" if _ABOUT_THIRD.search(profile) else "first"


def in_first_person(sentence: str, profile: str) -> str:
    """A sentence of a profile as the person says it; one in the first person stays as it is."""
    person = _person_of(profile)
    if person == "first":
        return sentence
    for pattern, put in _YOU if person == "second" else _SHE:
        sentence = re.sub(pattern, put, sentence, flags=re.IGNORECASE)
    return f"{sentence[:1].upper()}{sentence[1:]}"
