"""What a persona did in a period. Pure."""

from collections.abc import Iterable, Sequence

from dramatis_contracts.persona.analytics import EngagementMetrics
from dramatis_contracts.simulation_engine.common import Estimate
from dramatis_persona.analytics.assumptions import mean_of_unit_values
from dramatis_persona.analytics.readings import Interaction, Scores

STATED = "mean over properties of the last interest that the agent stated"
EXPRESSED = (
    "mean over properties of the last interest, as the agent stated it or else (likes + 1) / (likes + dislikes + 2)"
)
MATCHED = "mean over properties of the last match score"


def engagement(interactions: Sequence[Interaction], matches: Scores, simulations: int) -> EngagementMetrics:
    """`interactions` of the period, oldest first; `matches` and `simulations` of the same."""
    interest = average_interest(interactions)
    score = mean_of_unit_values(matches.n, matches.total, matches.squares, MATCHED) if matches.n else None
    found = {"average_interest_score": interest, "average_match_score": score}
    missing = {
        "average_interest_score": "no interaction in the period tells of interest",
        "average_match_score": "no match was found in the period",
    }
    return EngagementMetrics(
        properties_viewed=_viewed(interactions),
        average_interest_score=interest.value if interest else None,
        showings_requested=sum(i.kind == "showing_request" for i in interactions),
        offers_made=sum(i.kind == "offer" for i in interactions),
        interactions=len(interactions),
        matches_found=matches.n,
        average_match_score=score.value if score else None,
        simulations_joined=simulations,
        estimates={name: estimate for name, estimate in found.items() if estimate},
        unknown={name: reason for name, reason in missing.items() if found[name] is None},
    )


def average_interest(interactions: Sequence[Interaction]) -> Estimate | None:
    """One value for each property, because repeated visits of a home are not independent: what was stated last or,
    where nothing was, what was last expressed."""
    stated: dict[str, float] = {}
    expressed: dict[str, float] = {}
    for index, interaction in enumerate(interactions):
        about = interaction.property_id or f"unnamed {index}"
        if interaction.interest is not None:
            stated[about] = interaction.interest
        elif remarks := interaction.likes + interaction.dislikes:
            expressed[about] = (interaction.likes + 1) / (remarks + 2)
    if not (values := list((expressed | stated).values())):
        return None
    method = STATED if len(values) == len(stated) else EXPRESSED
    return mean_of_unit_values(len(values), sum(values), sum(value * value for value in values), method)


def _viewed(interactions: Iterable[Interaction]) -> int:
    viewed = [i.property_id for i in interactions if i.kind == "property_viewing"]
    return len(set(filter(None, viewed))) + viewed.count("")
