"""kill -9 of the orchestrator at any moment of a batch: every item is asked for once, and the batch ends."""

import asyncio
import random
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest

from dramatis_bus import Bus
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.persona import v1 as persona
from dramatis_kit import Document, Runtime, Settings, Unavailable, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect, select
from dramatis_testkit.hosting import hosted, service_process

TENANT = "brk_1"
SIMULATIONS = 50
PERSONAS = 100
DEATHS = 5
SEED = 20261121

GROUP: dict[str, Any] = {
    "name": "A flat by the river",
    "property": {"price": 2_000_000, "type": "apartment", "features": ["terrace"]},
    "test_scenarios": [{"type": "photo_selection", "options": ["kitchen", "terrace"]}],
    "persona_configuration": {"mode": "segment", "segments": ["tech_entrepreneurs"], "generated_count": 3},
    "simulation_parameters": {"iterations": 5},
}


def orchestrator(settings: Settings) -> AbstractAsyncContextManager[Process]:
    return service_process(settings, "orchestrator", kill=True)


@asynccontextmanager
async def platform_without_it(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, *select(["relay", "persona", "simulation-engine"])) as bus:
        async with connect(settings) as mongo:
            for service in select(["orchestrator"]):
                await provision(service.resources(Runtime(settings=settings, mongo=mongo)))
        yield bus


async def committed(settings: Settings, category: str) -> list[Document]:
    async with connect(settings) as mongo:
        commits = mongo[settings.mongo_database]["commits"].find({"category": category}, sort={"ver_from": 1})
        return [event async for commit in commits for event in commit["events"]]


async def ended_items(settings: Settings) -> int:
    return sum(
        len(event["data"]["items"])
        for event in await committed(settings, "batch")
        if event["type"] == v1.BatchItemsFinished.type
    )


@pytest.mark.timeout(300)
async def test_a_batch_of_simulations_outlives_its_orchestrator(settings: Settings) -> None:
    batch_id, chance = new_id("batch"), random.Random(SEED)
    command = v1.RequestSimulations(
        batch_id=batch_id,
        items=(v1.SimulationItem(type="focus_group", request=GROUP),) * SIMULATIONS,
        execution=v1.Execution(max_concurrent=3),
    )
    async with platform_without_it(settings) as bus:
        for death in range(DEATHS):
            async with orchestrator(settings) as process:
                if death == 0:
                    await bus.call(v1.request_simulations, command, tenant=TENANT, command_id=batch_id)
                wanted = min(await ended_items(settings) + 2, SIMULATIONS)
                async with asyncio.timeout(60):
                    while await ended_items(settings) < wanted:
                        await asyncio.sleep(0.01)
                await asyncio.sleep(chance.uniform(0, 0.03))
                process.kill()
        # The rest is done by two at once.
        async with orchestrator(settings), orchestrator(settings), asyncio.timeout(120):
            query = v1.GetBatch(batch_id=batch_id)
            while (found := await bus.call(v1.get_batch, query, tenant=TENANT)).status == "running":
                await asyncio.sleep(0.05)
    assert (found.status, found.successful) == ("completed", SIMULATIONS)
    assert_once(await committed(settings, "batch"), await committed(settings, "simulation"))


def assert_once(batch: list[Document], simulations: list[Document]) -> None:
    turns, running, most = Counter[int](), 0, 0
    for event in batch:
        if event["type"] == v1.BatchItemsStarted.type:
            turns.update(event["data"]["items"])
            running += len(event["data"]["items"])
        elif event["type"] == v1.BatchItemsFinished.type:
            running -= len(event["data"]["items"])
        most = max(most, running)
    assert turns == Counter(range(SIMULATIONS))
    assert (running, most) == (0, 3)
    types = Counter(event["type"] for event in simulations)
    assert types["simulation.focus_group_requested.v1"] == SIMULATIONS
    assert types["simulation.completed.v1"] == SIMULATIONS


@pytest.mark.timeout(300)
async def test_personas_whose_orchestrator_dies_are_created_once(settings: Settings) -> None:
    batch_id = new_id("batch")
    items = tuple(v1.PersonaItem(profile=persona.PersonaProfile(name=f"Client {n}")) for n in range(PERSONAS))
    command = v1.CreatePersonas(batch_id=batch_id, items=items)
    async with platform_without_it(settings) as bus:

        async def create() -> v1.CreatedPersonas:
            return await bus.call(v1.create_personas, command, tenant=TENANT, command_id=batch_id)

        for death in range(1, 4):
            async with orchestrator(settings) as process:
                cut_off = asyncio.create_task(create())
                async with asyncio.timeout(60):
                    while len(await committed(settings, "persona")) < death * PERSONAS // 5:
                        await asyncio.sleep(0.005)
                process.kill()
                await process.wait()
                cut_off.cancel()
                with suppress(asyncio.CancelledError, Unavailable):
                    await cut_off
        async with orchestrator(settings):
            created = await create()
            again = await create()
    names = [outcome.persona.name for outcome in created.outcomes if outcome.persona]
    assert names == [f"Client {n}" for n in range(PERSONAS)]
    assert again == created
    assert Counter(event["type"] for event in await committed(settings, "persona")) == {"persona.created.v1": PERSONAS}
    assert [event["type"] for event in await committed(settings, "batch")] == [
        "batch.requested.v1",
        "batch.items_finished.v1",
        "batch.completed.v1",
    ]
