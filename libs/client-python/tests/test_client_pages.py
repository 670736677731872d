"""Lists: read item by item, page by page, or one page only."""

import asyncio
import datetime as dt
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from dramatis_testkit.receiver import Receiver
from tinytroupe_client import APIResponseValidationError, AsyncTinyTroupeClient, TinyTroupeClient

TOTAL = 5


def listing(number: int) -> dict[str, object]:
    return {"id": f"prop_{number}", "price": 1e6, "status": "listed"}


async def numbered(request: web.Request) -> web.StreamResponse:
    """Pages by number, as the platform makes them; the links name a host that is not there."""
    page, size = int(request.query.get("page", 1)), int(request.query.get("page_size", 2))
    items = [listing(n) for n in range(TOTAL)][(page - 1) * size : page * size]
    links = f'<http://elsewhere.invalid/v1/properties?page=1&page_size={size}>; rel="first"'
    if page * size < TOTAL:
        links += f', <http://elsewhere.invalid/v1/properties?page={page + 1}&page_size={size}&type=a%20b>; rel="next"'
    body = {"items": items, "total": TOTAL, "page": page, "page_size": size}
    return web.json_response(body, headers={"Link": links})


async def positioned(request: web.Request) -> web.StreamResponse:
    """Pages by position, as the event feed makes them."""
    at = int(request.query.get("cursor", 0))
    event: dict[str, object] = {
        "id": f"evt_{at}",
        "type": "persona.created.v1",
        "subject": "pers_1",
        "source": "/dramatis/persona",
    }
    event |= {"time": "2026-01-15T10:30:00Z", "data": {}}
    link = f'<{request.url.with_query(cursor=at + 1)}>; rel="next"' if at < 2 else ""
    return web.json_response({"items": [event], "cursor": str(at + 1), "has_more": at < 2}, headers={"Link": link})


async def test_a_list_is_read_item_by_item_over_all_pages(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.always = numbered
    found = [one.id async for one in client.properties.list(page_size=2, type="a b")]
    assert found == [f"prop_{n}" for n in range(TOTAL)]
    assert [parse_qs(post.query) for post in server.posts] == [
        {"page_size": ["2"], "type": ["a b"]},
        {"page": ["2"], "page_size": ["2"], "type": ["a b"]},
        {"page": ["3"], "page_size": ["2"], "type": ["a b"]},
    ]
    assert {post.headers["host"] for post in server.posts} == {server.url.split("/")[2]}


async def test_the_synchronous_list_does_the_same(blocking: TinyTroupeClient, server: Receiver) -> None:
    server.always = numbered
    listed = blocking.properties.list(page_size=2)
    assert [one.id for one in await asyncio.to_thread(list, listed)] == [f"prop_{n}" for n in range(TOTAL)]
    pages = await asyncio.to_thread(lambda: list(listed.pages()))
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert (await asyncio.to_thread(listed.first_page)).total == TOTAL


async def test_a_page_knows_its_place(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.always = numbered
    page = await client.properties.list(page=2, page_size=2).first_page()
    assert [one.id for one in page.items] == ["prop_2", "prop_3"]
    assert (page.total, page.number, page.page_size, page.has_next, page.cursor) == (TOTAL, 2, 2, True, None)
    pages = [page async for page in client.properties.list(page=2, page_size=2).pages()]
    assert [page.has_next for page in pages] == [True, False]


async def test_nothing_is_fetched_that_is_not_read(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.always = numbered
    listed = client.properties.list(page_size=2)
    assert server.posts == []
    async for _ in listed:
        break
    assert len(server.posts) == 1


async def test_a_list_by_position_ends_with_its_last_position(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.always = positioned
    pages = [page async for page in client.events.list(types=["persona.*", "match.found"], limit=1).pages()]
    assert [page.items[0].id for page in pages] == ["evt_0", "evt_1", "evt_2"]
    assert (pages[-1].cursor, pages[-1].has_next, pages[-1].total) == ("3", False, None)
    assert parse_qs(server.posts[0].query) == {"types": ["persona.*,match.found"], "limit": ["1"]}


async def test_times_and_truths_are_written_as_the_api_reads_them(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    server.always = positioned
    at = dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)
    await client.request("GET", "/x", given={"since": at, "day": at.date(), "on": True, "none": None, "n": 1.5})
    assert parse_qs(server.posts[0].query) == {
        "since": ["2026-01-02T03:00:00+00:00"],
        "day": ["2026-01-02"],
        "on": ["true"],
        "n": ["1.5"],
    }


async def test_an_item_of_another_form_is_said(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response({"items": [{"id": "prop_1"}]})]
    with pytest.raises(APIResponseValidationError):
        await client.properties.list().first_page()


async def test_the_raw_response_of_a_list_is_that_of_its_page(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.always = numbered
    response = await client.with_raw_response(client.properties.list().first_page)()
    assert "elsewhere.invalid" in response.headers["link"]
    assert response.parsed.total == TOTAL


async def test_metrics_are_joined_and_days_are_written_out(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response({"persona_id": "pers_1", "period": "2026-01-01 to 2026-01-31"})]
    await client.personas.analytics(
        "pers_1", date_from=dt.date(2026, 1, 1), date_to="2026-01-31", metrics=["engagement", "predictions"]
    )
    assert parse_qs(server.posts[0].query) == {
        "date_from": ["2026-01-01"],
        "date_to": ["2026-01-31"],
        "metrics": ["engagement,predictions"],
    }
