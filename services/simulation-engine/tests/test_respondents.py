"""How people answer: reproducibly, never against a deal breaker, and explainably."""

from dataclasses import replace

import numpy as np
import pytest
from simulation_scene import home, john, person, respondents

from dramatis_contracts.simulation_engine.v1 import Property
from dramatis_simulation_engine.focus_group.explanations import explain
from dramatis_simulation_engine.focus_group.listing import read_listing
from dramatis_simulation_engine.focus_group.questions import Alternative, Answers, Question
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.taxonomy import load_taxonomy

EVERYONE = slice(None)


def menu(*options: str, about: Property | None = None) -> Question:
    taxonomy = load_taxonomy()
    listing = read_listing(about or home(), taxonomy)
    readings = [taxonomy.read(option) for option in options]
    offered = (
        Alternative(r.text, {a: float(s) for a, s in r.signs.items()}, frozenset(r.signs.items()), listing.price)
        for r in readings
    )
    return Question("menu-" + "-".join(sorted(options)), "?", "menu", tuple(offered), "photograph", listing)


def at_prices(*prices: float, about: Property) -> Question:
    listing = read_listing(about, load_taxonomy())
    offered = tuple(Alternative(str(price), {}, listing.signs, price) for price in prices)
    return Question("prices", "?", "each", offered, "property", listing)


def crowd(count: int = 12) -> list[Respondent]:
    return [john(f"pers_{i}") if i % 2 else person(f"pers_{i}") for i in range(count)]


def answers(people: list[Respondent], question: Question, **parameters: float) -> Floats:
    seed, iterations = int(parameters.get("seed", 1)), int(parameters.get("iterations", 64))
    asked = respondents(
        *people, about=home(), seed=seed, iterations=iterations, temperature=parameters.get("temperature", 0.7)
    )
    return asked.answer(question, EVERYONE)


PHOTOS = menu("sunset_view", "interior_design", "building_exterior")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert answers(crowd(), PHOTOS).tobytes() == answers(crowd(), PHOTOS).tobytes()
    assert answers(crowd(), PHOTOS).tobytes() != answers(crowd(), PHOTOS, seed=2).tobytes()


def test_a_person_answers_the_same_whoever_else_takes_part() -> None:
    alone, among_others = answers([john("pers_3")], PHOTOS), answers(crowd(), PHOTOS)
    ids = sorted(p.id for p in crowd())
    assert alone[0].tobytes() == among_others[ids.index("pers_3")].tobytes()


def test_the_order_of_people_makes_no_difference() -> None:
    assert answers(crowd(), PHOTOS).tobytes() == answers(crowd()[::-1], PHOTOS).tobytes()


def test_the_order_of_options_makes_no_difference() -> None:
    reordered = menu("building_exterior", "sunset_view", "interior_design")
    assert answers(crowd(), PHOTOS) == pytest.approx(answers(crowd(), reordered)[:, [1, 2, 0]], abs=1e-12)


def test_where_the_work_is_cut_makes_no_difference() -> None:
    asked = respondents(*crowd(), about=home())
    whole = asked.answer(PHOTOS, EVERYONE)
    parts = np.concatenate([asked.answer(PHOTOS, slice(i, i + 1)) for i in range(12)])
    assert whole.tobytes() == parts.tobytes()


def test_none_is_always_there() -> None:
    given = Answers(PHOTOS, answers(crowd(), PHOTOS))
    assert (given.none > 0).all()
    assert given.probabilities.sum(axis=1) + given.none == pytest.approx(np.ones(12))


def test_a_deal_breaker_removes_an_option() -> None:
    noisy = menu("sunset_view", "highway_view")
    tolerant, choosy = person("pers_a"), person("pers_b", preferences={"deal_breakers": ["street_noise"]})
    shares = answers([tolerant, choosy], noisy)
    assert shares[0, 1] > 0
    assert shares[1, 1] == 0
    assert shares[1, 0] > 0


def test_a_property_with_a_deal_breaker_is_refused_at_any_price() -> None:
    noisy = home(features=["highway_noise"])
    choosy = person(preferences={"deal_breakers": ["traffic_noise"]})
    asked = respondents(choosy, about=noisy)
    assert asked.answer(at_prices(1e6, 1e7, about=noisy), EVERYONE).tolist() == [[0.0, 0.0]]


def test_a_higher_temperature_makes_choices_more_alike() -> None:
    def spread(temperature: float) -> float:
        shares = answers(crowd(), PHOTOS, temperature=temperature)
        return float(np.ptp(shares.mean(axis=0)))

    assert spread(0.2) > spread(0.7) > spread(3.0)


@pytest.mark.parametrize("temperature", [1e-300, 1e-6, 5.0])
def test_extreme_temperatures_stay_probabilities(temperature: float) -> None:
    given = Answers(PHOTOS, answers(crowd(), PHOTOS, temperature=temperature))
    assert np.isfinite(given.probabilities).all()
    assert given.probabilities.sum(axis=1) + given.none == pytest.approx(np.ones(12))


def test_demand_never_rises_with_the_price() -> None:
    about = home(features=["pool", "garden"])
    accepted = respondents(*crowd(), about=about).answer(at_prices(5e6, 8e6, 1e7, 1.4e7, 3e7, about=about), EVERYONE)
    assert (np.diff(accepted, axis=1) < 0).all()


def test_more_iterations_come_closer_to_the_expected_answer() -> None:
    truth = answers(crowd(), PHOTOS, iterations=8192)

    def error(iterations: int) -> float:
        return float(np.abs(answers(crowd(), PHOTOS, iterations=iterations) - truth).max())

    assert error(512) < error(8) / 4


def test_without_random_parts_the_answer_is_the_logit_formula() -> None:
    asked = respondents(*crowd(), about=home(), temperature=0.7)
    asked.assumptions = replace(asked.assumptions, choice={**asked.assumptions.choice, "within": 0.0})
    noise = np.array([tastes.noise for tastes in asked.tastes])
    scaled = np.exp(asked.mean_utilities(PHOTOS) / (0.7 * noise[:, None]))
    assert asked.answer(PHOTOS, EVERYONE) == pytest.approx(scaled / (1 + scaled.sum(axis=1, keepdims=True)))


@pytest.mark.parametrize("question", [PHOTOS, at_prices(4e7, 4.5e7, about=home(features=["pool", "wine_room"]))])
def test_the_terms_of_an_explanation_sum_to_the_utility(question: Question) -> None:
    asked = respondents(*crowd(), about=home(features=["pool", "wine_room"]))
    utilities = asked.mean_utilities(question)
    for who in range(12):
        for offered in range(len(question.alternatives)):
            explained = explain(asked, question, who, offered)
            assert round(sum(term.value for term in explained.terms), 4) == explained.utility
            assert explained.utility == pytest.approx(utilities[who, offered], abs=0.005)


def test_an_explanation_names_the_wish_that_made_the_difference() -> None:
    lover = person(preferences={"must_have_features": ["wine_cellar"]})
    asked = respondents(lover, about=home())
    terms = explain(asked, menu("wine_room", "kitchen"), 0, 0).terms
    assert ("wine", "must have: wine_cellar", 1.2) in [(t.about, t.because, t.value) for t in terms]


def test_an_explanation_names_the_deal_breaker() -> None:
    choosy = person(preferences={"deal_breakers": ["street_noise"]})
    asked = respondents(choosy, about=home())
    assert explain(asked, menu("highway_view", "kitchen"), 0, 0).removed_by == ("street_noise",)
