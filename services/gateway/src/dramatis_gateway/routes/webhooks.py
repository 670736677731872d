"""`/v1/webhooks`: translated into the commands and queries of the notifier."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.notifier import v1
from dramatis_contracts.pages import Page
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer, answer_page
from dramatis_gateway.models import NewWebhook, PageQuery
from dramatis_gateway.validation import json_body
from dramatis_kit import new_id

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Endpoint = Annotated[NewWebhook, Depends(json_body(NewWebhook, "INVALID_WEBHOOK"))]


@router.post(
    "",
    status_code=201,
    response_model=v1.Webhook,
    openapi_extra=described(NewWebhook),
    responses=documented("INVALID_WEBHOOK", body=True),
)
async def register_webhook(caller: TheCaller, endpoint: Endpoint) -> Response:
    """Ask for events at an address. The answer holds the signing secret, this once."""
    command = v1.RegisterWebhook(webhook_id=new_id("wh"), url=endpoint.url, events=endpoint.events)
    webhook = await caller.ask(v1.register_webhook, command)
    return answer(webhook, 201, {"Location": f"/v1/webhooks/{webhook.id}"})


@router.get("", response_model=Page[v1.Webhook], responses=documented("INVALID_REQUEST"))
async def list_webhooks(request: Request, caller: TheCaller, query: Annotated[PageQuery, Query()]) -> Response:
    """List webhook endpoints, newest first."""
    return answer_page(request, await caller.ask(v1.list_webhooks, v1.ListWebhooks(**query.model_dump())))


@router.delete("/{webhook_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND"))
async def remove_webhook(caller: TheCaller, webhook_id: str) -> Response:
    """Ask for no more events."""
    await caller.ask(v1.remove_webhook, v1.RemoveWebhook(webhook_id=webhook_id))
    return Response(status_code=204)


@router.get(
    "/{webhook_id}/deliveries",
    response_model=Page[v1.Delivery],
    responses=documented("INVALID_REQUEST", "NOT_FOUND"),
)
async def list_deliveries(
    request: Request, caller: TheCaller, webhook_id: str, query: Annotated[PageQuery, Query()]
) -> Response:
    """What was sent to an endpoint, newest first, with every attempt."""
    command = v1.ListDeliveries(webhook_id=webhook_id, **query.model_dump())
    return answer_page(request, await caller.ask(v1.list_deliveries, command))
