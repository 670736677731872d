"""Personas in batches on the real engines: the real persona service creates them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.persona import v1 as persona
from dramatis_kit import Rejected, Unavailable, new_id
from dramatis_kit.service import select
from dramatis_kit.settings import Settings
from dramatis_orchestrator.app import service
from dramatis_testkit.hosting import hosted

TENANT = "brk_1"
CONTRADICTION = persona.Preferences(must_have_features=("pool",), deal_breakers=("pool",))
REFUSED = v1.ItemError(code="INVALID_PERSONA", message="It is invalid.", field="name", issue="Field required")


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, *select(["persona"]), service) as client:
        yield client


def item(name: str, **parts: Any) -> v1.PersonaItem:
    key = parts.pop("key", None)
    return v1.PersonaItem(profile=persona.PersonaProfile(name=name, **parts), idempotency_key=key)


async def create(bus: Bus, *items: v1.PersonaItem, batch_id: str | None = None, **options: Any) -> v1.CreatedPersonas:
    batch_id = batch_id or new_id("batch")
    command = v1.CreatePersonas(batch_id=batch_id, items=items, **options)
    return await bus.call(v1.create_personas, command, tenant=TENANT, command_id=batch_id)


def told(created: v1.CreatedPersonas) -> list[str]:
    return [o.persona.name if o.persona else o.error.code if o.error else "skipped" for o in created.outcomes]


async def known(bus: Bus) -> int:
    return (await bus.call(persona.list_personas, persona.ListPersonas(), tenant=TENANT)).total


async def test_a_hundred_personas_are_created_in_the_order_of_the_request(bus: Bus) -> None:
    names = [f"Client {number}" for number in range(100)]
    created = await create(bus, *(item(name) for name in names))
    assert told(created) == names
    assert (created.batch.status, created.batch.successful) == ("completed", 100)
    assert await known(bus) == 100


async def test_a_wrong_item_fails_alone(bus: Bus) -> None:
    wrong = item("Torn", preferences=CONTRADICTION)
    created = await create(bus, item("Ann"), wrong, v1.PersonaItem(refused=REFUSED), item("Bob"))
    assert told(created) == ["Ann", "INVALID_PERSONA", "INVALID_PERSONA", "Bob"]
    error = created.outcomes[1].error
    assert error is not None
    assert error.field == "preferences.deal_breakers[0]"
    assert created.outcomes[2].error == REFUSED


async def test_the_first_failure_stops_it_where_that_is_wanted(bus: Bus) -> None:
    items = (item("Ann"), v1.PersonaItem(refused=REFUSED), item("Bob"), item("Cy"))
    created = await create(bus, *items, continue_on_error=False)
    assert told(created) == ["Ann", "INVALID_PERSONA", "skipped", "skipped"]
    batch = created.batch
    assert (batch.status, batch.successful, batch.failed, batch.skipped) == ("stopped", 1, 1, 2)
    assert await known(bus) == 1


async def test_a_repeated_command_creates_nothing_twice(bus: Bus) -> None:
    batch_id = new_id("batch")
    first = await create(bus, item("Ann"), item("Bob"), batch_id=batch_id)
    again = await create(bus, item("Ann"), item("Bob"), batch_id=batch_id)
    assert again == first
    assert await known(bus) == 2


async def test_a_key_names_one_persona_in_all_batches(bus: Bus) -> None:
    first = await create(bus, item("Ann", key="crm-1"), item("Ann", key="crm-1"))
    later = await create(bus, item("Bob"), item("Ann", key="crm-1"))
    ids = {o.persona.id for o in (*first.outcomes, later.outcomes[1]) if o.persona}
    assert len(ids) == 1
    assert await known(bus) == 2


async def test_a_key_that_named_another_persona_is_refused(bus: Bus) -> None:
    await create(bus, item("Ann", key="crm-1"))
    later = await create(bus, item("Bob", key="crm-1"))
    error = later.outcomes[0].error
    assert error is not None
    assert (error.code, error.field) == ("IDEMPOTENCY_MISMATCH", "idempotency_key")
    assert await known(bus) == 1


async def test_a_batch_of_personas_can_be_read_afterwards(bus: Bus) -> None:
    created = await create(bus, item("Ann"), item("Torn", preferences=CONTRADICTION))
    found = await bus.call(v1.get_batch, v1.GetBatch(batch_id=created.batch.batch_id), tenant=TENANT)
    assert [shown.status for shown in found.items] == ["completed", "failed"]
    assert created.outcomes[0].persona is not None
    assert [shown.id for shown in found.items] == [created.outcomes[0].persona.id, None]
    assert found.execution is None


async def test_what_has_ended_cannot_be_cancelled(bus: Bus) -> None:
    created = await create(bus, item("Ann"))
    with pytest.raises(Rejected, match="CONFLICT"):
        await bus.call(v1.cancel_batch, v1.CancelBatch(batch_id=created.batch.batch_id), tenant=TENANT)


async def test_another_tenant_and_another_agent_see_no_batch(bus: Bus) -> None:
    created = await create(bus, item("Ann"), viewer=Viewer(agent_id="agent_1", team_id="team_1"))
    query = v1.GetBatch(batch_id=created.batch.batch_id)
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_batch, query, tenant="brk_2")
    other = Viewer(agent_id="agent_2", team_id="team_1")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_batch, query.model_copy(update={"viewer": other}), tenant=TENANT)
    for viewer, seen in ((Viewer(), 1), (Viewer(agent_id="agent_1"), 1), (other, 0)):
        assert (await bus.call(v1.list_batches, v1.ListBatches(viewer=viewer), tenant=TENANT)).total == seen
    assert (await bus.call(v1.list_batches, v1.ListBatches(), tenant="brk_2")).total == 0


async def test_the_persona_service_is_told_who_asks(settings: Settings) -> None:
    viewer, asked = Viewer(agent_id="agent_1", team_id="team_1"), list[Viewer]()

    async def refuse(call: Call[persona.CreatePersona]) -> persona.Persona:
        asked.append(call.request.viewer)
        raise Rejected("FORBIDDEN", "no")

    async with hosted(settings, service) as client, Bus.open(settings, name="persona") as other:
        other.serve(persona.create_persona, refuse)
        await other.start()
        await create(client, item("Ann"), viewer=viewer)
    assert asked == [viewer]


async def test_a_persona_service_that_fails_twice_is_asked_again(settings: Settings) -> None:
    attempts: list[str] = []

    async def unwilling(call: Call[persona.CreatePersona]) -> persona.Persona:
        attempts.append(call.command_id)
        if len(attempts) < 3:
            raise Unavailable("the event log")
        raise Rejected("INVALID_PERSONA", "no", field="name")

    async with hosted(settings, service) as client, Bus.open(settings, name="persona") as other:
        other.serve(persona.create_persona, unwilling)
        await other.start()
        created = await create(client, item("Ann"))
    assert told(created) == ["INVALID_PERSONA"]
    assert len(attempts) == 3
    assert len(set(attempts)) == 1


async def test_a_persona_service_that_stays_away_is_told_of_each_item(settings: Settings) -> None:
    async with hosted(settings, service) as client:
        batch_id = new_id("batch")
        command = v1.CreatePersonas(batch_id=batch_id, items=tuple(item(f"Client {n}") for n in range(40)))
        async with asyncio.timeout(10):
            created = await client.call(v1.create_personas, command, tenant=TENANT, command_id=batch_id, timeout=3)
    assert set(told(created)) == {"SERVICE_UNAVAILABLE"}
    assert created.batch.failed == 40
