"""The pages of simulations: what a broker reads."""

import asyncio
import html
import re
from typing import Any

import httpx

from dramatis_testkit.platforms import RunningPlatform

ASKED: dict[str, Any] = {
    "name": "Riverside <loft>",
    "property": {"price": 4_000_000, "type": "loft", "features": ["library"]},
    "test_scenarios": [
        {"type": "photo_selection", "options": ["sunset_view", "interior_design", "zorblax"]},
        {"type": "modification_testing", "modifications": ["add_private_gym"]},
        {"type": "pricing_strategy", "price_points": [3_800_000, 4_000_000, 4_200_000]},
    ],
    "persona_configuration": {"mode": "segment", "segments": ["affluent_families"], "generated_count": 12},
}


async def completed(api: httpx.AsyncClient) -> dict[str, Any]:
    simulation = (await api.post("/v1/simulations/focus-group", json=ASKED)).json()["simulation_id"]
    async with asyncio.timeout(30):
        while True:
            results = await api.get(f"/v1/simulations/{simulation}/results")
            if results.status_code == 200:
                found: dict[str, Any] = results.json()
                return found
            await asyncio.sleep(0.05)


async def signed_in(browser: httpx.AsyncClient, key: str) -> None:
    form = await browser.get("/console/sign-in")
    token = re.search(r'name="csrf" value="([^"]+)"', form.text)
    assert token
    entered = await browser.post("/console/sign-in", data={"csrf": token[1], "api_key": key})
    assert entered.status_code == 303


async def test_results_are_a_page_with_every_finding_and_every_interval(
    api: httpx.AsyncClient, platform: RunningPlatform
) -> None:
    results = await completed(api)
    async with httpx.AsyncClient(base_url=platform.url, timeout=20) as browser:
        await signed_in(browser, platform.api_key)
        listed = await browser.get("/console/simulations")
        page = await browser.get(f"/console/simulations/{results['simulation_id']}")
    assert f'href="/console/simulations/{results["simulation_id"]}"' in listed.text
    shown = html.unescape(page.text)
    for finding in results["summary"]["key_findings"]:
        assert finding in shown
    assert "<loft>" not in page.text
    assert "zorblax" in page.text
    assert page.text.count("<svg") == 2 + 1 + 3


async def test_a_simulation_of_nobody_is_not_there(platform: RunningPlatform) -> None:
    async with httpx.AsyncClient(base_url=platform.url, timeout=20) as browser:
        await signed_in(browser, platform.api_key)
        assert (await browser.get("/console/simulations/sim_none")).status_code == 404


async def test_simulations_are_listed_by_kind_and_status(api: httpx.AsyncClient) -> None:
    results = await completed(api)
    found = await api.get("/v1/simulations", params={"type": "focus_group", "status": "completed", "page_size": 1})
    assert found.json()["items"][0]["simulation_id"] == results["simulation_id"]
    assert int(found.headers["X-Total-Count"]) >= 1
    none = await api.get("/v1/simulations", params={"type": "viral_potential", "status": "failed"})
    assert none.json()["items"] == []
    assert (await api.get("/v1/simulations", params={"type": "weather"})).status_code in (400, 422)
