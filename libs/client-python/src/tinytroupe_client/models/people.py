"""Personas, and what is learnt about them."""

from datetime import datetime
from typing import Any

from tinytroupe_client.models.base import Model


class Demographics(Model):
    age_range: str | None = None
    occupation: str | None = None
    net_worth_range: str | None = None
    primary_residence: str | None = None
    family_status: str | None = None


class Preferences(Model):
    property_types: tuple[str, ...] = ()
    preferred_locations: tuple[str, ...] = ()
    must_have_features: tuple[str, ...] = ()
    deal_breakers: tuple[str, ...] = ()
    style_preferences: tuple[str, ...] = ()


class BehavioralTraits(Model):
    decision_making: str | None = None
    risk_tolerance: str | None = None
    communication_style: str | None = None
    buying_urgency: str | None = None
    price_sensitivity: str | None = None


class EnrichmentSource(Model):
    type: str
    url: str | None = None
    auto_refresh: bool = False


class Insight(Model):
    """One thing that was learnt about a persona, with the place where it was said."""

    kind: str
    text: str
    source: str
    confidence: float


class CreatedPersona(Model):
    """The answer to a creation; `personas.get(id)` has the rest."""

    id: str
    created_at: datetime
    status: str
    enrichment_status: str
    simulation_ready: bool


class Persona(CreatedPersona):
    name: str
    visibility: str
    demographics: Demographics = Demographics()
    preferences: Preferences = Preferences()
    behavioral_traits: BehavioralTraits = BehavioralTraits()
    enrichment_sources: tuple[EnrichmentSource, ...] = ()
    insights: tuple[Insight, ...] = ()
    updated_at: datetime | None = None
    version: int | None = None


class Enrichment(Model):
    """An enrichment that was accepted; the event `persona.enriched` tells its end."""

    enrichment_id: str
    status: str
    estimated_completion: datetime | None = None


class PersonaAnalytics(Model):
    """Metrics that were not asked for are None."""

    persona_id: str
    period: str | None = None
    engagement_metrics: dict[str, Any] | None = None
    preference_evolution: dict[str, Any] | None = None
    predictions: dict[str, Any] | None = None
