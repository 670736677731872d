"""What matching reads out of a persona and a property, and what it makes of it; without any engine."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dramatis_contracts.matching.v1 import Listing
from dramatis_contracts.persona.v1 import PersonaProfile
from dramatis_matching.facts import Client, client_of, home_of, net_worth
from dramatis_matching.outreach import strategy
from dramatis_matching.projections import persona_rows
from dramatis_matching.reasons import evidence
from dramatis_matching.rules import load
from dramatis_matching.scoring import UNIT, whole_weights
from dramatis_matching.words import literal, plain, word, words
from dramatis_testkit.envelopes import some_event

JOHN = PersonaProfile.model_validate(
    {
        "name": "John Smith",
        "demographics": {
            "occupation": "Hedge Fund Manager",
            "net_worth_range": "$50M-$100M",
            "primary_residence": "Tribeca",
            "family_status": "Married, 2 children",
        },
        "preferences": {
            "property_types": ["penthouse"],
            "preferred_locations": ["Manhattan, NY", "Hamptons"],
            "must_have_features": ["home_office", "wine_cellar", "pool"],
            "deal_breakers": ["highway_noise"],
            "style_preferences": ["traditional"],
        },
        "behavioral_traits": {"decision_making": "analytical", "buying_urgency": "low", "price_sensitivity": "low"},
    }
)
TOWER = Listing(
    price=15e6, type="Penthouse", locations=("Manhattan",), features=("wine room", "study"), styles=("contemporary",)
)


def client(**parts: dict[str, Any]) -> Client:
    return client_of(PersonaProfile.model_validate({"name": "A"} | parts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wine Cellars", "wine_cellar"),
        ("home-office", "home_office"),
        ("Libraries", "library"),
        ("Château", "chateau"),
        ("glass", "glass"),
        ("!", "!"),
    ],
)
def test_capitals_plurals_accents_and_hyphens_make_no_difference(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_synonyms_are_one_word_and_unknown_words_match_only_themselves() -> None:
    assert word("Wine Room") == word("wine_cellars")
    assert words(["gym", "Home Gym", "helipad"]) == ("home_gym", "helipad")
    assert literal(["home_gym", "helipad"]) == ("helipad",)


def test_no_word_stands_in_two_entries_of_the_synonyms() -> None:
    entries = [plain(text) for head, others in load("synonyms").items() for text in (head, *others)]
    assert sorted(entries) == sorted(set(entries))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("$50M-$100M", (50e6, 100e6)),
        ("50-100M", (50e6, 100e6)),
        ("$1.5B", (1.5e9, 1.5e9)),
        ("<$500K", (0, 500e3)),
        (">$50M", (50e6, None)),
        ("$100M+", (100e6, None)),
        (None, (None, None)),
    ],
)
def test_a_net_worth_range_is_two_numbers(text: str | None, ends: tuple[float | None, float | None]) -> None:
    assert net_worth(text) == ends


def test_nothing_personal_reaches_the_projection() -> None:
    event = some_event(1, "persona.created.v1", data={"profile": JOHN.model_dump(mode="json")})
    ((*row,),) = persona_rows(event, 1)
    written = json.dumps(row).casefold()
    for personal in ("john", "smith", "hedge", "fund", "married", "tribeca"):
        assert personal not in written


@pytest.mark.parametrize(
    ("family", "household"), [("Married, 2 children", "children"), ("Married, no children", ""), ("Single", "")]
)
def test_a_household_with_children_is_read_and_one_without_is_not_made_up(family: str, household: str) -> None:
    assert client(demographics={"family_status": family}).household == household


def test_each_reason_names_its_fields_and_says_nothing_else() -> None:
    found = {piece.text: piece for piece in evidence(client_of(JOHN), home_of(TOWER))}
    assert {text for text, piece in found.items() if piece.favours} == {
        "Penthouse is a preferred kind of property",
        "Manhattan: a preferred location",
        "Home office is a must-have and is listed",
        "Wine cellar is a must-have and is listed",
        "Little sensitive to prices",
        "The price is a comfortable share of the net worth",
    }
    assert {text for text, piece in found.items() if not piece.favours} == {
        "Pool is a must-have and is not listed",
        "The style is modern; preferred is traditional",
        "In no hurry to buy",
    }
    assert {piece.property_field for piece in found.values()} <= set(Listing.model_fields) | {"status"}


def test_a_reason_names_the_field_of_the_listing_that_has_the_word() -> None:
    wishes = client(preferences={"property_types": ["penthouse", "waterfront"], "must_have_features": ["modern"]})
    home = home_of(Listing(price=1, type="penthouse", features=("waterfront",), styles=("modern",)))
    assert [(piece.text.split()[0], piece.property_field) for piece in evidence(wishes, home)] == [
        ("Penthouse", "type"),
        ("Waterfront", "features"),
        ("Modern", "styles"),
    ]


def test_of_a_bare_name_and_a_bare_price_nothing_is_said() -> None:
    bare = client()
    assert evidence(bare, home_of(Listing(price=1e6))) == ()
    proposed = strategy(bare, ())
    assert (proposed.recommended_approach, proposed.talking_points, proposed.best_showing_time) == (None, (), None)


def test_an_address_can_confirm_a_location_and_not_deny_it() -> None:
    wishes = client(preferences={"preferred_locations": ["Miami Beach"]})
    there = home_of(Listing(price=1, address="12 Ocean Drive, Miami Beach, FL"))
    elsewhere = home_of(Listing(price=1, address="432 Park Avenue, Unit 96"))
    (confirmed,) = evidence(wishes, there)
    assert (confirmed.favours, confirmed.property_field) == (True, "address")
    assert evidence(wishes, elsewhere) == ()


def test_what_one_knows_of_money_and_temper_is_no_talking_point() -> None:
    john = client_of(JOHN)
    proposed = strategy(john, evidence(john, home_of(TOWER)))
    assert proposed.recommended_approach == "emphasize_investment_value"
    assert proposed.best_showing_time == "weekend_morning"
    assert "Little sensitive to prices" not in proposed.talking_points
    assert "Penthouse is a preferred kind of property" in proposed.talking_points


@pytest.mark.parametrize(
    ("parts", "time"),
    [
        ({"behavioral_traits": {"buying_urgency": "high"}, "demographics": {"occupation": "Nurse"}}, "first_available"),
        ({"demographics": {"occupation": "Retired judge"}}, "weekday_morning"),
        ({"demographics": {"family_status": "3 kids"}}, "weekend_morning"),
        ({}, None),
    ],
)
def test_the_showing_time_follows_the_fields(parts: dict[str, Any], time: str | None) -> None:
    assert strategy(client(**parts), ()).best_showing_time == time


@given(st.lists(st.floats(0, 1000), min_size=4, max_size=4).filter(lambda weights: sum(weights) > 1e-6))
def test_weights_of_any_positive_sum_become_one_whole(weights: list[float]) -> None:
    whole = whole_weights(dict(zip("abcd", weights, strict=True)))
    assert sum(whole.values()) == UNIT
    assert min(whole.values()) >= 0
