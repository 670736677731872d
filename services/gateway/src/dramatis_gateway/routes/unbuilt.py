"""The published paths that are not built yet.

Each is asked of the service that owns it, which answers `NOT_IMPLEMENTED`: once it answers otherwise, the path gets a
route of its own and leaves this list.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Header, Request, Response

from dramatis_contracts.base import Request as Query
from dramatis_contracts.base import Resource
from dramatis_contracts.rpc import Method
from dramatis_gateway.describe import documented
from dramatis_gateway.door import TheDoor, caller, request_id_of
from dramatis_gateway.keyless import AnyCaller
from dramatis_kit import new_id


class Unbuilt(NamedTuple):
    """A published operation, the service that owns it and the RPC method that it will be."""

    verb: str
    path: str
    service: str
    method: str


TINYTROUPE = ()
PREDICT = tuple(
    Unbuilt(verb, f"/api/predict/v1{path}", service, method)
    for verb, path, service, method in (
        ("GET", "/events", "predict-ingest", "list_events"),
        ("POST", "/events", "predict-ingest", "create_event"),
        ("POST", "/events/import", "predict-ingest", "import_events"),
        ("GET", "/events/{event_id}", "predict-ingest", "get_event"),
        ("GET", "/events/{event_id}/timeline", "predict-ingest", "timeline"),
        ("GET", "/events/{event_id}/signals", "predict-ingest", "list_signals"),
        ("GET", "/events/{event_id}/explanations", "predict-ingest", "explanations"),
        ("POST", "/events/{event_id}/explain", "predict-ingest", "explain"),
        ("POST", "/signals", "predict-ingest", "record_signal"),
        ("GET", "/trust/{event_id}", "trust", "get_score"),
        ("GET", "/trust/{event_id}/flags", "trust", "list_flags"),
        ("GET", "/trust/audit/{event_id}", "trust", "audit"),
        ("POST", "/trust/alerts/subscribe", "trust", "subscribe_alerts"),
        ("POST", "/marketing/campaigns/{campaign_id}/outcome", "calibration", "record_outcome"),
        ("GET", "/calibration/report", "calibration", "report"),
    )
)
MIMIC = (
    Unbuilt("POST", "/api/sessions", "orchestrator", "start_session"),
    Unbuilt("GET", "/api/sessions", "orchestrator", "list_sessions"),
    Unbuilt("GET", "/api/sessions/{session_id}", "orchestrator", "get_session"),
    Unbuilt("DELETE", "/api/sessions/{session_id}", "orchestrator", "stop_session"),
    Unbuilt("POST", "/api/personas", "persona", "create_mimic"),
    Unbuilt("GET", "/api/personas", "persona", "list_mimics"),
    Unbuilt("GET", "/api/personas/{persona_id}", "persona", "get_mimic"),
    Unbuilt("PUT", "/api/personas/{persona_id}", "persona", "replace_mimic"),
    Unbuilt("DELETE", "/api/personas/{persona_id}", "persona", "delete_mimic"),
    Unbuilt("POST", "/api/agents", "orchestrator", "create_agent"),
    Unbuilt("GET", "/api/agents", "orchestrator", "list_agents"),
    Unbuilt("GET", "/api/agents/{agent_id}", "orchestrator", "get_agent"),
    Unbuilt("PUT", "/api/agents/{agent_id}", "orchestrator", "replace_agent"),
    Unbuilt("DELETE", "/api/agents/{agent_id}", "orchestrator", "delete_agent"),
    Unbuilt("GET", "/api/analytics/sessions", "orchestrator", "session_analytics"),
    Unbuilt("GET", "/api/analytics/agents/{agent_id}", "orchestrator", "agent_analytics"),
)
TRON = (
    Unbuilt("GET", "/tron/health", "orchestrator", "agents_health"),
    Unbuilt("GET", "/tron/api/status", "orchestrator", "agents_status"),
    Unbuilt("GET", "/tron/api/processes", "orchestrator", "list_processes"),
    Unbuilt("GET", "/tron/api/sessions", "orchestrator", "list_conversations"),
    Unbuilt("POST", "/tron/chat/completions", "orchestrator", "complete_chat"),
    Unbuilt("POST", "/tron/v1/chat/completions", "orchestrator", "complete_chat"),
    Unbuilt("POST", "/tron/v1/elevenlabs-llm", "orchestrator", "complete_voice"),
    Unbuilt("POST", "/tron/vapi/events", "orchestrator", "vapi_event"),
    Unbuilt("POST", "/tron/slack/events", "orchestrator", "slack_event"),
    Unbuilt("POST", "/tron/internal/life/trigger", "orchestrator", "trigger_life"),
)
WITH_KEY = (("tinytroupe", TINYTROUPE), ("predict", PREDICT), ("mimic", MIMIC))
WITHOUT_KEY = (("tron", TRON),)


class Asked(Query):
    """A call that carries nothing yet."""


class Answered(Resource):
    """Nothing."""


async def tenant_with_key(request: Request, x_brokerage_id: Annotated[str | None, Header()] = None) -> str:
    return (await caller(request, x_brokerage_id)).tenant


async def tenant_of_keyless_door(caller: AnyCaller) -> str:
    return caller.tenant


def _endpoint(operation: Unbuilt, tenant_of: Callable[..., Awaitable[str]]) -> Callable[..., Any]:
    method = Method(operation.service, operation.method, Asked, Answered)

    async def not_built(request: Request, door: TheDoor, tenant: Annotated[str, Depends(tenant_of)]) -> Response:
        """Published, not built yet."""
        await door.bus.call(
            method, Asked(), tenant=tenant, command_id=new_id("cmd"), correlation_id=request_id_of(request)
        )
        return Response(status_code=204)

    return not_built


def _router() -> APIRouter:
    router = APIRouter()
    for doors, tenant_of in ((WITH_KEY, tenant_with_key), (WITHOUT_KEY, tenant_of_keyless_door)):
        for tag, operations in doors:
            for operation in operations:
                router.add_api_route(
                    operation.path,
                    _endpoint(operation, tenant_of),
                    methods=[operation.verb],
                    tags=[tag],
                    name=f"{operation.service}.{operation.method}",
                    operation_id=re.sub(r"\W+", "_", f"{tag}_{operation.verb.lower()}{operation.path}").rstrip("_"),
                    summary=f"Not built yet: {operation.method.replace('_', ' ')}",
                    status_code=501,
                    response_class=Response,
                    responses=documented("NOT_IMPLEMENTED", public=tenant_of is tenant_of_keyless_door),
                )
    return router


router = _router()
