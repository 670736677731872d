"""An audience in free text, and the people drawn from it: "Gen Z, 18-24, sneaker culture, US urban". Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from dramatis_contracts.persona.v1 import BehavioralTraits
from dramatis_contracts.simulation_engine.v1 import DiversityParameters
from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.marketing import DOMAIN
from dramatis_simulation_engine.marketing.channels import load_channels
from dramatis_simulation_engine.marketing.messages import load_topics
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.population import Segment, Segments, draw_people, load_segments
from dramatis_simulation_engine.taxonomy import Lexicon, words_of

_AGES = re.compile(r"\b(\d{2})\s*(?:-|–|to|and|until)\s*(\d{2})\b", re.IGNORECASE)
_FROM = re.compile(r"\b(?:over\s+(\d{2})|(\d{2})\s*\+|(\d{2})\s+and\s+(?:over|older|up))", re.IGNORECASE)
_UNTIL = re.compile(r"\bunder\s+(\d{2})\b", re.IGNORECASE)
_OLDEST = 95


@dataclass(frozen=True)
class Audience:
    """What a text says of the people it means. `ages` in years; an empty part was not stated."""

    segments: tuple[str, ...] = ()
    ages: tuple[int, int] | None = None
    topics: tuple[str, ...] = ()
    """Interests, in words of the text."""
    settings: tuple[str, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)
    unrecognized: tuple[str, ...] = ()

    @property
    def understood(self) -> bool:
        return bool(self.segments or self.ages or self.topics or self.settings or self.traits)

    def as_json(self) -> dict[str, Any]:
        return {
            "segments": list(self.segments),
            "ages": list(self.ages) if self.ages else None,
            "interests": list(self.topics),
            "settings": list(self.settings),
            "traits": dict(self.traits),
            "not_understood": list(self.unrecognized),
        }


@dataclass(frozen=True)
class Words:
    """The words in which audiences are described."""

    segments: Lexicon
    settings: Lexicon
    traits: Lexicon
    neutral: Lexicon
    residences: Mapping[str, Sequence[str]]
    values: Mapping[str, tuple[str, str]]
    """By trait: the field and the value of everyone who has it."""
    diversity: DiversityParameters
    stated_interest: float


@cache
def load_words() -> Words:
    """The words; read once per process."""
    raw = load_toml(DOMAIN, "audience")
    return Words(
        segments=Lexicon.of(raw["segments"]),
        settings=Lexicon.of(raw["settings"]),
        traits=Lexicon.of({name: fields["words"] for name, fields in raw["traits"].items()}),
        neutral=Lexicon.of({"neutral": raw["neutral"]}),
        residences=raw["residences"],
        values={name: (fields["field"], fields["value"]) for name, fields in raw["traits"].items()},
        diversity=DiversityParameters(**raw["diversity"]),
        stated_interest=raw["stated_interest"],
    )


def read_audience(text: str) -> Audience:
    """Read a description of people. Words of no group, interest, place or trait are in `unrecognized`."""
    known, topics, words = load_words(), load_topics(), words_of(text)
    traits = [known.values[name] for name in known.traits.meanings(text)]
    return Audience(
        segments=known.segments.meanings(text),
        ages=_ages(text),
        topics=tuple(dict.fromkeys(" ".join(piece) for piece, meaning in topics.scan(words) if meaning)),
        settings=known.settings.meanings(text),
        traits=dict(traits),
        unrecognized=_unknown(words, (known.segments, known.settings, known.traits, topics, known.neutral)),
    )


def _unknown(words: tuple[str, ...], lexicons: Sequence[Lexicon]) -> tuple[str, ...]:
    every = (*lexicons, load_channels().words)
    known = {word for lexicon in every for piece, meaning in lexicon.scan(words) if meaning for word in piece}
    return tuple(dict.fromkeys(w for w in words if w not in known and not w[0].isdigit()))


def _ages(text: str) -> tuple[int, int] | None:
    if (between := _AGES.search(text)) is not None:
        low, high = sorted(map(int, between.groups()))
        return low, high
    if (above := _FROM.search(text)) is not None:
        return int(next(filter(None, above.groups()))), _OLDEST
    if (below := _UNTIL.search(text)) is not None:
        return 16, max(16, int(below.group(1)) - 1)
    return None


def segments_for(audience: Audience) -> Segments:
    """The general segments as the audience narrows them: who is meant by name, of these ages, places and interests."""
    general = load_segments(DOMAIN)
    named = audience.segments or tuple(general.by_name)
    chosen = {name: general.by_name[name] for name in named}
    if audience.ages is not None:
        overlapping = {name: s for name, s in chosen.items() if _overlaps(s, audience.ages)}
        chosen = {name: _of_ages(s, audience.ages) for name, s in (overlapping or chosen).items()}
    narrowed = {name: _with(segment, audience) for name, segment in sorted(chosen.items())}
    return replace(general, by_name=narrowed)


def _overlaps(segment: Segment, ages: tuple[int, int]) -> bool:
    return segment.age["low"] <= ages[1] and segment.age["high"] >= ages[0]


def _of_ages(segment: Segment, ages: tuple[int, int]) -> Segment:
    """The part of a segment that is of these ages; where there is none, people of these ages who are like it."""
    low, high = max(ages[0], segment.age["low"]), min(ages[1], segment.age["high"])
    if low > high:
        low, high = ages
    spread = min(segment.age["sd"], max(0.5, (high - low) / 3))
    mean = min(high, max(low, segment.age["mean"]))
    if low + spread <= high - spread:
        mean = min(high - spread, max(low + spread, mean))
    return replace(segment, age={"mean": mean, "sd": spread, "low": low, "high": high})


def _with(segment: Segment, audience: Audience) -> Segment:
    words = load_words()
    places = {place for setting in audience.settings for place in words.residences[setting]}
    shares, chances = dict(segment.shares), dict(segment.chances)
    if kept := {place: share for place, share in shares["primary_residence"].items() if place in places}:
        shares["primary_residence"] = kept
    stated = dict.fromkeys(audience.topics, words.stated_interest)
    chances["style_preferences"] = {**chances["style_preferences"], **stated}
    return replace(segment, shares=shares, chances=chances)


def people_of(audience: Audience, count: int, seed: int) -> tuple[Respondent, ...]:
    """`count` people of this audience."""
    segments = segments_for(audience)
    drawn = draw_people(tuple(segments.by_name), count, load_words().diversity, segments, seed)
    if not audience.traits:
        return drawn
    return tuple(replace(p, traits=_having(p.traits, audience.traits)) for p in drawn)


def _having(traits: BehavioralTraits, stated: Mapping[str, str]) -> BehavioralTraits:
    return BehavioralTraits.model_validate({**traits.model_dump(), **stated})
