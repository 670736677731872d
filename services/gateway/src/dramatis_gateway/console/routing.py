"""How a page is asked for: who is signed in, what a form may do, and that failures are pages too."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.responses import RedirectResponse

from dramatis_contracts.base import Request as Parameters
from dramatis_gateway.console.layout import page
from dramatis_gateway.console.sessions import Session, Sessions
from dramatis_gateway.door import Caller, Door, door_of, request_id_of
from dramatis_gateway.edge import record
from dramatis_gateway.origins import own_origin
from dramatis_gateway.problems import Problem, problem_of

COOKIE = "dramatis_console"
SIGN_IN = "/console/sign-in"

_FORM = "application/x-www-form-urlencoded"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageNumber(Parameters):
    """Which page of a list is shown."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class SignedOut(Exception):
    """Nobody is signed in, or not any more."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    session: Session
    sessions: Sessions
    caller: Caller
    path: str

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        return page(template, session=self.session, status=status, path=self.path, **values)

    async def done(self, notice: str, address: str) -> Response:
        """Go to a page, which shows the notice."""
        await self.sessions.say(self.session, notice)
        return RedirectResponse(address, 303)


class _ConsoleRoute(APIRoute):
    """Answers failures with a page, and somebody who is signed out with the way to sign in."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except SignedOut:
                return RedirectResponse(f"{SIGN_IN}?next={quote(_return_address(request), safe='')}", 303)
            except Exception as failure:  # noqa: BLE001  # the boundary: recorded with the request id, and answered
                return _failed(request, failure)

        return handler


def console_router() -> APIRouter:
    """A router for pages: below `/console`, outside the published API."""
    return APIRouter(prefix="/console", route_class=_ConsoleRoute, include_in_schema=False)


async def visit(request: Request) -> Visit:
    """Who is signed in. Raises `SignedOut`."""
    door: Door = door_of(request)
    token = request.cookies.get(COOKIE)
    session = await door.sessions.find(token) if token else None
    if session is None:
        raise SignedOut
    if request.method == "GET" and "x-refresh" not in request.headers:
        await door.sessions.heard(session)
    caller = Caller(session.principal, request_id_of(request), door.bus)
    return Visit(session, door.sessions, caller, request.url.path)


TheVisit = Annotated[Visit, Depends(visit)]


async def form(request: Request, visit: TheVisit) -> dict[str, str]:
    """The fields of a form that this session was given. Raises a 403 `Problem` for any other."""
    fields = await fields_of(request)
    if not visit.session.vouches_for(fields.pop("csrf", "")):
        raise stale_form()
    return fields


TheForm = Annotated[dict[str, str], Depends(form)]


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form of our own pages. Raises a 403 `Problem` for one of another origin."""
    if not own_origin(request):
        raise Problem("FORBIDDEN", field="Origin", issue="the form is not one of this console")
    if not request.headers.get("content-type", "").startswith(_FORM):
        raise Problem("UNSUPPORTED_MEDIA_TYPE", headers={"Accept": _FORM})
    parsed = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True, max_num_fields=50)
    return {name: values[-1].strip() for name, values in parsed.items()}


def stale_form() -> Problem:
    return Problem("FORBIDDEN", "The form is too old.", issue="go back, reload the page and try again")


def _return_address(request: Request) -> str:
    return request.url.path if request.method == "GET" else "/console"


def _failed(request: Request, failure: Exception) -> Response:
    problem = Problem("NOT_FOUND") if isinstance(failure, RequestValidationError) else problem_of(failure)
    record(problem, failure, request.scope)
    answer = page("failed.html", status=problem.status, problem=problem, request_id=request_id_of(request), path="")
    answer.headers.update(problem.headers)
    return answer
