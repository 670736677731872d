"""Every field of a persona moves the probabilities of its answers in the direction that one expects."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from simulation_scene import asking_about, home, john, person, respondents

from dramatis_contracts.persona.v1 import Insight
from dramatis_contracts.simulation_engine.v1 import Property
from dramatis_simulation_engine.focus_group.explanations import explain
from dramatis_simulation_engine.focus_group.listing import read_listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Question
from dramatis_simulation_engine.focus_group.tastes import load_assumptions, tastes_of
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.taxonomy import load_taxonomy

Fields = dict[str, dict[str, Any]]
EVERYONE = slice(None)
NOBODY: Fields = {}


def demographics(**fields: Any) -> Fields:
    return {"demographics": fields}


def wants(**fields: Any) -> Fields:
    return {"preferences": fields}


def behaves(**fields: Any) -> Fields:
    return {"behavioral_traits": fields}


def learnt(kind: str, text: str, confidence: float = 0.9) -> Insight:
    return Insight.model_validate({"kind": kind, "text": text, "source": "call of 3 May", "confidence": confidence})


def someone(fields: Fields, *insights: Insight) -> Respondent:
    """Always of the same id, and so with the same personal deviation: only the fields differ."""
    return person("pers_1", insights=insights, **fields)


def interest(who: Respondent, about: Property | None = None, adding: str | None = None) -> float:
    """The probability of asking for a viewing."""
    about = about or home()
    asked = respondents(who, about=about)
    return float(asked.answer(asking_about(about, adding=adding), EVERYONE)[0, 0])


def shares(who: Respondent, *options: str) -> Floats:
    """The probabilities of looking further at each of several photographs."""
    taxonomy = load_taxonomy()
    readings = [taxonomy.read(option) for option in options]
    offered = tuple(
        Alternative(r.text, {a: float(s) for a, s in r.signs.items()}, frozenset(r.signs.items()), 1e7)
        for r in readings
    )
    question = Question("photographs", "?", "menu", offered, "photograph", read_listing(home(), taxonomy))
    return np.asarray(respondents(who, about=home()).answer(question, EVERYONE)[0])


def odds(probability: float) -> float:
    return probability / (1 - probability)


def gain(who: Respondent, adding: str, about: Property | None = None) -> float:
    """By how much a change multiplies the odds of interest."""
    return odds(interest(who, about, adding)) / odds(interest(who, about))


def demand(who: Respondent, *prices: float, about: Property | None = None) -> Floats:
    about = about or home()
    listing = read_listing(about, load_taxonomy())
    offered = tuple(Alternative(str(price), {}, listing.signs, price) for price in prices)
    question = Question("prices", "?", "each", offered, "property", listing)
    return np.asarray(respondents(who, about=about).answer(question, EVERYONE)[0])


# Who chooses a feature more often

LIKED = [
    (wants(must_have_features=["wine_cellar"]), NOBODY, "wine_room"),
    (wants(must_have_features=["no_pool"]), wants(must_have_features=["pool"]), "remove_pool"),
    (wants(style_preferences=["modern"]), NOBODY, "modern_interior"),
    (NOBODY, wants(style_preferences=["modern"]), "classic_interior"),
    (wants(property_types=["waterfront"]), NOBODY, "private_beach"),
    (wants(deal_breakers=["no_parking"]), NOBODY, "garage"),
    (demographics(age_range="70-75"), demographics(age_range="30-35"), "elevator"),
    (demographics(age_range="30-35"), demographics(age_range="70-75"), "smart_home"),
    (demographics(net_worth_range="$500M"), demographics(net_worth_range="$20M"), "staff_quarters"),
    (demographics(family_status="Married, 2 children"), demographics(family_status="Single"), "good_schools"),
    (demographics(family_status="Married, 2 children"), demographics(family_status="Single"), "master_bedroom"),
    (demographics(family_status="Single"), demographics(family_status="Married, 2 children"), "walkable_city"),
    (demographics(family_status="Married, empty nester"), demographics(family_status="Single"), "guest_house"),
    (demographics(occupation="Software Founder"), demographics(occupation="Attorney"), "smart_home"),
    (demographics(occupation="Attorney"), demographics(occupation="Software Founder"), "library"),
    (demographics(occupation="Actor"), NOBODY, "private_entrance"),
    (behaves(risk_tolerance="high"), behaves(risk_tolerance="low"), "fixer_upper"),
    (behaves(risk_tolerance="low"), behaves(risk_tolerance="high"), "security_system"),
    (behaves(decision_making="intuitive"), behaves(decision_making="analytical"), "sunset_view"),
    (behaves(decision_making="analytical"), behaves(decision_making="intuitive"), "investment_potential"),
    (behaves(communication_style="reserved"), behaves(communication_style="social"), "privacy"),
    (behaves(communication_style="social"), behaves(communication_style="reserved"), "guest_house"),
    (behaves(communication_style="formal"), behaves(communication_style="casual"), "classic_interior"),
]


@pytest.mark.parametrize(("more", "less", "option"), LIKED)
def test_who_has_a_reason_prefers_the_photograph_more(more: Fields, less: Fields, option: str) -> None:
    assert _preferred(someone(more), option) > _preferred(someone(less), option)


def _preferred(who: Respondent, option: str) -> float:
    """Log odds of this photograph against one of a dog run. Who decides with less noise follows any taste more
    closely: this is left out."""
    first, other = shares(who, option, "dog_run")
    return float(np.log(first / other) * tastes_of(who, load_assumptions()).noise)


@pytest.mark.parametrize(("more", "less", "change"), LIKED)
def test_who_has_a_reason_asks_for_a_viewing_more_often_after_the_change(
    more: Fields, less: Fields, change: str
) -> None:
    about = home(features=["pool"]) if "pool" in change else home()
    assert _raised(someone(more), change, about) > _raised(someone(less), change, about)


def _raised(who: Respondent, change: str, about: Property) -> float:
    """Odds with the change over odds without. Deciding with less noise answers to anything more: this is left out."""
    return float(np.log(gain(who, change, about)) * tastes_of(who, load_assumptions()).noise)


def test_a_wine_lover_values_a_wine_room_more_than_one_who_does_not_care() -> None:
    lover = someone(wants(must_have_features=["wine_cellar"]))
    heard = someone(NOBODY, learnt("likes", "wine"))
    for enthusiast in (lover, heard):
        assert gain(enthusiast, "wine_room") > gain(someone(NOBODY), "wine_room")
        assert shares(enthusiast, "wine_room", "library")[0] > shares(someone(NOBODY), "wine_room", "library")[0]


# Who wants a home more

WANTED = [
    (behaves(buying_urgency="high"), behaves(buying_urgency="low"), home()),
    (wants(preferred_locations=["Manhattan"]), wants(preferred_locations=["Malibu"]), home(address="Tribeca, NY")),
    (demographics(primary_residence="New York"), demographics(primary_residence="Paris"), home(address="Soho")),
    (wants(property_types=["penthouse"]), wants(property_types=["ranch"]), home(type="penthouse")),
    (wants(property_types=["loft"]), wants(property_types=["no_penthouse"]), home(type="penthouse")),
    (wants(must_have_features=["pool"]), NOBODY, home(features=["swimming_pool"])),
    (NOBODY, wants(must_have_features=["pool"]), home(features=["library"])),
    (demographics(net_worth_range="$100M"), demographics(net_worth_range="$10M"), home()),
    (demographics(family_status="Single"), demographics(family_status="Married, 4 children"), home(bedrooms=2)),
    (demographics(family_status="Single"), demographics(family_status="Married, 4 children"), home(sqft=2000)),
    (wants(style_preferences=["classic"]), wants(style_preferences=["modern"]), home(features=["historic"])),
    (behaves(decision_making="decisive"), behaves(decision_making="cautious"), home()),
    (demographics(age_range="70"), demographics(age_range="30"), home(features=["quiet", "elevator"])),
    (demographics(occupation="Artist"), demographics(occupation="Surgeon"), home(features=["art_gallery"])),
]


@pytest.mark.parametrize(("more", "less", "about"), WANTED)
def test_who_has_a_reason_asks_to_view_more_often(more: Fields, less: Fields, about: Property) -> None:
    assert interest(someone(more), about) > interest(someone(less), about)


def test_urgency_raises_conversion_level_by_level() -> None:
    by_level = [interest(someone(behaves(buying_urgency=level))) for level in ("very_low", "low", "moderate", "high")]
    assert by_level == sorted(by_level)
    assert len(set(by_level)) == 4


def test_who_lives_there_already_is_more_interested_than_a_stranger_to_the_place() -> None:
    here = home(address="12 Ocean Drive, Miami Beach")
    local = someone(demographics(primary_residence="Miami, FL"))
    assert interest(local, here) > interest(someone(demographics(primary_residence="Chicago, IL")), here)
    assert interest(local, home(address="Boston")) == pytest.approx(interest(someone(NOBODY), home(address="Boston")))


def test_families_value_schools_and_bedrooms_more() -> None:
    family = someone(demographics(family_status="Married, 3 children"))
    couple = someone(demographics(family_status="Married"))
    assert gain(family, "good_schools") > gain(couple, "good_schools")
    lost = [interest(who, home(bedrooms=2)) / interest(who, home(bedrooms=5)) for who in (family, couple)]
    assert lost[0] < lost[1]


# Deal breakers and what is avoided


def test_a_deal_breaker_removes_an_option_and_nothing_else() -> None:
    choosy = shares(someone(wants(deal_breakers=["street_noise"])), "highway_view", "kitchen")
    assert choosy[0] == 0
    assert choosy[1] > 0
    assert shares(someone(NOBODY), "highway_view", "kitchen")[0] > 0


def test_a_home_with_a_deal_breaker_is_refused_at_any_price() -> None:
    choosy, noisy = someone(wants(deal_breakers=["traffic_noise"])), home(features=["highway_noise"])
    assert demand(choosy, 1e5, 1e7, about=noisy).tolist() == [0.0, 0.0]


def test_a_deal_breaker_of_several_words_removes_no_more_than_it_says() -> None:
    pools, shared = home(features=["private_pool"]), home(features=["shared_pool"])
    choosy = someone(wants(deal_breakers=["shared_pool"]))
    assert interest(choosy, pools) > 0
    assert interest(choosy, shared) == 0
    both = someone(wants(deal_breakers=["small pool with garden"]))
    assert interest(both, pools) > 0
    assert interest(both, home(features=["pool", "garden"])) == 0


@pytest.mark.parametrize(
    "private",
    [
        wants(must_have_features=["privacy"]),
        wants(deal_breakers=["no_privacy"]),
        demographics(occupation="Actor"),
        behaves(communication_style="discreet"),
    ],
)
@pytest.mark.parametrize("event", ["open_house", "shared_entrance", "paparazzi"])
def test_privacy_seekers_avoid_open_houses_and_exposure(private: Fields, event: str) -> None:
    assert shares(someone(private), event, "kitchen")[0] < shares(someone(NOBODY), event, "kitchen")[0]
    assert interest(someone(private), adding=event) / interest(someone(private)) < interest(
        someone(NOBODY), adding=event
    ) / interest(someone(NOBODY))


@pytest.mark.parametrize(
    ("wish", "contrary"),
    [("quiet", "traffic_noise"), ("elevator", "steep_stairs"), ("turnkey", "fixer_upper"), ("gated", "high_crime")],
)
def test_who_needs_a_thing_minds_its_contrary(wish: str, contrary: str) -> None:
    assert gain(someone(wants(must_have_features=[wish])), contrary) < gain(someone(NOBODY), contrary)


# Prices


def test_a_higher_net_worth_is_less_deterred_by_price() -> None:
    def kept(net_worth: str) -> float:
        asked = demand(someone(demographics(net_worth_range=net_worth)), 10e6, 13e6)
        return odds(float(asked[1])) / odds(float(asked[0]))

    # All can afford it, the poorest of them with 35 % of what they have; the next ones mind it less and less.
    ratios = [kept(worth) for worth in ("$29M", "$60M", "$120M", "$400M")]
    assert ratios == sorted(ratios)
    assert len(set(ratios)) == 4


def test_who_is_price_sensitive_is_more_deterred_by_price() -> None:
    def kept(level: str) -> float:
        asked = demand(someone(behaves(price_sensitivity=level)), 10e6, 12e6)
        return odds(float(asked[1])) / odds(float(asked[0]))

    ratios = [kept(level) for level in ("very_low", "low", "moderate", "high", "very_high")]
    assert ratios == sorted(ratios, reverse=True)
    assert len(set(ratios)) == 5


def test_medium_means_moderate() -> None:
    for field in ("risk_tolerance", "buying_urgency", "price_sensitivity"):
        medium, moderate = (someone(behaves(**{field: level})) for level in ("medium", "moderate"))
        assert demand(medium, 8e6, 12e6).tolist() == demand(moderate, 8e6, 12e6).tolist()


# How consistently one decides


def test_an_analytical_person_is_more_consistent() -> None:
    def agreement(style: str) -> float:
        """The probability of giving the same answer twice, on options that this field has no taste for."""
        given = shares(someone(behaves(decision_making=style)), "pool", "storage", "dog_run", "library")
        return float((given**2).sum() + (1 - given.sum()) ** 2)

    assert agreement("analytical") > agreement("consultative") > agreement("intuitive")


def test_who_is_direct_is_more_consistent_than_who_is_casual() -> None:
    best = [
        shares(someone(behaves(communication_style=style)), "pool", "storage", "dog_run").max()
        for style in ("direct", "casual")
    ]
    assert best[0] > best[1]


# What was learnt

OPTION = "home_theater"


@pytest.mark.parametrize("kind", ["likes", "must_have", "trait"])
def test_what_was_learnt_raises_the_choice_by_its_confidence(kind: str) -> None:
    def chosen(*insights: Insight) -> float:
        return float(shares(someone(NOBODY, *insights), OPTION, "kitchen")[0])

    by_confidence = [chosen(learnt(kind, "home theater", confidence)) for confidence in (0.0, 0.3, 0.9)]
    assert by_confidence[0] == pytest.approx(chosen())
    assert by_confidence == sorted(by_confidence)
    assert len(set(by_confidence)) == 3


def test_what_is_disliked_is_chosen_less() -> None:
    against = someone(NOBODY, learnt("dislikes", "home theater"))
    assert shares(against, OPTION, "kitchen")[0] < shares(someone(NOBODY), OPTION, "kitchen")[0]


def test_a_deal_breaker_that_is_believed_removes_and_a_rumour_only_lowers() -> None:
    believed, rumour = (
        shares(someone(NOBODY, learnt("deal_breaker", "home theater", c)), OPTION, "kitchen")[0] for c in (0.8, 0.3)
    )
    assert believed == 0
    assert 0 < rumour < shares(someone(NOBODY), OPTION, "kitchen")[0]


def test_a_home_in_a_place_that_is_liked_is_wanted_more() -> None:
    here = home(address="Tribeca, NY")
    assert interest(someone(NOBODY, learnt("likes", "Tribeca")), here) > interest(someone(NOBODY), here)
    assert interest(someone(NOBODY, learnt("dislikes", "Manhattan")), here) < interest(someone(NOBODY), here)


@pytest.mark.parametrize(
    ("trait", "contrary"),
    [("in a hurry", "just looking"), ("motivated", "no rush"), ("decisive", "cautious")],
)
def test_a_trait_that_was_learnt_moves_interest(trait: str, contrary: str) -> None:
    assert interest(someone(NOBODY, learnt("trait", trait))) > interest(someone(NOBODY, learnt("trait", contrary)))


def test_a_bargain_hunter_minds_a_price_more_than_one_for_whom_money_is_no_object() -> None:
    kept = [
        float(np.divide(*demand(someone(NOBODY, learnt("trait", trait)), 13e6, 10e6)))
        for trait in ("bargain hunter", "money no object")
    ]
    assert kept[0] < kept[1]


def test_a_trait_that_is_denied_is_not_taken_for_the_trait() -> None:
    denied = tastes_of(someone(NOBODY, learnt("trait", "not analytical")), load_assumptions())
    assert denied.noise == 1.0
    assert denied.unrecognized == (("insights[0]", "not analytical"),)


def test_what_was_learnt_and_is_not_understood_is_reported() -> None:
    odd = someone(NOBODY, learnt("likes", "flux capacitors"), learnt("likes", "wine"))
    assert tastes_of(odd, load_assumptions()).unrecognized == (("insights[0]", "flux capacitors"),)


def test_an_explanation_says_what_was_learnt() -> None:
    about = home()
    asked = respondents(someone(NOBODY, learnt("likes", "wine", 0.5)), about=about)
    terms = explain(asked, asking_about(about, adding="wine_room"), 0, 0).terms
    assert ("wine", "learnt, likes: wine", 0.3) in [(t.about, t.because, t.value) for t in terms]


# No field is idle


def _strip(who: Respondent, part: str, field: str) -> Respondent:
    empty = type(getattr(who, part)).model_fields[field].default
    return replace(who, **{part: getattr(who, part).model_copy(update={field: empty})})


FULL_FIELDS = [
    *(
        ("demographics", f)
        for f in ("age_range", "occupation", "net_worth_range", "primary_residence", "family_status")
    ),
    *(("preferences", f) for f in ("property_types", "preferred_locations", "must_have_features")),
    *(("preferences", f) for f in ("deal_breakers", "style_preferences")),
    *(("traits", f) for f in ("decision_making", "communication_style", "buying_urgency", "price_sensitivity")),
    ("traits", "risk_tolerance"),
]


@pytest.mark.parametrize(("part", "field"), FULL_FIELDS)
def test_no_field_of_a_persona_is_without_effect(part: str, field: str) -> None:
    # The example's own age and risk tolerance are those that are assumed of anyone.
    example = john()
    older = example.demographics.model_copy(update={"age_range": "60-70"})
    whole = replace(example, demographics=older, traits=example.traits.model_copy(update={"risk_tolerance": "high"}))
    about = home(features=["pool", "modern"], type="penthouse", address="432 Park Avenue", bedrooms=2, price=30e6)
    without = _strip(whole, part, field)
    assert not np.allclose(_answers(whole, about), _answers(without, about), atol=1e-6)


def _answers(who: Respondent, about: Property) -> Floats:
    photographs = shares(who, "no_parking", "security", "highway", "view")
    return np.concatenate([demand(who, 30e6, 40e6, about=about), photographs])
