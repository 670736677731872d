"""Endpoints as their owners manage them: settings, rotation, formats, filters, examples, health, replays."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from dramatis_contracts.notifier import v1
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_kit import Rejected, new_id, utc_now
from dramatis_testkit.receiver import Post, receiving

from .webhook_rig import TENANT, Mongo, Rig, call, event, eventually, notifier, place


async def rotated(rig: Rig, webhook: v1.Webhook, command_id: str = "") -> v1.Webhook:
    command = v1.RotateSecret(webhook_id=webhook.id)
    return await rig.handlers.rotate_secret(call(command, command_id=command_id))


@asynccontextmanager
async def answering(text: str) -> AsyncIterator[str]:
    """The address of a receiver that says something."""

    async def say(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    async with receiving(always=say) as receiver:
        yield receiver.url


def verifies(secret: str | None, post: Post) -> bool:
    try:
        Webhook(secret or "").verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return True


async def test_during_a_rotation_receivers_with_either_secret_accept(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        before = await rig.register(receiver.url)
        after = await rotated(rig, before)
        assert before.secret != after.secret
        assert after.previous_secret_expires_at is not None
        await rig.announce(event())
        (post,) = await receiver.got(1)
        assert verifies(before.secret, post)
        assert verifies(after.secret, post)
        third = await rotated(rig, before)
        await rig.announce(event())
        last = (await receiver.got(2))[1]
        assert all(verifies(webhook.secret, last) for webhook in (before, after, third))


async def test_after_the_overlap_only_the_new_secret_signs(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database, webhook_rotation_hours=1e-6) as rig:
        before = await rig.register(receiver.url)
        after = await rotated(rig, before)
        await asyncio.sleep(0.05)
        await rig.announce(event())
        (post,) = await receiver.got(1)
        assert not verifies(before.secret, post)
        assert verifies(after.secret, post)


async def test_a_repeated_rotation_makes_no_further_secret(database: Mongo) -> None:
    async with notifier(database) as rig:
        webhook = await rig.register("http://127.0.0.1:9/")
        first, second = [await rotated(rig, webhook, "cmd_1") for _ in range(2)]
        assert first.secret == second.secret
        for _ in range(4):
            await rotated(rig, webhook)
        with pytest.raises(Rejected, match="CONFLICT"):
            await rotated(rig, webhook)
        found = await rig.handlers.get(call(v1.GetWebhook(webhook_id=webhook.id)))
        assert found.secret is None
        assert found.previous_secret_expires_at is not None
        assert str(first.secret) not in str(await database["commits"].find().to_list())


async def test_an_asymmetric_signature_verifies_with_the_public_key_that_is_shown(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, signing="v1a")
        assert webhook.public_key is not None
        await rig.announce(event())
        (post,) = await receiver.got(1)
        assert verifies(webhook.secret, post)
        signature = post.headers["webhook-signature"].split(" ")[1].removeprefix("v1a,")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(webhook.public_key.removeprefix("whpk_")))
        content = f"{post.message_id}.{post.headers['webhook-timestamp']}.".encode() + post.body
        key.verify(base64.b64decode(signature), content)
        after = await rotated(rig, webhook)
        assert after.previous_public_key == webhook.public_key


async def test_custom_headers_are_sent_and_never_shown(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, headers={"Authorization": "Bearer hush", "X-Office": "Miami"})
        assert webhook.header_names == ("Authorization", "X-Office")
        await rig.announce(event())
        (post,) = await receiver.got(1)
        assert (post.headers["authorization"], post.headers["x-office"]) == ("Bearer hush", "Miami")
        assert "hush" not in str(await database["commits"].find().to_list())
        await rig.update(webhook, headers={"X-Office": "Naples"})
        await rig.announce(event())
        changed = (await receiver.got(2))[1]
        assert changed.headers["x-office"] == "Naples"
        assert "authorization" not in changed.headers


@pytest.mark.parametrize("name", ["Webhook-Signature", "content-type", "Host", "ce-id", "Transfer-Encoding"])
async def test_headers_of_the_protocol_cannot_be_set(database: Mongo, name: str) -> None:
    async with notifier(database) as rig:
        with pytest.raises(Rejected) as refusal:
            await rig.register("http://127.0.0.1:9/", headers={name: "x"})
        assert refusal.value.field == "headers"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "", " a", "ü"])
def test_a_header_value_is_one_line_of_ascii(value: str) -> None:
    with pytest.raises(ValidationError):
        v1.WebhookSettings(url="https://example.com/", events=("*",), headers={"X-A": value})


async def test_the_formats(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        for name in ("cloudevents", "raw"):
            await rig.register(f"{receiver.url}/{name}", payload_format=name)
        await rig.announce(told := event())
        posts = {post.path.rpartition("/")[2]: post for post in await receiver.got(2)}
        envelope = orjson.loads(posts["cloudevents"].body)
        assert posts["cloudevents"].headers["content-type"] == "application/cloudevents+json"
        assert (envelope["specversion"], envelope["id"], envelope["type"]) == ("1.0", told.id, told.type)
        assert envelope["data"] == told.data
        assert "causationid" not in envelope
        assert orjson.loads(posts["raw"].body) == told.data
        assert posts["raw"].headers["ce-type"] == told.type
        assert posts["raw"].headers["ce-id"] == told.id


async def test_subjects_and_kinds_filter(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        await rig.register(receiver.url, "simulation.*", subjects=("sim_1", "sim_2*"))
        wanted = [event(subject=subject) for subject in ("sim_1", "sim_2", "sim_22")]
        others = [event(subject="sim_11"), event("persona.created.v1", subject="sim_1")]
        await rig.announce(*others, *wanted)
        assert {post.message_id for post in await receiver.got(3)} == {one.id for one in wanted}


async def test_a_webhook_that_was_registered_disabled_begins_when_it_is_enabled(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, enabled=False)
        assert (webhook.status, webhook.disabled_by) == ("disabled", "owner")
        await rig.announce(event())
        enabled = await rig.update(webhook, enabled=True)
        assert (enabled.status, enabled.disabled_reason) == ("active", None)
        await rig.announce(event(age=5), later := event())
        (post,) = await receiver.got(1)
        assert post.message_id == later.id


async def test_disabling_stops_what_waits_and_enabling_can_replay_it(database: Mongo) -> None:
    async with receiving([500]) as receiver, notifier(database, webhook_retry_seconds=(60,)) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(told := event())
        await receiver.got(1)
        await rig.update(webhook, enabled=False)
        await rig.delivery(webhook, "stopped")
        failed = v1.ReplayFailedSince(webhook_id=webhook.id, since=utc_now() - timedelta(hours=1))
        with pytest.raises(Rejected, match="disabled"):
            await rig.inspection.replay_failed_since(call(failed))
        await rig.update(webhook, enabled=True)
        assert (await rig.inspection.replay_failed_since(call(failed))).replayed == 1
        delivery = await rig.delivery(webhook, "delivered")
        assert (delivery.replays, [one.status_code for one in delivery.attempts]) == (1, [500, 204])
        assert {post.message_id for post in receiver.posts} == {told.id}


async def test_what_is_absent_from_a_change_stays(database: Mongo) -> None:
    async with notifier(database) as rig:
        webhook = await rig.register("http://127.0.0.1:9/", rate_limit=5.0, description="first")
        changed = await rig.update(webhook, description="second")
        assert (changed.rate_limit, changed.description, changed.url) == (5.0, "second", webhook.url)
        assert (await rig.update(webhook, rate_limit=None)).rate_limit is None
        with pytest.raises(Rejected, match="INVALID_WEBHOOK"):
            await rig.update(webhook, url="http://10.0.0.1/")
        with pytest.raises(Rejected, match="NOT_FOUND"):
            await rig.handlers.update(
                call(v1.UpdateWebhook(webhook_id="wh_none", changes=v1.WebhookChanges(description="x")))
            )


async def test_a_new_address_gets_what_waits(database: Mongo) -> None:
    async with receiving(always=500) as old, receiving() as new, notifier(database) as rig:
        webhook = await rig.register(old.url)
        await rig.announce(event())
        await old.got(1)
        await rig.update(webhook, url=new.url)
        await rig.delivery(webhook, "delivered")
        assert len(new.posts) == 1


async def test_an_example_is_sent_once_also_to_a_disabled_endpoint(database: Mongo) -> None:
    async with receiving([500]) as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url, enabled=False)
        query = v1.SendExample(webhook_id=webhook.id, event="persona.created")
        sent = await rig.inspection.send_example(call(query))
        (post,) = await receiver.got(1)
        assert verifies(webhook.secret, post)
        assert orjson.loads(post.body)["event_type"] == "persona.created"
        delivery = await rig.delivery(webhook, "failed")
        assert (delivery.id, delivery.kind, len(delivery.attempts)) == (sent.id, "test", 1)
        assert (await rig.health(webhook)).consecutive_failures == 0
        with pytest.raises(Rejected, match="no example"):
            await rig.inspection.send_example(call(v1.SendExample(webhook_id=webhook.id, event="persona.unheard_of")))


async def test_the_answer_to_an_example_is_not_kept(database: Mongo) -> None:
    """Whoever tests an address must not read with it what only this network can reach."""

    async with answering("internal") as url, notifier(database) as rig:
        webhook = await rig.register(url)
        sent = await rig.inspection.send_example(call(v1.SendExample(webhook_id=webhook.id)))
        await rig.delivery(webhook, "delivered")
        found = await rig.inspection.get_delivery(call(v1.GetDelivery(webhook_id=webhook.id, delivery_id=sent.id)))
        assert found.attempts[0].response is None


async def test_the_beginning_of_an_answer_is_shown_with_the_delivery_only(database: Mongo) -> None:
    async with answering("x" * 5000) as url, notifier(database) as rig:
        webhook = await rig.register(url)
        await rig.announce(event())
        delivery = await rig.delivery(webhook, "delivered")
        assert delivery.attempts[0].response is None
        query = v1.GetDelivery(webhook_id=webhook.id, delivery_id=delivery.id)
        assert (await rig.inspection.get_delivery(call(query))).attempts[0].response == "x" * 1000
        with pytest.raises(Rejected, match="NOT_FOUND"):
            await rig.inspection.get_delivery(call(query, tenant="brk_2"))


async def test_the_catalogue_tells_each_event_with_schema_and_example(database: Mongo) -> None:
    async with notifier(database) as rig:
        entries = {one.name: one for one in (await rig.handlers.event_types(call(v1.ListEventTypes()))).items}
    created = entries["persona.created"]
    assert created.type == "persona.created.v1"
    assert created.example is not None
    assert created.json_schema is not None
    assert "Produced by" not in created.description
    assert all(one.available == (one.type is not None) for one in entries.values())
    assert all(one.description for one in entries.values())


async def test_an_alert_rule_has_an_endpoint_of_its_own(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        wish: dict[str, Any] = {"webhook_id": "alert_1", "url": receiver.url, "events": ("simulation.completed",)}
        command = v1.Subscribe(**wish, fields={"severity": ("ALERT", "CRITICAL")})
        made = await rig.handlers.subscribe(call(command))
        assert made.origin == "alerts"
        assert (await rig.webhooks()) == []
        assert [one.id for one in (await rig.handlers.list_(call(v1.ListWebhooks(origin="alerts")))).items] == [made.id]
        alert = event(severity="ALERT")
        await rig.announce(event(severity="INFO"), event(), alert)
        (post,) = await receiver.got(1)
        assert post.message_id == alert.id
        again = await rig.handlers.subscribe(call(command))
        assert again.secret == made.secret
        changed = await rig.handlers.subscribe(call(v1.Subscribe(**wish, fields={"severity": ("INFO",)})))
        assert changed.id == made.id
        await rig.announce(info := event(severity="INFO"))
        assert (await receiver.got(2))[1].message_id == info.id
        types = [one.type for one in await EventLog(database).read(TENANT, StreamId("webhook", "alert_1"))]
        assert types == ["webhook.registered.v1", "webhook.updated.v1"]


async def test_health_tells_rate_failures_circuit_and_next_attempt(database: Mongo) -> None:
    quiet = {"webhook_retry_seconds": (60,) * 3, "webhook_circuit_failures": 2, "webhook_circuit_seconds": 50}
    quiet |= {"webhook_circuit_longest_seconds": 60}
    async with receiving([204, 503, 500], always=500) as receiver, notifier(database, **quiet) as rig:
        webhook = await rig.register(receiver.url)
        fresh = await rig.health(webhook)
        assert (fresh.success_rate, fresh.circuit, fresh.pending, fresh.notice) == (None, "closed", 0, None)
        await rig.announce(event())
        await rig.delivery(webhook, "delivered")
        await rig.announce(event())
        await receiver.got(2)
        await rig.announce(event())
        await receiver.got(3)

        async def recorded() -> bool:
            return (await rig.health(webhook)).attempts == 3

        await eventually(recorded)
        health = await rig.health(webhook)
        assert (health.accepted, health.consecutive_failures, health.circuit) == (1, 2, "open")
        assert health.success_rate == pytest.approx(1 / 3)
        assert health.pending == 2
        assert health.failing_since is not None
        assert health.disabled_at == health.failing_since + timedelta(hours=120)
        assert health.next_attempt_at is not None
        assert health.next_attempt_at > utc_now() + timedelta(seconds=30)
        await rig.announce(event())
        await asyncio.sleep(0.2)
        assert len(receiver.posts) == 3  # the circuit is open


async def test_an_owner_is_told_before_an_endpoint_is_disabled(database: Mongo) -> None:
    patience = {"webhook_notice_after_hours": 1e-6, "webhook_retry_seconds": (0.05,) * 6}
    async with receiving(always=503) as receiver, notifier(database, **patience) as rig:
        webhook = await rig.register(receiver.url, "simulation.completed")
        await rig.announce(event())
        await receiver.got(4)

        async def told() -> list[str]:
            events = await EventLog(database).read(TENANT, StreamId("webhook", webhook.id))
            return [one.type for one in events if one.type == "webhook.failing.v1"]

        await eventually(told)
        await rig.delivery(webhook, "failed")
        assert await told() == ["webhook.failing.v1"]
        assert "nothing was accepted since" in ((await rig.health(webhook)).notice or "")


async def test_one_delivery_is_replayed_under_its_id(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(told := event())
        delivery = await rig.delivery(webhook, "delivered")
        await rig.inspection.replay_one(call(v1.ReplayOne(webhook_id=webhook.id, delivery_id=delivery.id)))
        posts = await receiver.got(2)
        assert [post.message_id for post in posts] == [told.id, told.id]
        assert posts[0].body == posts[1].body
        assert (await rig.delivery(webhook, "delivered")).replays == 1
        with pytest.raises(Rejected, match="NOT_FOUND"):
            await rig.inspection.replay_one(call(v1.ReplayOne(webhook_id=webhook.id, delivery_id="none")))


async def test_a_range_is_replayed_and_filtered(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        webhook = await rig.register(receiver.url)
        await database["snapshots.webhook"].update_one({}, {"$set": {"created_at": utc_now() - timedelta(days=1)}})
        events = [event(age=age) for age in (300, 200, 100)]
        await rig.announce(*events)
        await rig.all(webhook, "delivered", 3)
        now = utc_now()
        period = {"since": now - timedelta(seconds=250), "until": now - timedelta(seconds=150)}
        assert [one.event_id for one in await rig.deliveries(webhook, **period)] == [events[1].id]
        assert await rig.deliveries(webhook, status="failed") == []
        assert len(await rig.deliveries(webhook, event="simulation.*")) == 3
        assert await rig.deliveries(webhook, event="persona.created") == []
        replay = await rig.inspection.replay_range(call(v1.ReplayRange(webhook_id=webhook.id, **period)))
        assert (replay.replayed, replay.next_since) == (1, None)
        assert (await receiver.got(4))[3].message_id == events[1].id


async def test_a_range_adds_what_the_endpoint_never_had(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as rig:
        log = rig.stores.webhooks.log
        for version in range(3):
            fact = v1.WebhookDisabled(reason=str(version))
            await log.append(
                TENANT,
                StreamId("webhook", "wh_other"),
                [fact],
                expected_version=version,
                command_id=new_id("cmd"),
                cause=Cause("req_1"),
            )
        webhook = await rig.register(receiver.url, "webhook.disabled")
        wish = v1.ReplayRange(webhook_id=webhook.id, since=utc_now() - timedelta(hours=1), missing=True)
        assert (await rig.inspection.replay_range(call(wish))).added == 3
        await receiver.got(3)
        await rig.all(webhook, "delivered", 3)
        again = await rig.inspection.replay_range(call(wish))
        assert (again.replayed, again.added) == (3, 0)


async def test_all_that_failed_is_replayed_and_nothing_else(database: Mongo) -> None:
    async with receiving([204], always=500) as receiver, notifier(database, webhook_retry_seconds=(0.01,)) as rig:
        webhook = await rig.register(receiver.url)
        await rig.announce(event())
        await rig.delivery(webhook, "delivered")
        failing = [event() for _ in range(5)]
        await rig.announce(*failing)

        async def failed() -> bool:
            return len(await rig.deliveries(webhook, status="failed")) == 5

        await eventually(failed)
        receiver.always = 204
        receiver.posts.clear()
        wish = v1.ReplayFailedSince(webhook_id=webhook.id, since=utc_now() - timedelta(hours=1))
        assert (await rig.inspection.replay_failed_since(call(wish))).replayed == 5
        await rig.all(webhook, "delivered", 6)
        assert {post.message_id for post in receiver.posts} == {one.id for one in failing}


async def test_a_rate_limit_is_kept_by_two_processes_together(database: Mongo) -> None:
    async with receiving() as receiver, notifier(database) as one, notifier(database) as other:
        webhook = await one.register(receiver.url, rate_limit=20)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await asyncio.gather(one.announce(*(event() for _ in range(15))), other.announce(*(event() for _ in range(15))))
        await receiver.got(30, seconds=30)
        # Thirty places, a twentieth of a second apart; what a machine adds only makes it longer.
        assert loop.time() - begin >= 29 / 20 - 0.3
        assert place(webhook).tenant == TENANT
