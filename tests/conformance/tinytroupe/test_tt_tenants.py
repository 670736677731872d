"""No brokerage reaches what another one has: every operation on an id, and every list, by the OpenAPI document."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dramatis_testkit.receiver import receiving

from .conftest import Brokerage
from .exchanges import DEADLINE, completed, created, ended, posted, somebody
from .published import example

PATHS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs/reference/openapi.json").read_text())["paths"]
HOME = {"price": 20e6, "type": "penthouse", "locations": ["Manhattan"]}
STREAMS = {"/v1/events/stream"}
"""Without an end; what they say is what `/v1/events` says."""


def operations() -> Iterator[tuple[str, str, Any]]:
    """Method, path and an example of the body of every operation on something that has an id."""
    for path, verbs in PATHS.items():
        for method, operation in verbs.items():
            if path.startswith("/v1/") and "{" in path:
                content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
                yield method, path, content.get("example")


def lists() -> list[str]:
    return [
        p for p, verbs in PATHS.items() if p.startswith("/v1/") and "{" not in p and "get" in verbs and p not in STREAMS
    ]


async def delivered(door: httpx.AsyncClient, webhook: str) -> str:
    async with asyncio.timeout(DEADLINE):
        while not (items := (await door.get(f"/webhooks/{webhook}/deliveries")).json()["items"]):
            await asyncio.sleep(0.05)
    return str(items[0]["id"])


async def possessions(door: httpx.AsyncClient, address: str) -> dict[str, str]:
    """One of everything, by the name of its parameter."""
    hook = await posted(door, "/webhooks", {"url": address, "events": ["simulation.completed"]}, 201)
    campaign = example("Marketing Campaign Simulation")
    persona = await created(door)
    test = await posted(door, campaign.path, campaign.bodies()[0] | {"target_personas": [persona]}, 202)
    await completed(door, test["simulation_id"])
    batch = (await posted(door, "/batch/personas", {"personas": [somebody()]}, 207))["batch_id"]
    await ended(door, f"/batch/{batch}")
    return {
        "persona_id": persona,
        "property_id": (await posted(door, "/properties", HOME, 201))["id"],
        "campaign_id": (await posted(door, "/campaigns", campaign.body["campaign"], 201))["id"],
        "simulation_id": test["simulation_id"],
        "batch_id": batch,
        "webhook_id": hook["id"],
        "delivery_id": await delivered(door, hook["id"]),
        "key_id": (await posted(door, "/api-keys", {"name": "spare"}, 201))["id"],
        "tastes_id": (await posted(door, "/tastes/elicit", {"persona_id": persona, "attributes": ["pool"]}, 200))["id"],
    }


async def test_no_operation_reaches_what_another_brokerage_has(
    door: httpx.AsyncClient, brokerage: Brokerage, stranger: Brokerage
) -> None:
    async with receiving() as receiver, stranger.client() as theirs:
        mine = await possessions(door, receiver.url)
        for method, path, body in operations():
            address = brokerage.base_url.removesuffix("/v1") + path.format(**mine)
            answer = await theirs.request(method, address, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND"), (method, path)
        for name, path in (
            ("persona_id", "personas"),
            ("property_id", "properties"),
            ("campaign_id", "campaigns"),
            ("simulation_id", "simulations"),
            ("batch_id", "batch"),
            ("webhook_id", "webhooks"),
            ("tastes_id", "tastes"),
        ):
            assert (await door.get(f"/{path}/{mine[name]}")).status_code == 200
        for path in lists():
            shown = await theirs.get(brokerage.base_url.removesuffix("/v1") + path)
            assert shown.status_code == 200, (path, shown.text)
            assert [one for one in mine.values() if one in shown.text] == [], path
        await door.delete(f"/webhooks/{mine['webhook_id']}")


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        ("/simulations/focus-group", {"property_id": "property_id"}, "property_id"),
        ("/simulations/marketing-campaign", {"campaign_id": "campaign_id"}, "campaign_id"),
        ("/matching/property-to-clients", {"property_id": "property_id"}, None),
        ("/matching/client-to-properties", {"persona_id": "persona_id"}, None),
    ],
)
async def test_no_request_names_what_another_brokerage_has(
    door: httpx.AsyncClient, stranger: Brokerage, path: str, changes: dict[str, str], field: str | None
) -> None:
    campaign = example("Marketing Campaign Simulation").body["campaign"]
    mine = {
        "persona_id": await created(door),
        "property_id": (await posted(door, "/properties", HOME, 201))["id"],
        "campaign_id": (await posted(door, "/campaigns", campaign, 201))["id"],
    }
    drawn = {"persona_configuration": {"mode": "segment", "segments": ["finance_executives"], "generated_count": 2}}
    body = {name: mine[value] for name, value in changes.items()} | (drawn if "simulations" in path else {})
    async with stranger.client() as theirs:
        error = (await posted(theirs, path, body, 404))["error"]
    assert field is None or error["details"]["field"] == field
