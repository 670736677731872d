"""Properties, and whom they suit."""

from datetime import datetime
from typing import Any

from tinytroupe_client.models.base import Model


class Photo(Model):
    url: str | None = None
    caption: str | None = None
    room: str | None = None


class Property(Model):
    id: str
    price: float
    status: str
    type: str | None = None
    address: str | None = None
    locations: tuple[str, ...] = ()
    bedrooms: float | None = None
    bathrooms: float | None = None
    sqft: float | None = None
    description: str | None = None
    features: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    photos: tuple[Photo, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int | None = None


class MatchTerm(Model):
    """`value` is None when unknown; `contribution` is weight × value."""

    name: str
    weight: float
    value: float | None = None
    contribution: float = 0.0


class MatchReasoning(Model):
    """The contributions of `terms` sum to the score."""

    terms: tuple[MatchTerm, ...] = ()
    known_weight: float | None = None
    evidence: tuple[dict[str, Any], ...] = ()


class OutreachStrategy(Model):
    recommended_approach: str | None = None
    talking_points: tuple[str, ...] = ()
    best_showing_time: str | None = None


class Match(Model):
    """What was not asked for is None."""

    match_score: float
    key_attractions: list[str] | None = None
    potential_objections: list[str] | None = None
    reasoning: MatchReasoning | None = None
    outreach_strategy: OutreachStrategy | None = None


class ClientMatch(Match):
    persona_id: str


class PropertyMatch(Match):
    property_id: str


class MatchRun(Model):
    match_run_id: str | None = None
    pool: int | None = None
    excluded: int | None = None
    matched: int | None = None
    minimum_score: float | None = None


class ClientMatches(MatchRun):
    """Clients for a property, best first."""

    matches: tuple[ClientMatch, ...]


class PropertyMatches(MatchRun):
    """Properties for a client, best first."""

    matches: tuple[PropertyMatch, ...]
