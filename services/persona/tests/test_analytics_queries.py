"""The queries of the analytics README run, and answer what they say."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dramatis_persona.analytics as package
from dramatis_bus import Received
from dramatis_contracts.envelope import Envelope
from dramatis_kit.provisioning import provision
from dramatis_kit.settings import Settings
from dramatis_persona.analytics.projections import HISTORY, INTERACTIONS, MATCHES, PROJECTIONS
from dramatis_projections.client import ClickHousePool, Row
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import Projector
from dramatis_testkit.envelopes import some_event

README = (Path(str(package.__file__)).parent / "README.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
NOW = datetime.now(UTC)


def profile(*features: str) -> dict[str, Any]:
    return {"name": "A", "preferences": {"must_have_features": list(features)}}


def enriched(kind: str, *features: str) -> dict[str, Any]:
    return {
        "enrichment_id": "enr_1",
        "enrichment_type": "interaction",
        "source": "agent_notes",
        "method": "rules-1",
        "new_insights": [],
        "learnt": {},
        "profile": profile(*features),
        "interaction": {"kind": kind, "happened_at": NOW.isoformat(), "property_id": "prop_1"},
    }


def matched() -> dict[str, Any]:
    pair = {"persona_id": "pers_1", "property_id": "prop_1", "match_score": 0.75}
    run = {"kind": "property_to_clients", "sought_for": "prop_1", "minimum_score": 0, "weights": {}, "matched": 1}
    return run | {"matches": [pair], "model_version": "match-1"}


def event(number: int, kind: str, data: dict[str, Any], **fields: Any) -> Envelope:
    given: dict[str, Any] = {"subject": "pers_1", "streamversion": number, "time": NOW - timedelta(days=4 - number)}
    return some_event(number, kind, data=data, **(given | fields))


@pytest.fixture
async def clickhouse(settings: Settings) -> AsyncIterator[ClickHousePool]:
    await provision(migration_resources(settings, "dramatis_persona.analytics"))
    events = [
        event(1, "persona.created.v1", {"profile": profile("pool")}),
        event(2, "persona.enriched.v1", enriched("property_viewing", "pool", "home gym")),
        event(3, "persona.enriched.v1", enriched("offer", "pool", "home gym")),
    ]
    async with ClickHousePool(settings) as pool:
        for projection in (HISTORY, INTERACTIONS):
            await Projector(pool, projection).handle([Received(each, 1) for each in events])
        run = event(1, "match.found.v1", matched(), subject="match_1", service="matching")
        await Projector(pool, MATCHES).handle([Received(run, 1)])
        yield pool


async def answered(pool: ClickHousePool, query: str) -> list[Row]:
    async with pool.client() as client:
        return await client.query(query)


async def test_what_clients_have_begun_to_want(clickhouse: ClickHousePool) -> None:
    ((word, clients, _),) = await answered(clickhouse, QUERIES[0])
    assert (word, clients) == ("home_gym", 1)


async def test_the_path_from_viewing_to_offer(clickhouse: ClickHousePool) -> None:
    ((_, viewed, requested, bid),) = await answered(clickhouse, QUERIES[1])
    assert (viewed, requested, bid) == (1, 0, 1)


async def test_what_those_who_bid_had_scored(clickhouse: ClickHousePool) -> None:
    ((persona, home, score, _),) = await answered(clickhouse, QUERIES[2])
    assert (persona, home, score) == ("pers_1", "prop_1", 0.75)


def test_every_table_and_consumer_is_in_the_readme() -> None:
    for projection in PROJECTIONS:
        assert f"| `{projection.table}` |" in README
        assert f"`{projection.name}-projector`" in README
