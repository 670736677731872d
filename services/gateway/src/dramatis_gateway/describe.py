"""What OpenAPI says of an operation beyond what FastAPI sees."""

import re
from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from dramatis_contracts.errors import status_of
from dramatis_gateway import shared
from dramatis_gateway.examples import illustrate
from dramatis_gateway.problems import ErrorBody

DESCRIPTION = """Ask a simulated audience; get an answer whose accuracy is known.

Send `Authorization: Bearer <API key>`. Every error has the same body; its codes are listed under `/docs/errors`.
Every answer to a key tells what is left of its limits. A `POST` that is sent again under the same `Idempotency-Key`
within 24 hours is carried out once and answered alike.
Follow a simulation by WebSocket at `/v1/ws/simulations/{simulation_id}`: send `{"type": "auth", "token": "<API key>"}`
first, unless the `Authorization` header is set."""
_SCHEMAS = "#/components/schemas/{model}"
_SECURITY = {"bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `dr_…`."}}

BODIES: dict[str, type[BaseModel]] = {}
"""Request bodies by name: they are read by `validation.json_body`, so FastAPI does not know them."""


def described(body: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of an operation with this JSON body."""
    BODIES[body.__name__] = body
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def documented(*codes: str, body: bool = False, public: bool = False) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` of an operation that may answer with these codes, beside those that all share."""
    shared = ["INTERNAL_ERROR", "SERVICE_UNAVAILABLE"]
    if not public:
        shared += ["UNAUTHORIZED", "FORBIDDEN"]
    if body:
        shared += ["INVALID_REQUEST", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
    found: dict[int | str, list[str]] = {}
    for code in (*codes, *shared):
        found.setdefault(status_of(code), []).append(f"`{code}`")
    return {status: {"model": ErrorBody, "description": ", ".join(found[status])} for status in sorted(found, key=int)}


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    made = get_openapi(title="Dramatis", version="1", description=DESCRIPTION, routes=routes)
    _, bodies = models_json_schema([(body, "validation") for body in BODIES.values()], ref_template=_SCHEMAS)
    components = made["components"]
    # What a model looks like in an answer and in a request may differ: the request's form fills the gaps only.
    components["schemas"] = bodies["$defs"] | components["schemas"]
    components["schemas"].pop("HTTPValidationError", None)
    components["schemas"].pop("ValidationError", None)
    components["securitySchemes"] = _SECURITY
    components["headers"] = shared.headers()
    made["servers"] = shared.SERVERS
    made["tags"] = shared.TAGS
    for path, operations in made["paths"].items():
        for verb, operation in operations.items():
            _complete(path, operation)
            if operation["security"]:
                shared.complete(verb, path, operation)
            illustrate(verb, path, operation)
    return made


def _complete(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    operation["security"] = [{"bearer": []}] if "401" in responses else []
    parameters = operation.setdefault("parameters", [])
    declared = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
    for name in re.findall(r"{(\w+)}", path):
        if name not in declared:
            parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
