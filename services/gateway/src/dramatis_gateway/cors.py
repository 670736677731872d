"""Which web pages may call the API: those of the allowed origins, the same that may open WebSockets."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ASKED = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Brokerage-ID", "X-Request-ID")
_SHOWN = (
    "Idempotent-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Current-Page",
    "X-Page-Size",
    "X-RateLimit-Burst-Remaining",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
    "X-Total-Count",
)
_SECONDS_REMEMBERED = 600


def readable_across_origins(app: ASGIApp, allowed: Collection[str]) -> ASGIApp:
    """`app`, with answers that pages of the allowed origins may read. Outermost, since errors must be readable too.

    Cookies are not allowed: a page of another origin shows an API key, never the console's session.
    """
    if not allowed:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(allowed),
        allow_methods=_METHODS,
        allow_headers=_ASKED,
        expose_headers=_SHOWN,
        max_age=_SECONDS_REMEMBERED,
    )
