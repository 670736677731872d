"""Whatever the person: demand falls with the price, and an explanation adds up. Properties over random personas."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation_scene import asking_about, home, person, respondents

from dramatis_contracts.persona.v1 import Insight, Level
from dramatis_contracts.simulation_engine.v1 import Property
from dramatis_simulation_engine.focus_group.explanations import explain
from dramatis_simulation_engine.focus_group.listing import read_listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Question
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.taxonomy import load_taxonomy

EVERYONE = slice(None)


WORDS = [
    "pool", "wine_cellar", "no_pool", "privacy", "quiet", "highway_noise", "garden", "modern", "classic", "penthouse",
    "waterfront", "gym", "fixer_upper", "zorblax", "terrace", "open_house", "stairs", "good_schools",
]  # fmt: skip
several = st.lists(st.sampled_from(WORDS), max_size=3, unique=True)
levels = st.none() | st.sampled_from(get_args(Level))
insights = st.builds(
    Insight,
    kind=st.sampled_from(["likes", "dislikes", "must_have", "deal_breaker", "trait"]),
    text=st.sampled_from([*WORDS, "Manhattan", "bargain hunter", "in a hurry", "analytical"]),
    source=st.just("notes"),
    confidence=st.floats(0, 1),
)
people: st.SearchStrategy[Respondent] = st.builds(
    lambda d, p, b, learnt_: person(
        "pers_1", insights=tuple(learnt_), demographics=d, preferences=p, behavioral_traits=b
    ),
    st.fixed_dictionaries(
        {
            "age_range": st.none() | st.sampled_from(["20-25", "45-55", "80+"]),
            "occupation": st.none() | st.sampled_from(["Actor", "Attorney", "Zymurgist"]),
            "net_worth_range": st.none() | st.sampled_from(["$900K", "$20M", "$5B"]),
            "primary_residence": st.none() | st.sampled_from(["Manhattan, NY", "Atlantis"]),
            "family_status": st.none() | st.sampled_from(["Single", "Married, 4 children", "Widowed, grandchildren"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "property_types": several,
            "preferred_locations": st.lists(st.sampled_from(["Manhattan", "Lake Como"]), max_size=2, unique=True),
            "must_have_features": several,
            "deal_breakers": several,
            "style_preferences": several,
        }
    ),
    st.fixed_dictionaries(
        {
            "decision_making": st.none() | st.sampled_from(["analytical", "gut", "whimsical"]),
            "risk_tolerance": levels,
            "communication_style": st.none() | st.sampled_from(["direct", "social"]),
            "buying_urgency": levels,
            "price_sensitivity": levels,
        }
    ),
    st.lists(insights, max_size=3),
)
homes = st.sampled_from([home(), home(features=["pool", "quiet"], type="penthouse", address="Soho", bedrooms=2)])


def demand(who: Respondent, *prices: float, about: Property | None = None) -> Floats:
    about = about or home()
    listing = read_listing(about, load_taxonomy())
    offered = tuple(Alternative(str(price), {}, listing.signs, price) for price in prices)
    question = Question("prices", "?", "each", offered, "property", listing)
    return np.asarray(respondents(who, about=about).answer(question, EVERYONE)[0])


@given(people, st.lists(st.floats(1e3, 1e12), min_size=2, max_size=8, unique=True), homes)
@settings(max_examples=150, deadline=None)
def test_a_higher_price_never_raises_demand(who: Respondent, prices: list[float], about: Property) -> None:
    asked = demand(who, *sorted(prices), about=about)
    assert (np.diff(asked) <= 1e-12).all()
    assert ((asked >= 0) & (asked <= 1)).all()


@given(people, homes, st.sampled_from([None, "add_pool", "remove_terrace", "open_house", "wine_room"]))
@settings(max_examples=150, deadline=None)
def test_the_terms_of_an_explanation_sum_to_the_utility(who: Respondent, about: Property, adding: str | None) -> None:
    asked, question = respondents(who, about=about), asking_about(about, adding=adding, price=1.2e7)
    explained = explain(asked, question, 0, 0)
    assert round(sum(term.value for term in explained.terms), 4) == explained.utility
    rounding = 0.00005 * (len(explained.terms) + 80)
    assert explained.utility == pytest.approx(float(asked.mean_utilities(question)[0, 0]), abs=rounding)
    assert bool(explained.removed_by) == (float(asked.answer(question, EVERYONE)[0, 0]) == 0)
