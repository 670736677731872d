# Generated from _async by scripts/synchronise_client.py: edit there.
"""Properties, and whom they suit."""

from typing import Unpack

from tinytroupe_client import params
from tinytroupe_client._http import call, path
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client.models.properties import ClientMatches, Property, PropertyMatches
from tinytroupe_client.params import CallOptions


class Properties:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, **listing: Unpack[params.NewProperty]) -> Property:
        """Put a property on the market. Raises `ConflictError` when its id is taken."""
        return self._transport.ask(Property, call("POST", "/properties", listing))

    def get(self, property_id: str, **options: Unpack[CallOptions]) -> Property:
        return self._transport.ask(Property, call("GET", path("properties", property_id), options))

    def list(self, **which: Unpack[params.PropertyFilter]) -> Pages[Property]:
        """Newest first; withdrawn ones only when asked for."""
        return Pages(self._transport, call("GET", "/properties", which), Property.model_validate)

    def update(self, property_id: str, **changes: Unpack[params.ListingChanges]) -> Property:
        """What is given replaces its whole field, the others stay."""
        return self._transport.ask(Property, call("PATCH", path("properties", property_id), changes))

    def delete(self, property_id: str, **options: Unpack[CallOptions]) -> None:
        """Take a property off the market."""
        self._transport.send(call("DELETE", path("properties", property_id), options))


class Matching:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def property_to_clients(self, **sought: Unpack[params.PropertyToClients]) -> ClientMatches:
        """The clients that a property suits, best first."""
        return self._transport.ask(ClientMatches, call("POST", "/matching/property-to-clients", sought))

    def client_to_properties(self, **sought: Unpack[params.ClientToProperties]) -> PropertyMatches:
        """The properties that suit a client, best first."""
        return self._transport.ask(PropertyMatches, call("POST", "/matching/client-to-properties", sought))
