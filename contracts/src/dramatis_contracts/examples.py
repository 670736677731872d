"""The committed examples of event data, for whoever shows or sends one."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_FOLDERS = (_HERE / "examples", _HERE.parents[1] / "examples")
"""Inside an installed package, or beside the sources."""


@cache
def example_of(event_type: str) -> dict[str, Any] | None:
    """The example of an event type's data, None where it is not installed. Do not change what is returned."""
    for folder in _FOLDERS:
        file = folder / f"{event_type}.json"
        if file.is_file():
            data: dict[str, Any] = json.loads(file.read_text())
            return data
    return None
