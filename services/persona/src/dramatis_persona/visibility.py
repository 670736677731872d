"""Who sees a persona, and who may change it. Pure.

A key of the whole brokerage sees and changes everything. An agent sees what is visible to the brokerage, what is
visible to its team, and its own; it changes its own, and what it sees of its team's.
"""

from typing import Any

from dramatis_contracts.base import Viewer
from dramatis_contracts.persona import v1
from dramatis_kit import Rejected


def sees(viewer: Viewer, visibility: v1.Visibility, owner: v1.Owner) -> bool:
    """Whether somebody may know of a persona."""
    if viewer.is_brokerage or visibility == "brokerage" or _owns(viewer, owner):
        return True
    return visibility == "team" and _same_team(viewer, owner)


def check_may_change(viewer: Viewer, visibility: v1.Visibility, owner: v1.Owner) -> None:
    """Raises `Rejected` FORBIDDEN for somebody who sees a persona that only others may change."""
    if viewer.is_brokerage or _owns(viewer, owner):
        return
    if visibility != "private" and _same_team(viewer, owner):
        return
    raise Rejected("FORBIDDEN", "this persona is others' to change", issue="use the key of its owner or the brokerage")


def seen_by(viewer: Viewer) -> dict[str, Any]:
    """The same rule as a filter of snapshots."""
    if viewer.is_brokerage:
        return {}
    either: list[dict[str, Any]] = [{"state.profile.visibility": "brokerage"}]
    if viewer.agent_id is not None:
        either.append({"state.owner.agent_id": viewer.agent_id})
    if viewer.team_id is not None:
        either.append({"state.profile.visibility": "team", "state.owner.team_id": viewer.team_id})
        if viewer.agent_id is None:
            either.append({"state.owner.agent_id": None, "state.owner.team_id": viewer.team_id})
    return {"$or": either}


def _owns(viewer: Viewer, owner: v1.Owner) -> bool:
    """A key of a team without an agent owns what such a key created."""
    if viewer.agent_id is not None or owner.agent_id is not None:
        return viewer.agent_id == owner.agent_id
    return viewer.team_id is not None and viewer.team_id == owner.team_id


def _same_team(viewer: Viewer, owner: v1.Owner) -> bool:
    return viewer.team_id is not None and viewer.team_id == owner.team_id
