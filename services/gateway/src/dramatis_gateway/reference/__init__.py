"""The page `/docs`: Swagger UI over our OpenAPI document, with no file from any other host.

Swagger UI comes with the package `fastapi-offline`; our own files lie beside this module.
"""

import hashlib
from functools import cache
from importlib.resources import files

_JAVASCRIPT, _CSS = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
ASSETS = {
    "swagger-ui-bundle.js": _JAVASCRIPT,
    "swagger-ui.css": _CSS,
    "reference.js": _JAVASCRIPT,
    "reference.css": _CSS,
}
"""Their media types."""

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@cache
def asset(name: str) -> bytes:
    """A file of the page. Raises KeyError for any other."""
    if name not in ASSETS:
        raise KeyError(name)
    own = name.startswith("reference.")
    folder = files(__package__) if own else files("fastapi_offline").joinpath("static")
    return folder.joinpath(name).read_bytes()


@cache
def page() -> str:
    """The page, whose files have new addresses when they change."""
    version = hashlib.sha256(b"".join(asset(name) for name in ASSETS)).hexdigest()[:12]
    return files(__package__).joinpath("index.html").read_text().replace("VERSION", version)
