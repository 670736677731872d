"""The JavaScript client against a whole platform: its example as printed, in Node and in Chromium, and its whole API.

Of the printed example only the literal `your_api_key` is replaced; the address of the API comes from the environment
(in the page from the same variable of a `process` that the page makes), and `prop_123` is created beforehand.
"""

import asyncio
import json
import os
import shutil
import subprocess
import tarfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from dramatis_engines.processes import free_port
from dramatis_testkit.platforms import RunningPlatform, running_platform

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "libs/client-js"
NODE = ROOT / "tests/node"
EXAMPLE = (CLIENT / "examples/specification.mjs").read_text()
QUICK_START = (CLIENT / "README.md").read_text().split("```js\n", 1)[1].split("```", 1)[0]
PROPERTY = {
    "id": "prop_123",
    "price": 45_000_000,
    "type": "penthouse",
    "address": "432 Park Avenue, Unit 96",
    "features": ["private_elevator", "wine_room"],
    "photos": [
        {"caption": "Living room with city views", "room": "living_room"},
        {"caption": "Sunset", "room": "terrace"},
    ],
}
PAGE = """<!doctype html><title>Example</title>
<script>window.process = { env: { TINYTROUPE_BASE_URL: %s } };</script>
<script type="importmap">{ "imports": { "@tinytroupe/client": "/client/index.js" } }</script>
<script type="module">
  import("/example.mjs").then(
    () => (document.body.dataset.ended = "well"),
    (error) => (document.body.dataset.ended = `${error.name}: ${error.message}`),
  );
</script><body></body>"""
DEADLINE = 60

pytestmark = [pytest.mark.needs("node", "npm:libs/client-js"), pytest.mark.timeout(240)]


async def ran(*command: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code and all that was said."""
    environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, env=environment, stdout=PIPE, stderr=PIPE)
    try:
        out, err = await asyncio.wait_for(process.communicate(), DEADLINE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out.decode() + err.decode()


@pytest.fixture(scope="module")
def origin() -> str:
    """Of the page that uses the client in a browser."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def open_platform(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[RunningPlatform]:
    """A platform that pages of that origin may call."""
    allowed = {"DRAMATIS_GATEWAY_ALLOWED_ORIGINS": json.dumps([origin])}
    with running_platform(tmp_path_factory.mktemp("js"), env=allowed) as running:
        answer = httpx.post(f"{running.url}/v1/properties", json=PROPERTY, headers=bearer(running), timeout=20)
        assert answer.status_code == 201, answer.text
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a user that has the client installed, from the package as it would be published."""
    folder = tmp_path_factory.mktemp("project")
    modules = folder / "node_modules"
    pack = ("npm", "pack", "--silent", "--pack-destination", str(folder))
    for command in (("npm", "run", "--silent", "build"), pack):
        subprocess.run(command, cwd=CLIENT, check=True, timeout=DEADLINE, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        package.extractall(folder, filter="data")
    (modules / "@tinytroupe").mkdir(parents=True)
    (folder / "package").rename(modules / "@tinytroupe/client")
    return folder


@pytest.fixture
def with_ws(project: Path) -> Iterator[None]:
    """Its optional dependency is installed, as npm does unless told otherwise."""
    shutil.copytree(CLIENT / "node_modules/ws", project / "node_modules/ws")
    yield
    shutil.rmtree(project / "node_modules/ws")


def bearer(platform: RunningPlatform) -> dict[str, str]:
    return {"Authorization": f"Bearer {platform.api_key}"}


def configured(platform: RunningPlatform) -> dict[str, str]:
    return {"TINYTROUPE_BASE_URL": f"{platform.url}/v1", "TINYTROUPE_API_KEY": platform.api_key}


@asynccontextmanager
async def only_persona(platform: RunningPlatform) -> AsyncIterator[None]:
    """What the example made is there afterwards; it is taken away, so that the example can make it again."""
    async with httpx.AsyncClient(base_url=platform.url, headers=bearer(platform), timeout=20) as api:
        before = (await api.get("/v1/simulations")).json()["total"]
        yield
        personas = (await api.get("/v1/personas")).json()["items"]
        made = [one for one in personas if one["name"] == "John Smith"]
        assert [one["demographics"]["age_range"] for one in made] == ["45-55"]
        simulations = (await api.get("/v1/simulations")).json()
        assert simulations["total"] == before + 1
        newest = simulations["items"][0]
        assert (newest["type"], newest["status"]) == ("focus_group", "completed")
        assert (await api.delete(f"/v1/personas/{made[0]['id']}")).status_code == 204


async def run_example(platform: RunningPlatform, project: Path) -> str:
    (project / "example.mjs").write_text(EXAMPLE.replace("your_api_key", platform.api_key))
    address = {"TINYTROUPE_BASE_URL": f"{platform.url}/v1"}
    async with only_persona(platform):
        code, said = await ran("node", "example.mjs", cwd=project, env=address)
    assert code == 0, said
    return said


@pytest.mark.usefixtures("with_ws")
async def test_the_example_runs_as_printed_in_node(open_platform: RunningPlatform, project: Path) -> None:
    said = await run_example(open_platform, project)
    assert all(line.startswith("Progress: ") and line.endswith("%") for line in said.splitlines())
    assert said


async def test_in_node_without_a_websocket_progress_is_asked_for(open_platform: RunningPlatform, project: Path) -> None:
    assert await run_example(open_platform, project) is not None


@pytest.mark.usefixtures("with_ws")
async def test_the_quick_start_of_the_readme_works(open_platform: RunningPlatform, project: Path) -> None:
    (project / "start.mjs").write_text(QUICK_START)
    code, said = await ran("node", "start.mjs", cwd=project, env=configured(open_platform))
    assert code == 0, said
    assert " % " in said
    assert said.rstrip().endswith("]")


@asynccontextmanager
async def page_of(origin: str, platform: RunningPlatform, project: Path) -> AsyncIterator[None]:
    """A web server of the origin with the page, the example and the built client."""
    example = EXAMPLE.replace("your_api_key", platform.api_key)

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE % json.dumps(f"{platform.url}/v1"), content_type="text/html")

    async def script(_request: web.Request) -> web.Response:
        return web.Response(text=example, content_type="text/javascript")

    async def icon(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    application = web.Application()
    application.router.add_get("/", page)
    application.router.add_get("/example.mjs", script)
    application.router.add_get("/favicon.ico", icon)
    application.router.add_static("/client", project / "node_modules/@tinytroupe/client/dist")
    runner = web.AppRunner(application, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", int(origin.rpartition(":")[2])).start()
        yield
    finally:
        await runner.cleanup()


async def browsed(address: str) -> list[dict[str, Any]]:
    code, said = await ran("node", "sdk_page.mjs", address, cwd=NODE)
    assert code == 0, said
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.needs("chromium")
async def test_the_example_runs_as_printed_in_a_page_of_another_origin(
    open_platform: RunningPlatform, origin: str, project: Path
) -> None:
    async with page_of(origin, open_platform, project), only_persona(open_platform):
        *logged, ended = await browsed(f"{origin}/")
    assert ended == {"kind": "ended", "text": "well"}
    assert {line["kind"] for line in logged} == {"log"}
    assert all(line["text"].startswith("Progress: ") for line in logged)


@pytest.mark.needs("chromium")
async def test_a_page_of_an_origin_that_is_not_allowed_is_kept_out(
    open_platform: RunningPlatform, project: Path
) -> None:
    stranger = f"http://127.0.0.1:{free_port()}"
    async with page_of(stranger, open_platform, project):
        *_, ended = await browsed(f"{stranger}/")
    assert ended["text"].startswith("APIConnectionError: ")


@pytest.mark.usefixtures("with_ws")
async def test_the_whole_api_is_used_through_the_client(open_platform: RunningPlatform, project: Path) -> None:
    entry = project / "node_modules/@tinytroupe/client/dist/index.js"
    code, said = await ran("node", "sdk_journey.mjs", str(entry), cwd=NODE, env=configured(open_platform))
    assert code == 0, said
    seen = json.loads(said)
    assert seen["batch"] == {"successful": 1, "failed": 1, "field": "personas[1].demographics.age_range"}
    assert seen["campaign"] == ["lifestyle_focus", "investment_focus"]
    assert seen["predicted"] == "social_media"
    assert seen["intervention"] == "completed"
    assert seen["study"]["status"] == seen["study"]["step"] == "completed"
    assert seen["study"]["findings"] > 0
    assert seen["state"] == 1
    assert seen["list"]["total"] == seen["list"]["header"] >= 3
    assert seen["events"][0] == "simulation.focus_group_requested.v1"
    assert seen["analytics"] == [True, "2024-01-01 to 2024-01-31", None, "number"]
    assert (seen["enriched"], seen["archived"], seen["restored"]) == (True, True, "active")
    assert seen["missing"] == [True, "NOT_FOUND", True]
    assert seen["wrong"] == [True, "demographics.age_range"]
    assert all(seen[name] for name in ("iterated", "matching", "segments", "eventTypes", "streamed", "once"))


async def test_the_clients_own_tests_pass() -> None:
    code, said = await ran("npm", "test", "--silent", cwd=CLIENT)
    assert code == 0, said
