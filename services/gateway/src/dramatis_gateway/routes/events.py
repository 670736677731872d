"""`/v1/events`: the log of the tenant's events, by page or as a stream of server-sent events."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from dramatis_contracts.registry import EVENT_TYPES, UPCASTERS
from dramatis_gateway.authentication import Principal, of_the_brokerage, same_brokerage
from dramatis_gateway.cursors import BadCursor, cursor_of, position_of
from dramatis_gateway.describe import documented
from dramatis_gateway.door import Door, TheBrokerage, TheDoor, caller
from dramatis_gateway.following import Following, jittered
from dramatis_gateway.models import EventList, EventPageQuery, EventQuery, EventStreamQuery
from dramatis_gateway.origins import admit_origin, readable_by
from dramatis_gateway.problems import Problem
from dramatis_gateway.streams import EventStream
from dramatis_gateway.subscribers import Wanted
from dramatis_gateway.tickets import Admission

router = APIRouter(prefix="/v1/events", tags=["events"])

_KNOWN = sorted({*EVENT_TYPES, *UPCASTERS})
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("", response_model=EventList, responses=documented("INVALID_REQUEST"))
async def list_events(
    request: Request, door: TheDoor, caller: TheBrokerage, query: Annotated[EventPageQuery, Query()]
) -> Response:
    """The tenant's events in the order of the log. `Link: rel="next"` and `cursor` lead on."""
    after = resume_position(caller.tenant, query.cursor, "cursor") or 0
    # One more than asked for tells whether there are more.
    found = await door.log.read_feed(
        caller.tenant, after=after, limit=query.limit + 1, types=exact_types(query.types), subject=query.subject
    )
    page, has_more = found[: query.limit], len(found) > query.limit
    cursor = cursor_of(caller.tenant, page[-1][0] if page else after)
    items = b",".join(envelope.model_dump_json().encode() for _, envelope in page)
    body = b'{"items":[%b],"cursor":%b,"has_more":%b}' % (items, orjson.dumps(cursor), orjson.dumps(has_more))
    headers = {"X-Page-Size": str(query.limit)}
    if has_more:
        headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
    return Response(body, headers=headers, media_type="application/json")


@router.get("/stream", response_class=Response, responses=_STREAM | documented("INVALID_REQUEST"))
async def stream_events(
    request: Request,
    door: TheDoor,
    query: Annotated[EventStreamQuery, Query()],
    last_event_id: Annotated[str | None, Header(description="The `id:` of the last event that arrived.")] = None,
    x_brokerage_id: Annotated[str | None, Header()] = None,
) -> Response:
    """The tenant's events as they happen: `event:` is the type, `data:` the envelope, `id:` the position.

    The event `gap` says that what was missed is older than a stream reaches: the pages of the log have it.
    A `ticket` of `POST /v1/stream-tickets` serves browsers, which cannot send the `Authorization` header here.
    """
    admission = await _admission(request, door, query.ticket, x_brokerage_id)
    principal = admission.principal
    field = "Last-Event-ID" if last_event_id else "last_event_id"
    following = await follow(door, principal, query, last_event_id or query.last_event_id, field)
    return EventStream(following, door.metrics, readable_by(admission))


async def _admission(request: Request, door: Door, ticket: str | None, brokerage_id: str | None) -> Admission:
    if ticket is None:
        return Admission((await caller(request, brokerage_id)).principal)
    admission = await door.tickets.redeem(ticket)
    await door.turnstile.count(request, admission.principal)
    admit_origin(request, door.settings.gateway_allowed_origins, admission)
    same_brokerage(admission.principal, brokerage_id)
    return admission


async def follow(door: Door, principal: Principal, query: EventQuery, cursor: str | None, field: str) -> Following:
    """A follower that has its place. Raises a `Problem`: 400 for an unknown cursor (`field`) or type, 403."""
    of_the_brokerage(principal)
    after = resume_position(principal.tenant, cursor, field)
    wanted = Wanted(principal.tenant, exact_types(query.types), query.subject)
    if after is not None and not await door.replay.known(after):
        raise Problem("INVALID_REQUEST", field=field, issue="this position is not known: the log ends before it")
    subscriber = door.feed.open(wanted, principal.key_id)
    return Following(door.feed, door.replay, subscriber, after, jittered(door.settings.gateway_sse_heartbeat))


def exact_types(names: str | None) -> frozenset[str]:
    """The event types that a client's comma-separated names mean; empty for all. Raises a 400 `Problem`."""
    found: set[str] = set()
    for name in (names or "").split(",") if names else ():
        meant = {known for known in _KNOWN if _means(name, known)}
        if not meant:
            raise Problem("INVALID_REQUEST", field="types", issue=f"there is no event type {name}")
        found |= meant
    return frozenset(found) if "*" not in (names or "").split(",") else frozenset()


def _means(name: str, known: str) -> bool:
    aggregate, _, _ = known.partition(".")
    return name in ("*", known, known.rpartition(".")[0], f"{aggregate}.*")


def resume_position(tenant: str, cursor: str | None, field: str) -> int | None:
    """The position that a cursor stands for. Raises a 400 `Problem` for one that is not this tenant's."""
    if not cursor:
        return None
    try:
        return position_of(tenant, cursor)
    except BadCursor:
        raise Problem("INVALID_REQUEST", field=field, issue="this is not a position of your events") from None
