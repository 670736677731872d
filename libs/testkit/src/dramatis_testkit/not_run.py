"""Tests that need more than Python: run where the tool is present, else listed as *not run*, never as passed.

Mark a test with `@pytest.mark.needs("node")`, or `needs("npm:libs/x")` for the packages of a folder. With
`DRAMATIS_REQUIRE_ALL=1` (CI) a test that is not run fails the session.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

NODE_MODULES = Path("tests/node/node_modules")


def _missing(tool: str) -> str | None:
    """Why a tool cannot be used, or None where it can. `npm:libs/x` stands for what the folder `libs/x` asks for."""
    program, _, folder = tool.partition(":")
    if tool == "node" and not NODE_MODULES.is_dir():
        return "node packages are not installed (npm ci --prefix tests/node)"
    if folder and not (Path(folder) / "node_modules").is_dir():
        return f"node packages are not installed (npm ci --prefix {folder})"
    return None if shutil.which(program) else f"{program} is not installed"


class NotRun:
    """Takes out the tests whose tool is missing and says so at the end."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept = []
        for item in items:
            needs = [str(tool) for mark in item.iter_markers("needs") for tool in mark.args]
            missing = [reason for tool in needs if (reason := _missing(tool))]
            if missing:
                self.reasons[item.nodeid] = "; ".join(missing)
            else:
                kept.append(item)
        if len(kept) < len(items):
            config.hook.pytest_deselected(items=[item for item in items if item not in kept])
            items[:] = kept
        if (output := getattr(config, "workeroutput", None)) is not None:
            output["not_run"] = self.reasons

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.reasons.update(getattr(node, "workeroutput", {}).get("not_run", {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.reasons and os.environ.get("DRAMATIS_REQUIRE_ALL") == "1" and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.reasons:
            terminalreporter.section("not run")
            for test, reason in sorted(self.reasons.items()):
                terminalreporter.write_line(f"not run: {test}: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): the test needs a tool beside Python")
    config.pluginmanager.register(NotRun(), "dramatis-not-run-listing")
