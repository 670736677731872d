"""The published example of a follow-up and small changes of it, for the tests of follow-up sequences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from simulation_scene import person

from dramatis_contracts.simulation_engine.follow_up import Intervention
from dramatis_simulation_engine.interventions.model import InterventionPlan
from dramatis_simulation_engine.interventions.process import conversions
from dramatis_simulation_engine.interventions.respondents import StatisticalRespondents
from dramatis_simulation_engine.interventions.sequence import read_follow_up
from dramatis_simulation_engine.interventions.vocabulary import load_vocabulary
from dramatis_simulation_engine.people import Respondent

STEPS: list[dict[str, Any]] = [
    {
        "step": 1,
        "timing": "same_day",
        "action": "thank_you_email",
        "content": "Thank you for viewing the property...",
    },
    {
        "step": 2,
        "timing": "day_3",
        "action": "follow_up_call",
        "script_points": ["address_concerns", "similar_properties", "urgency"],
    },
    {
        "step": 3,
        "timing": "day_7",
        "action": "personalized_report",
        "includes": ["market_analysis", "property_comparison", "investment_potential"],
    },
]
EXAMPLE: dict[str, Any] = {
    "scenario": {
        "type": "follow_up_sequence",
        "initial_interaction": "property_viewing",
        "interventions": STEPS,
    },
    "test_personas": ["pers_789", "pers_012"],
    "variations_to_test": ["timing_variations", "message_tone", "channel_mix"],
}
SEGMENTS: dict[str, Any] = {
    "mode": "segment",
    "segments": ["finance_executives", "affluent_families"],
    "generated_count": 20,
    "diversity_parameters": {"age_diversity": 1.0, "wealth_diversity": 1.0, "preference_diversity": 1.0},
}


def follow_up(
    *, steps: Sequence[dict[str, Any]] = STEPS, initial_interaction: str = "property_viewing", **changes: Any
) -> Intervention:
    """The published example with these steps, this first contact, and other top-level parts replaced."""
    scenario = {
        "type": "follow_up_sequence",
        "initial_interaction": initial_interaction,
        "interventions": list(steps),
    }
    return Intervention.model_validate({**EXAMPLE, "scenario": scenario, **changes})


def step(timing: str, action: str, **fields: Any) -> dict[str, Any]:
    return {"timing": timing, "action": action, **fields}


def planned(*steps: dict[str, Any], **changes: Any) -> Intervention:
    """A follow-up of these steps, numbered."""
    return follow_up(steps=[{"step": i, **s} for i, s in enumerate(steps, start=1)], **changes)


def asked(
    intervention: Intervention, *people: Respondent, iterations: int = 64, seed: int = 1
) -> StatisticalRespondents:
    plan = read_follow_up(intervention.scenario, load_vocabulary())
    return StatisticalRespondents(people, plan, seed=seed, iterations=iterations, temperature=0.7)


def conversion(intervention: Intervention, **fields: Any) -> float:
    """What somebody of whom only these fields are known does under the sequence; without a personal deviation."""
    respondents = asked(intervention, person(**fields))
    respondents.personal[:] = 0.0
    horizon = intervention.simulation_parameters.horizon_days
    return float(conversions(respondents, [respondents.plan.own], horizon)[0, 0])


def added(steps: Sequence[dict[str, Any]], at: int, **fields: Any) -> float:
    """What the step at this place adds to conversion, given the others."""
    without = [s for i, s in enumerate(steps) if i != at]
    base = conversion(planned(*without), **fields) if without else unaided(planned(*steps), **fields)
    return conversion(planned(*steps), **fields) - base


def unaided(intervention: Intervention, **fields: Any) -> float:
    """Conversion when nobody follows up."""
    respondents = asked(intervention, person(**fields))
    respondents.personal[:] = 0.0
    return float(conversions(respondents, [()], intervention.simulation_parameters.horizon_days)[0, 0])


def plan_for(intervention: Intervention, *people: Respondent, seed: int = 1) -> InterventionPlan:
    return InterventionPlan(intervention, people, seed)


def random_people(count: int, seed: int) -> list[Respondent]:
    """People drawn independently, so that the spread between studies is that of chance."""
    generator = np.random.default_rng(seed)
    return [person(f"pers_{seed}_{i}", **_random_fields(generator)) for i in range(count)]


def _random_fields(generator: np.random.Generator) -> dict[str, Any]:
    def one(*words: str) -> str:
        return words[int(generator.integers(len(words)))]

    return {
        "demographics": {
            "age_range": str(int(generator.integers(28, 75))),
            "occupation": one("Hedge Fund Manager", "Software Founder", "Attorney", "Surgeon", "Retired CEO", "Artist"),
            "family_status": one("Single", "Married", "Married, 2 children"),
        },
        "preferences": {"must_have_features": ["privacy"]} if generator.random() < 0.3 else {},
        "behavioral_traits": {
            "decision_making": one("analytical", "intuitive", "cautious", "decisive"),
            "communication_style": one("direct", "reserved", "friendly", "formal", "detailed"),
            "risk_tolerance": one("low", "moderate", "high"),
            "buying_urgency": one("low", "moderate", "high"),
            "price_sensitivity": one("low", "moderate", "high"),
        },
    }
