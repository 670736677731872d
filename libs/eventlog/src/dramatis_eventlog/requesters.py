"""Who may see what somebody asked for: an agent or a team what is its own, the brokerage all. Pure."""

from dramatis_contracts.base import Viewer
from dramatis_kit import Document


def asked_by(viewer: Viewer, field: str) -> Document:
    """The rule as a filter of snapshots; `field` holds the one who asked, for example `state.requested_by`."""
    if viewer.agent_id is not None:
        return {f"{field}.agent_id": viewer.agent_id}
    return {} if viewer.team_id is None else {f"{field}.team_id": viewer.team_id}


def may_see(viewer: Viewer, requester: Viewer) -> bool:
    """The rule for one thing, which `requester` asked for."""
    if viewer.agent_id is not None:
        return requester.agent_id == viewer.agent_id
    return viewer.team_id is None or requester.team_id == viewer.team_id
