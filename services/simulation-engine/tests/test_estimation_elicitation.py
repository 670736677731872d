"""Elicitation: answers narrow what is known of a person, and good questions narrow it faster than any."""

import math

import numpy as np
import pytest

from dramatis_simulation_engine.estimation.elicitation import (
    PRICE,
    Asked,
    Belief,
    Prior,
    Profile,
    believe,
    candidates_of,
    information_of,
    next_question,
)
from dramatis_simulation_engine.seeds import Floats

NAMES = ("view", "pool", "wine", PRICE)
PRIOR = Prior(NAMES, np.array([0.8, 0.5, 0.3, math.log(1.6)]), np.array([0.8, 0.8, 0.8, 0.4]), noise=1.0)
QUESTIONS = 10


def utility(option: Profile, latent: Floats) -> float:
    tastes = np.append(latent[:-1], -np.exp(latent[-1]))
    return float(sum(option.levels.get(name, 0.0) * taste for name, taste in zip(NAMES, tastes, strict=True)))


def answered(options: tuple[Profile, ...], latent: Floats, generator: np.random.Generator) -> Asked:
    utilities = [utility(option, latent) + generator.gumbel() for option in options]
    return Asked(options, int(np.argmax(utilities)))


def interviewed(seed: int, *, well: bool) -> tuple[Floats, Belief]:
    generator = np.random.default_rng(seed)
    truth = PRIOR.location + PRIOR.spread * generator.normal(size=len(NAMES))
    asked: list[Asked] = []
    for number in range(QUESTIONS):
        if well:
            options = next_question(believe(PRIOR, asked, seed), 100 * seed + number, before=asked).options
        else:
            candidates = candidates_of(PRIOR, 100 * seed + number, 2)
            options = candidates[int(generator.integers(len(candidates)))]
        asked.append(answered(options, truth, generator))
    return truth, believe(PRIOR, asked, seed)


def test_the_posterior_covers_the_truth_and_is_narrower_than_after_random_questions() -> None:
    covered, narrower = [], []
    for seed in range(12):
        truth, informed = interviewed(seed, well=True)
        low, high = informed.interval(0.9)
        covered.append((low <= truth) & (truth <= high))
        _, random = interviewed(seed, well=False)
        narrower.append(np.linalg.slogdet(random.covariance)[1] - np.linalg.slogdet(informed.covariance)[1])
    assert 0.8 <= np.mean(covered) <= 0.98
    assert np.mean(narrower) > 0.5


def test_choosing_a_view_every_time_raises_the_taste_for_it() -> None:
    options = (Profile({"view": 1.0}), Profile({"pool": 1.0}))
    before = believe(PRIOR, [], seed=0)
    after = believe(PRIOR, [Asked(options, 0)] * 5, seed=0)
    assert after.means[0] > before.means[0]
    assert after.means[1] < before.means[1]
    assert after.deviations[0] < before.deviations[0]


def test_taking_the_cheaper_home_raises_the_weight_of_price() -> None:
    options = (Profile({"view": 1.0, PRICE: math.log(1.3)}), Profile({}))
    before = believe(PRIOR, [], seed=0)
    after = believe(PRIOR, [Asked(options, 1)] * 5, seed=0)
    assert after.means[3] > before.means[3]


def test_the_prior_is_what_is_known_before_any_answer() -> None:
    belief = believe(PRIOR, [], seed=3)
    assert belief.means == pytest.approx(PRIOR.location, abs=0.01)
    assert belief.deviations == pytest.approx(PRIOR.spread, abs=0.02)


def test_a_noisier_person_tells_less_with_each_answer() -> None:
    options = (Profile({"view": 1.0}), Profile({"pool": 1.0}))
    noisy = Prior(NAMES, PRIOR.location, PRIOR.spread, noise=3.0)
    clear = information_of(believe(PRIOR, [], 0), [options])[0]
    assert information_of(believe(noisy, [], 0), [options])[0] < clear < math.log(2)


def test_a_question_whose_answer_is_known_tells_nothing() -> None:
    certain = Prior(NAMES, PRIOR.location, np.full(4, 1e-9), noise=1.0)
    belief = believe(certain, [], 0)
    assert next_question(belief, 0).information < 1e-6


def test_questions_depend_on_the_seed_alone_and_are_not_repeated() -> None:
    belief = believe(PRIOR, [], seed=0)
    first = next_question(belief, 5)
    assert next_question(belief, 5) == first
    again = next_question(belief, 5, before=[Asked(first.options, 0)])
    assert again.options != first.options
    assert again.information <= first.information


def test_three_options_can_be_asked_about() -> None:
    question = next_question(believe(PRIOR, [], seed=0), 5, options=3)
    assert len({tuple(sorted(option.levels)) for option in question.options}) == 3
    assert question.information > 0


def test_no_question_offers_the_same_home_at_two_prices_or_a_common_price_other_than_the_asking_one() -> None:
    for options in candidates_of(PRIOR, 0, 2):
        homes = [frozenset(option.levels) - {PRICE} for option in options]
        assert homes[0] != homes[1]
        prices = {option.levels.get(PRICE, 0.0) for option in options}
        assert len(prices) == 2 or prices == {0.0}
