"""`/v1/webhooks` and `/v1/event-types`: translated into the commands and queries of the notifier."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.notifier import v1
from dramatis_contracts.pages import Page
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheBrokerage, TheCaller, answer, answer_page
from dramatis_gateway.models import DeliveryQuery, ExampleQuery, PageQuery, ReplayRequest
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1", tags=["webhooks"])

NewWebhook = Annotated[v1.WebhookSettings, Depends(json_body(v1.WebhookSettings, "INVALID_WEBHOOK"))]
Changes = Annotated[v1.WebhookChanges, Depends(json_body(v1.WebhookChanges, "INVALID_WEBHOOK"))]
Replayed = Annotated[ReplayRequest, Depends(json_body(ReplayRequest, "INVALID_WEBHOOK"))]


@router.get("/event-types", response_model=v1.EventTypes, responses=documented())
async def list_event_types(caller: TheCaller) -> Response:
    """The events that a webhook can ask for: what each means, its JSON Schema and an example."""
    return answer(await caller.ask(v1.list_event_types, v1.ListEventTypes()))


@router.post(
    "/webhooks",
    status_code=201,
    response_model=v1.Webhook,
    openapi_extra=described(v1.WebhookSettings),
    responses=documented("INVALID_WEBHOOK", body=True),
)
async def register_webhook(caller: TheBrokerage, webhook: NewWebhook) -> Response:
    """Ask for events at an address. The answer holds the signing secret, this once."""
    command = v1.RegisterWebhook(webhook_id=caller.new_id("wh"), **webhook.model_dump())
    made = await caller.ask(v1.register_webhook, command)
    return answer(made, 201, {"Location": f"/v1/webhooks/{made.id}"})


@router.get("/webhooks", response_model=Page[v1.Webhook], responses=documented("INVALID_REQUEST"))
async def list_webhooks(request: Request, caller: TheBrokerage, query: Annotated[PageQuery, Query()]) -> Response:
    """List webhook endpoints, newest first."""
    return answer_page(request, await caller.ask(v1.list_webhooks, v1.ListWebhooks(**query.model_dump())))


@router.get("/webhooks/{webhook_id}", response_model=v1.Webhook, responses=documented("NOT_FOUND"))
async def get_webhook(caller: TheBrokerage, webhook_id: str) -> Response:
    """Read one webhook endpoint, without its secret."""
    return answer(await caller.ask(v1.get_webhook, v1.GetWebhook(webhook_id=webhook_id)))


@router.patch(
    "/webhooks/{webhook_id}",
    response_model=v1.Webhook,
    openapi_extra=described(v1.WebhookChanges),
    responses=documented("NOT_FOUND", "INVALID_WEBHOOK", body=True),
)
async def update_webhook(caller: TheBrokerage, webhook_id: str, changes: Changes) -> Response:
    """Change the fields that are given; the others stay. `enabled` stops and resumes deliveries."""
    command = v1.UpdateWebhook(webhook_id=webhook_id, changes=changes)
    return answer(await caller.ask(v1.update_webhook, command))


@router.delete("/webhooks/{webhook_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND"))
async def remove_webhook(caller: TheBrokerage, webhook_id: str) -> Response:
    """Ask for no more events."""
    await caller.ask(v1.remove_webhook, v1.RemoveWebhook(webhook_id=webhook_id))
    return Response(status_code=204)


@router.post(
    "/webhooks/{webhook_id}/rotate-secret",
    response_model=v1.Webhook,
    responses=documented("NOT_FOUND", "INVALID_WEBHOOK"),
)
async def rotate_secret(caller: TheBrokerage, webhook_id: str) -> Response:
    """Make a new signing secret; the answer holds it, this once. For a day deliveries carry both signatures."""
    return answer(await caller.ask(v1.rotate_secret, v1.RotateSecret(webhook_id=webhook_id)))


@router.post(
    "/webhooks/{webhook_id}/test",
    status_code=202,
    response_model=v1.Delivery,
    responses=documented("NOT_FOUND", "INVALID_REQUEST", "INVALID_WEBHOOK"),
)
async def send_example(caller: TheBrokerage, webhook_id: str, query: Annotated[ExampleQuery, Query()]) -> Response:
    """Send an example of an event, once. What became of it is among the endpoint's deliveries."""
    delivery = await caller.ask(v1.send_example, v1.SendExample(webhook_id=webhook_id, event=query.event))
    return _accepted(delivery)


@router.get("/webhooks/{webhook_id}/health", response_model=v1.Health, responses=documented("NOT_FOUND"))
async def webhook_health(caller: TheBrokerage, webhook_id: str) -> Response:
    """How an endpoint does: success rate, failures since the last success, circuit and next attempt."""
    return answer(await caller.ask(v1.webhook_health, v1.GetHealth(webhook_id=webhook_id)))


@router.post(
    "/webhooks/{webhook_id}/replay",
    status_code=202,
    response_model=v1.Replay,
    openapi_extra=described(ReplayRequest),
    responses=documented("NOT_FOUND", "INVALID_WEBHOOK", body=True),
)
async def replay(caller: TheBrokerage, webhook_id: str, wanted: Replayed) -> Response:
    """Send a range again, under the same message ids. If `next_since` is set, ask again from there on."""
    if wanted.what == "failed":
        failed = v1.ReplayFailedSince(webhook_id=webhook_id, since=wanted.since, until=wanted.until)
        return answer(await caller.ask(v1.replay_failed_since, failed), 202)
    command = v1.ReplayRange(
        webhook_id=webhook_id, since=wanted.since, until=wanted.until, missing=wanted.what == "everything"
    )
    return answer(await caller.ask(v1.replay_range, command), 202)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    response_model=Page[v1.Delivery],
    responses=documented("INVALID_REQUEST", "NOT_FOUND"),
)
async def list_deliveries(
    request: Request, caller: TheBrokerage, webhook_id: str, query: Annotated[DeliveryQuery, Query()]
) -> Response:
    """What was sent to an endpoint, newest first, with every attempt."""
    command = v1.ListDeliveries(webhook_id=webhook_id, **query.model_dump())
    return answer_page(request, await caller.ask(v1.list_deliveries, command))


@router.get(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/attempts",
    response_model=v1.Delivery,
    responses=documented("NOT_FOUND"),
)
async def get_delivery(caller: TheBrokerage, webhook_id: str, delivery_id: str) -> Response:
    """One delivery with every attempt, and the beginning of what the endpoint answered."""
    query = v1.GetDelivery(webhook_id=webhook_id, delivery_id=delivery_id)
    return answer(await caller.ask(v1.get_delivery, query))


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    response_model=v1.Delivery,
    responses=documented("NOT_FOUND", "CONFLICT", "INVALID_WEBHOOK"),
)
async def replay_one(caller: TheBrokerage, webhook_id: str, delivery_id: str) -> Response:
    """Send one delivery again, under the same message id."""
    command = v1.ReplayOne(webhook_id=webhook_id, delivery_id=delivery_id)
    return _accepted(await caller.ask(v1.replay_one, command))


def _accepted(delivery: v1.Delivery) -> Response:
    place = f"/v1/webhooks/{delivery.webhook_id}/deliveries/{delivery.id}/attempts"
    return answer(delivery, 202, {"Location": place})
