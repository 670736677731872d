"""What a client is set up with: arguments first, then the environment, then defaults."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import httpx2

from tinytroupe_client.errors import TinyTroupeError

DEFAULT_BASE_URL = "http://localhost:8000/v1"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MAX_RETRIES = 2
CONNECT_SECONDS = 5.0
LONGEST_MESSAGE = 2**20
"""Bytes of one message of a WebSocket."""
SILENCE_SECONDS = 90.0
"""A stream that says nothing for so long, not even its heartbeat, is broken."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """`timeout` in seconds for one attempt, connecting and reading included."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    timeout: float
    max_retries: int


def configured(
    api_key: str | None,
    base_url: str | None,
    brokerage_id: str | None,
    timeout: float,
    max_retries: int,
    environment: Mapping[str, str] = os.environ,
) -> Configuration:
    """Raises `TinyTroupeError` without an API key or with an address that is not one of HTTP."""
    key = api_key or environment.get("TINYTROUPE_API_KEY")
    if not key:
        raise TinyTroupeError("no API key: pass api_key=… or set TINYTROUPE_API_KEY")
    url = base_url or environment.get("TINYTROUPE_BASE_URL") or DEFAULT_BASE_URL
    if not url.startswith(("http://", "https://")):
        raise TinyTroupeError(f"the base URL must begin with http:// or https://, as {DEFAULT_BASE_URL} does: {url!r}")
    return Configuration(url.rstrip("/"), _headers(key, brokerage_id), timeout, max_retries)


def _headers(api_key: str, brokerage_id: str | None) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {api_key}",
        "Accept": "application/json",
        "User-Agent": f"tinytroupe-client/{version('tinytroupe-client')} Python/{platform.python_version()}",
    }
    return headers | ({"X-Brokerage-ID": brokerage_id} if brokerage_id else {})


def limits(seconds: float) -> httpx2.Timeout:
    """Connecting has 5 s at most, whatever the whole may take."""
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
