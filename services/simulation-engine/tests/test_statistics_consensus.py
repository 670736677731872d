"""Consensus is a claim that equal options must not win."""

import numpy as np
import pytest

from dramatis_simulation_engine.seeds import Floats, normals
from dramatis_simulation_engine.statistics import Consensus, Evidence, consensus_on, joint_consensus


def found(shares: Floats, threshold: float = 0.3, seed: int = 1) -> Consensus:
    return consensus_on(shares, Evidence(len(shares), seed=seed, model_version="test"), threshold)


def null_study(kind: str, people: int, options: int, number: int) -> Floats:
    """Answers whose distribution does not change when two options are swapped."""
    generator = np.random.default_rng((people, options, number))
    match kind:
        case "one choice each":
            return np.eye(options + 1)[generator.integers(0, options + 1, people)][:, :options]
        case "one choice each, never none":
            return np.eye(options)[generator.integers(0, options, people)]
        case "probabilities":
            return generator.dirichlet(np.full(options, 0.5), people)
    two = generator.beta(2, 2, people)
    rest = np.full((people, options - 2), 0.01)
    return np.column_stack([0.9 * two, 0.9 * (1 - two), rest])


KINDS = ["one choice each", "one choice each, never none", "probabilities", "two ahead of the others"]


@pytest.mark.parametrize("people", [2, 6, 7, 10, 22, 60])
@pytest.mark.parametrize("options", [2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_a_study_of_equal_options_declares_consensus_in_at_most_five_percent_of_runs(
    kind: str, options: int, people: int
) -> None:
    runs = [found(null_study(kind, people, options, number), seed=number).reached for number in range(150)]
    assert np.mean(runs) <= 0.05


def test_many_people_do_not_turn_chance_into_consensus() -> None:
    runs = [found(null_study("probabilities", 200, 2, number), seed=number).reached for number in range(150)]
    assert np.mean(runs) <= 0.05


@pytest.mark.parametrize("threshold", [0.01, 0.3, 0.49])
def test_options_with_the_same_answers_are_never_a_consensus(threshold: float) -> None:
    same = np.repeat(0.45 + 0.01 * normals(40, "same")[:, None], 2, axis=1)
    result = found(same, threshold)
    assert not result.reached
    assert result.probability == result.leads == 0.0


def test_a_clear_lead_above_the_threshold_is_a_consensus() -> None:
    first = 0.75 + 0.1 * normals(20, "clear")
    result = found(np.column_stack([first, 0.9 - first]), 0.6)
    assert result.reached
    assert result.probability is not None
    assert result.probability >= 0.95


def test_a_clear_lead_below_the_threshold_is_none() -> None:
    first = 0.5 + 0.05 * normals(20, "below")
    result = found(np.column_stack([first, 0.6 - first]), 0.6)
    assert result.leads is not None
    assert result.leads > 0.95
    assert not result.reached


def test_consensus_is_a_probability_and_not_a_share_above_a_threshold() -> None:
    close = 0.6 + 0.1 * normals(20, "close")
    close += 0.62 - close.mean()
    result = found(np.column_stack([close, 0.9 - close]), 0.6)
    assert result.enough is not None
    assert 0.5 < result.enough < 0.95
    assert not result.reached


def test_six_people_cannot_show_a_consensus_and_one_shows_nothing() -> None:
    agreed = np.array([[1.0, 0.0]])
    assert not found(np.repeat(agreed, 5, axis=0)).reached
    assert found(np.repeat(agreed, 8, axis=0)).reached
    assert found(agreed).probability is None
    assert joint_consensus([found(agreed)]) == (False, None)


def test_one_option_alone_needs_only_the_threshold() -> None:
    only = 0.8 + 0.05 * normals(20, "only")[:, None]
    assert found(only, 0.6).reached
    assert not found(only, 0.9).reached


def test_consensus_on_all_questions_is_at_most_as_probable_as_on_any() -> None:
    parts = []
    for name in "ab":
        first = 0.64 + 0.1 * normals(20, name)
        parts.append(found(np.column_stack([first, 0.9 - first]), 0.6))
    _, both = joint_consensus(parts)
    assert both is not None
    assert all(part.probability is not None and both <= part.probability for part in parts)
