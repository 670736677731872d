"""The example of the TinyTroupe-RE specification: its persona, a second one, and the "Penthouse Marketing Test"."""

from collections.abc import Sequence
from typing import Any

NAME = "Penthouse Marketing Test"

PERSONAS: tuple[dict[str, Any], ...] = (
    {
        "name": "John Smith",
        "visibility": "brokerage",
        "demographics": {
            "age_range": "45-55",
            "occupation": "Hedge Fund Manager",
            "net_worth_range": "$50M-$100M",
            "primary_residence": "Manhattan, NY",
            "family_status": "Married, 2 children",
        },
        "preferences": {
            "property_types": ["penthouse", "waterfront", "estate"],
            "preferred_locations": ["Manhattan", "Hamptons", "Miami Beach"],
            "must_have_features": ["home_office", "wine_cellar", "pool"],
            "deal_breakers": ["highway_noise", "no_privacy"],
            "style_preferences": ["modern", "contemporary"],
        },
        "behavioral_traits": {
            "decision_making": "analytical",
            "risk_tolerance": "moderate",
            "communication_style": "direct",
            "buying_urgency": "low",
            "price_sensitivity": "low",
        },
    },
    {
        "name": "Maya Chen",
        "visibility": "brokerage",
        "demographics": {
            "age_range": "35-45",
            "occupation": "Technology Founder",
            "net_worth_range": "$60M-$150M",
            "primary_residence": "San Francisco, CA",
            "family_status": "Married, 1 child",
        },
        "preferences": {
            "property_types": ["penthouse", "townhouse"],
            "preferred_locations": ["Manhattan", "Tribeca"],
            "must_have_features": ["smart_home", "outdoor_terrace", "private_elevator"],
            "deal_breakers": ["no_privacy"],
            "style_preferences": ["minimalist", "modern"],
        },
        "behavioral_traits": {
            "decision_making": "intuitive",
            "risk_tolerance": "high",
            "communication_style": "informal",
            "buying_urgency": "high",
            "price_sensitivity": "moderate",
        },
    },
)


def focus_group(persona_ids: Sequence[str]) -> dict[str, Any]:
    """The request: these personas and 20 generated ones, 100 iterations each."""
    return {
        "name": NAME,
        "property": {
            "id": "prop_123",
            "address": "432 Park Avenue, Unit 96",
            "price": 45_000_000,
            "type": "penthouse",
            "bedrooms": 6,
            "bathrooms": 7,
            "sqft": 8255,
            "description": "Spectacular penthouse with 360-degree views...",
            "features": ["private_elevator", "wine_room", "library", "outdoor_terrace"],
            "photos": [{"url": "https://...", "caption": "Living room with city views", "room": "living_room"}],
        },
        "test_scenarios": [
            {"type": "photo_selection", "options": ["sunset_view", "interior_design", "building_exterior"]},
            {
                "type": "modification_testing",
                "modifications": ["add_smart_home_system", "renovate_kitchen", "add_private_gym"],
            },
            {"type": "pricing_strategy", "price_points": [42_000_000, 45_000_000, 48_000_000]},
        ],
        "persona_configuration": {
            "mode": "specific",
            "segments": ["finance_executives", "tech_entrepreneurs"],
            "specific_personas": list(persona_ids),
            "generated_count": 20,
            "diversity_parameters": {"age_diversity": 0.3, "wealth_diversity": 0.2, "preference_diversity": 0.4},
        },
        "simulation_parameters": {
            "iterations": 100,
            "temperature": 0.7,
            "consensus_threshold": 0.6,
            "detail_level": "detailed",
        },
    }
