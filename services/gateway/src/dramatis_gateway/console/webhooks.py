"""`/console/webhooks`: the endpoints of a tenant, how they do, what was sent to them, and sending it again."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args

from fastapi import Query, Response

from dramatis_contracts.notifier import v1
from dramatis_contracts.notifier.terms import DeliveryStatus
from dramatis_gateway.console.routing import PageNumber, TheForm, TheVisit, Visit, console_router
from dramatis_gateway.problems import Problem
from dramatis_kit import Rejected, utc_now

router = console_router()

_ENDPOINTS, _DELIVERIES = 20, 50
_STATUSES = get_args(DeliveryStatus)


class Shown(PageNumber):
    """Which deliveries are shown."""

    status: DeliveryStatus | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint and how it does."""

    webhook: v1.Webhook
    health: v1.Health

    @property
    def state(self) -> str:
        """One word for how it does, which is a class of the style sheet too."""
        if self.webhook.status != "active":
            return "disabled"
        if self.health.circuit != "closed" or self.health.consecutive_failures:
            return "failing"
        return "healthy" if self.health.attempts else "waiting"


@router.get("/webhooks")
async def list_endpoints(visit: TheVisit, query: Annotated[PageNumber, Query()]) -> Response:
    """All endpoints, newest first."""
    found = await visit.caller.ask(v1.list_webhooks, v1.ListWebhooks(page=query.page, page_size=_ENDPOINTS))
    endpoints = await asyncio.gather(*(_with_health(visit, webhook) for webhook in found.items))
    return visit.page("webhooks.html", endpoints=endpoints, found=found)


@router.get("/webhooks/{webhook_id}")
async def show_endpoint(visit: TheVisit, webhook_id: str, query: Annotated[Shown, Query()]) -> Response:
    """One endpoint with what was sent to it."""
    asked = v1.ListDeliveries(webhook_id=webhook_id, page=query.page, page_size=_DELIVERIES, status=query.status)
    webhook, deliveries = await asyncio.gather(
        visit.caller.ask(v1.get_webhook, v1.GetWebhook(webhook_id=webhook_id)),
        visit.caller.ask(v1.list_deliveries, asked),
    )
    return visit.page(
        "webhook.html",
        endpoint=await _with_health(visit, webhook),
        found=deliveries,
        shown=query.status,
        statuses=_STATUSES,
        yesterday=utc_now() - timedelta(days=1),
    )


@router.get("/webhooks/{webhook_id}/deliveries/{delivery_id}")
async def show_delivery(visit: TheVisit, webhook_id: str, delivery_id: str) -> Response:
    """One delivery with every attempt, and what the endpoint answered."""
    webhook, delivery = await asyncio.gather(
        visit.caller.ask(v1.get_webhook, v1.GetWebhook(webhook_id=webhook_id)),
        visit.caller.ask(v1.get_delivery, v1.GetDelivery(webhook_id=webhook_id, delivery_id=delivery_id)),
    )
    return visit.page("delivery.html", webhook=webhook, delivery=delivery)


@router.post("/webhooks/{webhook_id}/{wish}")
async def change_endpoint(visit: TheVisit, fields: TheForm, webhook_id: str, wish: str) -> Response:
    """Enable, disable, send an example, or send what failed again; then the endpoint's page."""
    try:
        notice = await _changed(visit, webhook_id, wish, fields)
    except Rejected as refused:  # by the state of the endpoint, which its page shows
        if refused.code == "NOT_FOUND":
            raise
        notice = f"That was not possible: {refused.message}."
    return await visit.done(notice, f"/console/webhooks/{webhook_id}")


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")
async def replay_delivery(visit: TheVisit, _form: TheForm, webhook_id: str, delivery_id: str) -> Response:
    """Send one delivery again; then its page."""
    await visit.caller.ask(v1.replay_one, v1.ReplayOne(webhook_id=webhook_id, delivery_id=delivery_id))
    address = f"/console/webhooks/{webhook_id}/deliveries/{delivery_id}"
    return await visit.done("The delivery is sent again.", address)


async def _changed(visit: Visit, webhook_id: str, wish: str, fields: dict[str, str]) -> str:
    """Do what is wished for; a notice of it."""
    match wish:
        case "enable" | "disable":
            changes = v1.WebhookChanges(enabled=wish == "enable")
            await visit.caller.ask(v1.update_webhook, v1.UpdateWebhook(webhook_id=webhook_id, changes=changes))
            return f"The endpoint is {wish}d."
        case "test":
            await visit.caller.ask(v1.send_example, v1.SendExample(webhook_id=webhook_id))
            return "An example of persona.created is on its way."
        case "replay-failed":
            return await _replay_failed(visit, webhook_id, fields.get("since", ""))
    raise Problem("NOT_FOUND")


async def _with_health(visit: Visit, webhook: v1.Webhook) -> Endpoint:
    return Endpoint(webhook, await visit.caller.ask(v1.webhook_health, v1.GetHealth(webhook_id=webhook.id)))


async def _replay_failed(visit: Visit, webhook_id: str, since: str) -> str:
    asked = v1.ReplayFailedSince(webhook_id=webhook_id, since=_moment(since))
    replay = await visit.caller.ask(v1.replay_failed_since, asked)
    rest = " There are more: send what failed again once more." if replay.next_since else ""
    return f"Deliveries that are sent again: {replay.replayed:,}.{rest}"


def _moment(text: str) -> datetime:
    """What an `<input type="datetime-local">` says, read as UTC. Raises a 400 `Problem`."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Problem("INVALID_REQUEST", field="since", issue="give a date and a time") from None
