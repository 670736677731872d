"""Who may look at the console and who may act in it: over HTTP, without a browser's good manners."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from dramatis_testkit.platforms import RunningPlatform

TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
async def browser(platform: RunningPlatform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=20) as client:
        yield client


def token_in(page: httpx.Response) -> str:
    found = TOKEN.search(page.text)
    assert found, page.text
    return found[1]


async def sign_in(browser: httpx.AsyncClient, key: str, **more: str) -> httpx.Response:
    form = {"csrf": token_in(await browser.get("/console/sign-in")), "api_key": key, **more}
    return await browser.post("/console/sign-in", data=form)


async def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(
    browser: httpx.AsyncClient, platform: RunningPlatform
) -> None:
    asked = await browser.get("/console/webhooks/wh_1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/console/sign-in?next=%2Fconsole%2Fwebhooks%2Fwh_1")
    assert 'value="/console/webhooks/wh_1"' in (await browser.get(asked.headers["location"])).text
    entered = await sign_in(browser, platform.api_key, next="/console/webhooks/wh_1")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/webhooks/wh_1")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/console/", "/console//evil", "/v1/personas"]
)
async def test_nobody_is_sent_elsewhere_after_signing_in(
    browser: httpx.AsyncClient, platform: RunningPlatform, elsewhere: str
) -> None:
    entered = await sign_in(browser, platform.api_key, next=elsewhere)
    assert entered.headers["location"] == "/console/webhooks"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: httpx.AsyncClient, platform: RunningPlatform
) -> None:
    entered = await sign_in(browser, platform.api_key)
    (cookie,) = [made for made in entered.headers.get_list("set-cookie") if made.startswith("dramatis_console=")]
    attributes = {attribute.strip().lower() for attribute in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/console"} <= attributes
    assert platform.api_key not in cookie


async def test_every_page_has_a_strict_policy(browser: httpx.AsyncClient, platform: RunningPlatform) -> None:
    await sign_in(browser, platform.api_key)
    for path in ("/console/sign-in", "/console/webhooks", "/console/webhooks/wh_none", "/console/nowhere"):
        page = await browser.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert (page.headers["cache-control"], page.headers["x-frame-options"]) == ("no-store", "DENY")
        assert "<script>" not in page.text, path
        assert " style=" not in page.text, path


async def test_a_form_without_the_sessions_token_does_nothing(
    browser: httpx.AsyncClient, platform: RunningPlatform
) -> None:
    await sign_in(browser, platform.api_key)
    for form in ({"since": "today"}, {"csrf": "guessed"}):
        for path in (
            "/console/sign-out",
            "/console/webhooks/wh_1/disable",
            "/console/webhooks/wh_1/deliveries/d/replay",
        ):
            assert (await browser.post(path, data=form)).status_code == 403, path
    assert (await browser.post("/console/stream-ticket", headers={"X-CSRF-Token": "guessed"})).status_code == 403
    assert (await browser.get("/console/webhooks")).status_code == 200


async def test_a_form_of_another_site_does_nothing(browser: httpx.AsyncClient, platform: RunningPlatform) -> None:
    await sign_in(browser, platform.api_key)
    form = {"csrf": token_in(await browser.get("/console/webhooks"))}
    foreign = await browser.post("/console/sign-out", data=form, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert (await browser.post("/console/sign-out", data=form, headers={"Origin": platform.url})).status_code == 303


async def test_the_sign_in_form_is_bound_to_its_browser(browser: httpx.AsyncClient, platform: RunningPlatform) -> None:
    form = {"csrf": "guessed", "api_key": platform.api_key}
    assert (await browser.post("/console/sign-in", data=form)).status_code == 403


async def test_a_session_that_was_ended_opens_nothing(browser: httpx.AsyncClient, platform: RunningPlatform) -> None:
    await sign_in(browser, platform.api_key)
    kept = browser.cookies["dramatis_console"]
    form = {"csrf": token_in(await browser.get("/console/webhooks"))}
    await browser.post("/console/sign-out", data=form)
    again = await browser.get("/console/webhooks", headers={"Cookie": f"dramatis_console={kept}"})
    assert again.status_code == 303


async def test_a_key_that_is_none_is_refused_in_words(browser: httpx.AsyncClient) -> None:
    refused = await sign_in(browser, "dr_nonsense")
    assert refused.status_code == 401
    assert "not an API key" in refused.text
    assert "dramatis_console" not in browser.cookies


async def test_what_is_not_there_is_a_page_too(browser: httpx.AsyncClient, platform: RunningPlatform) -> None:
    await sign_in(browser, platform.api_key)
    for path in ("/console/nowhere", "/console/webhooks/wh_none", "/console/assets/0/secret.py"):
        page = await browser.get(path)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8"), path
        assert "NOT_FOUND" in page.text
    assert (await browser.get("/console/webhooks?page=0")).status_code in (400, 404)


async def test_assets_are_kept_for_ever_under_the_address_of_their_version(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/console/sign-in")
    found = re.search(r'href="(/console/assets/[0-9a-f]+/console.css)"', page.text)
    assert found
    sheet = await browser.get(found[1])
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in sheet.headers["cache-control"]
