"""An item of a batch as the request that the simulation engine understands."""

from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_contracts.rpc import Method
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_kit import Rejected

_ASKED_AS: dict[str, tuple[Method[Any, engine.Simulation], str]] = {
    "focus_group": (engine.request_focus_group, "focus_group"),
    "marketing_campaign": (engine.request_campaign, "campaign"),
    "intervention": (engine.request_intervention, "intervention"),
}


_BESIDE_PARAMS = ("property_id", "campaign_id")


class Unreadable(Exception):
    """What was asked for is no request of its type."""

    def __init__(self, error: v1.ItemError) -> None:
        super().__init__(error.message)
        self.error = error


def request_of(item: v1.RequestedItem, viewer: Viewer) -> tuple[Method[Any, engine.Simulation], BaseModel]:
    """The method that starts the simulation, and its command. Raises `Unreadable`."""
    method, name = _ASKED_AS[item.type]
    command = {"simulation_id": item.id, name: item.request, "viewer": viewer.model_dump(mode="json")}
    try:
        return method, method.request.model_validate_json(orjson.dumps(command), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = path_of(".".join(str(step) for step in first["loc"][1:]))
        issue = first["msg"].removeprefix("Value error, ")
        told = v1.ItemError(
            code="INVALID_SIMULATION", message="The simulation asked for is invalid.", field=field, issue=issue
        )
        raise Unreadable(told) from error


def refused(no: Rejected) -> v1.ItemError:
    """A refusal of the engine, told of an item."""
    return v1.ItemError(code=no.code, message=no.message, field=path_of(no.field), issue=no.issue)


def path_of(field: str | None) -> str | None:
    """A path into a request as a path into the item that asked for it."""
    if not field or field in _BESIDE_PARAMS:
        return field or None
    return f"params.{field}"
