"""Analytics on the real engines: what is answered follows from the log, however its events came."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dramatis_bus import Bus, Received
from dramatis_contracts.base import EventBody, Viewer
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.persona import v1
from dramatis_contracts.persona.analytics import GetPersonaAnalytics, PersonaAnalytics, get_analytics
from dramatis_contracts.simulation_engine import v1 as simulation
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Rejected, Unavailable, new_id
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_persona.analytics.projections import HISTORY, INTERACTIONS, LISTINGS, MATCHES, PROJECTIONS, SIMULATIONS
from dramatis_persona.analytics.readings import Evidence, Readings
from dramatis_persona.app import service
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import Projection, Projector
from dramatis_projections.rebuild import Rebuild
from dramatis_testkit.envelopes import NOON, some_event
from dramatis_testkit.hosting import hosted

TENANT = "tenant-a"
DAY = timedelta(days=1)


def profile(wants: Sequence[str] = (), refuses: Sequence[str] = (), **parts: Any) -> v1.PersonaProfile:
    preferences = {"must_have_features": list(wants), "deal_breakers": list(refuses)}
    return v1.PersonaProfile.model_validate({"name": "A", "preferences": preferences} | parts)


@pytest.fixture
async def clickhouse(settings: Settings) -> AsyncIterator[ClickHousePool]:
    await provision(migration_resources(settings, "dramatis_persona.analytics"))
    async with ClickHousePool(settings) as pool:
        yield pool


async def project(pool: ClickHousePool, projection: Projection, *events: Envelope) -> None:
    await Projector(pool, projection).handle([Received(event, n) for n, event in enumerate(events)])


def happened(body: EventBody, day: int, version: int, **fields: Any) -> Envelope:
    """To `pers_1`, `day` days after noon."""
    given: dict[str, Any] = {
        "tenantid": TENANT,
        "subject": "pers_1",
        "streamversion": version,
        "time": NOON + day * DAY,
    }
    return some_event(100 + version, body.type, data=body.model_dump(mode="json"), **(given | fields))


def updated(to: v1.PersonaProfile) -> v1.PersonaUpdated:
    return v1.PersonaUpdated(profile=to, changed=("preferences",))


def enriched(
    kind: v1.InteractionKind, on: datetime, to: v1.PersonaProfile | None = None, likes: Sequence[str] = (), **told: Any
) -> v1.PersonaEnriched:
    insights = [{"kind": "likes", "text": word, "source": "A sentence.", "confidence": 0.6} for word in likes]
    return v1.PersonaEnriched.model_validate(
        {
            "enrichment_id": "enr_1",
            "enrichment_type": "interaction",
            "source": "agent_notes",
            "method": "rules-1",
            "new_insights": insights,
            "learnt": {},
            "profile": (to or profile(["pool"])).model_dump(),
            "interaction": {"kind": kind, "happened_at": on} | told,
        }
    )


async def test_evidence_counts_what_each_event_brings(clickhouse: ClickHousePool) -> None:
    events = (
        happened(v1.PersonaCreated(profile=profile(["pool", "garage"], ["traffic"])), 0, 1),
        happened(updated(profile(["pool", "garage", "home gym"], ["traffic"])), 10, 2),
        happened(updated(profile(["pool", "home gym"], ["traffic", "noise"])), 20, 3),
        happened(v1.PersonaDeleted(), 21, 4),
    )
    for event in (*reversed(events), events[1]):
        await project(clickhouse, HISTORY, event)
    async with clickhouse.client() as client:
        found = await Readings(client, TENANT, "pers_1").evidence(NOON + 15 * DAY, NOON + 25 * DAY)
    assert found == (
        Evidence("garage", 1, 0, 1, 1),
        Evidence("home_gym", 1, 0, 1, 0),
        Evidence("noise", 0, 0, 0, 1),
        Evidence("pool", 1, 0, 1, 0),
        Evidence("traffic", 0, 1, 0, 1),
    )


async def test_the_creation_is_where_a_persona_begins(clickhouse: ClickHousePool) -> None:
    await project(clickhouse, HISTORY, happened(v1.PersonaCreated(profile=profile(["pool"])), 0, 1))
    async with clickhouse.client() as client:
        found = await Readings(client, TENANT, "pers_1").evidence(NOON - 5 * DAY, NOON + DAY)
    assert found == (Evidence("pool", 1, 0, 1, 0),)


async def test_only_rows_of_the_persona_are_read_for_it(clickhouse: ClickHousePool) -> None:
    await project(clickhouse, HISTORY, happened(v1.PersonaCreated(profile=profile(["pool"])), 0, 1))
    async with clickhouse.client() as client:
        explained = await client.query(
            "EXPLAIN indexes = 1 SELECT word FROM persona_preference_changes "
            "WHERE tenant = 'tenant-a' AND persona_id = 'pers_1'"
        )
    plan = "\n".join(line for (line,) in explained)
    assert "persona_id" in plan.split("Keys:", 1)[1].split("Condition", 1)[0]


class World:
    """Commits events and gives them positions, as the relay does."""

    def __init__(self, log: EventLog, commits: Any) -> None:
        self.log, self._commits = log, commits
        self.received: list[Received] = []

    async def happen(self, category: str, subject: str, version: int, body: EventBody) -> None:
        command = new_id("cmd")
        stream = StreamId(category, subject)
        cause = Cause("req")
        commit = await self.log.append(
            TENANT, stream, [body], expected_version=version - 1, command_id=command, cause=cause
        )
        position = len(self.received) + 1
        await self._commits.update_one({"commit_id": command}, {"$set": {"pos": position, "relayed": True}})
        self.received += [Received(envelope, position) for envelope in commit.events]


def match_of(*personas: str) -> matching.MatchFound:
    pairs = tuple(matching.MatchedPair(persona_id=p, property_id="prop_1", match_score=0.5) for p in personas)
    return matching.MatchFound(
        kind="property_to_clients",
        sought_for="prop_1",
        minimum_score=0,
        weights={"budget_fit": 1.0},
        matched=len(pairs),
        matches=pairs,
        model_version="match-1",
    )


def focus_group_of(*personas: str) -> simulation.FocusGroupRequested:
    asked = {
        "name": "A study",
        "property": {"id": "prop_1", "price": 1e6},
        "test_scenarios": [{"type": "photo_selection", "options": ["a", "b"]}],
        "persona_configuration": {"mode": "specific", "specific_personas": list(personas)},
    }
    invited = [{"persona_id": persona, "version": 1} for persona in personas]
    data = {"focus_group": asked, "participants": invited, "seed": 1}
    return simulation.FocusGroupRequested.model_validate(data)


async def history(world: World) -> None:
    for n in range(6):
        await world.happen("persona", f"pers_{n}", 1, v1.PersonaCreated(profile=profile(["pool"])))
        await world.happen("property", f"prop_{n}", 1, matching.PropertyListed(listing=matching.Listing(price=1e6)))
        await world.happen("match", f"match_{n}", 1, match_of("pers_0", f"pers_{n + 1}"))
        await world.happen("simulation", f"sim_{n}", 1, focus_group_of("pers_0", f"pers_{n + 1}"))
        await world.happen("persona", f"pers_{n}", 2, enriched("property_viewing", NOON))
    for n in range(0, 6, 2):
        await world.happen("persona", f"pers_{n}", 3, updated(profile(["garden"])))
        await world.happen("persona", f"pers_{n}", 4, v1.PersonaDeleted())


async def rows(pool: ClickHousePool, projection: Projection) -> Sequence[Row]:
    names = ", ".join(projection.columns)
    async with pool.client() as client:
        return await client.query(f"SELECT {names} FROM {projection.table} FINAL ORDER BY ALL")


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
async def test_rebuilt_is_incremental_in_whichever_order_events_came(
    settings: Settings, clickhouse: ClickHousePool, projection: Projection
) -> None:
    async with connect(settings) as mongo:
        world = World(EventLog(mongo[settings.mongo_database]), mongo[settings.mongo_database]["commits"])
        await provision(world.log.resources())
        await history(world)
        mine = [r for r in world.received if r.envelope.service in projection.services]
        for received in (*reversed(mine), *mine[1:5]):
            await Projector(clickhouse, projection).handle([received])
        incremental = await rows(clickhouse, projection)
        await Rebuild(world.log, clickhouse, projection, lambda _progress: None).run()
    assert await rows(clickhouse, projection) == incremental
    assert len(incremental) >= 6


# The query


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, service) as client:
        yield client


async def created(bus: Bus, of: v1.PersonaProfile, persona_id: str = "pers_1") -> str:
    await bus.call(v1.create_persona, v1.CreatePersona(persona_id=persona_id, profile=of), tenant=TENANT)
    return persona_id


async def asked(bus: Bus, tenant: str = TENANT, **fields: Any) -> PersonaAnalytics:
    request = GetPersonaAnalytics.model_validate({"persona_id": "pers_1"} | fields)
    return await bus.call(get_analytics, request, tenant=tenant)


async def recorded_since(settings: Settings, pool: ClickHousePool, projection: Projection) -> None:
    """What the projector would bring, with no relay at work."""
    async with connect(settings) as mongo:
        log = EventLog(mongo[settings.mongo_database])
        events = [event async for event in log.read_category(TENANT, "persona", since=NOON)]
    await project(pool, projection, *events)


TODAY = datetime.now(UTC).date()


async def test_a_persona_of_whom_little_is_known_gets_nulls_with_reasons(bus: Bus) -> None:
    await created(bus, profile())
    found = await asked(bus)
    assert found.period == f"{TODAY - 29 * DAY} to {TODAY}"
    assert found.engagement_metrics is not None
    assert found.engagement_metrics.properties_viewed == 0
    assert found.engagement_metrics.average_interest_score is None
    assert set(found.engagement_metrics.unknown) == {"average_interest_score", "average_match_score"}
    assert found.predictions is not None
    assert found.predictions.purchase_likelihood_30_days is None
    assert len(found.predictions.unknown) == 3
    assert (found.data_up_to, found.current) == (None, False)


async def test_what_a_profile_says_is_predicted_from_and_its_changes_are_told(
    settings: Settings, bus: Bus, clickhouse: ClickHousePool
) -> None:
    first = profile(
        ["pool"],
        demographics={"net_worth_range": "$50M-$100M"},
        behavioral_traits={"buying_urgency": "high"},
    )
    await created(bus, first)
    wants = {"property_types": ["waterfront estate"], "must_have_features": ["pool", "home gym", "Anna's room"]}
    changes = v1.PersonaChanges.model_validate({"preferences": wants})
    await bus.call(v1.update_persona, v1.UpdatePersona(persona_id="pers_1", changes=changes), tenant=TENANT)
    await recorded_since(settings, clickhouse, HISTORY)
    found = await asked(bus)
    assert found.current
    assert found.data_up_to is not None
    evolution = found.preference_evolution
    assert evolution is not None
    assert evolution.new_preferences_detected == ("home_gym", "waterfront_estate")
    assert evolution.preferences_not_named == 1
    assert evolution.preference_strength_changes == pytest.approx({"home_gym": 1 / 3, "waterfront_estate": 1 / 3})
    strength = evolution.estimates["home_gym"]
    assert (strength.start, strength.n) == (0, 1)
    assert strength.low < strength.end < strength.high
    predictions = found.predictions
    assert predictions is not None
    assert predictions.purchase_likelihood_30_days == pytest.approx(0.0488, abs=1e-4)
    assert predictions.preferred_property_type == "waterfront_estate"
    assert predictions.budget_range_estimate == "$7.5M-$30M"
    assert {estimate.calibration for estimate in predictions.estimates.values()} == {"assumed"}
    assert not predictions.unknown


async def test_matches_and_simulations_of_the_period_are_counted_once(bus: Bus, clickhouse: ClickHousePool) -> None:
    await created(bus, profile())
    now = datetime.now(UTC)
    for n, (moment, pair) in enumerate(
        [(now - DAY, "pers_1"), (now, "pers_1"), (now, "pers_2"), (now - 40 * DAY, "pers_1")]
    ):
        match: dict[str, Any] = {"service": "matching", "subject": f"match_{n}", "tenantid": TENANT, "time": moment}
        event = some_event(n, "match.found.v1", data=match_of(pair).model_dump(mode="json"), **match)
        await project(clickhouse, MATCHES, event, event)
    asked_for = focus_group_of("pers_1").model_dump(mode="json")
    sim: dict[str, Any] = {"service": "simulation-engine", "subject": "sim_1", "tenantid": TENANT, "time": now}
    event = some_event(9, simulation.FocusGroupRequested.type, data=asked_for, **sim)
    await project(clickhouse, SIMULATIONS, event, event)
    found = (await asked(bus, metrics=["engagement"])).engagement_metrics
    assert found is not None
    assert (found.matches_found, found.average_match_score, found.simulations_joined) == (1, 0.5, 1)
    assert found.estimates["average_match_score"].n == 1
    assert (await asked(bus, tenant=TENANT, metrics=["engagement"], date_to=TODAY - 20 * DAY)).engagement_metrics


async def test_only_what_was_asked_for_is_answered(bus: Bus) -> None:
    await created(bus, profile())
    found = await asked(bus, metrics=["predictions"])
    assert found.predictions is not None
    assert (found.engagement_metrics, found.preference_evolution) == (None, None)


@pytest.mark.parametrize("tenant", [TENANT, "tenant-b"])
async def test_a_persona_that_is_not_there_is_not_found(bus: Bus, tenant: str) -> None:
    await created(bus, profile())
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await asked(bus, tenant=tenant, persona_id="pers_1" if tenant != TENANT else "pers_2")


async def test_a_deleted_persona_is_not_found(bus: Bus) -> None:
    await created(bus, profile())
    await bus.call(v1.delete_persona, v1.DeletePersona(persona_id="pers_1"), tenant=TENANT)
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await asked(bus)


async def test_what_an_agent_may_not_see_is_not_found(bus: Bus) -> None:
    owner, other = Viewer(agent_id="agent_1"), Viewer(agent_id="agent_2")
    mine = v1.CreatePersona(persona_id="pers_1", profile=profile(visibility="private"), viewer=owner)
    await bus.call(v1.create_persona, mine, tenant=TENANT)
    assert (await asked(bus, viewer=owner)).persona_id == "pers_1"
    with pytest.raises(Rejected, match="NOT_FOUND"):
        await asked(bus, viewer=other)


async def test_without_clickhouse_it_is_unavailable_and_personas_are_not(settings: Settings) -> None:
    async with hosted(settings, service) as bus:
        await created(bus, profile())
    elsewhere = settings.model_copy(update={"clickhouse_url": "http://127.0.0.1:9"})
    provisioned = service.__class__(name=service.name, open=service.open, resources=lambda _runtime: [])
    async with hosted(elsewhere, provisioned) as bus:
        await bus.call(v1.get_persona, v1.GetPersona(persona_id="pers_1"), tenant=TENANT)
        with pytest.raises(Unavailable):
            await asked(bus)


async def test_interactions_count_on_the_day_on_which_they_happened(bus: Bus, clickhouse: ClickHousePool) -> None:
    await created(bus, profile())
    told = [
        enriched("property_viewing", datetime(2024, 1, 1, tzinfo=UTC), property_id="prop_1", interest=0.5),
        enriched("property_viewing", datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC), property_id="prop_2", interest=0.9),
        enriched("offer", datetime(2024, 2, 1, tzinfo=UTC), property_id="prop_1", interest=1.0),
        enriched("showing_request", datetime(2023, 12, 31, 23, 59, tzinfo=UTC), property_id="prop_3", interest=0.1),
    ]
    events = [happened(body, 0, version) for version, body in enumerate(told, 2)]
    for event in (*events, *reversed(events)):
        await project(clickhouse, INTERACTIONS, event)
    found = await asked(bus, date_from=date(2024, 1, 1), date_to=date(2024, 1, 31))
    assert found.period == "2024-01-01 to 2024-01-31"
    engaged = found.engagement_metrics
    assert engaged is not None
    assert (engaged.properties_viewed, engaged.showings_requested, engaged.offers_made) == (2, 0, 0)
    assert engaged.average_interest_score == pytest.approx(0.7)
    assert found.as_of == datetime(2024, 2, 1, tzinfo=UTC)
    assert found.predictions is not None
    assert (
        found.predictions.estimates["purchase_likelihood_30_days"].n == 3
    )  # what came before counts, not what came after


async def test_prices_of_the_day_and_kinds_come_from_the_listings(bus: Bus, clickhouse: ClickHousePool) -> None:
    await created(bus, profile())
    offered = happened(enriched("offer", NOON + DAY, property_id="prop_1"), 1, 2)
    await project(clickhouse, INTERACTIONS, offered)
    for version, (price, day) in enumerate([(40e6, 0), (50e6, 2)], 1):
        listing = matching.Listing(price=price, type="Waterfront Estate")
        body = matching.PropertyListed(listing=listing) if version == 1 else None
        changed = body or matching.PropertyUpdated(listing=listing, changed=("price",))
        event = happened(changed, day, version, id=f"evt_{version}", subject="prop_1", source="/dramatis/matching")
        await project(clickhouse, LISTINGS, event)
    found = (await asked(bus, date_to=(NOON + 5 * DAY).date())).predictions
    assert found is not None
    assert (found.preferred_property_type, found.budget_range_estimate) == ("waterfront_estate", "$36M-$44M")
    assert found.estimates["budget_range_estimate"].n == 1


async def test_a_mention_strengthens_a_preference(bus: Bus, clickhouse: ClickHousePool) -> None:
    await created(bus, profile())
    mentioned = enriched("email", NOON, profile(["pool", "guest house"]), likes=["pool", "guest house"])
    await project(
        clickhouse,
        HISTORY,
        happened(v1.PersonaCreated(profile=profile(["pool"])), 0, 1),
        happened(mentioned, 5, 2),
    )
    found = (await asked(bus, date_from=(NOON + 5 * DAY).date(), date_to=(NOON + 5 * DAY).date())).preference_evolution
    assert found is not None
    assert found.new_preferences_detected == ("guest_house",)
    assert found.preference_strength_changes == pytest.approx({"guest_house": 1 / 3, "pool": 1 / 2 - 1 / 3})
