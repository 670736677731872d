"""Every field of a persona, and every part of a message, moves responses in the direction that one expects."""

from itertools import pairwise
from typing import Any

import pytest
from marketing_scene import asked, message, rates
from simulation_scene import person

from dramatis_contracts.persona.v1 import Level
from dramatis_simulation_engine.marketing.configurations import STAGES
from dramatis_simulation_engine.marketing.forecasts import offer_of
from dramatis_simulation_engine.marketing.messages import load_reader
from dramatis_simulation_engine.marketing.questions import Exposure, stage_questions
from dramatis_simulation_engine.marketing.respondents import intercepts
from dramatis_simulation_engine.marketing.tastes import load_assumptions

SIZES = load_assumptions()
PLAIN = "The house"


def behaves(**fields: Any) -> dict[str, Any]:
    return {"behavioral_traits": fields}


def is_(**fields: Any) -> dict[str, Any]:
    return {"demographics": fields}


def wants(**fields: Any) -> dict[str, Any]:
    return {"preferences": fields}


RESERVED, SOCIAL = behaves(communication_style="reserved"), behaves(communication_style="friendly")
DIRECT, FORMAL = behaves(communication_style="direct"), behaves(communication_style="formal")
ANALYTICAL, INTUITIVE = behaves(decision_making="analytical"), behaves(decision_making="intuitive")
CAUTIOUS, DECISIVE = behaves(decision_making="cautious"), behaves(decision_making="decisive")
BANKER, PAINTER = is_(occupation="Hedge Fund Manager"), is_(occupation="Artist")
YOUNG, OLD = is_(age_range="19-22"), is_(age_range="68-72")

SCARCE, PRESSING = message("Limited edition, almost gone"), message("STOP SCROLLING NOW!! BUY NOW!!")
INVESTMENT, LIFESTYLE = message("investment_focus"), message("lifestyle_focus")
FACTS, FEELING = message("Floor plan and market data"), message("A story that touches the heart")
DISCOUNT, PRESTIGE = message("Price reduction: save now"), message("An iconic, prestigious landmark")
FUN, NEW = message("A hilarious meme"), message("Brand new innovation")
PERSONAL, BARE = message("Tailored for you"), message(PLAIN)
SAFE, FAMILIES = message("Guaranteed, no obligation"), message("For the family and the kids")
VAGUE, LONG = message("An amazing, incredible opportunity"), message("the house " * 12)
PICTURES, NOSTALGIC = message("Stunning cinematic photography"), message("A timeless vintage classic")
TALKED_ABOUT, EXCLUSIVE = message("Five star reviews, recommended"), message("By invitation, members only")
NEXT, ASKING = message(PLAIN, cta="Book a viewing"), message("The house?")
LETTER, EMAIL = message(place="direct_mail"), message(place="email")
TIKTOK, OPEN_HOUSE = message(place="tiktok"), message(place="open_house")
CALL, EVENT, SMS = message(place="phone"), message(place="private_event"), message(place="sms")


def open_rate(sent: Exposure, **of: Any) -> float:
    return rates(sent, stages=STAGES[:1], **of)["open_rate"]


def odds(rate: float) -> float:
    return rate / (1 - rate)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("very_high", "high"),
        ("high", "moderate"),
        ("moderate", "low"),
        ("low", "very_low"),
    ],
)
def test_urgency_to_buy_raises_every_stage(stage: str, more: Level, less: Level) -> None:
    high, low = (rates(EMAIL, **behaves(buying_urgency=level))[stage] for level in (more, less))
    assert high > low


def test_urgency_counts_more_the_closer_a_step_is_to_a_purchase() -> None:
    hurried, calm = (rates(EMAIL, **behaves(buying_urgency=level)) for level in ("high", "low"))
    gains = [hurried[stage] / calm[stage] for stage in STAGES]
    assert gains == sorted(gains)
    assert gains[-1] > 2 * gains[0]


def test_who_decides_quickly_responds_more_than_who_hesitates() -> None:
    for stage in STAGES:
        assert rates(EMAIL, **DECISIVE)[stage] > rates(EMAIL, **CAUTIOUS)[stage]


@pytest.mark.parametrize(
    ("one", "other", "more", "less"),
    [
        # The first message compares better with the second for the first person than for the second one.
        (EMAIL, OPEN_HOUSE, RESERVED, SOCIAL),
        (EMAIL, EVENT, RESERVED, SOCIAL),
        (EMAIL, TIKTOK, RESERVED, SOCIAL),
        (EMAIL, CALL, RESERVED, SOCIAL),
        (EMAIL, SMS, RESERVED, {}),
        (EMAIL, OPEN_HOUSE, wants(deal_breakers=["no_privacy"]), {}),
        (EMAIL, OPEN_HOUSE, is_(occupation="Actress"), is_(occupation="Teacher")),
        (EMAIL, OPEN_HOUSE, is_(net_worth_range="$100M"), is_(net_worth_range="$100K")),
        (EMAIL, CALL, is_(occupation="Software Engineer"), {}),
        (TIKTOK, LETTER, YOUNG, OLD),
        (message(place="social_media"), LETTER, YOUNG, OLD),
        (message(place="snapchat"), message(place="facebook"), YOUNG, OLD),
        (LETTER, EMAIL, FORMAL, DIRECT),
        (LETTER, EMAIL, is_(occupation="Retired"), is_(occupation="Software Engineer")),
        (BARE, SCARCE, ANALYTICAL, INTUITIVE),
        (BARE, SCARCE, CAUTIOUS, {}),
        (SCARCE, BARE, behaves(risk_tolerance="very_high"), behaves(risk_tolerance="very_low")),
        (BARE, message("Hurry, ends today"), ANALYTICAL, DECISIVE),
        (INVESTMENT, LIFESTYLE, BANKER, PAINTER),
        (INVESTMENT, LIFESTYLE, BANKER, is_(occupation="Retired")),
        (INVESTMENT, LIFESTYLE, ANALYTICAL, INTUITIVE),
        (INVESTMENT, BARE, behaves(risk_tolerance="high"), behaves(risk_tolerance="very_low")),
        (INVESTMENT, BARE, is_(occupation="Property Developer"), is_(occupation="Nurse")),
        (FACTS, FEELING, ANALYTICAL, INTUITIVE),
        (FACTS, FEELING, behaves(communication_style="detailed"), SOCIAL),
        (FACTS, BARE, is_(occupation="Attorney"), is_(occupation="Hairdresser")),
        (FACTS, BARE, is_(occupation="Surgeon"), is_(occupation="Hairdresser")),
        (DISCOUNT, PRESTIGE, behaves(price_sensitivity="very_high"), behaves(price_sensitivity="high")),
        (DISCOUNT, PRESTIGE, behaves(price_sensitivity="high"), behaves(price_sensitivity="moderate")),
        (DISCOUNT, PRESTIGE, behaves(price_sensitivity="low"), behaves(price_sensitivity="very_low")),
        (DISCOUNT, PRESTIGE, is_(net_worth_range="$20K"), is_(net_worth_range="$50M")),
        (DISCOUNT, BARE, is_(occupation="Student"), is_(occupation="CEO")),
        (FUN, BARE, YOUNG, OLD),
        (FUN, BARE, SOCIAL, FORMAL),
        (NOSTALGIC, BARE, OLD, YOUNG),
        (NEW, BARE, behaves(risk_tolerance="high"), behaves(risk_tolerance="low")),
        (NEW, BARE, is_(occupation="Software Engineer"), {}),
        (SAFE, BARE, behaves(risk_tolerance="low"), behaves(risk_tolerance="high")),
        (SAFE, BARE, CAUTIOUS, {}),
        (SAFE, BARE, OLD, YOUNG),
        (FAMILIES, BARE, is_(family_status="Married, 2 children"), is_(family_status="Single")),
        (FAMILIES, BARE, is_(family_status="Married, 2 children"), is_(family_status="Married, no children")),
        (BARE, LONG, DIRECT, behaves(communication_style="detailed")),
        (BARE, LONG, DECISIVE, {}),
        (BARE, VAGUE, DIRECT, {}),
        (BARE, VAGUE, ANALYTICAL, {}),
        (BARE, PRESSING, RESERVED, {}),
        (BARE, PRESSING, CAUTIOUS, {}),
        (PICTURES, BARE, INTUITIVE, ANALYTICAL),
        (PICTURES, BARE, PAINTER, BANKER),
        (TALKED_ABOUT, BARE, behaves(decision_making="collaborative"), ANALYTICAL),
        (EXCLUSIVE, BARE, is_(occupation="Singer"), is_(occupation="Nurse")),
        (EXCLUSIVE, BARE, is_(net_worth_range="$100M"), is_(net_worth_range="$100K")),
    ],
)
def test_a_message_suits_who_has_a_reason(
    one: Exposure, other: Exposure, more: dict[str, Any], less: dict[str, Any]
) -> None:
    def better(fields: dict[str, Any]) -> float:
        return odds(open_rate(one, **fields)) / odds(open_rate(other, **fields))

    assert better(more) > better(less)


@pytest.mark.parametrize("sent", [OPEN_HOUSE, EVENT, TIKTOK, CALL, SMS, message(place="x")])
@pytest.mark.parametrize("stage", STAGES)
def test_a_reserved_person_responds_less_to_what_is_public_or_intrudes(sent: Exposure, stage: str) -> None:
    assert rates(sent, **RESERVED)[stage] < rates(sent)[stage]


def test_an_investment_message_beats_a_lifestyle_message_for_bankers_only() -> None:
    assert open_rate(INVESTMENT, **BANKER) > open_rate(LIFESTYLE, **BANKER)
    assert open_rate(LIFESTYLE, **PAINTER) > open_rate(INVESTMENT, **PAINTER)


def test_the_young_open_more_on_tiktok_than_the_old_and_the_old_more_letters() -> None:
    assert open_rate(TIKTOK, **YOUNG) > open_rate(TIKTOK, **OLD)
    assert open_rate(LETTER, **OLD) > open_rate(LETTER, **YOUNG)


@pytest.mark.parametrize(
    ("fields", "suited", "other"),
    [
        (wants(must_have_features=["pool"]), "A house with a pool", "A house with a garage"),
        (wants(property_types=["penthouse"]), "A penthouse", "A farmhouse"),
        (wants(preferred_locations=["Miami Beach"]), "A house in Miami Beach", "A house in Aspen"),
        (wants(style_preferences=["modern"]), "A modern house", "A classic house"),
        (wants(style_preferences=["sneaker culture"]), "Sneakers", "Gardening"),
        (wants(deal_breakers=["highway_noise"]), "A house", "A house with highway noise"),
        (is_(primary_residence="Aspen"), "A house in Aspen", "A house in Miami Beach"),
    ],
)
def test_a_message_about_what_somebody_wants_is_opened_more(fields: dict[str, Any], suited: str, other: str) -> None:
    gain = open_rate(message(suited), **fields) / open_rate(message(suited))
    assert gain > open_rate(message(other), **fields) / open_rate(message(other))


@pytest.mark.parametrize(
    ("better", "worse"),
    [(PERSONAL, BARE), (SCARCE, BARE), (TALKED_ABOUT, BARE), (BARE, PRESSING), (BARE, VAGUE), (BARE, LONG)],
)
def test_what_draws_everybody_is_opened_more(better: Exposure, worse: Exposure) -> None:
    assert open_rate(better) > open_rate(worse)


def test_what_a_message_denies_has_the_opposite_effect() -> None:
    assert open_rate(message("No discount")) < open_rate(BARE) < open_rate(message("Discount"))


def test_a_call_to_action_acts_on_those_who_opened() -> None:
    named, bare = rates(NEXT), rates(BARE)
    none = rates(message(PLAIN, cta="The house"))
    assert named["open_rate"] == pytest.approx(bare["open_rate"])
    assert named["click_rate"] > none["click_rate"]


def test_the_inside_of_a_message_counts_after_it_is_opened() -> None:
    dull, useful = rates(message(PLAIN, body="The house")), rates(message(PLAIN, body="A helpful guide: tips, advice"))
    gains = [useful[stage] / dull[stage] for stage in STAGES]
    assert gains[1] > gains[0] >= 1


@pytest.mark.parametrize("place", ["email", "tiktok", "direct_mail", "open_house", "sms", "linkedin"])
@pytest.mark.parametrize("fields", [{}, RESERVED, SOCIAL, behaves(buying_urgency="very_high"), BANKER, YOUNG])
def test_a_deeper_stage_is_never_reached_by_more(place: str, fields: dict[str, Any]) -> None:
    funnel = list(rates(message("Exclusive: hurry, free pool", place=place), **fields).values())
    assert all(deeper < earlier for earlier, deeper in pairwise(funnel))
    assert 0 < funnel[-1] < funnel[0] < 1


def test_a_population_of_average_people_responds_to_an_average_message_at_the_reference_rates() -> None:
    respondents = asked(*(person(f"pers_{i}") for i in range(3000)), iterations=8)
    for question in stage_questions(STAGES, dict.fromkeys(STAGES, "?"), [EMAIL], ""):
        _, reached = respondents._reached(question, slice(None))
        assert reached.mean() == pytest.approx(EMAIL.place.reference(question.stages[-1]), rel=0.06)


def test_intercepts_give_the_reference_rates_whatever_the_spread() -> None:
    assert intercepts((0.5, 0.25), (0.0, 0.0)) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert intercepts((0.3,), (2.0,))[0] < intercepts((0.3,), (0.5,))[0]


# Times


@pytest.mark.parametrize(
    ("better", "worse"), [("tuesday", "saturday"), ("wednesday", "friday"), ("thursday", "monday")]
)
def test_days_act_as_the_data_say(better: str, worse: str) -> None:
    assert SIZES.days[better] > SIZES.days[worse]
    assert open_rate(message(PLAIN, day=better)) > open_rate(message(PLAIN, day=worse))


def test_parts_of_the_day_act_as_the_data_say() -> None:
    by_size = sorted(SIZES.parts, key=lambda part: SIZES.parts[part]["market"])
    found = [open_rate(message(PLAIN, part=part)) for part in by_size]
    assert found == sorted(found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("part", "other", "more", "less"),
    [
        ("late", "morning", is_(occupation="Student"), is_(occupation="Hedge Fund Manager")),
        ("late", "morning", YOUNG, OLD),
        ("midday", "late", is_(occupation="Retired"), is_(occupation="Software Engineer")),
    ],
)
def test_people_keep_their_hours(part: str, other: str, more: dict[str, Any], less: dict[str, Any]) -> None:
    def better(fields: dict[str, Any]) -> float:
        first, second = (open_rate(message(PLAIN, part=p), **fields) for p in (part, other))
        return odds(first) / odds(second)

    assert better(more) > better(less)


def test_weekends_suit_who_is_free_then() -> None:
    def better(occupation: str) -> float:
        saturday, friday = (
            open_rate(message(PLAIN, day=d), **is_(occupation=occupation)) for d in ("saturday", "friday")
        )
        return odds(saturday) / odds(friday)

    assert better("Student") > better("Barista")


def test_the_time_of_a_message_leaves_those_who_opened_it_alone() -> None:
    early, late = (rates(message(PLAIN, part=part)) for part in ("morning", "night"))
    assert early["open_rate"] > late["open_rate"]
    clicked = [rate["click_rate"] / rate["open_rate"] for rate in (early, late)]
    # Who opens in the middle of the night is keener: the fewer open, the more of them go on.
    assert clicked[0] == pytest.approx(clicked[1], rel=0.05)


# Temperature, content and explanations


def test_temperature_makes_messages_and_people_alike() -> None:
    apart = [
        odds(open_rate(PERSONAL, temperature=t)) / odds(open_rate(PRESSING, temperature=t))
        for t in (0.3, 0.7, 5.0, 50.0)
    ]
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] == pytest.approx(1.0, abs=0.05)


def test_analytical_people_are_more_consistent_and_intuitive_ones_less() -> None:
    noise = [asked(person(**fields)).noise[0] for fields in (ANALYTICAL, {}, INTUITIVE)]
    assert noise == sorted(noise)


def test_content_that_does_not_suit_a_platform_is_engaged_with_less() -> None:
    def engagement(kind: str) -> float:
        offer = offer_of("content", "tiktok", "A funny story", None, content_type=kind)
        return rates(offer.exposure(), stages=("engagement",))["engagement"]

    assert engagement("short_video") > engagement("article")


@pytest.mark.parametrize(
    ("text", "better", "worse"),
    [
        ("A hilarious meme", "tiktok", "linkedin"),
        ("Market data and proof", "linkedin", "tiktok"),
        ("Cinematic photography", "pinterest", "x"),
    ],
)
def test_a_message_works_better_where_it_is_welcome(text: str, better: str, worse: str) -> None:
    def gain(place: str) -> float:
        return odds(open_rate(message(text, place=place))) / odds(open_rate(message(PLAIN, place=place)))

    assert gain(better) > gain(worse)


@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_the_terms_of_an_explanation_sum_to_the_utility(stage: int) -> None:
    who = person(**BANKER, **wants(must_have_features=["pool"]), **behaves(buying_urgency="high"))
    sent = message("Exclusive house with a pool", body="New", cta="Book now", day="tuesday", part="morning")
    question = stage_questions(STAGES, dict.fromkeys(STAGES, "?"), [sent], "")[stage]
    respondents = asked(who)
    explained = respondents.explained(question, 0, 0)
    assert round(sum(term["value"] for term in explained["terms"]), 4) == explained["utility"]
    posed = respondents.pose(question)[stage]
    utility = float(posed.intercepts[0] + posed.mean[0, 0] / respondents.noise[0])
    assert explained["utility"] == pytest.approx(utility, abs=0.005)
    assert {"must have: pool", "buying urgency: high"} <= {term["because"] for term in explained["terms"]}


def test_a_question_and_a_plain_word_are_read_apart() -> None:
    assert "question" in load_reader().read("The house?", "hook").levels
    assert open_rate(ASKING) > open_rate(BARE)
    assert open_rate(ASKING, **DIRECT) / open_rate(BARE, **DIRECT) < open_rate(ASKING) / open_rate(BARE)
