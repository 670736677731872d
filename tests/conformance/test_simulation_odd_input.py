"""What is odd and yet allowed: a simulation of it ends, and its results are JSON with numbers in it, through the real
gateway. What is odd and cannot be answered is a 422 that names the field."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx

from dramatis_engines.example import focus_group

PATH = "/v1/simulations/focus-group"
DEADLINE = 60
DRAWN: dict[str, Any] = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 8}
EVERY_METHOD = ["van_westendorp", "newton_miller_smith"]


def study(*scenarios: dict[str, Any], people: int = 8, price: float = 45e6, **parameters: Any) -> dict[str, Any]:
    return focus_group([]) | {
        "property": {"price": price, "type": "penthouse"},
        "test_scenarios": list(scenarios),
        "persona_configuration": DRAWN | {"generated_count": people},
        "simulation_parameters": {"iterations": 20, "seed": 7} | parameters,
    }


def photos(*options: str) -> dict[str, Any]:
    return {"type": "photo_selection", "options": list(options)}


def changes(*modifications: str) -> dict[str, Any]:
    return {"type": "modification_testing", "modifications": list(modifications), "interactions": True}


def prices(*points: float, **more: Any) -> dict[str, Any]:
    return {"type": "pricing_strategy", "price_points": list(points), "methods": EVERY_METHOD} | more


EVERYTHING = (photos("sunset_view", "kitchen"), changes("add_pool", "add_gym"), prices(40e6, 45e6, 50e6))
ALLOWED: dict[str, dict[str, Any]] = {
    "emoji and other scripts": study(photos("🏊" * 190, "kitchen 🍳", "منظر الغروب"), changes("プール", "add_pool")),
    "no known word": study(photos("zorblax", "!!!"), changes("frobnicate")),
    "one known word": study(photos("zorblax", "kitchen")),
    "prices a cent apart": study(prices(45e6, 45_000_000.01, 45_000_000.02)),
    "prices that nobody pays": study(prices(1e11, 1e12), changes("add_pool"), price=1e12),
    "prices that everybody pays": study(prices(1, 2, 3)),
    "almost no chance": study(*EVERYTHING, temperature=1e-300),
    "much chance": study(*EVERYTHING, temperature=5),
    "a low threshold": study(*EVERYTHING, consensus_threshold=0.01),
    "a high threshold": study(*EVERYTHING, consensus_threshold=0.99),
    "one person": study(*EVERYTHING, people=1),
    "two people, one iteration": study(*EVERYTHING, people=2, iterations=1),
    "twenty scenarios": study(*[photos(f"view {n}", "kitchen", "pool") for n in range(20)]),
}
REFUSED = {
    "test_scenarios[0].price_points[1]": study(prices(45e6, 45e6 + 1e-7)),
    "test_scenarios[0].purchase_intent": study(prices(40e6, 45e6, purchase_intent=[0, 0, 0, 0, 0])),
}


def numbers(part: Any) -> Iterator[dict[str, Any]]:
    """Every estimate in results, however deep."""
    if isinstance(part, dict) and {"value", "low", "high", "n"} <= set(part):
        yield part
    children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for child in children:
        yield from numbers(child)


def refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


async def results(api: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    accepted = await api.post(PATH, json=body)
    assert accepted.status_code == 202, accepted.text
    simulation = f"/v1/simulations/{accepted.json()['simulation_id']}"
    async with asyncio.timeout(DEADLINE):
        while (stands := (await api.get(simulation)).json())["status"] in ("queued", "running"):
            await asyncio.sleep(0.05)
    assert stands["status"] == "completed", stands
    found: dict[str, Any] = json.loads((await api.get(f"{simulation}/results")).text, parse_constant=refuse)
    return found


async def test_what_is_odd_and_allowed_ends_with_numbers_inside_their_intervals(api: httpx.AsyncClient) -> None:
    for what, body in ALLOWED.items():
        for estimate in numbers(await results(api, body)):
            value, low, high = (estimate[bound] for bound in ("value", "low", "high"))
            assert (low is None) == (high is None), what
            assert low is None or value is None or low <= value <= high, (what, estimate)


async def test_what_is_odd_and_has_no_answer_is_refused_with_its_field(api: httpx.AsyncClient) -> None:
    for field, body in REFUSED.items():
        answer = await api.post(PATH, json=body)
        assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (422, field)
