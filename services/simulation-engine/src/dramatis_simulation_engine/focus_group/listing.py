"""The property as the respondents see it, and how it suits a person as a whole. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dramatis_contracts.simulation_engine.v1 import Property
from dramatis_simulation_engine.focus_group.tastes import Assumptions, Household, Tastes
from dramatis_simulation_engine.focus_group.wishes import Constant, Wishes
from dramatis_simulation_engine.taxonomy import Phrase, Sign, Taxonomy, words_of


@dataclass(frozen=True)
class Listing:
    """A property read through the taxonomy: the attributes that it is said to have, and those it is said to lack.

    `present` are those that it has, said or not: every home has a kitchen.
    """

    price: float
    has: frozenset[str]
    present: frozenset[str]
    lacks: frozenset[str]
    types: frozenset[str]
    place: Phrase | None
    address: Phrase
    bedrooms: float | None
    bathrooms: float | None
    area: float | None
    unrecognized: tuple[tuple[str, str], ...]
    stimulus: str
    """The property in words, for respondents who read."""

    @property
    def signs(self) -> frozenset[tuple[str, Sign]]:
        return frozenset((a, 1) for a in self.has | self.types) | frozenset((a, -1) for a in self.lacks)


def read_listing(described: Property, taxonomy: Taxonomy) -> Listing:
    """Read a property. Prose (`description`) is searched for known phrases; its other words are not reported."""
    texts = {f"property.features[{i}]": text for i, text in enumerate(described.features)}
    if described.type:
        texts["property.type"] = described.type
    readings = {where: taxonomy.read(text) for where, text in texts.items()}
    signs = dict(taxonomy.read(described.description).signs) if described.description else {}
    for reading in readings.values():
        signs |= reading.signs
    kinds = {a.name for a in taxonomy.attributes if a.type}
    universal = {a.name for a in taxonomy.attributes if a.universal}
    places = taxonomy.places.meanings(described.address or "")
    # The stated type counts; prose only where none is stated, because it may speak of other homes.
    stated = readings["property.type"].signs if described.type else {}
    has = frozenset(a for a, sign in signs.items() if sign > 0) - kinds
    return Listing(
        price=described.price,
        has=has,
        present=has | universal,
        lacks=frozenset(a for a, sign in signs.items() if sign < 0) - kinds,
        types=frozenset(a for a in (stated or signs) if a in kinds),
        place=(places[0],) if places else None,
        address=words_of(described.address or ""),
        bedrooms=described.bedrooms,
        bathrooms=described.bathrooms,
        area=described.sqft,
        unrecognized=tuple((where, word) for where, r in readings.items() for word in r.unrecognized),
        stimulus=_in_words(described),
    )


def _in_words(described: Property) -> str:
    """What the client says of the property, a line each; nothing is added."""
    said = described.model_dump(mode="json", exclude={"id", "photos"}, exclude_none=True, exclude_defaults=True)
    lines = [f"{name}: {', '.join(v) if isinstance(v, list) else v}" for name, v in said.items()]
    shown = [" / ".join(filter(None, (photo.room, photo.caption))) for photo in described.photos]
    return "\n".join([*lines, *(f"photograph: {text}" for text in shown if text)])


def fit_of(listing: Listing, tastes: Tastes, assumptions: Assumptions) -> Iterator[Constant]:
    """How the property suits a person apart from its single attributes. What is not known adds nothing."""
    yield from _type_fit(listing, tastes.wishes, assumptions)
    yield from _location_fit(listing, tastes.wishes, assumptions)
    if tastes.household is not None:
        yield from _room_fit(listing, tastes.household, assumptions)


def _type_fit(listing: Listing, wishes: Wishes, assumptions: Assumptions) -> Iterator[Constant]:
    if not wishes.types or not listing.types:
        return
    matches = bool(wishes.types & listing.types)
    yield Constant("type of property", assumptions.preference["type_match" if matches else "type_mismatch"])


def _location_fit(listing: Listing, wishes: Wishes, assumptions: Assumptions) -> Iterator[Constant]:
    if wishes.places and (matches := _is_among(wishes.places, listing)) is not None:
        yield Constant("location", assumptions.preference["location_match" if matches else "location_mismatch"])
    if wishes.residence and _is_at(wishes.residence, listing):
        yield Constant("lives there already", assumptions.preference["same_place"])
    for place, size, because in wishes.liked:
        if _is_at(place, listing):
            yield Constant(because, size)


def _is_among(places: tuple[Phrase, ...], listing: Listing) -> bool | None:
    """None where the address is nowhere that is known: then a mismatch cannot be told."""
    if any(_is_at(place, listing) for place in places):
        return True
    return None if listing.place is None else False


def _is_at(place: Phrase, listing: Listing) -> bool:
    spans = (listing.address[i : i + len(place)] for i in range(len(listing.address)))
    return place == listing.place or place in spans


def _room_fit(listing: Listing, household: Household, assumptions: Assumptions) -> Iterator[Constant]:
    sizes = assumptions.household
    bedrooms_needed = household.children + 1 + 1
    if listing.bedrooms is not None and listing.bedrooms < bedrooms_needed:
        yield Constant("too few bedrooms", sizes["bedroom_short"] * (bedrooms_needed - listing.bedrooms))
    bathrooms_needed = math.ceil(household.people / 2)
    if listing.bathrooms is not None and listing.bathrooms < bathrooms_needed:
        yield Constant("too few bathrooms", sizes["bathroom_short"] * (bathrooms_needed - listing.bathrooms))
    if listing.area is not None:
        ratio = math.log(listing.area / (sizes["area_per_person"] * household.people))
        yield Constant("floor area", sizes["space"] * max(-2.0, min(2.0, ratio)))
