"""The stakeholder catalogue: predefined people whom an interrogation may interview, each also a persona. Version 1."""

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.persona.v1 import SERVICE
from dramatis_contracts.rpc import Method


class CatalogueEntry(Resource):
    """A stakeholder as published. `persona_id` is the persona that it is at every other door."""

    id: str
    persona_id: str
    title: str
    profile: str
    age_demography: str
    tech_savviness: str
    product_context: str


class Catalogue(Resource):
    """All entries, in the order of the data file."""

    stakeholders: tuple[CatalogueEntry, ...]


class ListStakeholders(Request):
    """The whole catalogue."""


class GetStakeholder(Request):
    """One entry by its id. Rejected with `NOT_FOUND` if there is none."""

    stakeholder_id: str


list_stakeholders = Method(SERVICE, "list_stakeholders", ListStakeholders, Catalogue)
get_stakeholder = Method(SERVICE, "get_stakeholder", GetStakeholder, CatalogueEntry)
