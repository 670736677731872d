"""Requests in short made whole: properties and campaigns by their ids, scenarios by words, people by segments. Pure.

The event that begins a simulation holds the whole request; what was added to it is said in words (`derived`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import assert_never

from dramatis_contracts.campaigns import v1 as campaigns
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.simulation_engine import v1
from dramatis_contracts.simulation_engine.marketing import Campaign, Timing
from dramatis_kit import Rejected
from dramatis_simulation_engine.taxonomy import words_of

GENERATED = 20
"""People drawn from segments where the request does not say how many."""
STEPS = (0.90, 0.95, 1.00, 1.05, 1.10)
"""Prices that the word `pricing` asks, as shares of the property's price."""
_MOST_PHOTOS = 20
_MOST_FEATURES = 200
_LONGEST_ADDRESS = 500
_LONGEST_WORD = 200
_DEAREST = 1e12


@dataclass(frozen=True, slots=True)
class Whole:
    """A focus group as an engine carries it out, and what was added to what its client asked for."""

    focus_group: v1.FocusGroup
    derived: tuple[str, ...]


def whole_focus_group(asked: v1.FocusGroupRequest | v1.FocusGroup, listed: matching.ListedProperty | None) -> Whole:
    """The request with everything filled in; `listed` is the property that `property_id` names.

    Raises `Rejected` with the field where it says too little, too much or what cannot be derived.
    """
    if isinstance(asked, v1.FocusGroup):
        return Whole(asked, ())
    if asked.property is not None and asked.property_id is not None:
        raise invalid("property_id", "property and property_id exclude one another")
    notes: list[str] = []
    shown = _property(asked, listed, notes)
    people = _people(asked, notes)
    focus_group = v1.FocusGroup(
        name=asked.name or _name(shown),
        property=shown,
        test_scenarios=tuple(_scenarios(asked.test_scenarios, shown, notes)),
        persona_configuration=people,
        simulation_parameters=asked.simulation_parameters,
    )
    return Whole(focus_group, tuple(notes))


def whole_campaign(
    asked: v1.CampaignTest | v1.MarketingCampaign, kept: campaigns.KeptCampaign | None
) -> tuple[v1.MarketingCampaign, tuple[str, ...]]:
    """The test of a campaign with the campaign in it, and what was added; `kept` is what `campaign_id` names."""
    if isinstance(asked, v1.MarketingCampaign):
        return asked, ()
    if asked.campaign is not None and asked.campaign_id is not None:
        raise invalid("campaign_id", "campaign and campaign_id exclude one another")
    campaign = asked.campaign
    notes: tuple[str, ...] = ()
    if campaign is None and kept is not None:
        timing = Timing.model_validate(kept.timing.model_dump())
        campaign = Campaign(name=kept.name, channels=kept.channels, messages=kept.messages, timing=timing)
        notes = (f"campaign: {kept.id} at version {kept.version}",)
    if campaign is None:
        raise invalid("campaign", "campaign or campaign_id must say what is tested")
    given = {name: getattr(asked, name) for name in v1.MarketingCampaign.model_fields if name != "campaign"}
    return v1.MarketingCampaign(campaign=campaign, **given), notes


# The property


def _property(asked: v1.FocusGroupRequest, listed: matching.ListedProperty | None, notes: list[str]) -> v1.Property:
    if asked.property is not None:
        return asked.property
    if listed is None:
        raise invalid("property", "property or property_id must say what is shown")
    notes.append(f"property: {listed.id} at version {listed.version}")
    return v1.Property(
        id=listed.id,
        address=_address(listed, notes),
        price=listed.price,
        type=listed.type,
        bedrooms=listed.bedrooms,
        bathrooms=listed.bathrooms,
        sqft=listed.sqft,
        description=listed.description,
        features=_features(listed, notes),
        photos=tuple(v1.Photo(url=p.url, caption=p.caption, room=p.room) for p in listed.photos),
    )


def _address(listed: matching.ListedProperty, notes: list[str]) -> str | None:
    """The address with those of the listing's places that it does not name: people look for places."""
    address = listed.address or ""
    added: list[str] = []
    for place in listed.locations:
        longer = f"{address}, {place}" if address else place
        if not _named(place, address) and len(longer) <= _LONGEST_ADDRESS:
            address = longer
            added.append(place)
    if added:
        notes.append(f"property.address: with the locations {', '.join(added)}")
    return address or None


def _named(place: str, address: str) -> bool:
    wanted, words = words_of(place), words_of(address)
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words)))


def _features(listed: matching.ListedProperty, notes: list[str]) -> tuple[str, ...]:
    """The features and, as such, the styles."""
    known = {words_of(feature) for feature in listed.features}
    styles = [style for style in listed.styles if words_of(style) not in known]
    added = styles[: _MOST_FEATURES - len(listed.features)]
    if added:
        notes.append(f"property.features: with the styles {', '.join(added)}")
    return (*listed.features, *added)


def _name(shown: v1.Property) -> str:
    return f"Focus group: {shown.address or shown.id or shown.type or 'a property'}"[:200].strip()


# The people


def _people(asked: v1.FocusGroupRequest, notes: list[str]) -> v1.PersonaConfiguration:
    if asked.persona_segments is None:
        if asked.generated_count is not None:
            raise invalid("generated_count", "it belongs to persona_segments")
        if asked.persona_configuration is None:
            raise invalid("persona_configuration", "persona_configuration or persona_segments must say who takes part")
        return asked.persona_configuration
    if asked.persona_configuration is not None:
        raise invalid("persona_segments", "persona_configuration and persona_segments exclude one another")
    if asked.generated_count is None:
        notes.append(f"persona_configuration.generated_count: {GENERATED}, where nothing is said")
    return v1.PersonaConfiguration(
        mode="segment", segments=asked.persona_segments, generated_count=asked.generated_count or GENERATED
    )


# The scenarios


class Underivable(Exception):
    """Why a scenario does not follow from the property."""


def _scenarios(
    asked: Sequence[v1.Scenario | v1.ScenarioWord] | None, shown: v1.Property, notes: list[str]
) -> Iterator[v1.Scenario]:
    if asked is None:
        yield from _all_that_follow(shown, notes)
        return
    derived: dict[str, int] = {}
    for place, item in enumerate(asked):
        if not isinstance(item, str):
            yield item
            continue
        kind = "pricing_strategy" if item == "pricing" else item
        if kind in derived:
            raise invalid(f"test_scenarios[{place}]", f"'{item}' asks the same as test_scenarios[{derived[kind]}]")
        derived[kind] = place
        try:
            scenario, note = _scenario(item, shown)
        except Underivable as reason:
            raise invalid(f"test_scenarios[{place}]", str(reason)) from reason
        notes.append(f"test_scenarios[{place}]: {note}")
        yield scenario


def _all_that_follow(shown: v1.Property, notes: list[str]) -> Iterator[v1.Scenario]:
    place, reasons = 0, []
    words: tuple[v1.ScenarioWord, ...] = ("photo_selection", "pricing")
    for word in words:
        try:
            scenario, note = _scenario(word, shown)
        except Underivable as reason:
            reasons.append(f"{word}: {reason}")
            continue
        notes.append(f"test_scenarios[{place}]: {note}")
        place += 1
        yield scenario
    if not place:
        raise invalid("test_scenarios", "; ".join(reasons))


def _scenario(word: v1.ScenarioWord, shown: v1.Property) -> tuple[v1.Scenario, str]:
    """The scenario that a word means for this property, and how it was made. Raises `Underivable`."""
    match word:
        case "photo_selection":
            return _photographs(shown.photos)
        case "pricing" | "pricing_strategy":
            return _prices(shown.price)
        case "modification_testing":
            raise Underivable("a listing does not say what could be changed: give an object with the modifications")
    assert_never(word)


def _prices(price: float) -> tuple[v1.PricingStrategy, str]:
    """Five prices around the asking price, which is one of them; in whole dollars from 1,000 dollars on."""
    points = tuple(price if step == 1 else _rounded(price * step) for step in STEPS)
    if points[-1] > _DEAREST or any(high - low < 0.01 for low, high in pairwise(points)):
        raise Underivable(f"no prices can be told apart around {price:g}")
    note = f"pricing at 90, 95, 100, 105 and 110 % of the property's price of {price:,.2f} US dollars"
    return v1.PricingStrategy(type="pricing_strategy", price_points=points), note


def _rounded(price: float) -> float:
    return round(price, 0 if price >= 1000 else 2)


def _photographs(photos: Sequence[v1.Photo]) -> tuple[v1.PhotoSelection, str]:
    """The photographs of which something is said, each under a name that no other one has."""
    options = tuple(dict.fromkeys(_options(photos)))
    if len(options) < 2:
        raise Underivable(
            "the property has fewer than two photographs that their rooms or captions tell apart: name the options"
        )
    compared = options[:_MOST_PHOTOS]
    left = len(photos) - len(compared)
    note = f"the property's photographs {', '.join(compared)}"
    return (
        v1.PhotoSelection(type="photo_selection", options=compared),
        f"{note}; {left} more are left out" if left else note,
    )


def _options(photos: Sequence[v1.Photo]) -> Iterator[str]:
    """By room where no other photograph shows it, else by caption, else by address; nothing said, no option."""
    rooms = Counter(words_of(photo.room) for photo in photos if photo.room)
    taken: set[tuple[str, ...]] = set()
    for photo in photos:
        if not photo.room and not photo.caption:
            continue
        alone = photo.room if photo.room and rooms[words_of(photo.room)] == 1 else None
        for text in filter(None, (alone, photo.caption, photo.url)):
            option = text.strip()
            words = (option,) if "://" in option else words_of(option) or (option,)
            if option and len(option) <= _LONGEST_WORD and words not in taken:
                taken.add(words)
                yield option
                break


def invalid(field: str, issue: str) -> Rejected:
    """A refusal that names the field."""
    return Rejected("INVALID_SIMULATION", "The simulation asked for is invalid.", field=field, issue=issue)
