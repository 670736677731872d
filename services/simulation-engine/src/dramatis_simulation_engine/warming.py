"""The smallest possible studies, run once when the service opens, so that a client's first one does not wait."""

import asyncio

from dramatis_contracts.interrogation import v1 as interrogation
from dramatis_contracts.simulation_engine import v1
from dramatis_contracts.simulation_engine.follow_up import FollowUp, Step
from dramatis_contracts.simulation_engine.marketing import Campaign, ChannelMessages
from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.offline import offline_mind
from dramatis_simulation_engine.interrogation.process import next_events
from dramatis_simulation_engine.interventions import model as interventions
from dramatis_simulation_engine.marketing.campaign import CampaignPlan
from dramatis_simulation_engine.plan import carry_out

_SMALLEST = v1.FocusGroup(
    name="warming up",
    property=v1.Property(price=1_000_000, features=("pool",)),
    test_scenarios=(
        v1.PhotoSelection(type="photo_selection", options=("sunset_view", "kitchen")),
        v1.ModificationTesting(type="modification_testing", modifications=("add_pool",)),
        v1.PricingStrategy(type="pricing_strategy", price_points=(900_000, 1_000_000)),
    ),
    persona_configuration=v1.PersonaConfiguration(mode="segment", segments=("affluent_families",), generated_count=3),
    simulation_parameters=v1.SimulationParameters(iterations=8),
)


_SMALLEST_FOLLOW_UP = v1.Intervention(
    scenario=FollowUp(
        type="follow_up_sequence",
        initial_interaction="property_viewing",
        interventions=(Step(step=1, timing="day_3", action="follow_up_call"),),
    ),
    persona_configuration=v1.PersonaConfiguration(mode="segment", segments=("affluent_families",), generated_count=3),
    simulation_parameters=v1.SimulationParameters(iterations=8),
)


_SMALLEST_CAMPAIGN = v1.MarketingCampaign(
    campaign=Campaign(
        name="warming up",
        channels=("email",),
        messages={"email": ChannelMessages(subject_lines=("A home with a view", "A new pool"))},
    ),
    persona_configuration=v1.PersonaConfiguration(mode="segment", segments=("affluent_families",), generated_count=3),
    simulation_parameters=v1.SimulationParameters(iterations=8),
)


def warm_up() -> None:
    """Read the data files and touch every code path that loads something lazily."""
    simulate(_SMALLEST, (), seed=0)
    interventions.simulate(_SMALLEST_FOLLOW_UP, (), seed=0)
    carry_out(CampaignPlan(_SMALLEST_CAMPAIGN, (), 0))
    asyncio.run(_interview())


async def _interview() -> None:
    """One exchange of an interrogation."""
    requested = interrogation.InterrogationRequested(
        user_input="Trials do not become paying accounts.",
        stakeholder=interrogation.Stakeholder(title="Owner of a small business", profile="I gave up during the setup."),
        max_interview_messages=2,
        mind="offline",
        seed=0,
    )
    await next_events(Dossier(requested), offline_mind(0))
