"""What matching knows of a persona and of a property: ranges and normalised words, nothing that identifies. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from dramatis_contracts.matching.v1 import Listing
from dramatis_contracts.persona.v1 import Demographics, Owner, PersonaProfile
from dramatis_matching.rules import load
from dramatis_matching.words import plain, word, words

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([KMBkmb]?)")
_NOBODY = Owner()
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9}


@dataclass(frozen=True, slots=True)
class Client:
    """A persona as it is matched. Levels are 0 to 1, money in US dollars; what is unknown is None or empty."""

    visibility: str
    net_worth_low: float | None
    net_worth_high: float | None
    worth: float | None
    types: tuple[str, ...]
    places: tuple[str, ...]
    musts: tuple[str, ...]
    breakers: tuple[str, ...]
    styles: tuple[str, ...]
    urgency: float | None
    sensitivity: float | None
    risk: float | None
    decision: str
    household: str
    occupied: str
    owner_agent: str = ""
    owner_team: str = ""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.types, *self.places, *self.musts, *self.breakers, *self.styles)))


@dataclass(frozen=True, slots=True)
class Home:
    """A property as it is matched. `words` are its kind, features and styles; `placed`: its locations were given."""

    price: float
    kind: str
    words: tuple[str, ...]
    features: tuple[str, ...]
    styles: tuple[str, ...]
    places: tuple[str, ...]
    placed: bool
    risks: tuple[str, ...]

    @property
    def featured(self) -> bool:
        return bool(self.features)


def client_of(profile: PersonaProfile, owner: Owner = _NOBODY) -> Client:
    wishes, traits = profile.preferences, profile.behavioral_traits
    low, high = net_worth(profile.demographics.net_worth_range)
    return Client(
        visibility=profile.visibility,
        net_worth_low=low,
        net_worth_high=high,
        worth=_middle(low, high),
        types=words(wishes.property_types),
        places=words(map(_place, wishes.preferred_locations)),
        musts=words(wishes.must_have_features),
        breakers=words(wishes.deal_breakers),
        styles=words(wishes.style_preferences),
        urgency=level(traits.buying_urgency),
        sensitivity=level(traits.price_sensitivity),
        risk=level(traits.risk_tolerance),
        decision=plain(traits.decision_making) if traits.decision_making else "",
        household=_household(profile.demographics),
        occupied=_occupied(profile.demographics),
        owner_agent=owner.agent_id or "",
        owner_team=owner.team_id or "",
    )


def home_of(listing: Listing) -> Home:
    kind = word(listing.type) if listing.type else ""
    features, styles = words(listing.features), words(listing.styles)
    parts = [part for part in (listing.address or "").split(",") if part.strip()]
    return Home(
        price=listing.price,
        kind=kind,
        words=tuple(dict.fromkeys(filter(None, (kind, *features, *styles)))),
        features=features,
        styles=styles,
        places=words(map(_place, listing.locations)) if listing.locations else words(parts),
        placed=bool(listing.locations),
        risks=tuple(feature for feature in features if feature in _risky()),
    )


def net_worth(text: str | None) -> tuple[float | None, float | None]:
    """`"$50M-$100M"` → (50e6, 100e6); `">$50M"` → (50e6, None); `"<$500K"` → (0, 500e3); the lower end comes first.

    `"$50-100M"` means millions at both ends.
    """
    found = _AMOUNT.findall(text or "")
    if not text or not found:
        return None, None
    units = [unit.upper() for _, unit in found]
    amounts = [float(number) * _UNITS[unit or units[-1]] for (number, _), unit in zip(found, units, strict=True)]
    if text.strip().startswith("<"):
        return 0.0, amounts[-1]
    if text.strip().startswith(">") or text.strip().endswith("+"):
        return amounts[0], None
    return min(amounts), max(amounts)


def level(written: str | None) -> float | None:
    """What a level says, 0 to 1; None where none is given."""
    return None if written is None else float(_scoring()["levels"][written])


@cache
def _scoring() -> dict[str, Any]:
    return load("scoring")


@cache
def _risky() -> frozenset[str]:
    return frozenset(words(_scoring()["risk"]["features"]))


def _middle(low: float | None, high: float | None) -> float | None:
    known = [end for end in (low, high) if end]
    return sum(known) / len(known) if known else None


def _place(text: str) -> str:
    """`"Manhattan, NY"` → `Manhattan`: the state alone says too little."""
    return text.split(",")[0] or text


def _household(person: Demographics) -> str:
    said = plain(person.family_status or "").split("_")
    table = _scoring()["showing"]
    return "children" if _any(said, table["children"]) and not _any(said, table["none"]) else ""


def _occupied(person: Demographics) -> str:
    if not person.occupation:
        return ""
    return "retired" if _any(plain(person.occupation).split("_"), _scoring()["showing"]["retired"]) else "working"


def _any(said: Iterable[str], known: Iterable[str]) -> bool:
    return not set(said).isdisjoint(known)
