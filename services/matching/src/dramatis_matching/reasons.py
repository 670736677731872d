"""What speaks for and against a match: one sentence for each field that says something, and none for what is not said.
Pure."""

from collections.abc import Iterator, Sequence

from dramatis_contracts.matching.v1 import MatchEvidence
from dramatis_matching.facts import Client, Home
from dramatis_matching.rules import load

_HIGH, _LOW = 0.75, 0.25


def evidence(client: Client, home: Home) -> tuple[MatchEvidence, ...]:
    """In the order of the terms: preferences, behaviour, timing, budget."""
    return (*_preferences(client, home), *_behaviour(client, home), *_timing(client), *_budget(client, home))


def _preferences(client: Client, home: Home) -> Iterator[MatchEvidence]:
    yield from _type(client, home)
    yield from _places(client, home)
    yield from _musts(client, home)
    yield from _styles(client, home)


def _type(client: Client, home: Home) -> Iterator[MatchEvidence]:
    shared = _shared(client.types, home.words)
    for kind in shared:
        text = f"{_said([kind])} is a preferred kind of property"
        yield _for(text, "preferences.property_types", _field_of(kind, home))
    if client.types and home.kind and not shared:
        text = f"{_said([home.kind])} is not among the preferred kinds: {_listed(client.types)}"
        yield _against(text, "preferences.property_types", "type")


def _places(client: Client, home: Home) -> Iterator[MatchEvidence]:
    if shared := _shared(client.places, home.places):
        field = "locations" if home.placed else "address"
        yield _for(f"{_said(shared)}: a preferred location", "preferences.preferred_locations", field)
    elif client.places and home.placed:
        text = f"Not in a preferred location: {_listed(client.places)}"
        yield _against(text, "preferences.preferred_locations", "locations")


def _musts(client: Client, home: Home) -> Iterator[MatchEvidence]:
    field = "preferences.must_have_features"
    if not home.features:
        return
    for must in client.musts:
        if must in home.words:
            yield _for(f"{_said([must])} is a must-have and is listed", field, _field_of(must, home))
        else:
            yield _against(f"{_said([must])} is a must-have and is not listed", field, "features")


def _styles(client: Client, home: Home) -> Iterator[MatchEvidence]:
    if not (client.styles and home.styles):
        return
    field = "preferences.style_preferences"
    if shared := _shared(client.styles, home.styles):
        yield _for(f"{_said(shared)}: a preferred style", field, "styles")
    else:
        text = f"The style is {_listed(home.styles)}; preferred is {_listed(client.styles)}"
        yield _against(text, field, "styles")


def _behaviour(client: Client, home: Home) -> Iterator[MatchEvidence]:
    if client.sensitivity is not None and client.worth is not None:
        field = "behavioral_traits.price_sensitivity"
        if client.sensitivity >= _HIGH and not _comfortable(client, home):
            yield _against("Sensitive to prices, and this one is a large share of the net worth", field, "price")
        elif client.sensitivity <= _LOW:
            yield _for("Little sensitive to prices", field, "price")
    if client.risk is not None and home.risks:
        field, what = "behavioral_traits.risk_tolerance", _listed(home.risks)
        if client.risk <= _LOW:
            yield _against(f"Avoids risk, and the property has {what}", field, "features")
        elif client.risk >= _HIGH:
            yield _for(f"Tolerates the risk of {what}", field, "features")


def _timing(client: Client) -> Iterator[MatchEvidence]:
    if client.urgency is not None and client.urgency >= _HIGH:
        yield _for("Wants to buy soon", "behavioral_traits.buying_urgency", "status")
    elif client.urgency is not None and client.urgency <= _LOW:
        yield _against("In no hurry to buy", "behavioral_traits.buying_urgency", "status")


def _budget(client: Client, home: Home) -> Iterator[MatchEvidence]:
    if client.worth is None:
        return
    if _comfortable(client, home):
        yield _for("The price is a comfortable share of the net worth", "demographics.net_worth_range", "price")
    elif home.price >= load("scoring")["budget"]["most"] * client.worth:
        yield _against("The price exceeds the middle of the net worth range", "demographics.net_worth_range", "price")
    else:
        text = "The price is more than a comfortable share of the net worth"
        yield _against(text, "demographics.net_worth_range", "price")


def _field_of(word: str, home: Home) -> str:
    """The field of the listing that has a word of `home.words`."""
    if word == home.kind:
        return "type"
    return "features" if word in home.features else "styles"


def _comfortable(client: Client, home: Home) -> bool:
    return client.worth is not None and home.price <= load("scoring")["budget"]["comfortable"] * client.worth


def _for(text: str, persona_field: str, property_field: str) -> MatchEvidence:
    return MatchEvidence(text=text, favours=True, persona_field=persona_field, property_field=property_field)


def _against(text: str, persona_field: str, property_field: str) -> MatchEvidence:
    return MatchEvidence(text=text, favours=False, persona_field=persona_field, property_field=property_field)


def _shared(wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    return [word for word in wanted if word in there]


def _said(words: Sequence[str]) -> str:
    text = _listed(words)
    return text[:1].upper() + text[1:]


def _listed(words: Sequence[str]) -> str:
    return ", ".join(word.replace("_", " ") for word in words)
