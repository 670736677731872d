"""The reviewed data files of matching: synonyms, and the numbers that scores assume."""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_FILES = ("synonyms", "scoring")


def load(name: str) -> dict[str, Any]:
    """A data file. The files are reviewed like code."""
    return tomllib.loads((files(__package__) / "data" / f"{name}.toml").read_text("utf-8"))


@cache
def model_version() -> str:
    """Names the rules and, by a digest, their data: other assumptions are another model."""
    read = b"".join((files(__package__) / "data" / f"{name}.toml").read_bytes() for name in _FILES)
    return f"match-1-{hashlib.sha256(read).hexdigest()[:8]}"
