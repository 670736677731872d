"""What the items of a batch are called: the same for every attempt, so that nothing is made twice. Pure."""

import hashlib
import re
from base64 import b32encode

from dramatis_contracts.base import Viewer

_OF_A_BATCH = re.compile(r"sim_([0-9a-z]{1,64})_(\d{1,3})")


def simulation_id(batch_id: str, index: int) -> str:
    """`batch_5g6h7j8k`, 3 → `sim_5g6h7j8k_3`: it tells its batch, so that its end needs no index to be looked up in."""
    return f"sim_{batch_id.removeprefix('batch_')}_{index}"


def batch_of(simulation: str) -> tuple[str, int] | None:
    """The batch and the place that a simulation's id tells; None for one that nobody asked for in a batch."""
    found = _OF_A_BATCH.fullmatch(simulation)
    return (f"batch_{found[1]}", int(found[2])) if found else None


def persona_name(tenant: str, viewer: Viewer, batch_id: str, index: int, key: str | None) -> str:
    """What the id and the command of a persona are made of: its place, or its own key, which outlives the batch.

    A key is that of who uses it: an agent does not meet another one's persona under it.
    """
    told = ("place", batch_id, str(index)) if key is None else ("key", viewer.agent_id or "", viewer.team_id or "", key)
    digest = hashlib.sha256("\0".join((tenant, *told)).encode()).digest()
    return b32encode(digest[:15]).decode().lower()
