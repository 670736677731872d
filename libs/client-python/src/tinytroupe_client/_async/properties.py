"""Properties, and whom they suit."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._http import call, path
from tinytroupe_client.models.properties import ClientMatches, Property, PropertyMatches
from tinytroupe_client.params import CallOptions


class AsyncProperties:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(self, **listing: Unpack[params.NewProperty]) -> Property:
        """Put a property on the market. Raises `ConflictError` when its id is taken."""
        return await self._transport.ask(Property, call("POST", "/properties", listing))

    async def get(self, property_id: str, **options: Unpack[CallOptions]) -> Property:
        return await self._transport.ask(Property, call("GET", path("properties", property_id), options))

    def list(self, **which: Unpack[params.PropertyFilter]) -> AsyncPages[Property]:
        """Newest first; withdrawn ones only when asked for."""
        return AsyncPages(self._transport, call("GET", "/properties", which), Property.model_validate)

    async def update(self, property_id: str, **changes: Unpack[params.ListingChanges]) -> Property:
        """What is given replaces its whole field, the others stay."""
        return await self._transport.ask(Property, call("PATCH", path("properties", property_id), changes))

    async def delete(self, property_id: str, **options: Unpack[CallOptions]) -> None:
        """Take a property off the market."""
        await self._transport.send(call("DELETE", path("properties", property_id), options))


class AsyncMatching:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def property_to_clients(self, **sought: Unpack[params.PropertyToClients]) -> ClientMatches:
        """The clients that a property suits, best first."""
        return await self._transport.ask(ClientMatches, call("POST", "/matching/property-to-clients", sought))

    async def client_to_properties(self, **sought: Unpack[params.ClientToProperties]) -> PropertyMatches:
        """The properties that suit a client, best first."""
        return await self._transport.ask(PropertyMatches, call("POST", "/matching/client-to-properties", sought))
