"""What the API answers. A field that this version does not know is kept and can be read like any other.

Money in US dollars, area in square feet, probabilities and scores from 0 to 1, times with a time zone. Words that the
platform may add to (a status, a kind) are plain strings.
"""

from tinytroupe_client.models.base import Model
from tinytroupe_client.models.batches import Batch, BatchItem
from tinytroupe_client.models.deliveries import (
    Delivery,
    DeliveryAttempt,
    Event,
    EventType,
    Replay,
    Webhook,
    WebhookEvent,
    WebhookHealth,
    WebhookMetadata,
    WebhookObject,
)
from tinytroupe_client.models.people import (
    BehavioralTraits,
    CreatedPersona,
    Demographics,
    Enrichment,
    EnrichmentSource,
    Insight,
    Persona,
    PersonaAnalytics,
    Preferences,
)
from tinytroupe_client.models.properties import (
    ClientMatch,
    ClientMatches,
    Match,
    MatchReasoning,
    MatchRun,
    MatchTerm,
    OutreachStrategy,
    Photo,
    Property,
    PropertyMatch,
    PropertyMatches,
)
from tinytroupe_client.models.simulations import (
    Campaign,
    FollowUpRecommendations,
    Recommendation,
    Results,
    Segment,
    SimulationState,
    SimulationUpdate,
    Summary,
)

__all__ = [
    "Batch",
    "BatchItem",
    "BehavioralTraits",
    "Campaign",
    "ClientMatch",
    "ClientMatches",
    "CreatedPersona",
    "Delivery",
    "DeliveryAttempt",
    "Demographics",
    "Enrichment",
    "EnrichmentSource",
    "Event",
    "EventType",
    "FollowUpRecommendations",
    "Insight",
    "Match",
    "MatchReasoning",
    "MatchRun",
    "MatchTerm",
    "Model",
    "OutreachStrategy",
    "Persona",
    "PersonaAnalytics",
    "Photo",
    "Preferences",
    "Property",
    "PropertyMatch",
    "PropertyMatches",
    "Recommendation",
    "Replay",
    "Results",
    "Segment",
    "SimulationState",
    "SimulationUpdate",
    "Summary",
    "Webhook",
    "WebhookEvent",
    "WebhookHealth",
    "WebhookMetadata",
    "WebhookObject",
]
