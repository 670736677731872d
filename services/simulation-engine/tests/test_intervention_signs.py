"""Every field of a persona, and every part of a step, moves conversion in the direction that one expects."""

from typing import Any

import pytest
from intervention_scene import added, asked, conversion, follow_up, planned, step, unaided
from simulation_scene import person

from dramatis_contracts.persona.v1 import Insight
from dramatis_simulation_engine.interventions.process import conversions
from dramatis_simulation_engine.people import Respondent

THANKS = step("day_1", "thank_you_email")
CALL = step("day_3", "follow_up_call")
MAIL = step("day_3", "follow_up_email")
ANALYSIS = step("day_3", "send_market_analysis_email")
CONCERNS = step("day_3", "email", script_points=["address_concerns"])
PICTURES = step("day_3", "photos_email")
SCHOOLS = step("day_3", "school_information_email")
LETTER = step("day_3", "letter")
TEXT = step("day_3", "text_message")
VISIT = step("day_3", "personal_meeting")
OTHERS = step("day_3", "similar_listings_email")
TERMS = step("day_3", "price_reduction_email")
FORMAL = step("day_3", "email", content="Dear Sir, kind regards")
WARM = step("day_3", "email", content="So happy that you enjoyed it")
FACTS = step("day_3", "email", content="The analysis of data: figures")
PLAIN = step("day_3", "email", content="The house")
PRESSING = step("day_3", "email", content="Act now, today only")


def behaves(**fields: Any) -> dict[str, Any]:
    return {"behavioral_traits": fields}


def is_(**fields: Any) -> dict[str, Any]:
    return {"demographics": fields}


def wants(**fields: Any) -> dict[str, Any]:
    return {"preferences": fields}


RESERVED, SOCIAL = behaves(communication_style="reserved"), behaves(communication_style="friendly")
ANALYTICAL, INTUITIVE = behaves(decision_making="analytical"), behaves(decision_making="intuitive")
CAUTIOUS, DIRECT = behaves(decision_making="cautious"), behaves(communication_style="direct")


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (behaves(buying_urgency="very_high"), behaves(buying_urgency="high")),
        (behaves(buying_urgency="high"), behaves(buying_urgency="moderate")),
        (behaves(buying_urgency="moderate"), behaves(buying_urgency="low")),
        (behaves(buying_urgency="low"), behaves(buying_urgency="very_low")),
        (behaves(price_sensitivity="low"), behaves(price_sensitivity="high")),
        (behaves(decision_making="decisive"), CAUTIOUS),
        (behaves(decision_making="decisive"), behaves(decision_making="collaborative")),
        (is_(family_status="Single"), is_(family_status="Married")),
    ],
)
@pytest.mark.parametrize("steps", [(), (THANKS,), (THANKS, CALL)])
def test_who_can_and_must_decide_converts_more(
    more: dict[str, Any], less: dict[str, Any], steps: tuple[dict[str, Any], ...]
) -> None:
    if steps:
        assert conversion(planned(*steps), **more) > conversion(planned(*steps), **less)
    else:
        assert unaided(follow_up(), **more) > unaided(follow_up(), **less)


@pytest.mark.parametrize(
    ("one", "other", "more", "less"),
    [
        # The first form of a step compares better with the second for the first person than for the second one.
        (MAIL, CALL, RESERVED, SOCIAL),
        (MAIL, VISIT, RESERVED, SOCIAL),
        (MAIL, CALL, wants(must_have_features=["privacy"]), {}),
        (MAIL, CALL, wants(deal_breakers=["no_privacy"]), {}),
        (MAIL, CALL, is_(occupation="Software Founder"), is_(occupation="Retired CEO")),
        (MAIL, CALL, is_(occupation="Surgeon"), is_(occupation="Philanthropist")),
        (CALL, TEXT, is_(age_range="70-75"), is_(age_range="30-35")),
        (LETTER, TEXT, behaves(communication_style="formal"), behaves(communication_style="casual")),
        (VISIT, MAIL, is_(net_worth_range="$500M"), is_(net_worth_range="$5M")),
        (ANALYSIS, MAIL, ANALYTICAL, INTUITIVE),
        (ANALYSIS, MAIL, is_(occupation="Hedge Fund Manager"), is_(occupation="Gallery Owner")),
        (ANALYSIS, MAIL, wants(must_have_features=["investment_potential"]), {}),
        (ANALYSIS, MAIL, behaves(communication_style="detailed"), SOCIAL),
        (PICTURES, MAIL, INTUITIVE, ANALYTICAL),
        (PICTURES, MAIL, is_(occupation="Architect"), is_(occupation="Attorney")),
        (PICTURES, MAIL, wants(style_preferences=["modern", "minimalist"]), {}),
        (CONCERNS, PLAIN, behaves(risk_tolerance="very_low"), behaves(risk_tolerance="moderate")),
        (CONCERNS, PLAIN, behaves(risk_tolerance="low"), behaves(risk_tolerance="high")),
        (CONCERNS, PLAIN, CAUTIOUS, {}),
        (CONCERNS, PLAIN, wants(deal_breakers=["highway_noise", "flood_zone"]), {}),
        (SCHOOLS, MAIL, is_(family_status="Married, 2 children"), is_(family_status="Single")),
        (SCHOOLS, MAIL, wants(must_have_features=["good_schools"]), {}),
        (OTHERS, MAIL, wants(preferred_locations=["Manhattan", "Brooklyn", "Hamptons"]), {}),
        (OTHERS, MAIL, wants(property_types=["loft", "penthouse", "townhouse"]), {}),
        (TERMS, MAIL, behaves(price_sensitivity="very_high"), behaves(price_sensitivity="low")),
        (FORMAL, PLAIN, is_(occupation="Attorney"), is_(occupation="Actor")),
        (WARM, PLAIN, INTUITIVE, ANALYTICAL),
        (FACTS, PLAIN, ANALYTICAL, INTUITIVE),
        (PLAIN, PRESSING, DIRECT, {}),
        (PLAIN, PRESSING, CAUTIOUS, {}),
        (PLAIN, PRESSING, behaves(risk_tolerance="low"), {}),
        (PLAIN, step("day_3", "email", script_points=["urgency"]), CAUTIOUS, behaves(buying_urgency="high")),
    ],
)
def test_a_step_suits_who_has_a_reason(
    one: dict[str, Any], other: dict[str, Any], more: dict[str, Any], less: dict[str, Any]
) -> None:
    def better(fields: dict[str, Any]) -> float:
        return conversion(planned(one), **fields) - conversion(planned(other), **fields)

    assert better(more) > better(less)


def test_a_reserved_person_is_better_reached_by_email_than_by_call() -> None:
    assert conversion(planned(MAIL), **RESERVED) > conversion(planned(CALL), **RESERVED)
    assert conversion(planned(CALL), **SOCIAL) > conversion(planned(MAIL), **SOCIAL)


@pytest.mark.parametrize("fields", [{}, DIRECT, CAUTIOUS, ANALYTICAL, SOCIAL, behaves(buying_urgency="very_high")])
def test_pressing_harms_whoever_is_pressed(fields: dict[str, Any]) -> None:
    assert conversion(planned(PRESSING), **fields) < conversion(planned(PLAIN), **fields)


@pytest.mark.parametrize("action", ["follow_up_call", "follow_up_email", "text_message"])
def test_contact_that_is_too_frequent_lowers_conversion(action: str) -> None:
    spread = planned(*(step(f"day_{day}", action) for day in (2, 9, 16, 23)))
    crowded = planned(*(step(f"day_{day}", action) for day in (2, 3, 4, 5)))
    assert conversion(crowded) < conversion(spread)


def test_more_steps_are_not_always_better() -> None:
    calls = [step("day_1", "follow_up_call") for _ in range(10)]
    rates = [conversion(planned(*calls[:count]), **RESERVED) for count in range(1, 11)]
    assert rates != sorted(rates)
    assert rates[-1] < max(rates)
    assert added([THANKS, *calls[:3]], 3, **RESERVED) < 0


def test_the_same_thing_said_again_helps_less() -> None:
    first = added([ANALYSIS], 0)
    again = added([ANALYSIS, step("day_30", "send_market_analysis_email")], 1)
    other = added([ANALYSIS, step("day_30", "school_information_letter")], 1)
    assert again < first
    assert again < other


@pytest.mark.parametrize("fields", [{}, ANALYTICAL, RESERVED, behaves(buying_urgency="low")])
def test_a_very_late_step_helps_less_than_a_timely_one(fields: dict[str, Any]) -> None:
    timely, late = step("day_5", "personalized_report"), step("day_75", "personalized_report")
    assert added([late], 0, **fields) < added([timely], 0, **fields)


def test_a_step_that_says_nothing_to_anyone_still_has_its_channel() -> None:
    assert conversion(planned(MAIL)) > unaided(planned(MAIL))


def test_more_effort_before_means_more_conversion_after() -> None:
    first = [
        conversion(planned(THANKS, initial_interaction=i)) for i in ("open_house", "property_viewing", "second_viewing")
    ]
    assert first == sorted(first)


def test_what_was_learnt_about_a_person_counts_by_its_confidence() -> None:
    def rate(*insights: Insight, action: str = "follow_up_call") -> float:
        who = person()
        told = Respondent(who.id, "specific", who.demographics, who.preferences, who.traits, insights=insights)
        respondents = asked(planned(step("day_3", action)), told)
        respondents.personal[:] = 0.0
        return float(conversions(respondents, [respondents.plan.own], 90)[0, 0])

    sure = Insight(kind="dislikes", text="phone calls", source="notes", confidence=1.0)
    rumour = Insight(kind="dislikes", text="phone calls", source="notes", confidence=0.3)
    hurried = Insight(kind="trait", text="in a hurry", source="notes", confidence=1.0)
    assert rate(sure) < rate(rumour) < rate()
    assert rate(sure, action="email") == rate(action="email")
    assert rate(hurried) > rate()


def test_temperature_makes_reactions_alike() -> None:
    pair = [person("a", **behaves(buying_urgency="high")), person("b", **behaves(buying_urgency="low"))]
    apart = []
    for temperature in (0.7, 5.0, 50.0):
        respondents = asked(planned(MAIL), *pair)
        respondents.personal[:] = 0.0
        respondents.scale[:] = temperature
        forward, _ = respondents.drawn(slice(0, 2)).reactions((), respondents.plan.own[0])
        apart.append(float(forward[2, 0].mean() - forward[2, 1].mean()))
    assert apart[0] > apart[1] > apart[2] > 0
