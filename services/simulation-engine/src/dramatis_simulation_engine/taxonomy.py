"""What the words of a client mean: attributes, and how text is read as levels of them. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from dramatis_simulation_engine.data_files import load_toml

Phrase = tuple[str, ...]
Sign = int
"""+1: the thing is there. −1: it is said to be absent, or is taken away."""

_IRREGULAR = {"children": "child", "grandchildren": "grandchild", "stepchildren": "stepchild", "wives": "wife"}
_WORD = re.compile(r"[^\W_]+")
_DENIES = frozenset({"not", "no", "never", "hardly", "without", "t"})
"""The word before what is denied ("t" is what an apostrophe leaves of "isn't"); "free" stands behind it."""


def words_of(text: str) -> Phrase:
    """The words of a text in their singular, without accents: `"360-degree Views"` → `("360", "degree", "view")`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return tuple(map(_singular, _WORD.findall(plain)))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return _IRREGULAR.get(word, word)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that a taste can be about."""

    name: str
    meaning: str
    nuisance: bool = False
    universal: bool = False
    opposes: str | None = None
    type: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means: attributes with their sign, and the words that are not known."""

    text: str
    signs: Mapping[str, Sign]
    unknown: tuple[str, ...]

    @property
    def understood(self) -> bool:
        return bool(self.signs)

    @property
    def unrecognized(self) -> tuple[str, ...]:
        """What to report: single words of a text that is understood in part, else the text as a whole."""
        return self.unknown if self.understood else (self.text,)


@dataclass(frozen=True)
class Lexicon:
    """Phrases, each with what it stands for; the longest phrase at a place in a text wins."""

    phrases: Mapping[Phrase, str]
    longest: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", max(map(len, self.phrases), default=0))

    @classmethod
    def of(cls, words: Mapping[str, Iterable[str]]) -> "Lexicon":
        """Raises `ValueError` where two meanings claim the same phrase."""
        phrases: dict[Phrase, str] = {}
        for meaning, texts in words.items():
            for text in texts:
                if phrases.setdefault(words_of(text), meaning) != meaning:
                    raise ValueError(f"'{text}' means both {phrases[words_of(text)]} and {meaning}")
        return cls(phrases)

    def scan(self, words: Phrase) -> Iterator[tuple[Phrase, str | None]]:
        """The text in pieces, each with its meaning; None for a single word without one."""
        at = 0
        while at < len(words):
            for length in range(min(self.longest, len(words) - at), 0, -1):
                piece = words[at : at + length]
                if length == 1 or piece in self.phrases:
                    yield piece, self.phrases.get(piece)
                    at += length
                    break

    def meanings(self, text: str) -> tuple[str, ...]:
        """Every meaning found in a text, once, in order."""
        return tuple(dict.fromkeys(meaning for _, meaning in self.scan(words_of(text)) if meaning))

    def affirmed(self, text: str) -> tuple[str, ...]:
        """The meanings that a text does not deny: "married, no children" and "child-free" name no children."""
        pieces = list(self.scan(words_of(text)))
        before = [(), *(piece for piece, _ in pieces[:-1])]
        after = [*(piece for piece, _ in pieces[1:]), ()]
        found = (
            meaning
            for (_, meaning), earlier, later in zip(pieces, before, after, strict=False)
            if meaning and not (_DENIES.intersection(earlier[-1:]) or later == ("free",))
        )
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Taxonomy:
    """The attributes of a domain, the words for them, and the places that it knows."""

    name: str
    version: str
    attributes: tuple[Attribute, ...]
    lexicon: Lexicon
    grammar: Lexicon
    places: Lexicon
    again: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.attributes)

    def read(self, text: str) -> Reading:
        """Read an option, a feature, a modification or a wish. A negator turns the attribute after it."""
        signs: dict[str, Sign] = {}
        unknown: list[str] = []
        sign = 1
        for piece, meaning in self._pieces(words_of(text)):
            if meaning == "negators" or meaning == "removers":
                sign = -1
            elif meaning == "neutral":
                continue
            elif meaning is None:
                unknown.append(" ".join(piece))
            else:
                signs[meaning] = signs.get(meaning, sign)
                sign = 1
        return Reading(text=text, signs=signs, unknown=tuple(dict.fromkeys(unknown)))

    def _pieces(self, words: Phrase) -> Iterator[tuple[Phrase, str | None]]:
        run: list[str] = []
        for piece, meaning in self.lexicon.scan(words):
            if meaning is None:
                run.extend(piece)
                continue
            yield from self._function_words(tuple(run))
            run.clear()
            yield piece, meaning
        yield from self._function_words(tuple(run))

    def _function_words(self, words: Phrase) -> Iterator[tuple[Phrase, str | None]]:
        for piece, meaning in self.grammar.scan(words):
            is_number = len(piece) == 1 and piece[0].isdigit()
            yield piece, meaning or ("neutral" if is_number else None)


@cache
def load_taxonomy(domain: str = "real_estate") -> Taxonomy:
    """The taxonomy of a domain; read once per process."""
    raw = load_toml(domain, "taxonomy")
    attributes = raw["attributes"]
    return Taxonomy(
        name=raw["name"],
        version=raw["version"],
        attributes=tuple(
            Attribute(name=name, **{key: value for key, value in fields.items() if key != "words"})
            for name, fields in sorted(attributes.items())
        ),
        lexicon=Lexicon.of({name: fields["words"] for name, fields in attributes.items()}),
        grammar=Lexicon.of(raw["grammar"]),
        places=Lexicon.of(raw["places"]),
        again=raw["again"],
    )
