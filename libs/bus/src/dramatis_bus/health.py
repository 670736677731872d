"""How a service says how it is."""

from typing import Literal

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method


class HealthQuery(Request):
    """How are you?"""


class Health(Resource):
    """`checks` maps the name of each check to "ok" or to words for what is wrong."""

    status: Literal["ok", "unhealthy"]
    checks: dict[str, str]


def health_method(service: str) -> Method[HealthQuery, Health]:
    """Every service answers `rpc.<service>.health`."""
    return Method(service, "health", HealthQuery, Health, timeout_seconds=2)
