"""What the tests of this folder share: sending a printed request, and waiting for what follows from it."""

import asyncio
from typing import Any

import httpx

from dramatis_kit import new_id

from .published import Example, differences, example

DEADLINE = 40
JOHN: dict[str, Any] = example("Create Persona").bodies()[-1]
"""The printed persona, shared with the brokerage."""


async def posted(door: httpx.AsyncClient, path: str, body: Any, status: int) -> Any:
    answered = await door.post(path, json=body)
    assert answered.status_code == status, answered.text
    return answered.json()


async def as_printed(door: httpx.AsyncClient, one: Example, body: Any = None, **ids: str) -> Any:
    """The answer to a printed request, which must be of the printed status and shape."""
    answered = await door.request(one.method, one.with_ids(**ids), json=one.body if body is None else body)
    assert answered.status_code == (one.status or answered.status_code), answered.text
    assert answered.headers["content-type"].startswith("application/json")
    different = differences(answered.json(), one.answer)
    assert different == [], different
    return answered.json()


def somebody(**changes: Any) -> dict[str, Any]:
    """The printed persona under a name of its own: the same person twice would be refused."""
    return JOHN | {"name": new_id("client"), "enrichment_sources": []} | changes


def source_of_its_own() -> dict[str, Any]:
    """The printed source at an address that nobody answers: what is learnt there is for other tests."""
    printed: dict[str, Any] = JOHN["enrichment_sources"][0]
    return printed | {"url": f"https://profiles.invalid/{new_id('client')}"}


async def created(door: httpx.AsyncClient, **changes: Any) -> str:
    return str((await posted(door, "/personas", somebody(**changes), 201))["id"])


async def several(door: httpx.AsyncClient, count: int) -> list[str]:
    return [await created(door) for _ in range(count)]


async def ended(door: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """What is answered under a path, once it is neither queued nor running."""
    async with asyncio.timeout(DEADLINE):
        while (found := (await door.get(path)).raise_for_status().json())["status"] in ("queued", "running"):
            await asyncio.sleep(0.05)
    return dict(found)


async def completed(door: httpx.AsyncClient, simulation_id: str) -> dict[str, Any]:
    found = await ended(door, f"/simulations/{simulation_id}")
    assert found["status"] == "completed", found
    return found
