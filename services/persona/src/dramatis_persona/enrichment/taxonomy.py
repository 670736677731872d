"""What the rule-based reader knows, from `data/taxonomy.toml`: things, cues, traits, and who speaks. Read once."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from dramatis_persona.learning import Field

Kind = Literal["must_have", "likes", "dislikes", "deal_breaker", "none"]
Tokens = tuple[str, ...]

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\uff07": "'"})
_FIELDS: tuple[Field, ...] = ("property_types", "features", "style_preferences", "preferred_locations")


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing that people want or not. `word` is what stands in a profile."""

    field: Field
    word: str


@dataclass(frozen=True, slots=True)
class Trait:
    """A way of deciding: one of the profile's behavioral traits, and what it is."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Phrases are tuples of tokens; those of concepts are singular."""

    concepts: Mapping[Tokens, Concept]
    cues: Mapping[Tokens, Kind]
    after: frozenset[Tokens]
    traits: Mapping[Tokens, Trait]
    words: Mapping[str, frozenset[Tokens]]
    longest: int

    def at(
        self, table: Mapping[Tokens, object] | frozenset[Tokens], tokens: Sequence[str], place: int
    ) -> Tokens | None:
        """The longest phrase of a table that begins at a place."""
        for length in range(min(self.longest, len(tokens) - place), 0, -1):
            if (phrase := tuple(tokens[place : place + length])) in table:
                return phrase
        return None

    def concept_of(self, text: str) -> Concept | None:
        """What a word of a profile is about, if it is about one known thing and does not deny it."""
        return self.concepts.get(tuple(singular(token) for token in tokens_of(text.replace("_", " "))))


@cache
def taxonomy() -> Taxonomy:
    read = tomllib.loads((files(__package__) / "data" / "taxonomy.toml").read_text("utf-8"))
    concepts = dict(_concepts(read))
    cues: dict[Tokens, Kind] = {}
    for kind in ("likes", "must_have", "dislikes", "deal_breaker", "none"):
        cues |= dict.fromkeys(_phrases(read["cues"][kind]), kind)
    traits = {
        phrase: Trait(entry["field"], entry["value"])
        for entry in read["traits"]
        for phrase in _phrases(entry["phrases"])
    }
    words = {name: frozenset(_phrases(listed)) for name, listed in read["words"].items()}
    longest = max(map(len, (*concepts, *cues, *traits)))
    return Taxonomy(concepts, cues, frozenset(_phrases(read["cues"]["after"])), traits, words, longest)


def tokens_of(text: str) -> list[str]:
    """Words in lower case; curly apostrophes and full-width letters are plain ones."""
    plain = unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()
    return _TOKEN.findall(plain)


def singular(token: str) -> str:
    if len(token) > 4 and token.endswith("ies"):
        return token[:-3] + "y"
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is")):
        return token[:-1]
    return token


def _concepts(read: dict[str, dict[str, list[str]]]) -> Iterator[tuple[Tokens, Concept]]:
    for field in _FIELDS:
        for word, others in read[field].items():
            for phrase in _phrases((word.replace("_", " "), *others)):
                yield tuple(map(singular, phrase)), Concept(field, word)


def _phrases(texts: Iterable[str]) -> Iterator[Tokens]:
    return (tuple(tokens_of(text)) for text in texts)
