"""The examples of `specification.md`: requests as they are sent, answers as shapes, written alternatives multiplied."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

SPECIFICATION = Path(__file__).with_name("specification.md")
_ALTERNATIVES = re.compile(r"[a-z0-9_:.]+(\|[a-z0-9_:.]+)+")
_ID = re.compile(r"(pers|enr|sim|batch|req)_[0-9a-z]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


@dataclass(frozen=True, slots=True)
class Example:
    """One printed exchange; `body` and `answer` are None where none is printed. `path` is below the base URL."""

    method: str
    path: str
    body: Any
    status: int | None
    answer: Any

    def bodies(self) -> list[Any]:
        """The body once for every choice among the alternatives that it prints as `a|b`."""
        return list(_chosen(self.body))

    def with_ids(self, **ids: str) -> str:
        return self.path.format(**ids)


@cache
def printed(heading: str) -> str:
    """What stands in the code block under a heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n+```\w*\n(.*?)\n```", SPECIFICATION.read_text(), re.M | re.S)
    if found is None:
        raise LookupError(heading)
    return found[1]


def example(heading: str) -> Example:
    """The exchange under a heading."""
    request, _, response = printed(heading).partition("\nResponse: ")
    line, _, rest = request.partition("\n")
    method, _, path = line.partition(" ")
    status, _, answer = response.partition("\n")
    return Example(method, path, _read(rest), int(status.split()[0]) if status else None, _read(answer))


def shape(heading: str) -> Any:
    """The JSON in the code block under a heading."""
    return _read(printed(heading))


def _read(text: str) -> Any:
    """What is elided is read as an empty object or list, which `differences` takes as any."""
    begin = text.find("{")
    if begin < 0:
        return None
    whole = re.sub(r"\s//\s.*$", "", text[begin:], flags=re.M).replace("{...}", "{}").replace("[...]", "[]")
    return json.loads(whole)


def _chosen(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for values in product(*(list(_chosen(inner)) for inner in value.values())):
                yield dict(zip(value, values, strict=True))
        case list():
            yield from (list(values) for values in product(*(list(_chosen(inner)) for inner in value)))
        case str() if _ALTERNATIVES.fullmatch(value):
            yield from value.split("|")
        case _:
            yield value


def differences(found: Any, wanted: Any, place: str = "") -> list[str]:
    """Where an answer differs from its printed shape: a field is missing, or is of another type. More is allowed."""
    match wanted:
        case dict():
            return _of_fields(found, wanted, place)
        case list():
            return _of_items(found, wanted, place)
        case str():
            return [] if isinstance(found, str) and _alike(found, wanted) else [f"{place}: {found!r}, not {wanted!r}"]
        case bool() | int():
            return [] if type(found) is type(wanted) else [f"{place}: {found!r}, not {wanted!r}"]
        case _:
            number = isinstance(found, int | float) and not isinstance(found, bool)
            return [] if number else [f"{place}: {found!r}, not {wanted!r}"]


def _of_fields(found: Any, wanted: dict[str, Any], place: str) -> list[str]:
    if not isinstance(found, dict):
        return [f"{place}: {found!r} is no object"]
    missing = [f"{place}.{name} is missing" for name in wanted if name not in found]
    known = [name for name in wanted if name in found]
    return missing + [told for name in known for told in differences(found[name], wanted[name], f"{place}.{name}")]


def _of_items(found: Any, wanted: list[Any], place: str) -> list[str]:
    if not isinstance(found, list):
        return [f"{place}: {found!r} is no list"]
    if wanted and not found:
        return [f"{place} is empty"]
    shapes = wanted[:1] * len(found)
    pairs = enumerate(zip(found, shapes, strict=False))
    return [told for index, (item, one) in pairs for told in differences(item, one, f"{place}[{index}]")]


def _alike(found: str, wanted: str) -> bool:
    """A time for a time, an id with the same prefix for an id, one of the alternatives for alternatives."""
    if _TIME.fullmatch(wanted):
        return _TIME.fullmatch(found) is not None
    if _ID.fullmatch(wanted):
        return found.partition("_")[0] == wanted.partition("_")[0] and found.partition("_")[2] != ""
    if _ALTERNATIVES.fullmatch(wanted):
        return found in wanted.split("|")
    return found != ""
