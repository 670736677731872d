"""The stakeholder catalogue, and its people as personas."""

from collections.abc import AsyncIterator

import pytest

from dramatis_bus import Bus
from dramatis_contracts.persona import stakeholders, v1
from dramatis_kit import Rejected, new_id
from dramatis_kit.settings import Settings
from dramatis_persona.app import service
from dramatis_persona.catalogue.entries import entries
from dramatis_testkit.hosting import hosted


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, service) as client:
        yield client


def test_every_entry_has_an_id_of_its_own_and_says_enough_to_be_interviewed() -> None:
    ids = [entry.published.id for entry in entries()]
    assert len(set(ids)) == len(ids)
    assert {"adult_tech_consumer_30_45", "small_business_owner_35_55"} <= set(ids)
    assert all(len(entry.published.profile.split(". ")) >= 5 for entry in entries())


async def test_the_catalogue_is_listed_and_its_people_are_personas(bus: Bus) -> None:
    for _ in range(2):
        found = await bus.call(stakeholders.list_stakeholders, stakeholders.ListStakeholders(), tenant="tenant-s")
    listed = await bus.call(v1.list_personas, v1.ListPersonas(), tenant="tenant-s")
    assert {entry.persona_id for entry in found.stakeholders} == {persona.id for persona in listed.items}
    assert all(persona.simulation_ready and persona.version == 1 for persona in listed.items)


async def test_one_entry_is_found_by_its_id(bus: Bus) -> None:
    query = stakeholders.GetStakeholder(stakeholder_id="student_18_25")
    found = await bus.call(stakeholders.get_stakeholder, query, tenant="tenant-t")
    asked = v1.GetPersona(persona_id=found.persona_id)
    assert (await bus.call(v1.get_persona, asked, tenant="tenant-t")).name == found.title


async def test_any_persona_can_be_interviewed(bus: Bus) -> None:
    profile = v1.PersonaProfile(
        name="John Smith", demographics=v1.Demographics(age_range="45-55", occupation="Hedge Fund Manager")
    )
    command = v1.CreatePersona(persona_id=new_id("pers"), profile=profile)
    created = await bus.call(v1.create_persona, command, tenant="tenant-u")
    query = stakeholders.GetStakeholder(stakeholder_id=created.id)
    found = await bus.call(stakeholders.get_stakeholder, query, tenant="tenant-u")
    assert found.title == "Hedge Fund Manager"
    assert "I am 45-55 years old." in found.profile
    assert "John" not in found.profile


async def test_an_unknown_stakeholder_is_not_found(bus: Bus) -> None:
    query = stakeholders.GetStakeholder(stakeholder_id="nobody")
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(stakeholders.get_stakeholder, query, tenant="tenant-u")
