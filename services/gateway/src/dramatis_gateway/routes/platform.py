"""`/health`, `/metrics` and `/docs`: open to whoever reaches the gateway, and free of tenants' data."""

import re
from html import escape

from fastapi import APIRouter, Response
from starlette.responses import HTMLResponse

from dramatis_contracts.errors import ERRORS, ErrorCode
from dramatis_gateway.door import TheDoor, answer
from dramatis_gateway.models import Alive, PlatformHealth
from dramatis_gateway.problems import Problem

router = APIRouter(tags=["platform"])

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code{font-size:.95em}td,th{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}"
)


@router.get("/health/live", response_model=Alive)
async def live() -> Response:
    """The process answers."""
    return answer(Alive())


@router.get("/health/ready", response_model=PlatformHealth, responses={503: {"model": PlatformHealth}})
async def ready(door: TheDoor) -> Response:
    """Every part of the platform answers; otherwise 503, naming the parts that do not."""
    health = await door.readiness.health()
    return answer(health) if health.status == "ready" else answer(health, 503, {"Retry-After": "1"})


@router.get("/metrics", response_class=Response)
async def metrics(door: TheDoor) -> Response:
    """Prometheus."""
    return Response(door.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/docs/errors", response_class=HTMLResponse, include_in_schema=False)
async def error_index() -> HTMLResponse:
    rows = "".join(
        f'<tr><td><a href="/docs/errors/{error.code}"><code>{error.code}</code></a></td><td>{error.status}</td>'
        f"<td>{_prose(error.meaning)}</td></tr>"
        for error in ERRORS.values()
    )
    table = f"<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"
    return _page("Error codes", table)


@router.get("/docs/errors/{code}", response_class=HTMLResponse, include_in_schema=False)
async def error_page(code: str) -> HTMLResponse:
    """What an error code means and what its reader can do."""
    if code not in ERRORS:
        raise Problem("NOT_FOUND", field="code", issue="there is no such error code")
    return _page(code, _explained(ERRORS[code]))


def _explained(error: ErrorCode) -> str:
    return (
        f"<p>HTTP status <code>{error.status}</code></p><p>{_prose(error.meaning)}</p>"
        f"<h2>What to do</h2><p>{_prose(error.remedy)}</p><p><a href='/docs/errors'>All error codes</a></p>"
    )


def _prose(text: str) -> str:
    """The catalogue's words as HTML; what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Dramatis</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
