"""Tastes that are estimated, end to end: fitted to choices or elicited from a persona, then used by a focus group."""

import asyncio
import json
from typing import Any

import httpx
import numpy as np
import pytest

from dramatis_engines.example import PERSONAS

DEADLINE = 30


def choices(pool: float, *, people: int = 40, each: int = 6) -> list[dict[str, Any]]:
    """What people choose who like a pool this much, a view, and a low price."""
    generator = np.random.default_rng(1)
    found = []
    for person in range(people):
        tastes = np.array([pool, 0.8, -2.0]) + np.array([0.5, 0.3, 0.3]) * generator.normal(size=3)
        for _ in range(each):
            homes = [
                {"pool": float(has), "view": float(sees), "log_price": float(np.log(ratio))}
                for has, sees, ratio in zip(
                    generator.integers(0, 2, 3),
                    generator.integers(0, 2, 3),
                    generator.uniform(0.7, 1.4, 3),
                    strict=True,
                )
            ]
            utilities = [float(np.dot(tastes, list(home.values()))) + generator.gumbel() for home in homes]
            options = [{"name": f"home {i}", "attributes": home} for i, home in enumerate(homes)]
            chosen = f"home {int(np.argmax(utilities))}"
            found.append({"person": f"buyer {person}", "options": options, "chosen": chosen})
    return found


async def fit(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    made = await api.post("/v1/tastes/fit", json=body, timeout=DEADLINE)
    assert made.status_code == 201, made.text
    tastes: dict[str, Any] = made.json()
    assert made.headers["Location"] == f"/v1/tastes/{tastes['id']}"
    return tastes


async def elicit(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answered = await api.post("/v1/tastes/elicit", json=body)
    assert answered.status_code == 200, answered.text
    tastes: dict[str, Any] = answered.json()
    return tastes


async def focus_group(api: httpx.AsyncClient, people: dict[str, Any]) -> dict[str, Any]:
    """The detailed results for a plain home, whose pool and price are asked about."""
    request = {
        "name": "Pool",
        "property": {"price": 10_000_000},
        "test_scenarios": [
            {"type": "modification_testing", "modifications": ["add pool"]},
            {"type": "pricing_strategy", "price_points": [9_000_000, 10_000_000, 11_000_000]},
        ],
        "persona_configuration": people,
        "simulation_parameters": {"seed": 7},
    }
    accepted = await api.post("/v1/simulations/focus-group", json=request)
    assert accepted.status_code == 202, accepted.text
    simulation = accepted.json()["simulation_id"]
    async with asyncio.timeout(DEADLINE):
        while (results := await api.get(f"/v1/simulations/{simulation}/results")).status_code != 200:
            await asyncio.sleep(0.05)
    details: dict[str, Any] = results.json()["detailed_results"]
    return details


def estimates(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        if {"value", "low", "high", "calibration"} <= set(part):
            return [part]
        return [found for value in part.values() for found in estimates(value)]
    return [found for value in part for found in estimates(value)] if isinstance(part, list) else []


def calibrations(details: dict[str, Any]) -> set[str]:
    return {estimate["calibration"] for estimate in estimates(details)}


def interest_in_pool(details: dict[str, Any]) -> float:
    """How much more likely the people of a study ask to view the home with a pool than without, on average."""
    answers = [answer for person in details["persona_responses"] for answer in person["answers"]]
    interest = [answer["interest"] for answer in answers if "interest" in answer]
    return float(np.mean([one["add pool"] - one["as it is"] for one in interest]))


async def test_tastes_fitted_for_a_segment_move_its_focus_groups(api: httpx.AsyncClient) -> None:
    people = {"mode": "segment", "segments": ["international_investors"], "generated_count": 12}
    before = await focus_group(api, people)
    assert calibrations(before) == {"assumed"}
    found = {}
    for pool in (-1.5, 2.5):
        applies_to = {"segments": ["international_investors"]}
        tastes = await fit(api, choices=choices(pool), model={"correlated": False}, applies_to=applies_to)
        assert tastes["used"][0]["means"]["pool"] == pytest.approx(pool, abs=0.6)
        holdout = tastes["fitted"]["holdout"]
        assert holdout["plain"]["value"] > holdout["null"]["value"]
        assert (await api.get(f"/v1/tastes/{tastes['id']}")).json() == tastes
        found[pool] = await focus_group(api, people)
        assert calibrations(found[pool]) == {"fitted"}
        assert found[pool]["tastes"]["people"] == {"assumed": 0, "elicited": 0, "fitted": 12}
    assert interest_in_pool(found[-1.5]) < interest_in_pool(before) < interest_in_pool(found[2.5])


async def test_ten_answers_of_a_persona_narrow_what_is_known_of_it_and_are_used(api: httpx.AsyncClient) -> None:
    made = await api.post("/v1/personas", json=PERSONAS[0])
    persona = made.json()["id"]
    people = {"mode": "specific", "specific_personas": [persona]}
    before = await focus_group(api, people)
    now = await elicit(api, persona_id=persona, attributes=["pool", "view"])
    first = {taste["attribute"]: taste for taste in now["elicited"]["tastes"]}
    for _ in range(10):
        question = now["elicited"]["question"]
        cheapest_without = min(question["options"], key=lambda o: (o["attributes"].get("pool", 0), o["name"]))
        answer = {"question": question["number"], "chosen": cheapest_without["name"]}
        now = await elicit(api, tastes_id=now["id"], answer=answer)
    last = {taste["attribute"]: taste for taste in now["elicited"]["tastes"]}
    assert now["elicited"]["n_answers"] == 10
    assert last["pool"]["deviation"] < first["pool"]["deviation"]
    assert last["pool"]["mean"] < first["pool"]["mean"]
    after = await focus_group(api, people)
    assert after["tastes"]["people"] == {"assumed": 0, "elicited": 1, "fitted": 0}
    assert interest_in_pool(after) < interest_in_pool(before)
    assert (await api.get(f"/v1/tastes/{now['id']}")).json() == now


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"choices": []}, "choices"),
        ({"choices": [{"options": [{"name": "a"}], "chosen": "a"}]}, "choices[0].options"),
        (
            {"choices": [{"options": [{"name": "a", "attributes": {"x": 1}}, {"name": "b"}], "chosen": "c"}]},
            "choices[0].chosen",
        ),
        ({"choices": [{"options": [{"name": "a", "attributes": {"x": "1"}}, {"name": "b"}], "chosen": "a"}]}, None),
        ({"model": {"draws": 1}}, "model.draws"),
        ({"model": {"distributions": {"pool": "uniform"}}}, "model.distributions.pool"),
        ({"applies_to": {"segments": ["nobody"]}}, "applies_to.segments[0]"),
        ({"applies_to": {"personas": ["pers_nobody"]}}, "applies_to.personas[0]"),
        ({"seed": -1}, "seed"),
        ({"surplus": 1}, "surplus"),
    ],
)
async def test_bad_choices_are_refused_with_the_field(
    api: httpx.AsyncClient, changes: dict[str, Any], field: str | None
) -> None:
    refused = await api.post("/v1/tastes/fit", json={"choices": choices(1.0, people=5), **changes})
    assert refused.status_code == 422, refused.text
    error = refused.json()["error"]
    assert error["code"] == "INVALID_TASTES"
    assert error["details"]["field"] == (field or "choices[0].options[0].attributes.x")


async def test_a_fit_of_choices_that_fill_more_than_an_ordinary_body_is_accepted(api: httpx.AsyncClient) -> None:
    many = choices(1.0, people=120, each=30)
    body = {"choices": many, "model": {"correlated": False, "draws": 64}, "holdout_choices": 0}
    assert len(json.dumps(body)) > 2**20
    tastes = await fit(api, **body)
    assert tastes["fitted"]["n_choices"] == 3600
    assert tastes["fitted"]["mixed"]["converged"]
