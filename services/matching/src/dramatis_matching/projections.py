"""The personas and properties that matching compares, as rows in ClickHouse. Pure; nothing personal goes there."""

from collections.abc import Iterator
from dataclasses import astuple, fields

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.registry import decode
from dramatis_matching.facts import Client, Home, client_of, home_of
from dramatis_projections.client import Row
from dramatis_projections.projector import Projection

_KEY = ("tenant", "id", "version", "gone")
_NO_PERSONA = persona.PersonaProfile(name="nobody")
_NO_LISTING = matching.Listing(price=1)


def persona_rows(event: Envelope, _position: int) -> Iterator[Row]:
    """A persona's newest version wins; a deleted or archived one stays as a row without content."""
    match decode(event):
        case (
            persona.PersonaCreated(profile=profile, created_by=owner)
            | persona.PersonaUpdated(profile=profile, created_by=owner)
            | persona.PersonaEnriched(profile=profile, created_by=owner)
            | persona.PersonaRestored(profile=profile, created_by=owner)
        ):
            yield _row(event, client_of(profile, owner), gone=False)
        case persona.PersonaDeleted() | persona.PersonaArchived():
            yield _row(event, client_of(_NO_PERSONA), gone=True)


def property_rows(event: Envelope, _position: int) -> Iterator[Row]:
    match decode(event):
        case matching.PropertyListed(listing=listing) | matching.PropertyUpdated(listing=listing):
            yield _row(event, home_of(listing), gone=False)
        case matching.PropertyWithdrawn():
            yield _row(event, home_of(_NO_LISTING), gone=True)


def _row(event: Envelope, facts: Client | Home, *, gone: bool) -> Row:
    return (event.tenantid, event.subject, event.streamversion, int(gone), *astuple(facts))


PERSONAS = Projection(
    name="matching-personas",
    table="matching_personas",
    columns=(*_KEY, *(field.name for field in fields(Client))),
    services=("persona",),
    rows=persona_rows,
)
PROPERTIES = Projection(
    name="matching-properties",
    table="matching_properties",
    columns=(*_KEY, *(field.name for field in fields(Home))),
    services=("matching",),
    rows=property_rows,
)
