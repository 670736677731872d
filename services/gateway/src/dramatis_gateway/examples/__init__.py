"""Examples of requests and answers, for the OpenAPI document.

A file `post_v1_personas.json` holds those of `POST /v1/personas`: `{"request": …, "responses": {"201": …}}`, both
optional. They are the examples of the published interface where it has any.
"""

import json
import re
from importlib.resources import files
from typing import Any


def example_of(verb: str, path: str) -> dict[str, Any]:
    """The example of an operation; empty where there is none."""
    name = re.sub(r"\W+", "_", f"{verb.lower()}{path}").rstrip("_")
    file = files(__package__).joinpath(f"{name}.json")
    found: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return found


def illustrate(verb: str, path: str, operation: dict[str, Any]) -> None:
    """Put the example of an operation into its OpenAPI description."""
    example = example_of(verb, path)
    if "request" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
    for status, answer in example.get("responses", {}).items():
        operation["responses"][status]["content"]["application/json"]["example"] = answer
