"""The one layout: navigation, the headers of every page, and how a template becomes an answer."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dramatis_contracts.registry import EVENT_TYPES
from dramatis_gateway.console.sessions import Session

ASSETS = {
    "console.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the navigation. It is current for all paths below its own."""

    title: str
    path: str


NAVIGATION = (
    Entry("Simulations", "/console/simulations"),
    Entry("Interviews", "/console/interviews"),
    Entry("Webhooks", "/console/webhooks"),
)


def page(template: str, *, session: Session | None = None, status: int = 200, **values: Any) -> HTMLResponse:
    """A template of `templates/` in the layout. `path` among the values marks the current entry of the navigation."""
    environment = _environment()
    body = environment.get_template(template).render(session=session, navigation=NAVIGATION, **values)
    return HTMLResponse(body, status, _HEADERS)


@lru_cache(maxsize=len(ASSETS))
def asset(name: str) -> bytes:
    """A file of `static/`. Raises KeyError for any other."""
    if name not in ASSETS:
        raise KeyError(name)
    return files("dramatis_gateway.console").joinpath("static", name).read_bytes()


def asset_address(name: str) -> str:
    """Where an asset is found in this version, so that browsers may keep it for ever."""
    return f"/console/assets/{hashlib.sha256(asset(name)).hexdigest()[:12]}/{name}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dramatis_gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "number": number, "milliseconds": milliseconds, "sentence": sentence}
    environment.filters |= {"stated": stated, "chance": chance}
    environment.globals["asset"] = asset_address
    environment.globals["event_types"] = sorted(EVENT_TYPES)
    return environment


def moment(when: datetime) -> str:
    """To the second, in UTC: `2026-11-21 04:15:40`."""
    return when.strftime("%Y-%m-%d %H:%M:%S")


def sentence(text: str) -> str:
    """Words of the error catalogue or of a service, as a sentence."""
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def number(value: int) -> str:
    return f"{value:,}"


def milliseconds(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def stated(value: float | None, unit: str) -> str:
    """A number without more digits than it carries: `23 %`, `+11 points`, `$3.4M`."""
    if value is None:
        return "not known"
    if unit == "probability":
        return "below 1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"
    if unit == "difference":
        return f"{100 * value:+.0f} points".replace("-", "−")
    return f"${value:,.0f}"


def chance(value: float) -> str:
    """Two digits, and never certainty."""
    if value > 0.99:
        return "above 0.99"
    return "below 0.01" if value < 0.01 else f"{value:.2f}"
