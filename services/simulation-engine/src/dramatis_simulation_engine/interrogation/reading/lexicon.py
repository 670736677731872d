"""Groups of words, and cues made of them: what a clause of a text contains. Pure.

A cue is written `@group + phrase + word`: all of its parts stand in one clause. A word of five letters or more stands
for every word that begins so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.interrogation.reading.stems import stem, stems_of, words_of

DOMAIN = "interrogation"
_PREFIX = 5
_RAW = frozenset({"past", "self"})


@dataclass(frozen=True, slots=True)
class Cue:
    """Features that must all be there; `weight` is higher for an exact phrase than for loose groups."""

    parts: frozenset[str]
    weight: float
    negated: bool

    @property
    def rarest(self) -> str:
        """Under what the cue is filed: a part that few clauses have."""
        return max(self.parts, key=lambda part: (not part.startswith("@"), part.count(" "), len(part)))


class Lexicon:
    """All groups and all phrases of the cues, compiled once."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._singles: dict[str, set[str]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._prefixes: set[str] = set()
        self._known: set[str] = set()
        self.raw = {name: frozenset(words) for name, words in groups.items() if name in _RAW}
        for name, texts in groups.items():
            for text in texts if name not in _RAW else ():
                self._add(stems_of(text), f"@{name}")
        self._of_word = lru_cache(maxsize=50_000)(self._features_of_word)

    def cue(self, text: str) -> Cue:
        """Compile a cue; its phrases become known to the lexicon."""
        parts = [part.strip() for part in text.split(" + ")]
        features = frozenset(self._feature(part) for part in parts)
        literal = max((len(part.split()) for part in parts if not part.startswith("@")), default=0)
        negated = "@not" in features or any(word in ("not", "no", "never", "nobody") for word in text.split())
        return Cue(features, _weight(literal, len(parts)), negated)

    def features(self, stems: tuple[str, ...]) -> dict[str, int]:
        """What a clause contains: groups with the number of their words, phrases and single stems."""
        found: dict[str, int] = dict.fromkeys(stems, 1)
        for at, word in enumerate(stems):
            for feature in self._of_word(word):
                found[feature] = found.get(feature, 0) + 1
            for phrase, feature in self._phrases.get(word, ()):
                if stems[at : at + len(phrase)] == phrase:
                    found[feature] = found.get(feature, 0) + 1
        return found

    def of_word(self, stem: str) -> tuple[str, ...]:
        """Groups and beginnings that a single stem stands for."""
        return self._of_word(stem)

    def knows(self, word: str) -> bool:
        return word in self._known or bool(self._of_word(word))

    def _feature(self, part: str) -> str:
        if part.startswith("@"):
            return part
        stems = stems_of(part)
        if len(stems) > 1:
            self._add(stems, " ".join(stems))
            return " ".join(stems)
        only = stems[0]
        self._known.add(only)
        if len(only) >= _PREFIX:
            self._prefixes.add(only)
            return f"{only}*"
        return only

    def _add(self, stems: tuple[str, ...], feature: str) -> None:
        self._known.update(stems)
        if len(stems) == 1:
            self._singles.setdefault(stems[0], set()).add(feature)
        elif (stems, feature) not in self._phrases.setdefault(stems[0], []):
            self._phrases[stems[0]].append((stems, feature))

    def _features_of_word(self, word: str) -> tuple[str, ...]:
        begins = (word[:length] for length in range(_PREFIX, len(word) + 1))
        prefixes = tuple(f"{prefix}*" for prefix in begins if prefix in self._prefixes)
        return (*sorted(self._singles.get(word, ())), *prefixes)


def _weight(literal: int, parts: int) -> float:
    """ASSUMED: a phrase of three words is surer than a pair of groups, a lone word least sure."""
    if literal >= 3:
        return 1.4
    if literal == 2 or parts >= 3:
        return 1.2
    return 1.0 if parts == 2 or literal == 1 else 0.8


@cache
def lexicon() -> Lexicon:
    """The groups of `words.toml`; read once per process."""
    return Lexicon(load_toml(DOMAIN, "words")["groups"])


@cache
def common_words() -> frozenset[str]:
    """Stems of words that carry no meaning of their own."""
    return frozenset(stem(word) for line in load_toml(DOMAIN, "words")["common"] for word in words_of(line))
