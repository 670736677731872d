"""One persona per person, and who sees and changes it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dramatis_bus import Bus
from dramatis_contracts.base import Viewer
from dramatis_contracts.persona import v1
from dramatis_kit import Rejected, new_id
from dramatis_kit.settings import Settings
from dramatis_persona.app import service
from dramatis_testkit.hosting import hosted

JOHN: dict[str, Any] = {
    "name": "John Smith",
    "demographics": {"age_range": "45-55", "occupation": "Hedge Fund Manager", "primary_residence": "Manhattan, NY"},
    "enrichment_sources": [{"type": "linkedin", "url": "https://linkedin.example/in/johnsmith"}],
}
ANN, BEN = Viewer(agent_id="ann", team_id="north"), Viewer(agent_id="ben", team_id="north")
CAT = Viewer(agent_id="cat", team_id="south")


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, service) as client:
        yield client


@pytest.fixture
def tenant() -> str:
    return new_id("brk")


async def create(bus: Bus, tenant: str, viewer: Viewer = Viewer(), **changes: Any) -> v1.Persona:  # noqa: B008  # frozen
    profile = v1.PersonaProfile.model_validate({**JOHN, **changes})
    command = v1.CreatePersona(persona_id=new_id("pers"), profile=profile, viewer=viewer)
    return await bus.call(v1.create_persona, command, tenant=tenant)


@pytest.mark.parametrize(
    "url", ["https://linkedin.example/in/johnsmith", "http://WWW.linkedin.example/in/johnsmith/#me"]
)
async def test_the_same_person_is_created_once(bus: Bus, tenant: str, url: str) -> None:
    created = await create(bus, tenant)
    source = {"type": "profile", "url": url}
    with pytest.raises(Rejected, match="DUPLICATE_PERSONA") as refused:
        await create(bus, tenant, name=" john  SMITH ", demographics={}, enrichment_sources=[source])
    assert created.id in (refused.value.issue or "")


async def test_of_many_at_once_one_is_created(bus: Bus, tenant: str) -> None:
    found = await asyncio.gather(*(create(bus, tenant) for _ in range(10)), return_exceptions=True)
    assert [type(one).__name__ for one in found].count("Persona") == 1
    assert (await bus.call(v1.list_personas, v1.ListPersonas(), tenant=tenant)).total == 1


async def test_a_retry_is_no_duplicate(bus: Bus, tenant: str) -> None:
    command = v1.CreatePersona(persona_id=new_id("pers"), profile=v1.PersonaProfile.model_validate(JOHN))
    first = await bus.call(v1.create_persona, command, tenant=tenant, command_id="cmd_1")
    assert await bus.call(v1.create_persona, command, tenant=tenant, command_id="cmd_1") == first


OTHERS: list[dict[str, Any]] = [
    {"name": "Jane Smith"},
    {"enrichment_sources": []},
    {"enrichment_sources": [{"type": "linkedin", "url": "https://linkedin.example/in/johnsmith2"}]},
    {"enrichment_sources": [{"type": "linkedin"}]},
]


@pytest.mark.parametrize("changes", OTHERS)
async def test_who_may_be_somebody_else_is_created(bus: Bus, tenant: str, changes: dict[str, Any]) -> None:
    await create(bus, tenant)
    await create(bus, tenant, **changes)


async def test_somebody_who_was_deleted_or_has_changed_may_come_again(bus: Bus, tenant: str) -> None:
    first = await create(bus, tenant)
    await bus.call(v1.delete_persona, v1.DeletePersona(persona_id=first.id), tenant=tenant)
    second = await create(bus, tenant)
    renamed = v1.UpdatePersona(persona_id=second.id, changes=v1.PersonaChanges(name="Jonathan Smith"))
    await bus.call(v1.update_persona, renamed, tenant=tenant)
    await create(bus, tenant)
    back = v1.UpdatePersona(persona_id=second.id, changes=v1.PersonaChanges(name="John Smith"))
    with pytest.raises(Rejected, match="DUPLICATE_PERSONA"):
        await bus.call(v1.update_persona, back, tenant=tenant)


async def test_a_refused_person_leaves_no_claim_behind(bus: Bus, tenant: str) -> None:
    await create(bus, tenant)
    own = {"type": "site", "url": "https://a.example/john"}
    with pytest.raises(Rejected, match="DUPLICATE_PERSONA"):
        await create(bus, tenant, enrichment_sources=[own, *JOHN["enrichment_sources"]])
    await create(bus, tenant, enrichment_sources=[own])


async def test_what_the_brokerage_shows_is_not_created_again_as_private(bus: Bus, tenant: str) -> None:
    shown = await create(bus, tenant, ANN, visibility="brokerage")
    with pytest.raises(Rejected, match="DUPLICATE_PERSONA") as refused:
        await create(bus, tenant, CAT)
    assert shown.id in (refused.value.issue or "")


async def test_a_private_client_of_another_agent_is_not_given_away(bus: Bus, tenant: str) -> None:
    hidden = await create(bus, tenant, ANN)
    mine = await create(bus, tenant, CAT)
    assert mine.id != hidden.id


async def visible(bus: Bus, tenant: str, viewer: Viewer) -> set[str]:
    listed = await bus.call(v1.list_personas, v1.ListPersonas(viewer=viewer), tenant=tenant)
    assert listed.total == len(listed.items)
    return {persona.name for persona in listed.items}


async def test_each_sees_what_is_meant_for_them(bus: Bus, tenant: str) -> None:
    for visibility in ("private", "team", "brokerage"):
        await create(bus, tenant, ANN, name=visibility, visibility=visibility)
    assert await visible(bus, tenant, Viewer()) == await visible(bus, tenant, ANN) == {"private", "team", "brokerage"}
    assert await visible(bus, tenant, BEN) == {"team", "brokerage"}
    assert await visible(bus, tenant, CAT) == {"brokerage"}


async def test_what_is_not_visible_is_not_there(bus: Bus, tenant: str) -> None:
    hidden = await create(bus, tenant, ANN, visibility="private")
    requests: list[tuple[Any, Any]] = [
        (v1.get_persona, v1.GetPersona(persona_id=hidden.id, viewer=BEN)),
        (v1.get_personas, v1.GetPersonas(personas=(v1.PersonaVersion(persona_id=hidden.id),), viewer=BEN)),
        (v1.delete_persona, v1.DeletePersona(persona_id=hidden.id, viewer=BEN)),
        (v1.archive_persona, v1.ArchivePersona(persona_id=hidden.id, viewer=BEN)),
    ]
    for method, request in requests:
        with pytest.raises(Rejected, match="NOT_FOUND"):
            await bus.call(method, request, tenant=tenant)


async def test_others_read_what_they_may_not_change(bus: Bus, tenant: str) -> None:
    shared = await create(bus, tenant, ANN, visibility="brokerage")
    changes = v1.PersonaChanges(name="Jo")
    stranger = v1.UpdatePersona(persona_id=shared.id, changes=changes, viewer=CAT)
    with pytest.raises(Rejected, match="FORBIDDEN"):
        await bus.call(v1.update_persona, stranger, tenant=tenant)
    for viewer in (BEN, Viewer()):
        command = v1.UpdatePersona(persona_id=shared.id, changes=changes, viewer=viewer)
        await bus.call(v1.update_persona, command, tenant=tenant)


async def test_an_archived_persona_is_put_aside_and_comes_back(bus: Bus, tenant: str) -> None:
    created = await create(bus, tenant)
    for _ in range(2):
        archived = await bus.call(v1.archive_persona, v1.ArchivePersona(persona_id=created.id), tenant=tenant)
    assert (archived.status, archived.simulation_ready, archived.version) == ("archived", False, 2)
    invited = v1.GetPersonas(personas=(v1.PersonaVersion(persona_id=created.id),))
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.get_personas, invited, tenant=tenant)
    assert (await bus.call(v1.list_personas, v1.ListPersonas(), tenant=tenant)).items == []
    aside = await bus.call(v1.list_personas, v1.ListPersonas(status="archived"), tenant=tenant)
    assert [persona.id for persona in aside.items] == [created.id]
    restored = await bus.call(v1.restore_persona, v1.RestorePersona(persona_id=created.id), tenant=tenant)
    assert restored.status == "active"


async def test_personas_are_listed_by_segment(bus: Bus, tenant: str) -> None:
    await create(bus, tenant, name="A", segments=["finance_executives", "golfers"])
    await create(bus, tenant, name="B", segments=["golfers"])
    found = await bus.call(v1.list_personas, v1.ListPersonas(segment="finance_executives"), tenant=tenant)
    assert [persona.name for persona in found.items] == ["A"]
