"""Pages are read with a real client from real sockets, within limits, and only where guard and site allow it."""

import asyncio
import gzip
from collections.abc import Callable

import pytest
from aiohttp import web

from dramatis_outbound import Guard, Limits, NotReadable, Page, Pages
from dramatis_testkit.receiver import Receiver, never, receiving

HERE = Guard(loopback=True, ports=None)
JOHN = """<html><head><title>John  Smith</title><style>p {}</style><script>alert("pool")</script></head><body>
<nav>Home</nav><h1>John</h1><p>Collects <b>wine</b> &amp; art.<br>Sails.</p>
<ul><li>Yacht club</li></ul></body></html>"""


def html(text: str, **headers: str) -> web.Response:
    return web.Response(body=text.encode(), headers={"Content-Type": "text/html; charset=utf-8", **headers})


def robots(text: str) -> web.Response:
    return web.Response(text=text)


def moved(target: str) -> web.Response:
    return web.Response(status=302, headers={"Location": target})


async def read(url: str, guard: Guard = HERE, limits: Limits | None = None) -> Page:
    async with Pages.open(guard, limits) as pages:
        return await pages.read(url)


async def refused(url: str, guard: Guard = HERE, limits: Limits | None = None) -> str:
    with pytest.raises(NotReadable) as refusal:
        await read(url, guard, limits)
    return refusal.value.reason


async def test_a_page_is_read_as_people_read_it() -> None:
    async with receiving([404, html(JOHN)]) as site:
        page = await read(site.url)
    assert (page.url, page.title) == (site.url, "John Smith")
    assert page.text.splitlines() == ["John", "Collects wine & art.", "Sails.", "Yacht club"]
    assert [post.path for post in site.posts] == ["/robots.txt", "/hook"]
    assert site.posts[1].headers["user-agent"] == "Dramatis/1"


async def test_the_same_text_has_the_same_digest_whatever_its_markup() -> None:
    async with receiving([404, html("<p>He sails.</p>"), 404, html("<div>He  sails.</div><script>7</script>")]) as site:
        assert (await read(site.url)).digest == (await read(site.url)).digest


async def test_plain_text_is_read_in_its_own_encoding() -> None:
    plain = web.Response(
        body="Müller likes wine".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin1"}
    )
    async with receiving([404, plain]) as site:
        assert (await read(site.url)).text == "Müller likes wine"


async def test_an_encoding_that_nobody_knows_is_read_as_utf_8() -> None:
    plain = web.Response(body="Müller".encode(), headers={"Content-Type": "text/plain; charset=nonsense"})
    async with receiving([404, plain]) as site:
        assert (await read(site.url)).text == "Müller"


@pytest.mark.parametrize("rules", ["User-agent: *\nDisallow: /", "User-agent: Dramatis\nDisallow: /hook"])
async def test_a_page_that_its_site_keeps_from_programs_is_not_asked_for(rules: str) -> None:
    async with receiving([robots(rules)], always=html(JOHN)) as site:
        assert "robots.txt" in await refused(site.url)
    assert [post.path for post in site.posts] == ["/robots.txt"]


async def test_a_site_that_cannot_tell_its_rules_is_left_alone() -> None:
    async with receiving([503], always=html(JOHN)) as site:
        assert "robots.txt" in await refused(site.url)
    assert len(site.posts) == 1


async def test_rules_are_asked_for_once() -> None:
    async with (
        receiving([robots("User-agent: *\nAllow: /"), html(JOHN), html(JOHN)]) as site,
        Pages.open(HERE) as pages,
    ):
        await pages.read(site.url)
        await pages.read(site.url)
    assert [post.path for post in site.posts] == ["/robots.txt", "/hook", "/hook"]


async def test_redirects_are_followed_with_the_consent_of_every_site() -> None:
    async with receiving([404, html(JOHN)]) as end, receiving([404, moved(end.url)]) as start:
        assert (await read(start.url)).url == end.url
    async with receiving([robots("User-agent: *\nDisallow: /")]) as end, receiving([404, moved(end.url)]) as start:
        assert "robots.txt" in await refused(start.url)
    assert [post.path for post in end.posts] == ["/robots.txt"]


@pytest.mark.parametrize(
    "inside", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"]
)
async def test_a_redirect_to_the_inside_leads_nowhere(inside: str) -> None:
    async with receiving([404, moved(inside)]) as site:
        assert await refused(site.url) in {"the address is not public", "the scheme must be https"}


async def test_robots_txt_leads_nowhere_inside_either() -> None:
    async with receiving([moved("http://10.0.0.1/robots.txt")], always=html(JOHN)) as site:
        assert await refused(site.url) == "the address is not public"
    assert len(site.posts) == 1


async def test_endless_redirects_end() -> None:
    async def again(request: web.Request) -> web.StreamResponse:
        return moved(str(request.url))

    async with receiving([404], always=again) as site:
        assert await refused(site.url, limits=Limits(redirects=2)) == "more than 2 redirects"
    assert len(site.posts) == 4


async def test_production_asks_no_inward_address() -> None:
    async with receiving(always=html(JOHN)) as site:
        assert await refused(site.url, Guard(ports=None, plain=True)) == "the address is not public"
        assert await refused(site.url, Guard()) == "the scheme must be https"
    assert site.posts == []


def packed(_site: Receiver) -> web.Response:
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    return web.Response(body=gzip.compress(b"a" * 10_000), headers=headers)


ODD: dict[str, tuple[Callable[[Receiver], web.Response], str]] = {
    "too large": (lambda _: html("a" * 20_000), "the page is larger than 10000 bytes"),
    "compressed": (packed, "the page is compressed although that was not asked for"),
    "an image": (lambda _: web.Response(body=b"\x89PNG", content_type="image/png"), "neither HTML nor plain text"),
    "empty": (lambda _: html("<script>1</script>"), "the page has no text"),
    "missing": (lambda _: web.Response(status=404), "the server answered 404"),
    "refusing": (lambda _: web.Response(status=999), "the server answered 999"),
    "nowhere": (lambda _: web.Response(status=302), "a redirect without a target"),
}


@pytest.mark.parametrize(("answer", "words"), ODD.values(), ids=ODD.keys())
async def test_what_is_no_readable_page_is_said_in_words(
    answer: Callable[[Receiver], web.Response], words: str
) -> None:
    async with receiving([404]) as site:
        site.always = answer(site)
        assert words in await refused(site.url, limits=Limits(max_bytes=10_000))


async def test_a_site_that_says_nothing_is_waited_for_until_the_deadline() -> None:
    async with receiving([404], always=never) as site:
        assert await refused(site.url, limits=Limits(seconds=0.3)) == "no page within 0.3 s"


async def test_who_is_not_there_is_named_without_addresses() -> None:
    async with receiving() as site:
        gone = site.url
    assert await refused(gone) == "the site's robots.txt does not allow it, or cannot be read"
    assert (
        await refused("https://no-such-name.invalid/") == "the site's robots.txt does not allow it, or cannot be read"
    )


ODD_MARKUP = {"angles": "<" * 5000 + "a", "deep": "<div>" * 3000 + "deep", "half a character": "<p>a\xed\xa0\xbd"}


@pytest.mark.parametrize("markup", ODD_MARKUP.values(), ids=ODD_MARKUP.keys())
async def test_odd_markup_is_no_fault(markup: str) -> None:
    async with receiving([404, html(markup)]) as site:
        assert (await read(site.url)).text


async def test_no_more_than_a_few_pages_are_read_at_once() -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return html(JOHN)

    async with receiving([404], always=slow) as site, Pages.open(HERE) as pages:
        await pages.read(site.url)
        await asyncio.gather(*(pages.read(site.url) for _ in range(20)))
    assert site.most_at_once <= 8
