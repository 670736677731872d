"""The FastAPI application: its routes, and how failures become answers. `app.py` gives it a `Door` to work with."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match

from dramatis_gateway.console import app as console
from dramatis_gateway.describe import document
from dramatis_gateway.door import request_id_of
from dramatis_gateway.edge import record
from dramatis_gateway.problems import Problem, problem_of
from dramatis_gateway.routes import (
    analytics,
    api_keys,
    batch,
    campaigns,
    events,
    interrogation,
    live,
    matching,
    personas,
    platform,
    predictions,
    properties,
    reference,
    segments,
    simulations,
    tastes,
    unbuilt,
    updates,
    webhooks,
)
from dramatis_gateway.validation import dotted
from dramatis_kit import Rejected, Unavailable

MODULES = (
    personas,
    analytics,
    properties,
    campaigns,
    matching,
    segments,
    simulations,
    batch,
    tastes,
    predictions,
    interrogation,
    webhooks,
    api_keys,
    events,
    live,
    updates,
    unbuilt,
    platform,
    reference,
)
"""In the order in which their routes are looked at."""

_QUIET = ("/health/", "/metrics", "/v1/events/stream", "/console/assets/", "/docs")


class _Doors(FastAPI):
    def openapi(self) -> dict[str, Any]:
        self.openapi_schema = self.openapi_schema or document(self.routes)
        return self.openapi_schema


def build() -> FastAPI:
    """The application without what it works with: enough for its OpenAPI document."""
    app = _Doors(
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_name,
        telemetry={"operation_spans": False, "logs": False, "exclude": _excluded},
    )
    for module in MODULES:
        app.include_router(module.router)
    app.include_router(console.router)
    app.add_exception_handler(RequestValidationError, _on_failure)
    app.add_exception_handler(HTTPException, _on_failure)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    for failure in (Problem, Rejected, Unavailable, PyMongoError, Exception):
        app.add_exception_handler(failure, _on_failure)
    return app


def _name(route: APIRoute) -> str:
    """The id of an operation in OpenAPI, and so the name of its function in generated clients."""
    return route.name


def _excluded(scope: Any) -> bool:
    return str(scope["path"]).startswith(_QUIET)


async def _on_failure(request: Request, failure: Exception) -> Response:
    problem = _parameter(failure) if isinstance(failure, RequestValidationError) else problem_of(failure)
    record(problem, failure, request.scope)
    if problem.code == "METHOD_NOT_ALLOWED":
        problem.headers["Allow"] = ", ".join(allowed(request))
    documentation_url: str = request.app.state.documentation_url
    return problem.response(request_id_of(request), documentation_url)


async def _on_gone(_request: Request, _failure: Exception) -> Response:
    """Nobody reads this; the status is nginx's word for a client that left before its answer."""
    return Response(status_code=499)


def _parameter(failure: RequestValidationError) -> Problem:
    """A path that cannot name anything is not found; a query or header of the wrong form is an invalid request."""
    place, *location = failure.errors()[0]["loc"]
    if place == "path":
        return Problem("NOT_FOUND")
    return Problem("INVALID_REQUEST", field=dotted(location) or None, issue=failure.errors()[0]["msg"])


def allowed(request: Request) -> list[str]:
    """All methods of the path; Starlette names only those of the first route that has it.

    Where `/v1/batch/personas` is a path of its own, it is not also a `/v1/batch/{batch_id}`.
    """
    verbs = ("GET", "POST", "PUT", "PATCH", "DELETE")
    routes: Sequence[BaseRoute] = request.app.router.routes
    own = _methods_of(request.scope["path"])
    return [verb for verb in verbs if verb in own or (not own and _matched(routes, {**request.scope, "method": verb}))]


def _methods_of(path: str) -> set[str]:
    """The methods of a path without parameters."""
    found = (route for module in MODULES for route in module.router.routes if isinstance(route, APIRoute))
    return {verb for route in found if route.path == path for verb in route.methods or ()}


def _matched(routes: Sequence[BaseRoute], scope: dict[str, Any]) -> bool:
    return any(route.matches(scope)[0] == Match.FULL for route in routes)
