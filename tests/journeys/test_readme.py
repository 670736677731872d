"""The README's journey, typed as it stands there."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dramatis_testkit.platforms import RunningPlatform

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", README.split("## A journey", 1)[1], flags=re.DOTALL)


def typed(script: str, platform: RunningPlatform) -> Any:
    script = script.replace("http://127.0.0.1:8000", platform.url)
    environment = {**os.environ, "DRAMATIS_DATA_DIR": str(platform.data_dir)}
    shell = ["bash", "-euc", script]
    done = subprocess.run(shell, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=30)
    return json.loads(done.stdout)


def test_the_journey_of_the_readme_works_as_it_stands_there(platform: RunningPlatform) -> None:
    create, look = commands()
    created = typed(create, platform)
    assert created["status"] == "active"
    assert created["simulation_ready"] is True
    key = create.splitlines()[0] + "\n"
    page = typed(key + look, platform)
    assert page["items"][0]["type"] == "persona.created.v1"
    assert {"cursor", "has_more"} <= set(page)


@pytest.mark.parametrize(
    "file",
    ["README.md", "CONTRIBUTING.md", *(str(page.relative_to(ROOT)) for page in sorted(ROOT.glob("docs/**/*.md")))],
)
def test_every_link_within_the_repository_leads_somewhere(file: str) -> None:
    folder = (ROOT / file).parent
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / file).read_text()):
        if not target.startswith("http"):
            assert (folder / target).exists(), f"{file}: {target}"


def test_the_five_files_of_the_guide_exist() -> None:
    guide = (ROOT / "docs/guides/follow-a-fact.md").read_text()
    named = re.findall(r"^\d\. \*\*`([^`]+)`\*\*", guide, flags=re.MULTILINE)
    assert len(named) == 5
    for name in named:
        assert (ROOT / name).is_file()
