"""The delivery store on a real MongoDB: claims, leases and what an attempt may change."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.notifier import v1
from dramatis_kit import Document, new_id, utc_now
from dramatis_kit.provisioning import drift_of, provision
from dramatis_notifier.deliveries import ATTEMPTS_KEPT, Attempted, Deliveries, Try
from dramatis_notifier.documents import Delivery, document_of, endpoint_of
from dramatis_notifier.history import History
from dramatis_notifier.payload import message_of
from dramatis_notifier.places import Endpoint
from dramatis_notifier.schedule import Verdict

Mongo = AsyncDatabase[Document]
A, B = Endpoint("brk_1", "wh_a"), Endpoint("brk_1", "wh_b")
LEASE = timedelta(seconds=10)
RETENTION = timedelta(days=30)


def event() -> Envelope:
    return Envelope(
        id=new_id("evt"),
        source="/dramatis/persona",
        type="persona.created.v1",
        subject="pers_1",
        time=utc_now(),
        dataschema="urn:x",
        tenantid="brk_1",
        streamversion=1,
        correlationid="req_1",
        data={},
    )


def attempt(number: int = 0, status: int | None = 500) -> Try:
    return Try(at=utc_now() + timedelta(milliseconds=number), status_code=status, error=None, duration_ms=1.5)


@pytest.fixture
async def deliveries(database: Mongo) -> Deliveries:
    store = Deliveries(database, "one", retention=RETENTION)
    await provision(store.resources())
    return store


async def claimed(store: Deliveries, endpoint: Endpoint = A, at: datetime | None = None) -> list[Delivery]:
    now = at or utc_now()
    return await store.claim(endpoint, 10, now, now + LEASE, ())


async def stored(database: Mongo, endpoint: Endpoint = A) -> v1.Delivery:
    query = v1.ListDeliveries(webhook_id=endpoint.webhook_id)
    (found,) = await History(database).page(query, endpoint.tenant)
    return found


async def enqueue(store: Deliveries, wanted: list[tuple[Envelope, list[Endpoint]]], now: datetime) -> set[Endpoint]:
    """Store deliveries as the announcer does; whose are new."""
    documents = [
        document_of(told, endpoint, message_of(told, "tinytroupe"), now)
        for told, endpoints in wanted
        for endpoint in endpoints
    ]
    return {endpoint_of(document) for document in await store.insert(documents)}


async def test_enqueuing_twice_changes_nothing(deliveries: Deliveries, database: Mongo) -> None:
    wanted = [(event(), [A, B])]
    assert await enqueue(deliveries, wanted, utc_now()) == {A, B}
    before = await stored(database)
    assert await enqueue(deliveries, wanted, utc_now() + LEASE) == set()
    assert await stored(database) == before


async def test_a_claimed_delivery_is_nobody_elses_until_its_lease_ends(deliveries: Deliveries, database: Mongo) -> None:
    other = Deliveries(database, "other", retention=RETENTION)
    await enqueue(deliveries, [(event(), [A])], now := utc_now())
    (mine,) = await claimed(deliveries, at=now)
    assert await claimed(other, at=now) == []
    await deliveries.renew([mine.id], now + 2 * LEASE)
    assert await claimed(other, at=now + LEASE) == []
    (taken_over,) = await claimed(other, at=now + 2 * LEASE)
    assert taken_over == mine


async def test_whoever_lost_a_lease_cannot_give_it_back(deliveries: Deliveries, database: Mongo) -> None:
    other = Deliveries(database, "other", retention=RETENTION)
    await enqueue(deliveries, [(event(), [A])], now := utc_now())
    (mine,) = await claimed(deliveries, at=now)
    await claimed(other, at=now + LEASE)
    await deliveries.release([mine.id], now)
    await deliveries.renew([mine.id], now)
    assert await claimed(deliveries, at=now + LEASE) == []


async def test_an_attempt_is_recorded_once_however_often_it_is_written(deliveries: Deliveries, database: Mongo) -> None:
    await enqueue(deliveries, [(event(), [A])], utc_now())
    (mine,) = await claimed(deliveries)
    due = utc_now() + timedelta(minutes=5)
    once = Attempted(mine, attempt(), Verdict("pending", due))
    for _ in range(3):
        await deliveries.record([once], utc_now())
    assert len((await stored(database)).attempts) == 1
    (again,) = await claimed(deliveries, at=due)
    assert again.failures == 1


async def test_a_late_failure_does_not_undo_a_delivery(deliveries: Deliveries, database: Mongo) -> None:
    await enqueue(deliveries, [(event(), [A])], utc_now())
    (mine,) = await claimed(deliveries)
    await deliveries.record([Attempted(mine, attempt(1, 200), Verdict("delivered"))], utc_now())
    await deliveries.record([Attempted(mine, attempt(2), Verdict("pending", utc_now()))], utc_now())
    found = await stored(database)
    assert (found.status, found.next_attempt_at) == ("delivered", None)
    assert [one.status_code for one in found.attempts] == [200, 500]


async def test_what_arrived_after_all_is_delivered_though_stopped(deliveries: Deliveries, database: Mongo) -> None:
    await enqueue(deliveries, [(event(), [A])], utc_now())
    (mine,) = await claimed(deliveries)
    await deliveries.stop(A, utc_now())
    await deliveries.record([Attempted(mine, attempt(1), Verdict("pending", utc_now()))], utc_now())
    assert (await stored(database)).status == "stopped"
    await deliveries.record([Attempted(mine, attempt(2, 204), Verdict("delivered"))], utc_now())
    assert (await stored(database)).status == "delivered"


async def test_the_list_of_attempts_is_bounded(deliveries: Deliveries, database: Mongo) -> None:
    await enqueue(deliveries, [(event(), [A])], utc_now())
    (mine,) = await claimed(deliveries)
    for number in range(ATTEMPTS_KEPT + 5):
        await deliveries.record([Attempted(mine, attempt(number), Verdict("pending", utc_now()))], utc_now())
    assert len((await stored(database)).attempts) == ATTEMPTS_KEPT
    (again,) = await claimed(deliveries)
    assert again.failures == ATTEMPTS_KEPT + 5


async def test_an_error_text_is_data_and_no_expression(deliveries: Deliveries, database: Mongo) -> None:
    await enqueue(deliveries, [(event(), [A])], utc_now())
    (mine,) = await claimed(deliveries)
    odd = replace(attempt(), error="$status")
    await deliveries.record([Attempted(mine, odd, Verdict("failed"))], utc_now())
    assert (await stored(database)).attempts[0].error == "$status"


async def test_endpoints_with_something_due_come_longest_waiting_first(deliveries: Deliveries, database: Mongo) -> None:
    now = utc_now()
    await enqueue(deliveries, [(event(), [B])], now - LEASE)
    await enqueue(deliveries, [(event(), [A]), (event(), [A])], now)
    assert await deliveries.due_endpoints(now - timedelta(seconds=1)) == [B]
    assert await deliveries.due_endpoints(now) == [B, A]


async def test_the_index_alone_tells_which_endpoints_have_something_due(
    deliveries: Deliveries, database: Mongo
) -> None:
    """A dead endpoint's hundred thousand deliveries must cost one index step, not a hundred thousand."""
    await enqueue(deliveries, [(event(), [A, B]) for _ in range(50)], utc_now())
    stages = deliveries.earliest_due(utc_now())
    command = {"aggregate": "webhook_deliveries", "pipeline": stages, "cursor": {}}
    plan = str(await database.command("explain", command, verbosity="queryPlanner"))
    assert "DISTINCT_SCAN" in plan
    assert "FETCH" not in plan


async def test_a_changed_retention_is_drift_that_provisioning_repairs(deliveries: Deliveries, database: Mongo) -> None:
    assert await drift_of(deliveries.resources()) == []
    longer = Deliveries(database, "one", retention=timedelta(days=60))
    assert [drift.what for drift in await provision(longer.resources())] == [
        "expires after 2592000 s, declared 5184000 s"
    ]
    assert await drift_of(longer.resources()) == []
