"""What a message says, read through the taxonomies: attributes, topics, and features of homes. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.marketing import DOMAIN, HOMES
from dramatis_simulation_engine.marketing.channels import load_channels
from dramatis_simulation_engine.taxonomy import Lexicon, Phrase, Sign, Taxonomy, load_taxonomy, words_of

_LONG = {"hook": 12, "body": 120, "cta": 8}
"""Words beyond which a text of this part is long; twice as many are as long as it gets."""
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")


@dataclass(frozen=True)
class Content:
    """One text. `levels`: attributes that it has, 1 each, −1 what it says is absent; of length, how much."""

    text: str
    levels: Mapping[str, float]
    topics: frozenset[str]
    features: frozenset[tuple[str, Sign]]
    """Attributes of homes."""
    places: frozenset[Phrase]
    unknown: tuple[str, ...]
    worded: bool
    """Whether a word of it names an attribute; others follow from its form."""

    @property
    def understood(self) -> bool:
        """A question mark after words that nobody knows is not enough."""
        by_words = self.worded or self.topics or self.features or self.places
        return bool(by_words or (self.levels and not self.unknown))

    @property
    def unrecognized(self) -> tuple[str, ...]:
        """Single words of a text that is understood in part, else the text as a whole."""
        return self.unknown if self.understood else (self.text,)


@dataclass(frozen=True)
class Reader:
    """Everything that gives words a meaning here."""

    taxonomy: Taxonomy
    homes: Taxonomy
    topics: Lexicon
    others: tuple[Lexicon, ...]
    """Words that are known and say nothing about the message itself: groups of people, channels."""

    def read(self, text: str, part: str) -> Content:
        """Read one part of a message (`hook`, `body`, `cta`): levels are 1 for what it says, −1 for what it denies."""
        words, said, home = words_of(text), self.taxonomy.read(text), self.homes.read(text)
        covered = set(said.unknown) & set(home.unknown) - self._known(words)
        return Content(
            text=text,
            levels={name: float(sign) for name, sign in said.signs.items()} | dict(_form(text, len(words), part)),
            topics=frozenset(self.topics.meanings(text)),
            features=frozenset(home.signs.items()),
            places=frozenset((place,) for place in self.homes.places.meanings(text)),
            unknown=tuple(word for word in said.unknown if word in covered),
            worded=bool(said.signs),
        )

    def _known(self, words: Phrase) -> set[str]:
        lexicons = (self.topics, self.homes.places, *self.others)
        return {word for lexicon in lexicons for piece, meaning in lexicon.scan(words) if meaning for word in piece}


def _form(text: str, words: int, part: str) -> Iterator[tuple[str, float]]:
    """What the form of a text says, whatever its words."""
    if "?" in text:
        yield "question", 1.0
    if text.count("!") > 1 or len(_SHOUTED.findall(text)) > 1:
        yield "aggressive", 1.0
    if words > _LONG[part]:
        yield "long", min(1.0, words / _LONG[part] - 1.0)


@cache
def load_reader() -> Reader:
    """The reader; its data files are read once per process."""
    audience, channels = load_toml(DOMAIN, "audience"), load_channels()
    groups = [*audience["segments"].values(), *audience["settings"].values(), audience["neutral"]]
    traits = [fields["words"] for fields in audience["traits"].values()]
    return Reader(
        taxonomy=load_taxonomy(DOMAIN),
        homes=load_taxonomy(HOMES),
        topics=load_topics(),
        others=(_plain([*groups, *traits]), channels.words, channels.content_words),
    )


@cache
def load_topics() -> Lexicon:
    """Interests and goods by the words for them."""
    return Lexicon.of(load_toml(DOMAIN, "topics")["topics"])


def _plain(lists: Iterable[Iterable[str]]) -> Lexicon:
    return Lexicon.of({"known": {word for words in lists for word in words}})
