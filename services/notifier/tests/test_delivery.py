"""Deliveries on a real MongoDB to a real HTTP receiver; `standardwebhooks` verifies."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from dramatis_contracts.notifier import v1
from dramatis_eventlog import Cause
from dramatis_kit import Rejected, utc_now
from dramatis_notifier.documents import document_of
from dramatis_notifier.payload import message_of
from dramatis_testkit.receiver import never, receiving

from .webhook_rig import TENANT, Mongo, call, event, eventually, notifier, place


async def test_an_event_arrives_signed_and_is_recorded(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, "simulation.completed")
        told = event()
        await rig.announce(told, event("persona.created.v1"))
        (post,) = await receiver.got(1)
        assert webhook.secret is not None
        payload = Webhook(webhook.secret).verify(post.body, post.headers)
        assert payload["event_type"] == "simulation.completed"
        assert payload["data"]["details"] == {"name": "Penthouse × 2"}
        assert post.message_id == told.id
        assert post.headers["content-type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + "A" * 44).verify(post.body, post.headers)
        delivery = await rig.delivery(webhook, "delivered")
        assert (delivery.event_id, delivery.next_attempt_at) == (told.id, None)
        assert [attempt.status_code for attempt in delivery.attempts] == [204]
    assert len(receiver.posts) == 1


async def test_a_repeated_event_is_delivered_once(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        told = event()
        await rig.announce(told, told)
        await rig.delivery(webhook, "delivered")
        await rig.announce(told)
        await rig.announce(told, other := event())
        await receiver.got(2)
        assert [post.message_id for post in receiver.posts] == [told.id, other.id]


async def test_a_receiver_that_fails_twice_gets_it_the_third_time_under_the_same_id(database: Mongo) -> None:
    async with receiving([500, 503]) as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(told := event())
        delivery = await rig.delivery(webhook, "delivered")
        assert [attempt.status_code for attempt in delivery.attempts] == [500, 503, 204]
        assert {post.message_id for post in receiver.posts} == {told.id}
        assert len({post.body for post in receiver.posts}) == 1
        for post in receiver.posts:
            Webhook(webhook.secret or "").verify(post.body, post.headers)


async def test_a_delivery_fails_visibly_when_its_retries_are_used_up(database: Mongo) -> None:
    async with receiving(always=500) as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(event())
        delivery = await rig.delivery(webhook, "failed")
        assert len(delivery.attempts) == 4
        assert delivery.next_attempt_at is None
        assert (await rig.webhooks())[0].status == "active"


async def test_a_receiver_that_hangs_meets_the_deadline(database: Mongo) -> None:
    async with receiving([never]) as receiver, notifier(database, webhook_deadline_seconds=0.2) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(event())
        delivery = await rig.delivery(webhook, "delivered")
        assert delivery.attempts[0].status_code is None
        assert delivery.attempts[0].error == "no answer within 0.2 s"


async def test_a_redirect_is_a_failure_and_is_not_followed(database: Mongo) -> None:
    async with receiving() as elsewhere, receiving() as receiver, notifier(database) as rig:
        receiver.answers = [web.Response(status=307, headers={"Location": elsewhere.url})]
        webhook = await rig.register(receiver.url)
        await rig.announce(event())
        delivery = await rig.delivery(webhook, "delivered")
        assert [attempt.status_code for attempt in delivery.attempts] == [307, 204]
        assert delivery.attempts[0].error == "redirects are not followed"
        assert elsewhere.posts == []


async def test_gone_disables_the_endpoint_and_stops_what_waits_for_it(database: Mongo) -> None:
    async with receiving([500, 410]) as receiver, notifier(database, webhook_in_flight_per_endpoint=1) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(*(event() for _ in range(3)))

        async def disabled() -> bool:
            return (await rig.webhooks())[0].status == "disabled"

        await eventually(disabled)

        async def stopped() -> bool:
            return not [one for one in await rig.deliveries(webhook) if one.status == "pending"]

        await eventually(stopped)
        assert sorted(one.status for one in await rig.deliveries(webhook)) == ["failed", "stopped", "stopped"]
        await rig.announce(event())
        assert len(await rig.deliveries(webhook)) == 3
    assert len(receiver.posts) == 2


async def test_an_endpoint_that_failed_for_too_long_is_disabled(database: Mongo) -> None:
    patience = {"webhook_disable_after_hours": 1e-6, "webhook_retry_seconds": (0.02,)}
    async with receiving(always=500) as receiver, notifier(database, **patience) as rig:
        await rig.register(receiver.url)
        await rig.announce(event())

        async def disabled() -> bool:
            return (await rig.webhooks())[0].status == "disabled"

        await eventually(disabled)


async def test_one_hanging_endpoint_does_not_delay_another(database: Mongo) -> None:
    limits = {"webhook_in_flight": 8, "webhook_in_flight_per_endpoint": 4, "webhook_deadline_seconds": 30}
    async with receiving([204], always=never) as dead, receiving() as alive, notifier(database, **limits) as rig:
        webhook = await rig.register(dead.url)
        await rig.announce(event())
        await rig.delivery(webhook, "delivered")
        await rig.announce(*(event() for _ in range(20)))
        await dead.got(5)
        await rig.register(alive.url)
        await rig.announce(*(event() for _ in range(20)))
        await alive.got(20)
        assert (dead.most_at_once, len(dead.posts)) == (4, 5)


async def test_many_deliveries_of_one_endpoint_keep_to_its_places(database: Mongo) -> None:
    async def slowly(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return web.Response(status=200, text="thanks")

    limits = {"webhook_in_flight_per_endpoint": 3, "webhook_claimed_per_endpoint": 10}
    async with receiving(always=slowly) as receiver, notifier(database, **limits) as rig:
        await rig.register(receiver.url)
        told = [event() for _ in range(60)]
        await rig.announce(*told)
        await receiver.got(60)
        assert receiver.most_at_once == 3
        assert {post.message_id for post in receiver.posts} == {one.id for one in told}


async def test_too_many_requests_hold_the_endpoint_back(database: Mongo) -> None:
    overloaded = web.Response(status=429, headers={"Retry-After": "3600"})
    async with receiving([overloaded]) as receiver, notifier(database, webhook_in_flight_per_endpoint=1) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(*(event() for _ in range(3)))

        async def held_back() -> bool:
            waiting = [one.next_attempt_at for one in await rig.deliveries(webhook)]
            return all(at and at > utc_now() + timedelta(minutes=50) for at in waiting)

        await eventually(held_back)
        await rig.announce(event())
        await asyncio.sleep(0.2)  # several looks for due deliveries
        assert len(receiver.posts) == 1


async def test_a_removed_webhook_gets_nothing_more(database: Mongo) -> None:
    async with receiving([500], always=500) as receiver, notifier(database, webhook_retry_seconds=(60,)) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(event())
        await receiver.got(1)
        await rig.handlers.remove(call(v1.RemoveWebhook(webhook_id=webhook.id)))
        await rig.delivery(webhook, "stopped")
        await rig.announce(event())
        assert len(await rig.deliveries(webhook)) == 1
        assert await rig.webhooks() == []
        assert await database["webhook_secrets"].count_documents({}) == 0


async def test_a_removal_in_another_process_takes_effect(database: Mongo) -> None:
    async with receiving([500]) as receiver, notifier(database, webhook_retry_seconds=(1.5,)) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(event())
        await receiver.got(1)
        async with notifier(database) as other:
            command = v1.RemoveWebhook(webhook_id=webhook.id)
            await other.stores.webhooks.handle(TENANT, webhook.id, command, command_id="c", cause=Cause("req_1"))
        await rig.delivery(webhook, "stopped")
        assert len(receiver.posts) == 1


async def test_only_events_from_its_registration_on(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        await rig.register(receiver.url)
        await rig.announce(event(age=1), told := event(), event(tenant="brk_2"))
        await receiver.got(1)
        await rig.announce(later := event())
        await receiver.got(2)
        assert [post.message_id for post in receiver.posts] == [told.id, later.id]


async def test_events_beyond_the_retention_are_not_announced_again(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        await database["snapshots.webhook"].update_one({}, {"$set": {"created_at": utc_now() - timedelta(days=90)}})
        await rig.announce(event(age=86_400 * 31), told := event())
        await receiver.got(1)
        assert [one.event_id for one in await rig.deliveries(webhook)] == [told.id]


async def test_what_another_process_enqueued_goes_out_too(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        told = event()
        await rig.stores.deliveries.insert(
            [document_of(told, place(webhook), message_of(told, "tinytroupe"), utc_now())]
        )
        await receiver.got(1)


async def test_a_stopped_worker_gives_back_what_it_did_not_send(database: Mongo) -> None:
    async with receiving(always=never) as receiver:
        async with notifier(database, webhook_deadline_seconds=30) as rig:
            await rig.register(receiver.url)
            await rig.announce(*(event() for _ in range(20)))
            await receiver.got(1)  # it has not proven itself
        receiver.always = 204
        async with notifier(database):
            await receiver.got(21)
    assert len({post.message_id for post in receiver.posts}) == 20


async def test_two_processes_share_the_work_without_repeating_it(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as one, notifier(database) as other:
        webhook = await one.register(receiver.url)
        told = [event() for _ in range(100)]
        await asyncio.gather(one.announce(*told[:50]), other.announce(*told[50:]))

        await one.all(webhook, "delivered", 100)
        await asyncio.gather(one.announce(*told[50:]), other.announce(*told[:50]))
        assert len(receiver.posts) == 100


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://user:pw@example.com/", "http://[::ffff:127.0.0.1]/"])
async def test_a_refused_registration_stores_nothing(database: Mongo, url: str) -> None:
    async with notifier(database) as rig:
        with pytest.raises(Rejected, match="INVALID_WEBHOOK"):
            await rig.register(url)
        with pytest.raises(Rejected, match="INVALID_WEBHOOK"):
            await rig.register("http://127.0.0.1:1/", "no.such_event")
    for name in ("commits", "webhook_secrets", "snapshots.webhook"):
        assert await database[name].count_documents({}) == 0
