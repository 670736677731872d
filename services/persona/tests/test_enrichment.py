"""Texts about personas are read once each, however often they or their events come; sources are looked at with care."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from dramatis_bus import Bus, Received
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1
from dramatis_eventlog import StreamId
from dramatis_eventlog.app import service as relay
from dramatis_kit import Rejected, Runtime, new_id, utc_now
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_llm import LlmSettings
from dramatis_persona.app import personas_of, service
from dramatis_persona.enrichment.rules import RuleReader
from dramatis_persona.enrichment.runner import EnrichmentRunner
from dramatis_persona.settings import PersonaSettings
from dramatis_testkit.hosting import hosted
from dramatis_testkit.openai_server import scripted_model
from dramatis_testkit.receiver import receiving

JOHN = v1.PersonaProfile(
    name="John Smith",
    demographics=v1.Demographics(age_range="45-55"),
    preferences=v1.Preferences(must_have_features=("pool",)),
)
NOTE = "Client needs a home office. He does not want a pool. He is in no hurry."
TENANT = "brk_enriched"


class Modelled(PersonaSettings, LlmSettings):
    """Both, as the environment gives them."""


@asynccontextmanager
async def serving(settings: Settings, **changes: Any) -> AsyncIterator[Bus]:
    own = PersonaSettings(**{**settings.model_dump(), "persona_collective_seconds": 0.2, **changes})
    async with hosted(own, relay, service) as bus:
        yield bus


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with serving(settings) as bus:
        yield bus


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    async with connect(settings) as mongo:
        yield Runtime(settings=settings, mongo=mongo)


def note(text: str = NOTE, **changes: Any) -> v1.Enrichment:
    content = {"text": text, "metadata": {"date": "2024-01-10", "interaction_type": "phone_call"}}
    return v1.Enrichment.model_validate(
        {"data_type": "interaction", "source": "agent_notes", "content": content, **changes}
    )


async def create(bus: Bus, **changes: Any) -> v1.Persona:
    profile = v1.PersonaProfile.model_validate(JOHN.model_dump() | changes)
    command = v1.CreatePersona(persona_id=new_id("pers"), profile=profile)
    return await bus.call(v1.create_persona, command, tenant=TENANT)


async def enrich(bus: Bus, persona: str, text: v1.Enrichment, **others: Any) -> v1.AcceptedEnrichment:
    command = v1.EnrichPersona(persona_id=persona, enrichment_id=new_id("enr"), enrichment=text)
    return await bus.call(v1.enrich_persona, command, tenant=TENANT, **others)


async def until(bus: Bus, persona: str, wanted: Callable[[v1.Persona], bool]) -> v1.Persona:
    async with asyncio.timeout(30):
        while True:
            found = await bus.call(v1.get_persona, v1.GetPersona(persona_id=persona), tenant=TENANT)
            if wanted(found):
                return found
            await asyncio.sleep(0.05)


async def events(runtime: Runtime, persona: str) -> list[Envelope]:
    return list(await personas_of(runtime).log.read(TENANT, StreamId("persona", persona)))


def settled(persona: v1.Persona) -> bool:
    return persona.enrichment_status in ("completed", "failed")


async def test_a_text_changes_the_persona_and_says_where_it_stands(bus: Bus, runtime: Runtime) -> None:
    made = await create(bus)
    accepted = await enrich(bus, made.id, note())
    assert accepted.status == "processing"
    found = await until(bus, made.id, settled)
    assert found.simulation_ready
    assert found.preferences.must_have_features == ("home_office",)
    assert found.behavioral_traits.buying_urgency == "low"
    assert {(insight.kind, insight.text) for insight in found.insights} == {
        ("must_have", "home office"),
        ("dislikes", "pool"),
        ("trait", "buying_urgency: low"),
    }
    assert all(insight.source in NOTE for insight in found.insights)
    body = v1.PersonaEnriched.model_validate((await events(runtime, made.id))[-1].data)
    assert (body.enrichment_id, body.method, body.enrichment_type) == (accepted.enrichment_id, "rules:2", "interaction")
    assert body.learnt.added == {"must_have_features": ("home_office",)}
    assert body.learnt.withdrawn == {"must_have_features": ("pool",)}
    assert body.interaction is not None
    assert body.interaction.kind == "phone_call"


async def test_enriching_twice_with_the_same_text_changes_nothing(bus: Bus, runtime: Runtime) -> None:
    made = await create(bus)
    first = await enrich(bus, made.id, note())
    done = await until(bus, made.id, settled)
    again = await enrich(bus, made.id, note())
    assert (again.enrichment_id, again.status) == (first.enrichment_id, "completed")
    assert len(await events(runtime, made.id)) == done.version == 3


async def test_the_same_text_at_once_is_read_once(bus: Bus, runtime: Runtime) -> None:
    made = await create(bus)
    accepted = await asyncio.gather(*(enrich(bus, made.id, note()) for _ in range(5)))
    assert len({one.enrichment_id for one in accepted}) == 1
    await until(bus, made.id, settled)
    assert [event.type for event in await events(runtime, made.id)].count("persona.enriched.v1") == 1


async def test_a_redelivered_request_is_read_once(bus: Bus, runtime: Runtime) -> None:
    made = await create(bus)
    await enrich(bus, made.id, note())
    await until(bus, made.id, settled)
    requested = (await events(runtime, made.id))[1]
    runner = EnrichmentRunner(personas_of(runtime), RuleReader(), PersonaSettings(), utc_now)
    await asyncio.gather(*(runner.run(Received(requested, 1, delivered)) for delivered in range(1, 4)))
    assert len(await events(runtime, made.id)) == 3


async def test_a_text_that_came_while_no_reader_ran_is_read_later(settings: Settings, runtime: Runtime) -> None:
    async with serving(settings) as bus:
        made = await create(bus)
    personas = personas_of(runtime)
    command = v1.EnrichPersona(persona_id=made.id, enrichment_id="enr_1", enrichment=note())
    async with serving(settings) as bus:
        await bus.call(v1.enrich_persona, command, tenant=TENANT)
        await until(bus, made.id, settled)
    assert (await personas.load(TENANT, made.id)).state.read == 1


async def test_what_need_not_be_read_at_once_waits_for_the_collective_run(settings: Settings) -> None:
    async with serving(settings, persona_collective_seconds=3600) as bus:
        made = await create(bus)
        await asyncio.sleep(0.3)  # the first round is over
        accepted = await enrich(bus, made.id, note(process_immediately=False))
        assert accepted.status == "queued"
        await enrich(bus, made.id, note("He loves the garden."))
        waiting = await until(bus, made.id, lambda persona: bool(persona.insights))
        assert (waiting.enrichment_status, len(waiting.insights)) == ("processing", 1)
    async with serving(settings) as bus:
        assert len((await until(bus, made.id, settled)).insights) == 4


async def test_a_later_text_wins_over_an_earlier_one(bus: Bus) -> None:
    made = await create(bus)
    await enrich(bus, made.id, note("A garden is a must."))
    await until(bus, made.id, settled)
    await enrich(bus, made.id, note("A garden is a deal breaker."))
    found = await until(bus, made.id, lambda persona: bool(persona.preferences.deal_breakers))
    assert found.preferences.must_have_features == ("pool",)
    assert [(insight.kind, insight.text) for insight in found.insights] == [("deal_breaker", "garden")]


async def test_who_is_not_there_cannot_be_enriched(bus: Bus) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await enrich(bus, "pers_nobody", note())


async def test_a_text_that_says_nothing_teaches_nothing(bus: Bus) -> None:
    made = await create(bus)
    await enrich(bus, made.id, note("We had lunch."))
    assert (await until(bus, made.id, settled)).insights == ()


# The language model


def insights(*items: Mapping[str, Any]) -> str:
    whole = {"kind": "likes", "about": "features", "hedged": False, "explicit": True}
    return json.dumps({"insights": [{**whole, **item} for item in items]})


async def test_a_model_is_believed_where_it_quotes_the_text(settings: Settings, runtime: Runtime) -> None:
    said = insights(
        {"word": "home_office", "kind": "must_have", "quote": "Client needs a home office."},
        {"word": "helipad", "quote": "He dreams of a helipad."},
        {"word": "low", "kind": "trait", "about": "buying_urgency", "quote": "He is in no hurry."},
        {"word": "whenever", "kind": "trait", "about": "buying_urgency", "quote": "He is in no hurry."},
    )
    async with scripted_model(answer=lambda _body: said) as server:
        own = Modelled(
            **settings.model_dump(), llm_base_url=server.url, llm_model="scripted", persona_collective_seconds=0.2
        )
        async with hosted(own, relay, service) as bus:
            made = await create(bus)
            await enrich(bus, made.id, note())
            found = await until(bus, made.id, settled)
    assert [insight.text for insight in found.insights] == ["home office", "buying_urgency: low"]
    body = v1.PersonaEnriched.model_validate((await events(runtime, made.id))[-1].data)
    assert (body.method, body.dropped) == ("llm:scripted", 2)


async def test_a_model_that_fails_is_told_and_not_replaced(settings: Settings, runtime: Runtime) -> None:
    async with scripted_model(answer=lambda _body: "no JSON at all") as server:
        own = Modelled(**settings.model_dump(), llm_base_url=server.url, llm_model="scripted", llm_retries=0)
        async with hosted(own, relay, service) as bus:
            made = await create(bus)
            await enrich(bus, made.id, note())
            found = await until(bus, made.id, settled)
    assert (found.enrichment_status, found.insights) == ("failed", ())
    body = v1.EnrichmentFailed.model_validate((await events(runtime, made.id))[-1].data)
    assert body.code == "LLM_UNREADABLE"


# Sources

PAGE = "<html><body><p>John Smith loves wine cellars.</p></body></html>"


def reachable(url: str) -> dict[str, Any]:
    port = int(url.split(":")[2].split("/")[0])
    return {"persona_private_networks": (ip_network("127.0.0.0/8"),), "persona_source_ports": frozenset({port})}


def sourced(url: str, *, refreshed: bool = False) -> dict[str, Any]:
    return {"enrichment_sources": [{"type": "website", "url": url, "auto_refresh": refreshed}]}


def looked_at(persona: v1.Persona) -> bool:
    return bool(persona.sources) and (persona.sources[0].read_at is not None or persona.sources[0].failures > 0)


async def page(request: web.Request) -> web.StreamResponse:
    if request.path == "/robots.txt":
        return web.Response(status=404)
    return web.Response(text=PAGE, content_type="text/html")


async def test_a_source_is_read_and_taught_from(settings: Settings) -> None:
    async with receiving(always=page) as site, serving(settings, **reachable(site.url)) as bus:
        made = await create(bus, **sourced(site.url, refreshed=True))
        assert (made.enrichment_status, made.simulation_ready) == ("pending", False)
        found = await until(bus, made.id, lambda persona: bool(persona.insights))
        assert found.insights[0].source == "John Smith loves wine cellars."
        (status,) = (await until(bus, made.id, settled)).sources
    assert status.failure is None
    assert status.next_look is not None
    assert status.read_at is not None
    assert status.next_look - status.read_at >= timedelta(hours=1)


async def test_two_replicas_look_once(settings: Settings) -> None:
    async with receiving(always=page) as site:
        ways = reachable(site.url)
        async with serving(settings, **ways) as bus, serving(settings, **ways):
            made = await create(bus, **sourced(site.url))
            await until(bus, made.id, settled)
            await asyncio.sleep(1)
        assert [post.path for post in site.posts] == ["/robots.txt", "/hook"]


async def test_a_failing_source_is_visible_and_waits_longer(settings: Settings, runtime: Runtime) -> None:
    async with receiving(always=503) as site, serving(settings, **reachable(site.url)) as bus:
        made = await create(bus, **sourced(site.url))
        found = await until(bus, made.id, looked_at)
        await asyncio.sleep(0.6)  # two rounds
    (status,) = found.sources
    assert "robots.txt" in (status.failure or "")
    assert status.next_look is not None
    assert status.next_look > utc_now() + timedelta(minutes=4)
    assert (found.enrichment_status, found.simulation_ready) == ("failed", True)
    assert [event.type for event in await events(runtime, made.id)].count("persona.source_read.v1") == 1


async def test_what_is_inside_is_not_looked_at_by_itself(settings: Settings) -> None:
    async with receiving(always=page) as site, serving(settings) as bus:
        made = await create(bus, **sourced(site.url))
        found = await until(bus, made.id, looked_at)
    assert found.sources[0].failure
    assert site.posts == []
