"""Looking at results while they come in, without fooling oneself."""

import math

import numpy as np
import pytest
from simulation_scene import EXAMPLE, focus_group, john, with_parameters

from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.seeds import Floats, by_lot
from dramatis_simulation_engine.sequential import Stopping, looks_at
from dramatis_simulation_engine.statistics import (
    FIRST_LOOK,
    Evidence,
    beta_binomial_sequence,
    betting_sequence,
    consensus_in_turn,
    empirical_bernstein_sequence,
    evidence_above,
    is_settled,
    time_uniform_factor,
)


def draws(kind: str, people: int, number: int) -> tuple[Floats, float]:
    """Values within [0, 1] and their mean."""
    generator = np.random.default_rng((people, number))
    match kind:
        case "yes or no":
            return (generator.random(people) < 0.3).astype(float), 0.3
        case "probabilities":
            return generator.beta(2, 3, people), 0.4
    return np.where(generator.random(people) < 0.05, 0.8, 0.0), 0.04


KINDS = ["yes or no", "probabilities", "a few of many"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequence", [betting_sequence, empirical_bernstein_sequence])
def test_a_confidence_sequence_contains_the_mean_at_all_looks_together(sequence: object, kind: str) -> None:
    assert callable(sequence)
    kept = 0
    for number in range(100):
        values, mean = draws(kind, 150, number)
        bounds = sequence(values)
        kept += bool(((bounds[:, 0] <= mean) & (mean <= bounds[:, 1])).all())
    assert kept >= 95


def test_a_beta_binomial_sequence_contains_the_probability_at_all_looks_together() -> None:
    kept = 0
    for number in range(100):
        values, mean = draws("yes or no", 100, number)
        sums = np.cumsum(values)
        looks = [beta_binomial_sequence(float(sums[n - 1]), n) for n in range(1, 101)]
        kept += all(low <= mean <= high for low, high in looks)
    assert kept >= 95


def test_an_interval_for_a_fixed_number_of_people_does_not_survive_many_looks() -> None:
    lost = 0
    for number in range(100):
        values, mean = draws("yes or no", 150, number)
        sums, n = np.cumsum(values), np.arange(1, 151)
        errors = np.sqrt(np.maximum(1e-9, sums / n * (1 - sums / n)) / n)
        lost += bool((np.abs(sums / n - mean) > 1.96 * errors)[FIRST_LOOK:].any())
    assert lost > 20


def test_a_beta_binomial_sequence_reproduces_its_closed_form() -> None:
    low, high = beta_binomial_sequence(50, 100)
    for p in (low, high):
        ratio = math.lgamma(51) * 2 - math.lgamma(102) - 50 * math.log(p) - 50 * math.log(1 - p)
        assert ratio == pytest.approx(math.log(20))
    assert beta_binomial_sequence(0, 0) == (0.0, 1.0)
    assert beta_binomial_sequence(0, 30)[0] == 0.0


def test_sequences_narrow_with_people_and_betting_is_the_tightest() -> None:
    values, _ = draws("probabilities", 400, 1)
    betting, bernstein = betting_sequence(values), empirical_bernstein_sequence(values)
    widths = np.diff(betting, axis=1)[:, 0]
    assert (np.diff(widths) <= 0).all()
    assert widths[-1] < np.diff(bernstein, axis=1)[-1, 0]
    low, high = beta_binomial_sequence(float(values.sum()), 400)
    assert widths[-1] < high - low


def test_evidence_for_what_is_false_rarely_grows_large_and_for_what_is_true_does() -> None:
    largest = [evidence_above(*draws("probabilities", 200, number)).max() for number in range(100)]
    assert np.mean(np.array(largest) >= math.log(20)) <= 0.05
    assert evidence_above(draws("probabilities", 200, 1)[0], 0.3).max() > math.log(20)


def test_intervals_of_a_study_that_may_stop_hold_at_all_looks_together() -> None:
    kept = 0
    for number in range(200):
        values, mean = draws("probabilities", 513, number)
        kept += all(_contains(values[:look], mean) for look in looks_at(513))
    assert kept >= 190


def _contains(values: Floats, mean: float) -> bool:
    evidence = Evidence(len(values), seed=1, model_version="test", looked_at=range(len(values)))
    (estimate,) = evidence.mean_estimates(values[:, None], low=0.0, high=1.0)
    assert estimate.low is not None
    assert estimate.high is not None
    assert "time-uniform" in estimate.method
    return estimate.low <= mean <= estimate.high


def test_looking_early_costs_half_as_much_again() -> None:
    assert time_uniform_factor(20, 20) == pytest.approx(1.55, abs=0.01)
    assert time_uniform_factor(20, 20) < time_uniform_factor(1000, 20) < 1.8


@pytest.mark.parametrize("options", [2, 3])
def test_equal_options_are_rarely_settled_as_a_consensus_at_any_look(options: int) -> None:
    found = 0
    for number in range(100):
        generator = np.random.default_rng((options, number))
        chosen = np.eye(options)[generator.integers(0, options, 200)]
        found += any(consensus_in_turn(chosen[:look], 0.3).reached for look in looks_at(200))
    assert found <= 5


def test_a_clear_majority_and_a_clear_minority_are_settled_and_a_close_call_is_not() -> None:
    generator = np.random.default_rng(1)
    first = generator.beta(30, 10, 40)
    clear = np.column_stack([first, 0.9 * (1 - first)])
    assert is_settled(clear, 0.6)
    assert consensus_in_turn(clear, 0.6).reached
    assert is_settled(clear, 0.9)
    assert not consensus_in_turn(clear, 0.9).reached
    assert not is_settled(clear, 0.75)


def test_people_are_asked_by_lot_and_in_growing_batches() -> None:
    names = [f"pers_{i:03d}" for i in range(200)]
    order = by_lot(names, 7)
    assert sorted(order) == list(range(200))
    assert order != list(range(200))
    some = names[::3]
    assert [some[i] for i in by_lot(some, 7)] == [n for n in (names[i] for i in order) if n in set(some)]
    assert looks_at(200) == (20, 30, 45, 68, 102, 153, 200)
    assert looks_at(20) == (20,)
    assert looks_at(8) == (8,)


def test_a_study_is_settled_when_every_question_is() -> None:
    first = np.random.default_rng(1).beta(30, 10, 60)
    clear = np.column_stack([first, 0.9 * (1 - first)])
    close = np.column_stack([first - 0.15, 0.9 * (1 - first)])
    assert Stopping((1,), 0.6, 1).settled([close, clear])
    assert not Stopping((0, 1), 0.6, 1).settled([close, clear])
    assert not Stopping((), 0.6, 1).settled([close, clear])


# A study as a whole


def study(threshold: float, *, people: int = 200, stop_early: bool = True) -> Outcome:
    configuration = EXAMPLE["persona_configuration"] | {"generated_count": people}
    parameters = with_parameters(consensus_threshold=threshold, stop_early=stop_early, iterations=16)
    scenarios = EXAMPLE["test_scenarios"][:1]
    group = focus_group(test_scenarios=scenarios, persona_configuration=configuration, **parameters)
    return simulate(group, [john()], 3)


def stopping_of(outcome: Outcome) -> dict[str, object]:
    assert outcome.detailed_results is not None
    found = outcome.detailed_results["stopping"]
    assert isinstance(found, dict)
    return found


def test_a_study_stops_when_its_question_is_settled_and_says_so() -> None:
    outcome = study(0.9)
    assert outcome.n_respondents == 20
    assert not outcome.summary.consensus_reached
    assert (stopping_of(outcome)["asked"], stopping_of(outcome)["planned"]) == (20, 201)
    assert any("stopped after 20 of 201 people" in finding for finding in outcome.summary.key_findings)
    assert all("time-uniform" in h.estimate.method and h.estimate.n == 20 for h in outcome.headlines)


def test_a_question_that_is_not_settled_is_put_to_everybody() -> None:
    outcome = study(0.7, people=60)
    assert outcome.n_respondents == 61
    assert not stopping_of(outcome)["settled"]
    assert any(finding.startswith("All 61 people were asked") for finding in outcome.summary.key_findings)


def test_those_who_are_asked_answer_as_they_do_when_everybody_is_asked() -> None:
    some, everyone = study(0.9), study(0.9, stop_early=False)
    assert some.detailed_results is not None
    assert everyone.detailed_results is not None
    assert everyone.detailed_results["stopping"] is None
    answers = {r["persona_id"]: r["answers"] for r in everyone.detailed_results["persona_responses"]}
    assert all(answers[r["persona_id"]] == r["answers"] for r in some.detailed_results["persona_responses"])


def test_too_few_people_to_stop_early_are_all_asked_with_ordinary_intervals() -> None:
    outcome = study(0.9, people=10)
    assert outcome.n_respondents == 11
    assert not any("time-uniform" in h.estimate.method for h in outcome.headlines)


def test_a_study_that_may_stop_gives_the_same_bytes_again() -> None:
    assert study(0.6) == study(0.6)
