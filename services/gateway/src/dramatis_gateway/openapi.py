"""The OpenAPI document of the doors. It needs no engine: it is generated, committed and compared in CI."""

from typing import Any

from dramatis_gateway.application import build


def openapi() -> dict[str, Any]:
    """The document, the same for every address that the gateway listens on."""
    return build().openapi()
