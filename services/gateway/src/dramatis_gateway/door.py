"""What a route works with: who asks, and how it asks the services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import orjson
from fastapi import Depends, Header
from pydantic import BaseModel
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from dramatis_bus.bus import Bus
from dramatis_contracts.base import Viewer
from dramatis_contracts.pages import Page
from dramatis_contracts.rpc import Method
from dramatis_eventlog import EventLog
from dramatis_gateway.authentication import KeyRing, Principal, bearer, of_the_brokerage, same_brokerage
from dramatis_gateway.console.sessions import Sessions
from dramatis_gateway.feed import Feed
from dramatis_gateway.health import Readiness
from dramatis_gateway.idempotency import ids_of
from dramatis_gateway.ids import Ids
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.replay import Replay
from dramatis_gateway.settings import GatewaySettings
from dramatis_gateway.tenants import Tenants
from dramatis_gateway.tickets import Tickets
from dramatis_gateway.turnstile import Turnstile, principal_of_request

RequestT = TypeVar("RequestT", bound=BaseModel)
ResponseT = TypeVar("ResponseT", bound=BaseModel)
ItemT = TypeVar("ItemT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Door:
    """Everything that routes need; `app.py` builds it."""

    settings: GatewaySettings
    bus: Bus
    log: EventLog
    keys: KeyRing
    feed: Feed
    replay: Replay
    tickets: Tickets
    turnstile: Turnstile
    tenants: Tenants
    sessions: Sessions
    readiness: Readiness
    metrics: Metrics
    documentation_url: str


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated request."""

    principal: Principal
    request_id: str
    bus: Bus
    ids: Ids = field(default_factory=Ids)

    @property
    def tenant(self) -> str:
        return self.principal.tenant

    @property
    def viewer(self) -> Viewer:
        """Who asks inside the tenant, for services whose objects are not everybody's."""
        return Viewer(agent_id=self.principal.agent_id, team_id=self.principal.team_id)

    async def ask(self, method: Method[RequestT, ResponseT], request: RequestT) -> ResponseT:
        """One call to a service, as this caller's tenant. Raises `Rejected`, `Unavailable` or `Fault`."""
        command_id = self.ids.new("cmd", method.subject)
        return await self.bus.call(
            method, request, tenant=self.tenant, command_id=command_id, correlation_id=self.request_id
        )

    def new_id(self, prefix: str) -> str:
        """An id for what this request makes: the same again when it is repeated under its `Idempotency-Key`."""
        return self.ids.new(prefix)


def door_of(connection: HTTPConnection) -> Door:
    door: Door = connection.app.state.door
    return door


def request_id_of(connection: HTTPConnection) -> str:
    request_id: str = connection.state.request_id
    return request_id


async def caller(
    connection: HTTPConnection,
    x_brokerage_id: Annotated[str | None, Header(description="Must be the key's own brokerage, if given.")] = None,
) -> Caller:
    """Authenticates the request. Raises a `Problem`: 401 or 403."""
    door = door_of(connection)
    principal = principal_of_request(connection)
    if principal is None:
        principal = await door.keys.principal(bearer(connection.headers.get("authorization")))
    same_brokerage(principal, x_brokerage_id)
    return Caller(principal, request_id_of(connection), door.bus, ids_of(connection.scope))


TheDoor = Annotated[Door, Depends(door_of)]
TheCaller = Annotated[Caller, Depends(caller)]


async def brokerage_caller(caller: TheCaller) -> Caller:
    """The caller, with a key of the whole brokerage. Raises a 403 `Problem` for that of an agent or a team."""
    of_the_brokerage(caller.principal)
    return caller


TheBrokerage = Annotated[Caller, Depends(brokerage_caller)]


def answer(body: ResponseT, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


def answer_json(body: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), 200, headers, media_type="application/json")


def answer_page(request: Request, page: Page[ItemT]) -> Response:
    """A page with the headers that say where in the list it stands."""
    headers = {
        "X-Total-Count": str(page.total),
        "X-Page-Size": str(page.page_size),
        "X-Current-Page": str(page.page),
        "Link": _links(request, page),
    }
    return answer(page, headers=headers)


def _links(request: Request, page: Page[ItemT]) -> str:
    last = max(1, -(-page.total // page.page_size))
    numbers = {"first": 1, "prev": page.page - 1, "next": page.page + 1, "last": last}
    return ", ".join(
        f'<{request.url.include_query_params(page=number, page_size=page.page_size)}>; rel="{relation}"'
        for relation, number in numbers.items()
        if 1 <= number <= last
    )
