"""What sentences of each cause have in common: naive Bayes over the examples, the cues and their groups. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.interrogation.reading.causes import FILES
from dramatis_simulation_engine.interrogation.reading.lexicon import DOMAIN, common_words, lexicon
from dramatis_simulation_engine.interrogation.reading.stems import stems_of

BACKGROUND = "background"
_FILES = ("examples", "examples_more", "examples_fields", "examples_further")
_SMOOTHING = 40.0
"""In sentences: how many must speak until a word counts fully. Set by leaving each example out in turn."""
_TEMPERATURE = 3.0
"""Words of a sentence are not independent, as naive Bayes has it; set in the same way."""
_MEANT = frozenset(
    stems_of("not no never nobody nothing alone free hard late old new again work price time help show feel")
)
"""Common words that yet tell something about causes."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The features of one example, and how much it counts."""

    cause: str
    features: frozenset[str]
    weight: float


class Examples:
    """Log-ratios by feature: ln P(feature | cause) − ln P(feature)."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        sizes: defaultdict[str, float] = defaultdict(float)
        counts: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for sentence in sentences:
            sizes[sentence.cause] += sentence.weight
            for feature in sentence.features:
                counts[feature][sentence.cause] += sentence.weight
        total = math.fsum(sizes.values())
        self._absent = {cause: math.log(_SMOOTHING / (size + _SMOOTHING)) for cause, size in sizes.items()}
        self._present = {
            feature: {c: math.log1p(n * total / (_SMOOTHING * math.fsum(by.values()))) for c, n in by.items()}
            for feature, by in counts.items()
        }

    def knows(self, word: str) -> bool:
        return word in self._present

    def shares(self, features: Iterable[str]) -> dict[str, float]:
        """P(cause | features), `background` among them; sums to 1."""
        known = [self._present[feature] for feature in features if feature in self._present]
        scores = {cause: absent * len(known) for cause, absent in self._absent.items()}
        for by in known:
            for cause, ratio in by.items():
                scores[cause] += ratio
        highest = max(scores.values())
        powers = {c: math.exp((score - highest) / _TEMPERATURE) for c, score in scores.items()}
        total = math.fsum(powers.values())
        return {cause: power / total for cause, power in powers.items()}


def features_of(stems: tuple[str, ...], found: Mapping[str, int]) -> frozenset[str]:
    """The words of a clause but for grammar, and its groups."""
    return (frozenset(stems) - _grammar()) | {feature for feature in found if feature.startswith("@")}


@cache
def _grammar() -> frozenset[str]:
    return common_words() - _MEANT


@cache
def examples() -> Examples:
    """Read and counted once per process."""
    return Examples((*_told(), *_cued()))


def _told() -> Iterator[Sentence]:
    for file in _FILES:
        for cause, lines in load_toml(DOMAIN, file)["examples"].items():
            for line in lines.strip().splitlines():
                stems = stems_of(line)
                yield Sentence(cause, features_of(stems, lexicon().features(stems)), 1.0)


def _cued() -> Iterator[Sentence]:
    """Cues and the words of their groups count as short sentences."""
    groups = load_toml(DOMAIN, "words")["groups"]
    for file in FILES:
        for cause, raw in load_toml(DOMAIN, file)["causes"].items():
            for sign in raw["signs"]:
                parts = sign.split(" + ")
                words = stems_of(" ".join(part for part in parts if not part.startswith("@")))
                yield Sentence(cause, (frozenset(words) - _grammar()) | {p for p in parts if p.startswith("@")}, 1.0)
            for group in raw["near"]:
                for word in groups[group[1:]]:
                    yield Sentence(cause, frozenset(stems_of(word)) - _grammar(), 1.0)
