"""The keys of a brokerage. All of this needs a key of the brokerage itself."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import call, path
from tinytroupe_client.models.api_keys import ApiKey
from tinytroupe_client.params import CallOptions


class AsyncApiKeys:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, **whose: Unpack[params.NewApiKey]) -> ApiKey:
        """Issue a key. The answer holds the `key` itself, this once."""
        return await self._transport.ask(ApiKey, call("POST", "/api-keys", whose))

    def list(self, **which: Unpack[params.PageOptions]) -> AsyncPages[ApiKey]:
        """Newest first."""
        return AsyncPages(self._transport, call("GET", "/api-keys", which), ApiKey.model_validate)

    async def delete(self, key_id: str, **options: Unpack[CallOptions]) -> None:
        """Revoke a key, at once. Raises `ConflictError` for the last one of the brokerage itself."""
        await self._transport.send(call("DELETE", path("api-keys", key_id), options))
