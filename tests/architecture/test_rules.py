"""The rules of the house that a machine can check."""

import ast
import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from dramatis_contracts.registry import EVENT_TYPES, SERVICES

ROOT = Path(__file__).resolve().parents[2]
LIBS = sorted(path.parent for path in ROOT.glob("libs/*/pyproject.toml"))
SERVICE_FOLDERS = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
UNITS = [ROOT / "contracts", *LIBS, *SERVICE_FOLDERS]

# What a decider may import: values and types, never a way to reach the outside.
PURE = {
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "math",
    "pydantic",
    "typing",
}


def package(unit: Path) -> str:
    (found,) = (unit / "src").glob("*/__init__.py")
    return found.parent.name


SERVICE_PACKAGES = {package(unit) for unit in SERVICE_FOLDERS}
LIB_PACKAGES = {package(unit) for unit in LIBS}


@cache
def imports(file: Path) -> frozenset[str]:
    """The modules that a file imports, at its head or inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "." * node.level)
    return frozenset(found)


def packages_imported_by(unit: Path) -> set[str]:
    return {module.split(".")[0] for file in (unit / "src").rglob("*.py") for module in imports(file)}


@pytest.mark.parametrize("unit", SERVICE_FOLDERS, ids=lambda unit: unit.name)
def test_a_service_imports_no_other_service(unit: Path) -> None:
    assert not packages_imported_by(unit) & (SERVICE_PACKAGES - {package(unit)})


@pytest.mark.parametrize("unit", LIBS, ids=lambda unit: unit.name)
def test_a_library_imports_no_service(unit: Path) -> None:
    assert not packages_imported_by(unit) & SERVICE_PACKAGES


def test_contracts_import_nothing_of_ours() -> None:
    ours = SERVICE_PACKAGES | LIB_PACKAGES
    assert not packages_imported_by(ROOT / "contracts") & ours


def test_the_python_client_imports_nothing_of_ours() -> None:
    ours = SERVICE_PACKAGES | LIB_PACKAGES | {"dramatis_contracts"}
    client = ROOT / "libs/client-python"
    assert not packages_imported_by(client) & (ours - {package(client)})


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_declares_what_it_imports_of_ours(unit: Path) -> None:
    declared = tomllib.loads((unit / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[^a-z0-9-]", line)[0].replace("-", "_") for line in declared}
    ours = {name for name in packages_imported_by(unit) if name.startswith("dramatis_")} - {package(unit)}
    assert ours <= names


@pytest.mark.parametrize("file", sorted(ROOT.glob("services/*/src/**/decider.py")), ids=lambda file: file.parts[-2])
def test_a_decider_performs_no_io(file: Path) -> None:
    own = file.relative_to(ROOT).parts[3]
    outside = {
        module
        for module in imports(file)
        if module.split(".")[0] not in PURE | {"dramatis_contracts"}
        and not module.startswith(own + ".")
        and module != "dramatis_kit"
    }
    assert not outside
    assert not [
        node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Await | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_has_an_owner_a_readme_and_tests(unit: Path) -> None:
    assert f"/{unit.relative_to(ROOT)}/ " in (ROOT / "CODEOWNERS").read_text()
    assert (unit / "README.md").is_file()
    assert list((unit / "tests").rglob("test_*.py"))


def test_mypy_knows_every_unit() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["mypy_path"]
    assert set(known) == {f"{unit.relative_to(ROOT)}/src" for unit in UNITS}


def test_every_service_folder_is_a_service_of_the_contracts() -> None:
    assert {unit.name for unit in SERVICE_FOLDERS} == set(SERVICES)


def test_every_event_type_has_a_schema_and_an_example() -> None:
    for event_type in EVENT_TYPES:
        for folder in ("schemas", "examples"):
            assert isinstance(json.loads((ROOT / "contracts" / folder / f"{event_type}.json").read_text()), dict)


def test_the_decision_records_are_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text()
    for record in sorted((ROOT / "docs/adr").glob("[0-9]*.md")):
        assert record.name in index


def test_the_changelog_and_the_readme_exist() -> None:
    assert (ROOT / "CHANGELOG.md").is_file()
    assert (ROOT / "README.md").is_file()
