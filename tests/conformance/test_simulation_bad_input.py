"""What is wrong with a simulation that is asked for: a 422 that names the field, through the real gateway."""

import json
from typing import Any

import httpx
import pytest

from dramatis_engines.example import PERSONAS, focus_group

PATH = "/v1/simulations/focus-group"
PHOTOS: dict[str, Any] = {"type": "photo_selection", "options": ["sunset_view", "kitchen"]}
CHANGES: dict[str, Any] = {"type": "modification_testing", "modifications": ["add_pool"]}
PRICES: dict[str, Any] = {"type": "pricing_strategy", "price_points": [42e6, 45e6]}
DRAWN: dict[str, Any] = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 2}

DIVERSITY = "persona_configuration.diversity_parameters"


def study(**changes: Any) -> dict[str, Any]:
    """The published example with drawn people only, and with parts replaced."""
    return focus_group([]) | {"persona_configuration": DRAWN} | changes


def asking(scenario: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return study(test_scenarios=[scenario | changes])


def with_parameters(**parameters: Any) -> dict[str, Any]:
    return study(simulation_parameters=parameters)


def drawing(**configuration: Any) -> dict[str, Any]:
    return study(persona_configuration=DRAWN | configuration)


def at(**changes: Any) -> dict[str, Any]:
    return study(property={"price": 45e6} | changes)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no scenario", study(test_scenarios=[]), "test_scenarios"),
    ("a word of no known kind", study(test_scenarios=["seance"]), "test_scenarios[0]"),
    ("changes that nobody named", study(test_scenarios=["pricing", "modification_testing"]), "test_scenarios[1]"),
    ("a word twice", study(test_scenarios=["pricing", "pricing_strategy"]), "test_scenarios[1]"),
    ("pictures of a home that has one", study(test_scenarios=["photo_selection"]), "test_scenarios[0]"),
    ("a property twice", study(property_id="prop_1"), "property_id"),
    ("no property", {k: v for k, v in study().items() if k != "property"}, "property"),
    ("people twice", study(persona_segments=["finance_executives"]), "persona_segments"),
    ("a count for nobody", study(generated_count=5), "generated_count"),
    ("no people", {k: v for k, v in study().items() if k != "persona_configuration"}, "persona_configuration"),
    ("a scenario of no known kind", study(test_scenarios=[{"type": "seance"}]), "test_scenarios[0].type"),
    ("no name", study(name=" "), "name"),
    ("an unknown field", study(colour="red"), "colour"),
    # options
    ("no option", asking(PHOTOS, options=[]), "test_scenarios[0].options"),
    ("one option", asking(PHOTOS, options=["kitchen"]), "test_scenarios[0].options"),
    ("an empty option", asking(PHOTOS, options=["kitchen", ""]), "test_scenarios[0].options[1]"),
    ("a blank option", asking(PHOTOS, options=["kitchen", "  "]), "test_scenarios[0].options[1]"),
    ("an option twice", asking(PHOTOS, options=["kitchen", "kitchen"]), "test_scenarios[0].options"),
    ("twice, spelt otherwise", asking(PHOTOS, options=["Sunset View", "sunset_view"]), "test_scenarios[0].options[1]"),
    ("no change", asking(CHANGES, modifications=[]), "test_scenarios[0].modifications"),
    ("a change twice", asking(CHANGES, modifications=["add_pool", "Add pools"]), "test_scenarios[0].modifications[1]"),
    ("interactions, perhaps", asking(CHANGES, interactions="perhaps"), "test_scenarios[0].interactions"),
    # prices
    ("no price", asking(PRICES, price_points=[]), "test_scenarios[0].price_points"),
    ("one price", asking(PRICES, price_points=[1e6]), "test_scenarios[0].price_points"),
    ("a negative price", asking(PRICES, price_points=[-1, 2]), "test_scenarios[0].price_points[0]"),
    ("a price of 0", asking(PRICES, price_points=[0, 2]), "test_scenarios[0].price_points[0]"),
    ("unordered prices", asking(PRICES, price_points=[48e6, 42e6]), "test_scenarios[0].price_points"),
    ("equal prices", asking(PRICES, price_points=[42e6, 42e6]), "test_scenarios[0].price_points"),
    ("a price in words", asking(PRICES, price_points=["much", 2]), "test_scenarios[0].price_points[0]"),
    ("an unknown method", asking(PRICES, methods=["dowsing"]), "test_scenarios[0].methods[0]"),
    ("a method twice", asking(PRICES, methods=["van_westendorp"] * 2), "test_scenarios[0].methods"),
    ("a bias below 1", asking(PRICES, hypothetical_bias=0.5), "test_scenarios[0].hypothetical_bias"),
    ("an intent above 1", asking(PRICES, purchase_intent=[2, 0, 0, 0, 0]), "test_scenarios[0].purchase_intent[0]"),
    # the property
    ("no asking price", study(property={}), "property.price"),
    ("a negative asking price", at(price=-1), "property.price"),
    ("a negative area", at(sqft=-1), "property.sqft"),
    ("an empty feature", at(features=["pool", ""]), "property.features[1]"),
    # parameters
    ("0 iterations", with_parameters(iterations=0), "simulation_parameters.iterations"),
    ("10⁷ iterations", with_parameters(iterations=10**7), "simulation_parameters.iterations"),
    ("half an iteration", with_parameters(iterations=0.5), "simulation_parameters.iterations"),
    ("a temperature of 0", with_parameters(temperature=0), "simulation_parameters.temperature"),
    ("a threshold of 1", with_parameters(consensus_threshold=1), "simulation_parameters.consensus_threshold"),
    ("an unknown level of detail", with_parameters(detail_level="all"), "simulation_parameters.detail_level"),
    ("a negative seed", with_parameters(seed=-1), "simulation_parameters.seed"),
    # people
    ("an unknown segment", drawing(segments=["wizards"]), "persona_configuration.segments[0]"),
    ("a segment twice", drawing(segments=["finance_executives"] * 2), "persona_configuration.segments"),
    ("nobody drawn", drawing(generated_count=0), "persona_configuration"),
    ("no persona", study(persona_configuration={"mode": "specific"}), "persona_configuration"),
    ("too diverse", drawing(diversity_parameters={"age_diversity": 2}), f"{DIVERSITY}.age_diversity"),
    ("an unknown persona", drawing(specific_personas=["pers_none"]), "persona_configuration.specific_personas[0]"),
]  # fmt: skip


def assert_refused(answer: httpx.Response, code: str, field: str) -> str:
    """One error body, a 422 with this code and field; returns what it says is wrong."""
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["details"]["field"]) == (code, field), error
    assert error["details"]["issue"]
    return str(error["details"]["issue"])


async def test_what_is_wrong_with_a_study_is_a_422_that_names_the_field(api: httpx.AsyncClient) -> None:
    wrong = []
    for what, body, field in REFUSED:
        answer = await api.post(PATH, json=body)
        error = answer.json().get("error", {})
        told = (answer.status_code, error.get("code"), error.get("details", {}).get("field"))
        if told != (422, "INVALID_SIMULATION", field):
            wrong.append((what, field, answer.text))
    assert wrong == []


async def test_an_unknown_segment_is_answered_with_the_list_of_all(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json=drawing(segments=["finance_executives", "wizards"]))
    issue = assert_refused(answer, "INVALID_SIMULATION", "persona_configuration.segments[1]")
    assert "unknown segment 'wizards'" in issue
    assert all(known in issue for known in ("finance_executives", "tech_entrepreneurs", "affluent_families"))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_what_is_no_number_is_no_json(api: httpx.AsyncClient, number: str) -> None:
    body = json.dumps(at(price=123456789)).replace("123456789", number)
    answer = await api.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_REQUEST"


async def test_a_persona_that_contradicts_itself_in_words_is_not_created(api: httpx.AsyncClient) -> None:
    contradictory = {"must_have_features": ["pool"], "deal_breakers": ["stairs", "Pool"]}
    answer = await api.post("/v1/personas", json={"name": "Ann", "preferences": contradictory})
    issue = assert_refused(answer, "INVALID_PERSONA", "preferences.deal_breakers[1]")
    assert "pool" in issue
    made = (await api.post("/v1/personas", json={"name": "Ann"})).json()["id"]
    changed = await api.patch(f"/v1/personas/{made}", json={"preferences": contradictory})
    assert_refused(changed, "INVALID_PERSONA", "preferences.deal_breakers[1]")
    consistent = contradictory | {"deal_breakers": ["no pool"]}
    assert (await api.patch(f"/v1/personas/{made}", json={"preferences": consistent})).status_code == 200


@pytest.mark.parametrize(
    "contradictory",
    [
        {"preferences": {"must_have_features": ["pool"], "deal_breakers": ["swimming_pool"]}},
        {"preferences": {"property_types": ["penthouse"], "deal_breakers": ["penthouse"]}},
        {"demographics": {"age_range": "20-25", "family_status": "Grandparent"}},
    ],
)
async def test_a_persona_that_contradicts_itself_in_meaning_is_not_invited(
    api: httpx.AsyncClient, contradictory: dict[str, Any]
) -> None:
    people = [
        (await api.post("/v1/personas", json=profile)).json()["id"]
        for profile in (PERSONAS[0], {"name": "Ann"} | contradictory)
    ]
    answer = await api.post(PATH, json=drawing(specific_personas=people))
    issue = assert_refused(answer, "INVALID_SIMULATION", "persona_configuration.specific_personas[1]")
    assert people[1] in issue


async def test_options_of_unknown_words_are_accepted_because_the_result_says_so(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json=asking(PHOTOS, options=["zorblax", "blimfark"]))
    assert answer.status_code == 202


async def test_a_study_that_asks_for_every_method_is_accepted(api: httpx.AsyncClient) -> None:
    every = PRICES | {
        "methods": ["van_westendorp", "newton_miller_smith"],
        "purchase_intent": [0.6, 0.4, 0.2, 0.1, 0],
        "hypothetical_bias": 1.35,
    }
    paired = CHANGES | {"modifications": ["add_pool", "add_garden"], "interactions": True}
    answer = await api.post(PATH, json=study(test_scenarios=[every, paired]))
    assert answer.status_code == 202
