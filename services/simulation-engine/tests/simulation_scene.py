"""People, properties and the published example, for all tests of this service."""

from typing import Any

from dramatis_contracts.persona.v1 import BehavioralTraits, Demographics, Insight, Preferences
from dramatis_contracts.simulation_engine.v1 import FocusGroup, Property
from dramatis_simulation_engine.focus_group.listing import read_listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Question
from dramatis_simulation_engine.focus_group.respondents import StatisticalRespondents
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.taxonomy import load_taxonomy

EXAMPLE: dict[str, Any] = {
    "name": "Penthouse Marketing Test",
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
        "mode": "segment",
        "segments": ["finance_executives", "tech_entrepreneurs"],
        "specific_personas": ["pers_123", "pers_456"],
        "generated_count": 20,
        "diversity_parameters": {"age_diversity": 0.3, "wealth_diversity": 0.2, "preference_diversity": 0.4},
    },
    "simulation_parameters": {"iterations": 100, "temperature": 0.7, "consensus_threshold": 0.6},
}

JOHN: dict[str, Any] = {
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
}


def focus_group(**changes: Any) -> FocusGroup:
    """The published example with top-level parts replaced."""
    return FocusGroup.model_validate(EXAMPLE | changes)


def with_parameters(**parameters: Any) -> dict[str, Any]:
    return {"simulation_parameters": EXAMPLE["simulation_parameters"] | parameters}


def person(person_id: str = "pers_1", insights: tuple[Insight, ...] = (), **fields: dict[str, Any]) -> Respondent:
    """Someone about whom only these fields are known: `demographics`, `preferences`, `behavioral_traits`."""
    return Respondent(
        id=person_id,
        origin="specific",
        version=1,
        demographics=Demographics(**fields.get("demographics", {})),
        preferences=Preferences(**fields.get("preferences", {})),
        traits=BehavioralTraits(**fields.get("behavioral_traits", {})),
        insights=insights,
    )


def john(person_id: str = "pers_123") -> Respondent:
    return person(person_id, **JOHN)


def home(**changes: Any) -> Property:
    """A plain apartment at $10M; what is not given is not known."""
    return Property.model_validate({"price": 10_000_000} | changes)


def respondents(
    *people: Respondent, about: Property, seed: int = 1, iterations: int = 64, temperature: float = 0.7
) -> StatisticalRespondents:
    assumptions = load_assumptions()
    listing = read_listing(about, assumptions.taxonomy)
    return StatisticalRespondents(
        people, listing, assumptions, seed=seed, iterations=iterations, temperature=temperature
    )


def interest_in(who: Respondent, about: Property, *, price: float | None = None, adding: str | None = None) -> float:
    """The mean utility of a property to a person, against *none* at 0; without the personal deviation of a seed."""
    asked = respondents(who, about=about)
    asked.personal[:] = 0.0
    return float(asked.mean_utilities(asking_about(about, price=price, adding=adding))[0, 0])


def asking_about(about: Property, *, price: float | None = None, adding: str | None = None) -> Question:
    taxonomy = load_taxonomy()
    listing = read_listing(about, taxonomy)
    signs = dict(taxonomy.read(adding).signs) if adding else {}
    changes = {attribute: float(sign) for attribute, sign in signs.items()}
    offered = Alternative(adding or "as it is", changes, listing.signs | signs.items(), price or about.price)
    return Question(f"test-{adding}-{price}", "?", "each", (offered,), "property", listing)
