"""How much of the details of a simulation one event can carry. Pure."""

import json
from collections.abc import Iterable
from typing import Any


def fitting(responses: Iterable[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """As many responses from the start as fit into `room` bytes of JSON."""
    found = []
    for response in responses:
        room -= len(json.dumps(response)) + 2
        if room < 0:
            break
        found.append(response)
    return found
