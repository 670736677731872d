"""Campaigns under ids, as the printed batch presumes them: kept, listed, changed, tested by id and given up."""

import httpx
import pytest

from .exchanges import completed, posted, several
from .published import differences, example

TEST = example("Marketing Campaign Simulation")
PRINTED = TEST.body["campaign"]
CAMP = "camp_456"


async def test_the_printed_campaign_is_kept_read_changed_and_given_up(door: httpx.AsyncClient) -> None:
    made = await posted(door, "/campaigns", PRINTED | {"id": "camp_1"}, 201)
    assert (made["id"], made["status"], made["channels"]) == ("camp_1", "active", PRINTED["channels"])
    email = PRINTED["messages"]["email"]
    assert {name: made["messages"]["email"][name] for name in email} == email
    assert made["timing"] == {"send_day": ["tuesday", "thursday"], "send_time": ["09:00", "14:00", "18:00"]}
    await posted(door, "/campaigns", PRINTED | {"id": "camp_1"}, 409)
    assert (await door.get("/campaigns/camp_1")).json() == made
    assert (await door.patch("/campaigns/camp_1", json={"name": "Autumn"})).json()["name"] == "Autumn"
    listed = await door.get("/campaigns", params={"channel": "direct_mail", "name": "autumn", "page_size": 5})
    assert [item["id"] for item in listed.json()["items"]] == ["camp_1"]
    assert [listed.headers[name] for name in ("X-Total-Count", "X-Page-Size", "X-Current-Page")] == ["1", "5", "1"]
    assert (await door.delete("/campaigns/camp_1")).status_code == 204
    assert (await door.get("/campaigns/camp_1")).status_code == 404


async def test_a_kept_campaign_is_tested_by_its_id(door: httpx.AsyncClient) -> None:
    await posted(door, "/campaigns", PRINTED | {"id": CAMP}, 201)
    rest = {name: value for name, value in TEST.body.items() if name != "campaign"}
    people = {"target_personas": await several(door, 2)}
    accepted = await posted(door, TEST.path, rest | people | {"campaign_id": CAMP}, 202)
    assert differences(accepted, TEST.answer) == []
    assert (await completed(door, accepted["simulation_id"]))["name"] == PRINTED["name"]
    unknown = await posted(door, TEST.path, rest | people | {"campaign_id": "camp_nowhere"}, 404)
    assert unknown["error"]["details"]["field"] == "campaign_id"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channels": []}, "channels"),
        ({"timing": {"send_day": "someday"}}, "timing.send_day[0]"),
        ({"name": ""}, "name"),
    ],
)
async def test_an_impossible_campaign_is_refused_at_its_field(
    door: httpx.AsyncClient, changes: dict[str, object], field: str
) -> None:
    error = (await posted(door, "/campaigns", PRINTED | changes, 422))["error"]
    assert (error["code"], error["details"]["field"]) == ("INVALID_CAMPAIGN", field)
