"""The persona service on the real engines, called as others call it."""

from collections.abc import AsyncIterator

import pytest

from dramatis_bus import Bus
from dramatis_contracts.persona import v1
from dramatis_kit import Rejected, new_id
from dramatis_kit.settings import Settings
from dramatis_persona.app import service
from dramatis_testkit.hosting import hosted

JOHN = v1.PersonaProfile(name="John Smith", demographics=v1.Demographics(age_range="45-55"))


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, service) as client:
        yield client


async def create(bus: Bus, tenant: str, profile: v1.PersonaProfile = JOHN) -> v1.Persona:
    command = v1.CreatePersona(persona_id=new_id("pers"), profile=profile)
    return await bus.call(v1.create_persona, command, tenant=tenant)


async def test_who_creates_a_persona_reads_it_back_at_once(bus: Bus) -> None:
    created = await create(bus, "tenant-a")
    found = await bus.call(v1.get_persona, v1.GetPersona(persona_id=created.id), tenant="tenant-a")
    listed = await bus.call(v1.list_personas, v1.ListPersonas(), tenant="tenant-a")
    assert found == created
    assert listed.items == [created]
    assert created.simulation_ready


async def test_a_repeated_command_creates_one_persona(bus: Bus) -> None:
    command = v1.CreatePersona(persona_id=new_id("pers"), profile=JOHN)
    first = await bus.call(v1.create_persona, command, tenant="tenant-b", command_id="cmd_1")
    again = await bus.call(v1.create_persona, command, tenant="tenant-b", command_id="cmd_1")
    assert (again.id, again.version) == (first.id, 1)


async def test_another_tenant_sees_nothing(bus: Bus) -> None:
    created = await create(bus, "tenant-c")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_persona, v1.GetPersona(persona_id=created.id), tenant="tenant-d")
    assert (await bus.call(v1.list_personas, v1.ListPersonas(), tenant="tenant-d")).total == 0


async def test_a_deleted_persona_is_gone_but_its_past_is_not(bus: Bus) -> None:
    created = await create(bus, "tenant-e")
    await bus.call(v1.delete_persona, v1.DeletePersona(persona_id=created.id), tenant="tenant-e")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_persona, v1.GetPersona(persona_id=created.id), tenant="tenant-e")
    as_invited = v1.GetPersonas(personas=(v1.PersonaVersion(persona_id=created.id, version=1),))
    then = await bus.call(v1.get_personas, as_invited, tenant="tenant-e")
    assert then.personas[0].name == "John Smith"


async def test_a_missing_persona_of_several_is_named_by_its_place(bus: Bus) -> None:
    created = await create(bus, "tenant-f")
    wanted = [v1.PersonaVersion(persona_id=created.id), v1.PersonaVersion(persona_id="pers_unknown")]
    with pytest.raises(Rejected) as rejection:
        await bus.call(v1.get_personas, v1.GetPersonas(personas=tuple(wanted)), tenant="tenant-f")
    assert rejection.value.field == "personas[1].persona_id"


async def test_a_list_comes_in_pages_newest_first(bus: Bus) -> None:
    created = [await create(bus, "tenant-g") for _ in range(3)]
    page = await bus.call(v1.list_personas, v1.ListPersonas(page=2, page_size=2), tenant="tenant-g")
    assert page.total == 3
    assert len(page.items) == 1
    assert page.items[0].id in {persona.id for persona in created}


async def test_a_list_can_be_narrowed_to_a_visibility(bus: Bus) -> None:
    await create(bus, "tenant-h")
    team = await create(bus, "tenant-h", JOHN.model_copy(update={"visibility": "team"}))
    listed = await bus.call(v1.list_personas, v1.ListPersonas(visibility="team"), tenant="tenant-h")
    assert [persona.id for persona in listed.items] == [team.id]
