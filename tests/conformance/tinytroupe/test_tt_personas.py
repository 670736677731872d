"""Personas as published: created, read, listed by page and filter, changed, put aside and deleted."""

import re
from typing import Any

import httpx
import pytest

from dramatis_kit import new_id

from .conftest import Brokerage
from .exchanges import JOHN, as_printed, created, posted, somebody, source_of_its_own
from .published import differences, example, printed

CREATE = example("Create Persona")
LINK = re.compile(r'<([^>]+)>;\s*rel="(\w+)"')


def links(answer: httpx.Response) -> dict[str, str]:
    return {relation: address for address, relation in LINK.findall(answer.headers["link"])}


def place(answer: httpx.Response) -> tuple[int, int, int]:
    """The total, the page size and the page, as the headers say."""
    total, size, page = (int(answer.headers[name]) for name in ("X-Total-Count", "X-Page-Size", "X-Current-Page"))
    return total, size, page


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize("body", CREATE.bodies(), ids=lambda body: body["visibility"])
async def test_a_persona_is_created_as_printed_in_each_visibility(door: httpx.AsyncClient, body: Any) -> None:
    named = body | {"name": new_id("john"), "enrichment_sources": [source_of_its_own()]}
    answer = await as_printed(door, CREATE, named)
    for field in ("status", "enrichment_status", "simulation_ready"):
        assert answer[field] == CREATE.answer[field]


async def test_the_printed_body_itself_is_created_once_and_the_same_person_is_a_conflict(
    door: httpx.AsyncClient,
) -> None:
    first = await door.post("/personas", json=JOHN)
    assert differences(first.json(), CREATE.answer) == []
    assert first.headers["location"].endswith(f"/personas/{first.json()['id']}")
    again = await door.post("/personas", json=JOHN)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "DUPLICATE_PERSONA")


async def test_all_that_was_sent_is_read_again(door: httpx.AsyncClient) -> None:
    sent = somebody(enrichment_sources=[source_of_its_own()])
    made = await posted(door, "/personas", sent, 201)
    found = (await door.get(f"/personas/{made['id']}")).json()
    assert {name: found[name] for name in sent} == sent
    assert {name: found[name] for name in ("id", "created_at", "status")} == {
        name: made[name] for name in ("id", "created_at", "status")
    }


async def test_pages_follow_their_links_and_show_everybody_once(door: httpx.AsyncClient) -> None:
    segment = new_id("segment")
    made = [await created(door, segments=[segment]) for _ in range(7)]
    answer = await door.get("/personas", params={"segment": segment, "page_size": 3})
    pages = [ids(answer)]
    assert place(answer) == (7, 3, 1)
    assert httpx.URL(links(answer)["last"]).params["page"] == "3"
    while following := links(answer).get("next"):
        answer = await door.get(following)
        pages.append(ids(answer))
        assert place(answer) == (7, 3, len(pages))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(one for page in pages for one in page) == sorted(made)


async def test_a_page_holds_fifty_unless_told_otherwise(door: httpx.AsyncClient) -> None:
    assert (await door.get("/personas")).headers["X-Page-Size"] == "50"
    assert 'rel="next"' in printed("Pagination")
    assert 'rel="last"' in (await door.get("/personas")).headers["Link"]


async def test_a_list_is_filtered_by_segment_visibility_and_status(door: httpx.AsyncClient) -> None:
    segment = new_id("segment")
    shared = await created(door, segments=[segment])
    private = await created(door, segments=[segment], visibility="private")
    away = await created(door, segments=[segment])
    await posted(door, f"/personas/{away}/archive", None, 200)
    for query, wanted in (
        ({}, {shared, private}),
        ({"visibility": "private"}, {private}),
        ({"visibility": "team"}, set()),
        ({"status": "active"}, {shared, private}),
        ({"status": "archived"}, {away}),
    ):
        assert set(ids(await door.get("/personas", params=query | {"segment": segment}))) == wanted
    assert ids(await door.get("/personas", params={"segment": "nobody"})) == []


@pytest.mark.parametrize(
    "query", [{"visibility": "secret"}, {"status": "asleep"}, {"page": "0"}, {"page_size": "x"}, {"colour": "red"}]
)
async def test_a_parameter_of_the_wrong_form_is_a_bad_request(door: httpx.AsyncClient, query: dict[str, str]) -> None:
    refused = await door.get("/personas", params=query)
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, next(iter(query)))


async def test_a_change_replaces_what_is_given_and_nothing_else(door: httpx.AsyncClient) -> None:
    persona = await created(door)
    before = (await door.get(f"/personas/{persona}")).json()
    changes = {"visibility": "team", "demographics": {"age_range": "35-45"}}
    answer = await door.patch(f"/personas/{persona}", json=changes)
    assert answer.status_code == 200
    after = (await door.get(f"/personas/{persona}")).json()
    assert answer.json() == after
    assert (after["visibility"], after["demographics"]["age_range"]) == ("team", "35-45")
    assert after["demographics"]["occupation"] is None
    assert {name: after[name] for name in ("name", "preferences", "behavioral_traits")} == {
        name: before[name] for name in ("name", "preferences", "behavioral_traits")
    }


async def test_an_archived_persona_can_be_restored(door: httpx.AsyncClient) -> None:
    persona = await created(door)
    archived = await posted(door, f"/personas/{persona}/archive", None, 200)
    assert archived["status"] == "archived"
    assert (await posted(door, f"/personas/{persona}/restore", None, 200))["status"] == "active"


async def test_a_deleted_persona_is_gone(door: httpx.AsyncClient) -> None:
    persona = await created(door)
    deleted = await door.delete(f"/personas/{persona}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await door.get(f"/personas/{persona}")).status_code == 404
    assert persona not in ids(await door.get("/personas", params={"page_size": 200}))


async def test_another_brokerage_sees_none_of_it(door: httpx.AsyncClient, stranger: Brokerage) -> None:
    persona = await created(door)
    async with stranger.client() as theirs:
        answers = [
            await theirs.get(f"/personas/{persona}"),
            await theirs.patch(f"/personas/{persona}", json={"visibility": "team"}),
            await theirs.delete(f"/personas/{persona}"),
            await theirs.post(f"/personas/{persona}/archive"),
            await theirs.post(f"/personas/{persona}/enrich", json=example("Enrich Persona").bodies()[0]),
            await theirs.get(f"/personas/{persona}/analytics"),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert ids(await theirs.get("/personas")) == []


async def test_an_agents_private_persona_is_hidden_from_a_colleague(
    door: httpx.AsyncClient, brokerage: Brokerage
) -> None:
    agent, colleague = [
        (await posted(door, "/api-keys", {"agent_id": new_id("agt"), "team_id": "coast"}, 201))["key"] for _ in range(2)
    ]
    async with (
        brokerage.client(Authorization=f"Bearer {agent}") as one,
        brokerage.client(Authorization=f"Bearer {colleague}") as other,
    ):
        for visibility, status in (("private", 404), ("team", 200), ("brokerage", 200)):
            persona = await created(one, visibility=visibility)
            assert (await one.get(f"/personas/{persona}")).status_code == 200
            assert (await other.get(f"/personas/{persona}")).status_code == status
