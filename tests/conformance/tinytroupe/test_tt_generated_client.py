"""openapi-python-client, which others wrote, makes a client from our OpenAPI document, and that client works."""

import asyncio
import compileall
import importlib
import json
import pkgutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dramatis_kit import new_id
from dramatis_testkit.platforms import RunningPlatform

from .exchanges import somebody

DOCUMENT = Path(__file__).parents[3] / "docs/reference/openapi.json"
PACKAGE = "generated_dramatis_client"
HOME = {"price": 20e6, "type": "penthouse", "locations": ["Manhattan"], "photos": [{"caption": "Terrace"}] * 2}
NOWHERE = "http://127.0.0.1:9/"


async def generated_into(folder: Path) -> tuple[int, str]:
    (folder / "config.yml").write_text("post_hooks: []\n")
    options = ["--path", str(DOCUMENT), "--meta", "none", "--output-path", PACKAGE, "--config", "config.yml"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openapi_python_client", "generate", *options, "--fail-on-warning"),
        cwd=folder,
        stdout=PIPE,
        stderr=STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the package, which can be imported meanwhile."""
    folder = tmp_path_factory.mktemp("generated")
    with ThreadPoolExecutor(1) as thread:
        code, said = thread.submit(asyncio.run, generated_into(folder)).result()
    assert code == 0, said
    assert "WARNING" not in said, said
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


class Generated:
    """The generated functions by tag and name, and its models, of a platform that a key opens."""

    def __init__(self, url: str, key: str) -> None:
        made = importlib.import_module(PACKAGE).AuthenticatedClient
        self.client = made(base_url=url, token=key, raise_on_unexpected_status=True, timeout=20)
        self.models: Any = importlib.import_module(f"{PACKAGE}.models")

    async def __call__(self, operation: str, *path: str, status: int = 200, **arguments: Any) -> Any:
        """What an operation, named as in `personas.create_persona`, answered, as the generated models have it."""
        module: Any = importlib.import_module(f"{PACKAGE}.api.{operation}")
        answer = await module.asyncio_detailed(*path, client=self.client, **arguments)
        assert answer.status_code == status, answer.content
        return answer.parsed

    def body(self, model: str, content: dict[str, Any]) -> Any:
        return getattr(self.models, model).from_dict(content)


@pytest.fixture
async def client(generated: Path, platform: RunningPlatform) -> Any:
    made = Generated(platform.url, platform.api_key)
    async with made.client:
        yield made


def modules(package: ModuleType) -> list[str]:
    return [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]


def test_every_operation_of_the_document_becomes_a_function_that_can_be_imported(generated: Path) -> None:
    assert compileall.compile_dir(generated, quiet=1)
    names = modules(importlib.import_module(PACKAGE))
    for name in names:
        importlib.import_module(name)
    paths = json.loads(DOCUMENT.read_text())["paths"]
    expected = {operation["operationId"] for verbs in paths.values() for operation in verbs.values()}
    made = {name.rpartition(".")[2] for name in names if f"{PACKAGE}.api." in name and name.count(".") == 3}
    assert made == expected


async def test_it_creates_reads_changes_and_lists_personas(client: Generated) -> None:
    profile = somebody(segments=[segment := new_id("seg")])
    made = await client("personas.create_persona", body=client.body("PersonaProfile", profile), status=201)
    changes = client.body("PersonaChanges", {"visibility": "team"})
    assert (await client("personas.update_persona", made.id, body=changes)).visibility.value == "team"
    page = await client("personas.list_personas", segment=segment)
    assert [(one.id, one.name) for one in page.items] == [(made.id, profile["name"])]
    assert (page.total, page.page, page.page_size) == (1, 1, 50)
    await client("personas.delete_persona", made.id, status=204)
    error = await client("personas.get_persona", made.id, status=404)
    assert (error.error.code, error.error.details.field) == ("NOT_FOUND", "persona_id")


async def test_it_runs_a_focus_group_by_the_id_of_a_property_and_reads_its_results(client: Generated) -> None:
    home = await client("properties.list_property", body=client.body("NewProperty", HOME), status=201)
    short = {
        "property_id": home.id,
        "persona_segments": ["finance_executives"],
        "generated_count": 5,
        "test_scenarios": ["pricing"],
    }
    asked = client.body("FocusGroupRequest", short)
    assert asked.to_dict() == short
    begun = await client("simulations.run_focus_group", body=asked, status=202)
    async with asyncio.timeout(60):
        while (await client("simulations.get_simulation", begun.simulation_id)).status.value != "completed":
            await asyncio.sleep(0.1)
    results = await client("simulations.get_results", begun.simulation_id)
    assert (results.simulation_id, results.n_respondents) == (begun.simulation_id, 5)
    assert results.completed_at.tzinfo
    await client("properties.withdraw_property", home.id, status=204)


async def test_it_matches_a_property_with_clients(client: Generated) -> None:
    home = await client("properties.list_property", body=client.body("NewProperty", HOME), status=201)
    asked = client.body("PropertyToClients", {"property_id": home.id, "output_options": {"max_results": 3}})
    found = await client("matching.match_clients", body=asked)
    assert found.property_id == home.id
    assert all(0 <= match.match_score <= 1 for match in found.matches)


async def test_it_sends_a_batch_and_reads_what_became_of_each_item(client: Generated) -> None:
    people = {"personas": [somebody(), somebody(demographics={"age_range": "old"})]}
    told = await client("batch.create_personas", body=client.body("PersonaBatch", people), status=207)
    assert (told.successful, told.failed) == (1, 1)
    shown = await client("batch.get_batch", told.batch_id)
    assert shown.batch_id == told.batch_id


async def test_it_registers_changes_lists_and_removes_webhooks(client: Generated) -> None:
    settings = {"url": NOWHERE, "events": ["persona.created"], "rate_limit": 5}
    made = await client("webhooks.register_webhook", body=client.body("WebhookSettings", settings), status=201)
    assert made.secret.startswith("whsec_")
    changes = client.body("WebhookChanges", {"rate_limit": None, "description": "CRM"})
    changed = await client("webhooks.update_webhook", made.id, body=changes)
    assert (changed.rate_limit, changed.description) == (None, "CRM")
    assert made.id in [hook.id for hook in (await client("webhooks.list_webhooks")).items]
    await client("webhooks.remove_webhook", made.id, status=204)


async def test_it_parses_errors_by_the_model_of_the_document(client: Generated) -> None:
    wrong = client.body("CampaignTest", {"campaign_id": new_id("camp"), **example_people()})
    error = (await client("simulations.try_campaign", body=wrong, status=404)).error
    assert (error.code, error.details.field) == ("NOT_FOUND", "campaign_id")
    assert error.request_id.startswith("req_")
    assert error.documentation_url.endswith("/NOT_FOUND")


def example_people() -> dict[str, Any]:
    return {"persona_configuration": {"mode": "segment", "segments": ["finance_executives"], "generated_count": 2}}
