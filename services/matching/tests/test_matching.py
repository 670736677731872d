"""Matching on the real engines: what ClickHouse answers is what the rules say, however the events came."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from statistics import mean
from typing import Any

import pytest

from dramatis_bus import Bus, Received
from dramatis_contracts.base import EventBody, Viewer
from dramatis_contracts.matching import v1
from dramatis_contracts.persona import v1 as persona
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Rejected, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_matching.app import PROJECTIONS, service
from dramatis_matching.facts import Client, Home, client_of, home_of
from dramatis_matching.match_runs import criteria_of, pool_of
from dramatis_matching.projections import PERSONAS, PROPERTIES
from dramatis_matching.scoring import TERMS, Ranking, Scorer, Where
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import Projection, Projector
from dramatis_projections.rebuild import Rebuild
from dramatis_testkit.envelopes import some_event
from dramatis_testkit.hosting import hosted

TENANT = "tenant-a"
TOWER = v1.Listing(price=30e6, type="penthouse", locations=("Manhattan",), features=("pool", "study"))
WISHES: dict[str, Any] = {
    "demographics": {"net_worth_range": "$100M"},
    "preferences": {
        "property_types": ["penthouse"],
        "preferred_locations": ["Manhattan"],
        "must_have_features": ["home office", "pool", "garden", "garage"],
    },
    "behavioral_traits": {"buying_urgency": "high", "price_sensitivity": "high"},
}


@pytest.fixture
async def clickhouse(settings: Settings) -> AsyncIterator[ClickHousePool]:
    await provision(migration_resources(settings, "dramatis_matching"))
    async with ClickHousePool(settings) as pool:
        yield pool


async def project(pool: ClickHousePool, who: dict[str, dict[str, Any]], tenant: str = TENANT) -> None:
    """Personas by id, as their creation would bring them."""
    events = [
        some_event(
            n,
            "persona.created.v1",
            tenantid=tenant,
            subject=name,
            streamversion=1,
            data={"profile": {"name": name} | profile},
        )
        for n, (name, profile) in enumerate(who.items())
    ]
    await Projector(pool, PERSONAS).handle([Received(event, 1) for event in events])


async def ranked(pool: ClickHousePool, listing: v1.Listing = TOWER, **asked: Any) -> Ranking:
    request = v1.PropertyToClients.model_validate({"property_id": "prop_1"} | asked)
    criteria = criteria_of(request.matching_criteria, request.output_options)
    return await Scorer(pool).clients(TENANT, home_of(listing), criteria, pool_of(request.client_pool))


async def test_a_score_is_what_the_rules_say_and_its_terms_sum_to_it(clickhouse: ClickHousePool) -> None:
    await project(clickhouse, {"pers_1": WISHES})
    (best,) = (await ranked(clickhouse)).best
    expected = {
        "preference_match": 2.5 / 3,
        "behavioral_fit": 1 - 0.75 * 0.3,
        "timing_alignment": 0.75,
        "budget_fit": 1,
    }
    assert best.values == pytest.approx(expected)
    assert best.parts == {
        "preference_match": 3333,
        "behavioral_fit": 2325,
        "timing_alignment": 1500,
        "budget_fit": 1000,
    }
    assert best.score == sum(best.parts.values())


async def test_what_is_unknown_is_null_and_earns_nothing(clickhouse: ClickHousePool) -> None:
    await project(clickhouse, {"pers_1": {}})
    (best,) = (await ranked(clickhouse)).best
    assert set(best.values.values()) == {None}
    assert best.score == 0


async def test_deal_breakers_exclude_and_are_counted(clickhouse: ClickHousePool) -> None:
    refusing = {"preferences": WISHES["preferences"] | {"deal_breakers": ["swimming pools"]}}
    await project(clickhouse, {"pers_1": WISHES | refusing, "pers_2": WISHES})
    ranking = await ranked(clickhouse)
    assert (ranking.pool, ranking.excluded, ranking.matched) == (2, 1, 1)
    assert [scored.id for scored in ranking.best] == ["pers_2"]


async def test_the_best_come_first_and_equals_in_the_order_of_their_ids(clickhouse: ClickHousePool) -> None:
    some = WISHES | {"behavioral_traits": {}}
    await project(clickhouse, {"pers_3": WISHES, "pers_1": some, "pers_2": WISHES, "pers_4": {}})
    ranking = await ranked(clickhouse, output_options={"max_results": 3})
    assert [scored.id for scored in ranking.best] == ["pers_2", "pers_3", "pers_1"]
    assert ranking.matched == 4
    above = await ranked(clickhouse, matching_criteria={"minimum_score": 0.8})
    assert (above.matched, [scored.id for scored in above.best]) == (2, ["pers_2", "pers_3"])


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ({}, {"rich", "modest", "unknown"}),
        ({"source": "team"}, {"rich", "modest"}),
        ({"source": "brokerage"}, {"rich"}),
        ({"filters": {"min_net_worth": 50e6}}, {"rich"}),
        ({"filters": {"actively_looking": True}}, {"rich"}),
        ({"filters": {"actively_looking": False}}, {"modest"}),
        ({"filters": {"preferred_locations": ["NYC", "the Hamptons"]}}, {"modest"}),
    ],
)
async def test_a_pool_holds_who_is_known_to_meet_its_filters(
    clickhouse: ClickHousePool, pool: dict[str, Any], expected: set[str]
) -> None:
    modest = {
        "visibility": "team",
        "demographics": {"net_worth_range": "$40M-$60M"},
        "preferences": {"preferred_locations": ["Hamptons"]},
        "behavioral_traits": {"buying_urgency": "low"},
    }
    await project(clickhouse, {"rich": WISHES | {"visibility": "brokerage"}, "modest": modest, "unknown": {}})
    await project(clickhouse, {"stranger": WISHES}, tenant="tenant-b")
    assert {scored.id for scored in (await ranked(clickhouse, client_pool=pool)).best} == expected


def by_hand(client: Client, home: Home) -> list[float | None] | None:
    """The values of the terms in plain Python, in the order of `TERMS`; None for a deal breaker."""
    if set(client.breakers) & {*home.words, *home.places}:
        return None
    likes = []
    if client.types and (home.kind or set(client.types) & set(home.words)):
        likes.append(float(bool(set(client.types) & set(home.words))))
    if client.places and (home.placed or set(client.places) & set(home.places)):
        likes.append(float(bool(set(client.places) & set(home.places))))
    if client.musts and home.features:
        likes.append(len(set(client.musts) & set(home.words)) / len(client.musts))
    if client.styles and home.styles:
        likes.append(float(bool(set(client.styles) & set(home.styles))))
    behaves, budget = [], None
    if client.worth is not None:
        share = home.price / client.worth
        budget = max(0.0, min(1.0, (1 - share) / (1 - 0.3)))
        if client.sensitivity is not None:
            behaves.append(1 - client.sensitivity * min(1.0, share))
    if client.risk is not None and home.risks:
        behaves.append(client.risk)
    return [mean(likes) if likes else None, mean(behaves) if behaves else None, client.urgency, budget]


def made_up(random: Random) -> dict[str, Any]:
    """A profile in which anything may be missing."""
    some = ["pool", "garden", "library", "auction", "penthouse", "estate", "Manhattan", "modern", "rustic", "garage"]
    lists = ("property_types", "preferred_locations", "must_have_features", "deal_breakers", "style_preferences")
    levels = [None, "very_low", "low", "moderate", "high", "very_high"]
    traits = ("buying_urgency", "price_sensitivity", "risk_tolerance")
    return {
        "demographics": {"net_worth_range": random.choice([None, "$20M", "$30M-$90M", ">$100M", "<$10M"])},
        "preferences": {name: random.sample(some, random.choice([0, 1, 1, 3])) for name in lists},
        "behavioral_traits": {name: random.choice(levels) for name in traits},
    }


@pytest.mark.parametrize("seed", range(4))
async def test_clickhouse_scores_as_plain_python_does_in_both_directions(clickhouse: ClickHousePool, seed: int) -> None:
    random = Random(seed)  # test data
    words = ["pool", "garden", "library", "auction", "rustic", "modern"]
    listing = v1.Listing(
        price=random.choice([5e6, 30e6]),
        type=random.choice([None, "penthouse", "estate"]),
        address=random.choice([None, "1 Main Street, Manhattan"]),
        locations=tuple(random.sample(["Manhattan", "Aspen"], seed % 2)),
        features=tuple(random.sample(words, seed)),
        styles=tuple(random.sample(["modern", "rustic"], seed % 3)),
    )
    people = {f"pers_{n}": made_up(random) for n in range(100)}
    await project(clickhouse, people)
    ranking = await ranked(clickhouse, listing, output_options={"max_results": 100})
    clients = {name: client_of(profile(**given)) for name, given in people.items()}
    expected = {name: by_hand(client, home_of(listing)) for name, client in clients.items()}
    found = {scored.id: [scored.values[term] for term in TERMS] for scored in ranking.best}
    assert ranking.excluded == sum(values is None for values in expected.values())
    assert set(found) == {name for name, values in expected.items() if values is not None}
    for name, values in found.items():
        assert values == pytest.approx(expected[name]), name
    await same_from_the_other_side(clickhouse, listing, clients, ranking)


async def same_from_the_other_side(
    clickhouse: ClickHousePool, listing: v1.Listing, clients: dict[str, Client], ranking: Ranking
) -> None:
    event = some_event(1, "property.listed.v1", tenantid=TENANT, data=v1.PropertyListed(listing=listing).model_dump())
    await Projector(clickhouse, PROPERTIES).handle([Received(event, 1)])
    criteria = criteria_of(v1.MatchingCriteria(), v1.OutputOptions())
    for scored in ranking.best[:10]:
        (home,) = (await Scorer(clickhouse).homes(TENANT, clients[scored.id], criteria, Where())).best
        assert (home.score, home.values) == (scored.score, scored.values)


async def test_the_longest_listing_and_the_strangest_words_can_be_matched(clickhouse: ClickHousePool) -> None:
    longest = tuple(f"{n:03}" + "\u9f98" * 197 for n in range(200))
    strange = ("it's", "back\\slash", "{x:String}", "tab\there", "null\0", "'); DROP TABLE matching_personas; --", "%s")
    await project(clickhouse, {"pers_1": {"preferences": {"must_have_features": list(strange)}}})
    for features in (longest, strange):
        listing = TOWER.model_copy(update={"features": features, "locations": longest[:20]})
        ((best),) = (await ranked(clickhouse, listing)).best
        assert best.values["preference_match"] == (1.0 if features == strange else 0.0)


class World:
    """Commits events and gives them positions, as the relay does."""

    def __init__(self, log: EventLog, commits: Any) -> None:
        self.log, self._commits = log, commits
        self.received: list[Received] = []

    async def happen(self, category: str, subject: str, version: int, body: EventBody) -> None:
        command = new_id("cmd")
        commit = await self.log.append(
            TENANT,
            StreamId(category, subject),
            [body],
            expected_version=version - 1,
            command_id=command,
            cause=Cause("req"),
        )
        position = len(self.received) + 1
        await self._commits.update_one({"commit_id": command}, {"$set": {"pos": position, "relayed": True}})
        self.received += [Received(envelope, position) for envelope in commit.events]


def profile(**parts: Any) -> persona.PersonaProfile:
    return persona.PersonaProfile.model_validate({"name": "A"} | parts)


async def history(world: World) -> None:
    for n in range(12):
        await world.happen("persona", f"pers_{n}", 1, persona.PersonaCreated(profile=profile(**WISHES)))
        await world.happen("property", f"prop_{n}", 1, v1.PropertyListed(listing=TOWER))
    for n in range(0, 12, 2):
        changed = persona.PersonaUpdated(profile=profile(visibility="team"), changed=("visibility",))
        await world.happen("persona", f"pers_{n}", 2, changed)
        cheaper = TOWER.model_copy(update={"price": 1e6})
        await world.happen("property", f"prop_{n}", 2, v1.PropertyUpdated(listing=cheaper, changed=("price",)))
    for n in range(0, 12, 4):
        await world.happen("persona", f"pers_{n}", 3, persona.PersonaDeleted())
        await world.happen("property", f"prop_{n}", 3, v1.PropertyWithdrawn())


async def rows(pool: ClickHousePool, projection: Projection) -> Sequence[Row]:
    async with pool.client() as client:
        return await client.query(f"SELECT {', '.join(projection.columns)} FROM {projection.table} FINAL ORDER BY id")


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
async def test_rebuilt_is_incremental_in_whichever_order_events_came(
    settings: Settings, clickhouse: ClickHousePool, projection: Projection
) -> None:
    async with connect(settings) as mongo:
        world = World(EventLog(mongo[settings.mongo_database]), mongo[settings.mongo_database]["commits"])
        await provision(world.log.resources())
        await history(world)
        mine = [r for r in world.received if r.envelope.service in projection.services]
        for received in (*reversed(mine), *mine[5:20]):
            await Projector(clickhouse, projection).handle([received])
        incremental = await rows(clickhouse, projection)
        await Rebuild(world.log, clickhouse, projection, lambda _progress: None).run()
    assert await rows(clickhouse, projection) == incremental
    assert len(incremental) == 12
    assert sum(row[3] for row in incremental) == 3  # those that are gone stay gone


NORTH = {"agent_id": "ann", "team_id": "north"}


async def test_an_agent_is_shown_the_clients_that_it_sees_elsewhere(clickhouse: ClickHousePool) -> None:
    created = [
        persona.PersonaCreated(profile=profile(visibility=visibility, **WISHES), created_by=persona.Owner(**NORTH))
        for visibility in ("private", "team", "brokerage")
    ]
    await Projector(clickhouse, PERSONAS).handle([happened(f"pers_{n}", 1, body) for n, body in enumerate(created)])
    shown = {
        (source, viewer.agent_id): await pool_size(clickhouse, source, viewer)
        for source in ("brokerage", "team", "agent")
        for viewer in (Viewer(), Viewer(**NORTH), Viewer(agent_id="ben", team_id="north"), Viewer(agent_id="cat"))
    }
    assert [shown["brokerage", who] for who in (None, "ann", "ben", "cat")] == [1, 1, 1, 1]
    assert [shown["team", who] for who in (None, "ann", "ben", "cat")] == [2, 2, 2, 1]
    assert [shown["agent", who] for who in (None, "ann", "ben", "cat")] == [3, 3, 2, 1]


async def test_an_archived_client_is_matched_again_once_restored_and_an_enriched_one_by_what_was_learnt(
    clickhouse: ClickHousePool,
) -> None:
    whole = profile(**WISHES)
    learnt = persona.PersonaEnriched(
        enrichment_id="enr_1",
        enrichment_type="notes",
        source="agent_notes",
        method="rules-1",
        new_insights=(),
        learnt=persona.Learnt(),
        profile=whole.model_copy(update={"preferences": persona.Preferences(must_have_features=("helipad",))}),
    )
    seen = []
    events = [
        persona.PersonaCreated(profile=whole),
        persona.PersonaArchived(),
        persona.PersonaRestored(profile=whole),
        learnt,
    ]
    for version, body in enumerate(events, 1):
        await Projector(clickhouse, PERSONAS).handle([happened("pers_1", version, body)])
        seen.append(await pool_size(clickhouse, "agent", Viewer()))
    assert seen == [1, 0, 1, 1]
    known = await Scorer(clickhouse).client_facts(TENANT, ["pers_1"])
    assert known["pers_1"].musts == ("helipad",)


def happened(persona_id: str, version: int, body: EventBody) -> Received:
    """A published event of a persona."""
    data = body.model_dump(mode="json")
    event = some_event(version, body.type, tenantid=TENANT, subject=persona_id, streamversion=version, data=data)
    return Received(event, version)


async def pool_size(pool: ClickHousePool, source: str, viewer: Viewer) -> int:
    asked = v1.ClientPool.model_validate({"source": source})
    criteria = criteria_of(v1.MatchingCriteria(), v1.OutputOptions())
    return (await Scorer(pool).clients(TENANT, home_of(TOWER), criteria, pool_of(asked, viewer))).pool


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, service) as client:
        yield client


async def test_a_run_that_found_somebody_is_a_fact_once(
    settings: Settings, bus: Bus, clickhouse: ClickHousePool
) -> None:
    await bus.call(v1.list_property, v1.ListProperty(property_id="prop_1", listing=TOWER), tenant=TENANT)
    await project(clickhouse, {"pers_1": WISHES})
    ask = v1.MatchClients(property_id="prop_1")
    first = await bus.call(v1.match_clients, ask, tenant=TENANT, command_id="cmd_1")
    again = await bus.call(v1.match_clients, ask, tenant=TENANT, command_id="cmd_1")
    assert first == again
    (match,) = first.matches
    assert match.reasoning is not None
    assert sum(term.contribution for term in match.reasoning.terms) == pytest.approx(match.match_score)
    async with connect(settings) as mongo:
        recorded = await EventLog(mongo[settings.mongo_database]).read(TENANT, StreamId("match", first.match_run_id))
    (found,) = recorded
    assert (found.type, found.data["matches"][0]["persona_id"]) == ("match.found.v1", "pers_1")


async def test_a_run_that_found_nobody_is_no_fact(settings: Settings, bus: Bus) -> None:
    await bus.call(v1.list_property, v1.ListProperty(property_id="prop_1", listing=TOWER), tenant=TENANT)
    nobody = await bus.call(v1.match_clients, v1.MatchClients(property_id="prop_1"), tenant=TENANT)
    assert (nobody.pool, nobody.matches) == (0, ())
    async with connect(settings) as mongo:
        assert not await EventLog(mongo[settings.mongo_database]).read(TENANT, StreamId("match", nobody.match_run_id))


@pytest.mark.parametrize("tenant", [TENANT, "tenant-b"])
async def test_a_property_that_is_not_there_is_not_found(bus: Bus, tenant: str) -> None:
    await bus.call(v1.list_property, v1.ListProperty(property_id="prop_1", listing=TOWER), tenant=TENANT)
    wanted = "prop_1" if tenant != TENANT else "prop_2"
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await bus.call(v1.match_clients, v1.MatchClients(property_id=wanted), tenant=tenant)


async def test_it_is_healthy(bus: Bus) -> None:
    async with asyncio.timeout(30):
        while (await bus.health_of("matching")).status != "ok":
            await asyncio.sleep(0.05)
