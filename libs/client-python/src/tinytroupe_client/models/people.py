"""Personas, and what is learnt about them."""

from datetime import datetime
from typing import Any

from pydantic import Field

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
    """One thing that was learnt about a persona; `source` is the sentence that says so."""

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
    segments: tuple[str, ...] = ()
    updated_at: datetime | None = None
    version: int | None = None


class Enrichment(Model):
    """An enrichment that was accepted; the event `persona.enriched` tells its end."""

    enrichment_id: str
    status: str
    estimated_completion: datetime | None = None


class EngagementMetrics(Model):
    """What a persona did in the period. Of what is None, `unknown` says why."""

    properties_viewed: int
    average_interest_score: float | None = None
    showings_requested: int = 0
    offers_made: int = 0
    estimates: dict[str, Any] = Field(default_factory=dict)
    unknown: dict[str, str] = Field(default_factory=dict)


class PreferenceEvolution(Model):
    """How what a persona wants changed in the period; strengths are from −1 to 1."""

    new_preferences_detected: tuple[str, ...] = ()
    preference_strength_changes: dict[str, float] = Field(default_factory=dict)
    estimates: dict[str, Any] = Field(default_factory=dict)


class PersonaPredictions(Model):
    """What is to be expected, with its intervals under `estimates`. Of what is None, `unknown` says why."""

    purchase_likelihood_30_days: float | None = None
    preferred_property_type: str | None = None
    budget_range_estimate: str | None = None
    estimates: dict[str, Any] = Field(default_factory=dict)
    unknown: dict[str, str] = Field(default_factory=dict)


class PersonaAnalytics(Model):
    """Metrics that were not asked for are None. `current`: whether all that happened to the persona is in them."""

    persona_id: str
    period: str
    engagement_metrics: EngagementMetrics | None = None
    preference_evolution: PreferenceEvolution | None = None
    predictions: PersonaPredictions | None = None
    as_of: datetime | None = None
    data_up_to: datetime | None = None
    current: bool | None = None
