"""The public HTTP API as the demonstration uses it: patient with a platform that restarts, never sending twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

_PATIENCE_SECONDS = 60.0
_BUSY = frozenset({429, 502, 503, 504})


class Refused(Exception):
    """The API answered no; the message is its own."""


class Unclear(Exception):
    """Nobody can tell whether the request was accepted: the connection broke, or the answer was a fault."""


class Client:
    """One tenant's view of a gateway. Use as an async context manager."""

    def __init__(self, url: str, api_key: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=20)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read, again and again for a minute while the platform is busy or away."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = await self._http.get(path, params=query)
                if answer.status_code < 500 and answer.status_code not in _BUSY:
                    return _content(answer)
                what = f"status {answer.status_code}"
            except httpx.TransportError as fault:
                what = type(fault).__name__
            if time.monotonic() > deadline:
                raise Unclear(f"no answer to GET {path} ({what})")
            await asyncio.sleep(0.25)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send once. Raises `Unclear` when it is not known what became of it, `Refused` when nothing was stored."""
        try:
            answer = await self._http.post(path, json=body)
        except httpx.TransportError as fault:
            raise Unclear(f"no answer to POST {path} ({type(fault).__name__})") from None
        if answer.status_code >= 500 or answer.status_code in _BUSY:
            raise Unclear(f"POST {path} ended with status {answer.status_code}")
        return _content(answer)

    async def events(self, event_type: str) -> AsyncIterator[dict[str, Any]]:
        """Every recorded event of a type, oldest first."""
        query = {"types": event_type, "limit": "100"}
        while True:
            page = await self.get("/v1/events", **query)
            for event in page["items"]:
                yield event
            if not page["has_more"]:
                return
            query["cursor"] = page["cursor"]


def _content(answer: httpx.Response) -> dict[str, Any]:
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {}
    if answer.is_success:
        return content
    error = content.get("error", {})
    raise Refused(f"{error.get('message', 'status')} (status {answer.status_code}, {error.get('details')})")
