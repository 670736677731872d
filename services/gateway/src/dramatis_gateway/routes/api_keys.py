"""`/v1/api-keys`: the keys of a brokerage, for itself, its teams and its agents."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, StringConstraints

from dramatis_contracts.base import Request as Body
from dramatis_contracts.base import Resource
from dramatis_contracts.gateway.v1 import Tier
from dramatis_contracts.pages import Page
from dramatis_gateway.authentication import bearer
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import Caller, TheBrokerage, TheDoor, answer, answer_page
from dramatis_gateway.keys import key_from, new_key
from dramatis_gateway.models import Id, PageQuery
from dramatis_gateway.projections import KeyOnFile
from dramatis_gateway.tenants import Holder
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])


class NewApiKey(Body):
    """Whose key it shall be. Without `agent_id` and `team_id` it opens all of the brokerage, as the asking key does."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    agent_id: Id | None = None
    team_id: Id | None = None


class ApiKey(Resource):
    """A key that opens the door, without the key. `prefix` is how it begins."""

    id: str
    prefix: str
    tier: Tier
    name: str | None
    agent_id: str | None
    team_id: str | None
    created_at: datetime


class IssuedApiKey(ApiKey):
    """A fresh key."""

    key: str = Field(description="The key itself, shown this once.")


New = Annotated[NewApiKey, Depends(json_body(NewApiKey, "VALIDATION_FAILED"))]


@router.post(
    "",
    status_code=201,
    response_model=IssuedApiKey,
    openapi_extra=described(NewApiKey),
    responses=documented("VALIDATION_FAILED", "CONFLICT", body=True),
)
async def issue_api_key(request: Request, door: TheDoor, caller: TheBrokerage, new: New) -> Response:
    """Issue a key, for the brokerage, a team or an agent. Older keys stay: issue the next, then revoke the last."""
    key = _key(caller, bearer(request.headers.get("authorization")))
    made = await door.tenants.issue(caller.tenant, key, Holder(new.name, new.agent_id, new.team_id))
    headers = {"Location": f"/v1/api-keys/{made.key_id}", "Cache-Control": "no-store"}
    return answer(IssuedApiKey(**_told(made).model_dump(), key=key), 201, headers)


@router.get("", response_model=Page[ApiKey], responses=documented("INVALID_REQUEST"))
async def list_api_keys(
    request: Request, door: TheDoor, caller: TheBrokerage, query: Annotated[PageQuery, Query()]
) -> Response:
    """List the keys that open the door, newest first."""
    skip = (query.page - 1) * query.page_size
    found, total = await door.tenants.list_keys(caller.tenant, skip, query.page_size)
    items = [_told(key) for key in found]
    return answer_page(request, Page[ApiKey](items=items, total=total, page=query.page, page_size=query.page_size))


@router.delete("/{key_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND", "CONFLICT"))
async def revoke_api_key(door: TheDoor, caller: TheBrokerage, key_id: str) -> Response:
    """Revoke a key, at once: its streams end too. The last key of the brokerage itself stays."""
    await door.tenants.revoke(caller.tenant, key_id, keep_one=True)
    door.keys.forget()
    door.feed.revoke(caller.tenant, key_id)
    return Response(status_code=204)


def _key(caller: Caller, asking: str) -> str:
    """A random key, or under an `Idempotency-Key` the same one again, which only the asking key can tell."""
    tier = caller.principal.tier
    return key_from(caller.ids.digest(asking.encode()), tier) if caller.ids.repeatable else new_key(tier)


def _told(key: KeyOnFile) -> ApiKey:
    return ApiKey(
        id=key.key_id,
        prefix=key.prefix,
        tier=key.tier,
        name=key.name,
        agent_id=key.agent_id,
        team_id=key.team_id,
        created_at=key.created_at,
    )
