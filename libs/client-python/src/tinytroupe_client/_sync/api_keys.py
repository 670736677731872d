# Generated from _async by scripts/synchronise_client.py: edit there.
"""The keys of a brokerage. All of this needs a key of the brokerage itself."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._http import call, path
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.models.api_keys import ApiKey
from tinytroupe_client.params import CallOptions


class ApiKeys:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, **whose: Unpack[params.NewApiKey]) -> ApiKey:
        """Issue a key. The answer holds the `key` itself, this once."""
        return self._transport.ask(ApiKey, call("POST", "/api-keys", whose))

    def list(self, **which: Unpack[params.PageOptions]) -> Pages[ApiKey]:
        """Newest first."""
        return Pages(self._transport, call("GET", "/api-keys", which), ApiKey.model_validate)

    def delete(self, key_id: str, **options: Unpack[CallOptions]) -> None:
        """Revoke a key, at once. Raises `ConflictError` for the last one of the brokerage itself."""
        self._transport.send(call("DELETE", path("api-keys", key_id), options))
