"""Channels, platforms and kinds of content, from `data/marketing/channels.toml`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.marketing import DOMAIN
from dramatis_simulation_engine.taxonomy import Lexicon, words_of

Levels = Mapping[str, float]


@dataclass(frozen=True)
class Place:
    """Where a message reaches people: a channel, or a platform. Rates are shares of those whom it reached."""

    name: str
    title: str
    words: tuple[str, ...]
    rates: Levels
    traits: Levels
    age: float
    """Utility for every ten years of age above `typical_age`."""
    typical_age: float
    welcomes: Levels
    stages: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    engagement: float | None = None
    conversion: float | None = None
    share: float | None = None
    reach: Levels | None = None
    """Further people to whom one share shows the content: `median` and `log_sd`; None where it is not known."""
    suits: tuple[str, ...] = ()

    def reference(self, stage: str) -> float:
        """The assumed rate of a stage, of those whom the message reached."""
        rate = self.rates.get(stage)
        if rate is None:
            rate = {"engagement": self.engagement, "conversion": self.conversion, "share": self.share}[stage]
        if rate is None:
            raise ValueError(f"no reference rate of {stage} on {self.name}")
        return rate


@dataclass(frozen=True)
class Channels:
    """All channels, platforms and kinds of content by name, and the words for them."""

    channels: Mapping[str, Place]
    platforms: Mapping[str, Place]
    content_types: Mapping[str, Levels]
    content_words: Lexicon
    words: Lexicon
    """Every word for a channel or platform, so that a message may mention them."""

    def channel(self, text: str) -> Place | None:
        """The channel that a client means; None for one that is not known."""
        return _meant(text, self.channels)

    def platform(self, text: str) -> Place | None:
        return _meant(text, self.platforms)

    def content_type(self, text: str) -> str | None:
        return next(iter(self.content_words.meanings(text)), None)


def _meant(text: str, places: Mapping[str, Place]) -> Place | None:
    words = words_of(text)
    return next((p for p in places.values() if any(words == words_of(w) for w in (p.name, *p.words))), None)


@cache
def load_channels() -> Channels:
    """The channels; read once per process."""
    raw = load_toml(DOMAIN, "channels")
    places = {
        kind: {name: _place(name, fields) for name, fields in sorted(raw[kind].items())}
        for kind in ("channels", "platforms")
    }
    words = {w: "place" for found in places.values() for place in found.values() for w in place.words}
    return Channels(
        channels=places["channels"],
        platforms=places["platforms"],
        content_types={name: fields["traits"] for name, fields in sorted(raw["content_types"].items())},
        content_words=Lexicon.of({name: fields["words"] for name, fields in raw["content_types"].items()}),
        words=Lexicon.of({"place": words}),
    )


def _place(name: str, fields: dict[str, object]) -> Place:
    lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
    return Place(name=name, **{**fields, **lists})  # type: ignore[arg-type]  # the data file is checked by a test
