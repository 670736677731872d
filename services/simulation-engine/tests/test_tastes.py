"""Every field of a persona matters, in the direction that one expects."""

from typing import Any

import pytest
from simulation_scene import home, interest_in, john, person

from dramatis_contracts.simulation_engine.v1 import Property
from dramatis_simulation_engine.focus_group.tastes import load_assumptions, tastes_of
from dramatis_simulation_engine.people import age_of, net_worth_of


def demographics(**fields: Any) -> dict[str, Any]:
    return {"demographics": fields}


def wants(**fields: Any) -> dict[str, Any]:
    return {"preferences": fields}


def behaves(**fields: Any) -> dict[str, Any]:
    return {"behavioral_traits": fields}


def gain(fields: dict[str, Any], adding: str, about: Property | None = None) -> float:
    """What a change adds to the utility for a person with these fields."""
    about = about or home()
    return interest_in(person(**fields), about, adding=adding) - interest_in(person(**fields), about)


@pytest.mark.parametrize(
    ("more", "less", "adding"),
    [
        (wants(must_have_features=["wine_cellar"]), {}, "wine_room"),
        (wants(style_preferences=["modern"]), {}, "modern_interior"),
        ({}, wants(style_preferences=["modern"]), "classic"),
        (wants(property_types=["waterfront"]), {}, "private_beach"),
        (wants(deal_breakers=["no_parking"]), {}, "garage"),
        (demographics(age_range="70-75"), demographics(age_range="30-35"), "elevator"),
        (demographics(age_range="30-35"), demographics(age_range="70-75"), "smart_home"),
        (demographics(net_worth_range="$500M"), demographics(net_worth_range="$5M"), "staff_quarters"),
        (demographics(family_status="Married, 2 children"), demographics(family_status="Single"), "good_schools"),
        (demographics(family_status="Single"), demographics(family_status="Married, 2 children"), "city_nightlife"),
        (demographics(occupation="Software Founder"), demographics(occupation="Attorney"), "smart_home"),
        (demographics(occupation="Attorney"), demographics(occupation="Software Founder"), "library"),
        (demographics(occupation="Actor"), {}, "private_entrance"),
        ({}, demographics(occupation="Actor"), "paparazzi"),
        (behaves(risk_tolerance="high"), behaves(risk_tolerance="low"), "fixer_upper"),
        (behaves(decision_making="intuitive"), behaves(decision_making="analytical"), "sunset_view"),
        (behaves(decision_making="analytical"), behaves(decision_making="intuitive"), "investment_potential"),
        (behaves(communication_style="reserved"), behaves(communication_style="social"), "privacy"),
        (behaves(communication_style="social"), behaves(communication_style="reserved"), "guest_house"),
    ],
)
def test_who_has_a_reason_values_a_feature_more(more: dict[str, Any], less: dict[str, Any], adding: str) -> None:
    assert gain(more, adding) > gain(less, adding)


@pytest.mark.parametrize(
    ("more", "less", "about"),
    [
        (behaves(buying_urgency="high"), behaves(buying_urgency="low"), home()),
        (wants(preferred_locations=["Manhattan"]), wants(preferred_locations=["Malibu"]), home(address="Tribeca, NY")),
        (demographics(primary_residence="New York"), demographics(primary_residence="Paris"), home(address="Soho")),
        (wants(property_types=["penthouse"]), wants(property_types=["ranch"]), home(type="penthouse")),
        (wants(must_have_features=["pool"]), {}, home(features=["swimming_pool"])),
        ({}, wants(must_have_features=["pool"]), home(features=["library"])),
        (demographics(net_worth_range="$100M"), demographics(net_worth_range="$10M"), home()),
        (demographics(family_status="Single"), demographics(family_status="Married, 4 children"), home(bedrooms=2)),
        (demographics(family_status="Single"), demographics(family_status="Married, 4 children"), home(sqft=2000)),
        (wants(style_preferences=["classic"]), wants(style_preferences=["modern"]), home(features=["historic"])),
    ],
)
def test_who_has_a_reason_is_more_interested(more: dict[str, Any], less: dict[str, Any], about: Property) -> None:
    assert interest_in(person(**more), about) > interest_in(person(**less), about)


@pytest.mark.parametrize(
    ("short", "enough"), [({"bedrooms": 2}, {"bedrooms": 6}), ({"bathrooms": 1}, {"bathrooms": 3})]
)
def test_a_family_that_does_not_fit_in_is_less_interested(short: dict[str, Any], enough: dict[str, Any]) -> None:
    family = person(**demographics(family_status="Married, 4 children"))
    assert interest_in(family, home(**short)) < interest_in(family, home(**enough))
    assert interest_in(family, home(**enough)) == interest_in(family, home())


@pytest.mark.parametrize("level", ["very_low", "low", "moderate", "medium", "high", "very_high"])
def test_a_higher_price_is_never_better(level: str) -> None:
    someone = person(**behaves(price_sensitivity=level), **demographics(net_worth_range="$20M"))
    utilities = [interest_in(someone, home(), price=price) for price in (6e6, 9e6, 10e6, 12e6, 20e6)]
    assert utilities == sorted(utilities, reverse=True)
    assert len(set(utilities)) == len(utilities)


def test_who_is_price_sensitive_minds_a_higher_price_more() -> None:
    def loss(level: str) -> float:
        someone = person(**behaves(price_sensitivity=level))
        return interest_in(someone, home()) - interest_in(someone, home(), price=12e6)

    losses = [loss(level) for level in ("very_low", "low", "medium", "high", "very_high")]
    assert losses == sorted(losses)


def test_who_is_analytical_decides_with_less_noise() -> None:
    assumptions = load_assumptions()
    noise = {word: tastes_of(person(**behaves(decision_making=word)), assumptions).noise for word in ("logical", "gut")}
    assert noise["logical"] < 1 < noise["gut"]


def test_the_persona_of_the_published_example_is_understood_completely() -> None:
    assert tastes_of(john(), load_assumptions()).unrecognized == ()


def test_words_that_are_not_known_are_reported_with_their_field() -> None:
    stranger = person(
        demographics={"occupation": "Zymurgist", "family_status": "complicated"},
        preferences={"must_have_features": ["flux_capacitor"], "deal_breakers": ["zorblax"]},
        behavioral_traits={"decision_making": "whimsical", "communication_style": "telepathic"},
    )
    assert set(tastes_of(stranger, load_assumptions()).unrecognized) == {
        ("occupation", "Zymurgist"),
        ("family_status", "complicated"),
        ("must_have_features", "flux_capacitor"),
        ("deal_breakers", "zorblax"),
        ("decision_making", "whimsical"),
        ("communication_style", "telepathic"),
    }


def test_a_location_that_cannot_be_told_adds_nothing() -> None:
    choosy = person(preferences={"preferred_locations": ["Malibu"]})
    nowhere = home(address="7 Unnamed Road")
    assert interest_in(choosy, nowhere) == interest_in(person(), nowhere)


def test_an_unknown_place_is_compared_letter_by_letter() -> None:
    choosy = person(preferences={"preferred_locations": ["Lake Como"]})
    assert interest_in(choosy, home(address="Via Regina 5, Lake Como")) > interest_in(person(), home())


@pytest.mark.parametrize(("text", "age"), [("45-55", 50.0), ("65+", 70.0), ("30", 30.0), (None, None)])
def test_an_age_range_is_its_middle(text: str | None, age: float | None) -> None:
    assert age_of(text) == age


@pytest.mark.parametrize(
    ("text", "millions"),
    [("$50M-$200M", 100), ("50-200M", 100), ("$100M+", 125), ("<$100M", 80), ("$2B", 2000), ("$900K", 0.9)],
)
def test_a_net_worth_range_is_its_geometric_mean(text: str, millions: float) -> None:
    assert net_worth_of(text) == pytest.approx(millions * 1e6)
