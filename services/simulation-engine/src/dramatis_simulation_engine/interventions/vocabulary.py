"""What the words of a follow-up mean: channels, tones, contents, times and first contacts. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.data_files import model_version as version_of_files
from dramatis_simulation_engine.taxonomy import Lexicon, words_of

DOMAIN = "follow_up"
PEOPLE_DOMAIN = "real_estate"
"""Whose segments people are drawn from, and whose words describe them."""
FAMILY = "follow-up-1"
NEUTRAL = "neutral"
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_GLUED = re.compile(r"(\d+)([^\W\d_]+)")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A channel, a tone or a content: what it does to everybody. See `data/follow_up/contacts.toml` for the sizes."""

    name: str
    title: str
    moves: float
    irritates: float
    spoken: float = 0.0
    evidence: float = 0.0
    intrusive: float = 0.0


@dataclass(frozen=True, slots=True)
class Interaction:
    """A first contact. `standing`: utility of each interested state against having lost interest at once."""

    name: str
    title: str
    converts: str
    standing: Mapping[str, float]


@dataclass(frozen=True)
class Vocabulary:
    """Everything that words can mean here."""

    channels: Mapping[str, Attribute]
    tones: Mapping[str, Attribute]
    contents: Mapping[str, Attribute]
    fits: Mapping[str, tuple[str, ...]]
    """The channels that suit a content, where the data say so."""
    usual: Mapping[str, str]
    interactions: Mapping[str, Interaction]
    steps: Lexicon
    tone_words: Lexicon
    grammar: Lexicon
    interaction_words: Lexicon
    whens: Lexicon
    units: Lexicon
    when_days: Mapping[str, float]
    unit_days: Mapping[str, float]
    other_channels: tuple[str, ...]
    other_tones: tuple[str, ...]
    grid: tuple[int, ...]
    places: int

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return (*self.channels.values(), *self.tones.values(), *self.contents.values())


@dataclass(frozen=True, slots=True)
class Words:
    """What a text says: channels and contents in its order, and the words that are not known."""

    channels: tuple[str, ...]
    contents: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def understood(self) -> bool:
        return bool(self.channels or self.contents)


@cache
def load_vocabulary() -> Vocabulary:
    """The words of follow-ups; read once per process."""
    raw = load_toml(DOMAIN, "contacts")
    channels, contents, tones = raw["channels"], raw["contents"], raw["tones"]
    steps = {name: entry["words"] for name, entry in (channels | contents).items()}
    return Vocabulary(
        channels={name: _attribute(name, entry) for name, entry in channels.items()},
        tones={name: _attribute(name, entry) for name, entry in tones.items()},
        contents={name: _attribute(name, entry) for name, entry in contents.items()},
        fits={name: tuple(entry["channels"]) for name, entry in contents.items() if "channels" in entry},
        usual={name: entry["usual"] for name, entry in contents.items() if "usual" in entry},
        interactions={name: _interaction(name, entry) for name, entry in raw["interactions"].items()},
        steps=Lexicon.of(steps),
        tone_words=Lexicon.of({name: entry["words"] for name, entry in tones.items()}),
        grammar=Lexicon.of(raw["grammar"]),
        interaction_words=Lexicon.of({name: entry["words"] for name, entry in raw["interactions"].items()}),
        whens=Lexicon.of(raw["timing"]["days"]),
        units=Lexicon.of(raw["timing"]["units"]),
        when_days=raw["timing"]["lengths"],
        unit_days=raw["timing"]["unit_lengths"],
        other_channels=tuple(raw["alternatives"]["channels"]),
        other_tones=tuple(raw["alternatives"]["tones"]),
        grid=tuple(raw["alternatives"]["days"]),
        places=raw["alternatives"]["places"],
    )


def _attribute(name: str, entry: Mapping[str, Any]) -> Attribute:
    sizes = {key: float(entry.get(key, 0.0)) for key in ("moves", "irritates", "spoken", "evidence", "intrusive")}
    return Attribute(name=name, title=entry.get("title", name.replace("_", "-")), **sizes)


def _interaction(name: str, entry: Mapping[str, Any]) -> Interaction:
    standing = {state: float(entry[state]) for state in ("cold", "aware", "engaged", "considering")}
    return Interaction(name=name, title=entry["title"], converts=entry["converts"], standing=standing)


def model_version() -> str:
    """Names the equations and, by digests, the data files of follow-ups and those that describe people."""
    return f"{version_of_files(DOMAIN, FAMILY)}-{version_of_files(PEOPLE_DOMAIN).rsplit('-', 1)[-1]}"


def read_words(text: str, vocabulary: Vocabulary) -> Words:
    """Read an action, a script point or an enclosure."""
    found: list[str] = []
    unknown: list[str] = []
    run: list[str] = []
    for piece, meaning in vocabulary.steps.scan(words_of(text)):
        if meaning is None:
            run.extend(piece)
        else:
            unknown.extend(_strange(run, vocabulary))
            run.clear()
            found.append(meaning)
    unknown.extend(_strange(run, vocabulary))
    return Words(
        channels=tuple(dict.fromkeys(m for m in found if m in vocabulary.channels)),
        contents=tuple(dict.fromkeys(m for m in found if m in vocabulary.contents)),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def prose_contents(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """What free prose is about, by phrases of several words: a single `viewing` or `price` there says too little."""
    pieces = vocabulary.steps.scan(words_of(text))
    several = (meaning for piece, meaning in pieces if len(piece) > 1 and meaning is not None)
    return tuple(dict.fromkeys(meaning for meaning in several if meaning in vocabulary.contents))


def _strange(words: Sequence[str], vocabulary: Vocabulary) -> Iterator[str]:
    for piece, meaning in vocabulary.grammar.scan(tuple(words)):
        if meaning is None and not piece[0].isdigit():
            yield piece[0]


def tone_of(text: str | None, vocabulary: Vocabulary) -> str:
    """The tone with the most phrases in a text; neutral where there is none. Any pressing phrase makes it pressing."""
    counts: dict[str, int] = {}
    for _, tone in vocabulary.tone_words.scan(words_of(text or "")):
        if tone is not None:
            counts[tone] = counts.get(tone, 0) + 1
    if "pressing" in counts:
        return "pressing"
    order = list(vocabulary.tones)
    return min(counts, key=lambda tone: (-counts[tone], order.index(tone)), default=NEUTRAL)


def interaction_of(text: str, vocabulary: Vocabulary) -> tuple[Interaction, bool]:
    """The first contact, and whether its words are known; `contact` stands for what is not."""
    meanings = vocabulary.interaction_words.meanings(text)
    return vocabulary.interactions[meanings[0] if meanings else "contact"], bool(meanings)


def day_of(text: str, vocabulary: Vocabulary) -> int | None:
    """Whole days after the first contact: `day_3`, `week_2`, `48 hours`, `same_day`. None for any other text."""
    words = words_of(_GLUED.sub(r"\1 \2", text))
    numbers = [number for number in map(_number, words) if number is not None]
    unit = next((m for _, m in vocabulary.units.scan(words) if m is not None), None)
    when = next((m for _, m in vocabulary.whens.scan(words) if m is not None), None)
    if len(numbers) == 1 and unit is not None:
        # The number of a day or a week is counted in whole units: `24 hours` is the next day, `2 hours` the same.
        return int(numbers[0] * vocabulary.unit_days[unit] + 1e-3)
    return int(vocabulary.when_days[when]) if when is not None and not numbers else None


def _number(word: str) -> int | None:
    if word.isdigit() and len(word) <= 4:
        return int(word)
    return _NUMBERS.get(word)
