"""Which of a client's words may stand in the analysts' database. Pure.

A word outside the reviewed vocabulary may say who somebody is, so it is counted and not named.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_PART = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[0-9]{1,2}")
_LONGEST = 6
"""Parts of a phrase; more of them is a sentence."""


def named(texts: Iterable[str]) -> tuple[str, ...]:
    """The distinct words that may be named, in their order: `("Wine Rooms", "near Anna")` → `("wine_room",)`."""
    return tuple(dict.fromkeys(word for word in map(word_of, texts) if word))


def unnamed(texts: Iterable[str]) -> int:
    """How many of the texts may not be named."""
    return sum(not word_of(text) for text in texts)


def word_of(text: str) -> str:
    """The text in lower case, singular, with underscores; empty where a part of it is not in the vocabulary."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    parts = [_singular(part) for part in _PART.findall(bare)]
    return "_".join(parts) if len(parts) <= _LONGEST and all(map(_known, parts)) and _says_something(parts) else ""


def _known(part: str) -> bool:
    return part in _words() or bool(_NUMBER.fullmatch(part))


def _says_something(parts: list[str]) -> bool:
    return any(part in _words() for part in parts)


@cache
def _words() -> frozenset[str]:
    read = (files(__package__) / "data" / "vocabulary.toml").read_text("utf-8")
    return frozenset(tomllib.loads(read)["words"].split())


def _singular(part: str) -> str:
    if part in ("children", "grandchildren"):
        return part[:-3]
    if len(part) > 4 and part.endswith("ies"):
        return part[:-3] + "y"
    if len(part) > 3 and part.endswith("s") and not part.endswith(("ss", "us", "is")):
        return part[:-1]
    return part
