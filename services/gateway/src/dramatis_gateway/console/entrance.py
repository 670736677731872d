"""Signing in with an API key, signing out, the ticket for the live feed, and the files that pages use."""

import hmac
import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import Header, Query, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from dramatis_gateway.console.layout import ASSETS, asset, page
from dramatis_gateway.console.routing import (
    COOKIE,
    SIGN_IN,
    TheForm,
    TheVisit,
    console_router,
    fields_of,
    stale_form,
)
from dramatis_gateway.console.sessions import IDLE
from dramatis_gateway.door import TheDoor
from dramatis_gateway.problems import Problem

router = console_router()

_FORM_COOKIE = "dramatis_console_form"
_HOME = "/console/webhooks"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@router.get("")
async def home() -> Response:
    return RedirectResponse(_HOME, 303)


@router.get("/sign-in")
async def sign_in_page(request: Request, next: Annotated[str, Query(max_length=500)] = _HOME) -> Response:  # noqa: A002  # the parameter's public name
    return _sign_in(request, next)


@router.post("/sign-in")
async def sign_in(request: Request, door: TheDoor) -> Response:
    """Begin a session. The form is bound to a cookie of its own, because there is no session yet."""
    fields = await fields_of(request)
    given, expected = fields.get("csrf", ""), request.cookies.get(_FORM_COOKIE, "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise stale_form()
    door.turnstile.check(request)
    try:
        principal = await door.keys.principal(fields.get("api_key", ""))
    except Problem as refused:
        return _sign_in(request, fields.get("next", ""), refused.issue, 401)
    if not principal.is_brokerage:
        return _sign_in(
            request, fields.get("next", ""), "this is the key of an agent or a team: use one of the brokerage", 403
        )
    answer = RedirectResponse(_inside(fields.get("next", "")), 303)
    _keep(answer, request, COOKIE, await door.sessions.begin(principal))
    answer.delete_cookie(_FORM_COOKIE, path=SIGN_IN, httponly=True, samesite="strict")
    return answer


@router.post("/sign-out")
async def sign_out(visit: TheVisit, _form: TheForm) -> Response:
    await visit.sessions.end(visit.session)
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(COOKIE, path="/console", httponly=True, samesite="strict")
    return answer


@router.post("/stream-ticket")
async def stream_ticket(door: TheDoor, visit: TheVisit, x_csrf_token: Annotated[str, Header()] = "") -> Response:
    """A ticket for `/v1/events/stream`, for the script that refreshes pages."""
    if not visit.session.vouches_for(x_csrf_token):
        raise stale_form()
    issued = await door.tickets.issue(visit.session.principal)
    return JSONResponse({"ticket": issued.ticket}, 201, {"Cache-Control": "no-store"})


@router.get("/assets/{version}/{name}")
async def asset_file(version: str, name: str) -> Response:  # noqa: ARG001  # the version only makes the address new
    if name not in ASSETS:
        raise Problem("NOT_FOUND")
    return Response(asset(name), headers=_FOR_EVER, media_type=ASSETS[name])


def _sign_in(request: Request, wanted: str, refused: str | None = None, status: int = 200) -> Response:
    token = secrets.token_urlsafe(32)
    answer = page(
        "sign_in.html",
        status=status,
        wanted=_inside(wanted),
        refused=refused,
        form_token=token,
        idle=IDLE // timedelta(minutes=1),
        path="",
    )
    _keep(answer, request, _FORM_COOKIE, token, path=SIGN_IN)
    return answer


def _keep(answer: Response, request: Request, name: str, token: str, path: str = "/console") -> None:
    """A cookie that ends with the browser; scripts do not see it and other sites do not send it."""
    secure = request.url.scheme == "https"
    answer.set_cookie(name, token, path=path, httponly=True, samesite="strict", secure=secure)


def _inside(address: str) -> str:
    """The address, if it is a page of the console: nobody is sent elsewhere after signing in."""
    return address if address.startswith("/console/") and "//" not in address and "\\" not in address else _HOME
