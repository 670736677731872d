"""The reviewed data files of this package, one folder for each domain: what words mean, and what is assumed. Pure."""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def load_toml(domain: str, name: str) -> dict[str, Any]:
    """A data file of a domain. The files are reviewed like code."""
    return tomllib.loads((files(__package__) / "data" / domain / f"{name}.toml").read_text("utf-8"))


@cache
def model_version(domain: str, family: str = "rum-1") -> str:
    """Names the equations (`family`) and, by a digest, all data files: other assumptions are another model."""
    folder = files(__package__) / "data" / domain
    tables = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return f"{family}-{hashlib.sha256(b''.join(f.read_bytes() for f in tables)).hexdigest()[:8]}"
