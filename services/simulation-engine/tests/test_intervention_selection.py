"""What is recommended is told from the plan by evidence, and intervals hold what they promise."""

from functools import cache

import numpy as np
import pytest
from intervention_scene import asked, follow_up, plan_for, planned, random_people, step
from simulation_scene import person

from dramatis_simulation_engine.interventions.design import Compared, Variation, compare, design_of
from dramatis_simulation_engine.interventions.process import conversions
from dramatis_simulation_engine.interventions.selection import select, simultaneous
from dramatis_simulation_engine.interventions.sequence import Sequence_, read_follow_up, replaced
from dramatis_simulation_engine.interventions.vocabulary import load_vocabulary
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import Design, Evidence

PEOPLE = 25
STUDIES = 400


def compared(rates: Floats) -> Compared:
    own = asked(follow_up(), person()).plan.own
    sequences = [own, *((*own[:-1], replaced(own[-1], "day", 8 + j)) for j in range(rates.shape[1] - 1))]
    return Compared(tuple(sequences), rates, {}, "all combinations")


def chosen(rates: Floats, seed: int) -> int:
    evidence = Evidence(len(rates), seed=seed, model_version="test")
    return select(compared(rates), evidence, Design.independent(len(rates)), seed).chosen


def separates(gains: Floats, seed: int) -> bool:
    bounds = simultaneous(gains, Design.independent(len(gains)), seed)
    return bounds is not None and bool((bounds[0] > 1e-9).any())


@cache
def many_people() -> Floats:
    """Rates of people who were drawn independently: as planned, without each of the steps, and without any."""
    people = random_people(PEOPLE * STUDIES, 11)
    respondents = asked(follow_up(), *people, iterations=8)
    own = respondents.plan.own
    without = [tuple(c for c in own if c is not contact) for contact in own]
    return conversions(respondents, [own, *without, ()], 90)


def studies() -> list[Floats]:
    order = np.random.default_rng(5).permutation(PEOPLE * STUDIES)
    return np.split(many_people()[order], STUDIES)


def test_an_identical_variation_is_never_better_in_300_studies() -> None:
    for seed in range(300):
        own = np.random.default_rng(seed).uniform(0.1, 0.6, (10, 1))
        assert chosen(np.repeat(own, 4, axis=1), seed) == 0


def test_variations_without_an_effect_are_recommended_in_less_than_5_percent_of_studies() -> None:
    declared = 0
    for seed in range(300):
        generator = np.random.default_rng(seed)
        declared += separates(generator.normal(0, 0.04, (20, 30)), seed)
    assert declared / 300 <= 0.05


@pytest.mark.parametrize(("people", "most"), [(2, 0.0), (3, 0.0), (5, 0.0), (8, 0.05)])
def test_few_people_are_no_reason_to_change(people: int, most: float) -> None:
    declared = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        declared += separates(generator.normal(0, 0.04, (people, 30)), seed)
    assert declared / 200 <= most


def test_a_variation_that_is_better_for_nearly_everybody_is_recommended() -> None:
    found = 0
    for seed in range(50):
        generator = np.random.default_rng(seed)
        own = generator.uniform(0.1, 0.6, (20, 1))
        gains = generator.normal(0, 0.02, (20, 10))
        gains[:, 4] += 0.05
        found += chosen(np.clip(np.concatenate([own, own + gains], axis=1), 0, 1), seed) == 5
    assert found >= 48


def test_simultaneous_bounds_hold_for_all_sequences_at_once() -> None:
    held = 0
    for seed in range(300):
        gains = np.random.default_rng(seed).normal(0.01, 0.05, (15, 12))
        bounds = simultaneous(gains, Design.independent(15), seed)
        assert bounds is not None
        held += bool(((bounds[0] <= 0.01) & (bounds[1] >= 0.01)).all())
    assert 0.93 <= held / 300 <= 0.99


def test_one_person_alone_gives_no_bounds_and_no_change() -> None:
    rates = np.array([[0.2, 0.9]])
    selection = select(compared(rates), Evidence(1, seed=1, model_version="t"), Design.independent(1), 1)
    assert (selection.chosen, selection.leading, selection.bounds) == (0, 1, None)
    assert selection.probability_best == (None, None)


def test_the_interval_of_conversion_covers_the_truth_in_95_of_100_studies() -> None:
    truth = many_people().mean(axis=0)
    held = np.zeros(len(truth))
    for seed, rates in enumerate(studies()):
        estimates = Evidence(PEOPLE, seed=seed, model_version="test").mean_estimates(rates, low=0.0, high=1.0)
        held += [e.low <= t <= e.high for e, t in zip(estimates, truth, strict=True) if e.low is not None and e.high]
    assert ((held / STUDIES >= 0.93) & (held / STUDIES <= 0.97)).all(), held / STUDIES


def test_the_interval_of_a_steps_effect_covers_the_truth_in_95_of_100_studies() -> None:
    truth = (many_people()[:, :1] - many_people()[:, 1:]).mean(axis=0)
    held = np.zeros(len(truth))
    for seed, rates in enumerate(studies()):
        effects = rates[:, :1] - rates[:, 1:]
        estimates = Evidence(PEOPLE, seed=seed, model_version="test").mean_estimates(effects, low=-1.001, high=1.001)
        held += [e.low <= t <= e.high for e, t in zip(estimates, truth, strict=True) if e.low is not None and e.high]
    assert ((held / STUDIES >= 0.93) & (held / STUDIES <= 0.98)).all(), held / STUDIES


# The search


def test_few_combinations_are_all_compared() -> None:
    intervention = planned(step("day_1", "email"), step("day_5", "call"), variations_to_test=["message_tone"])
    plan = plan_for(intervention, *random_people(3, 1))
    found = compare(plan.design, lambda some: conversions(plan.statistical(), some, 90))
    assert found.searched == "all combinations"
    assert len(found.sequences) == 6 * 6
    assert found.sequences[0] == plan.follow_up.own


def test_many_combinations_are_swept_and_the_sweep_finds_an_additive_best() -> None:
    """Where every change has its own gain whatever the others, one sweep finds the best of all combinations."""
    plan = plan_for(follow_up(), *random_people(2, 1))
    worth = dict(zip(plan.design.variations, np.random.default_rng(1).normal(0, 0.02, 99), strict=False))

    def rate(sequences: list[Sequence_]) -> Floats:
        return np.array([[0.4 + sum(worth[v] for v in worth if _has(s, v)) for s in sequences]])

    found = compare(plan.design, rate)  # type: ignore[arg-type]  # a list is a sequence; mypy wants the wider one
    assert found.searched == "each change alone, then one sweep"
    best = found.rates[0, found.leading]
    by_group: dict[tuple[int, str], float] = {}
    for v, g in worth.items():
        if v.kind != "left_out":
            by_group[v.place, v.kind] = max(by_group.get((v.place, v.kind), 0.0), g)
    assert best >= 0.4 + sum(g for g in by_group.values() if g > 0.001) - 0.011


def _has(sequence: Sequence_, variation: Variation) -> bool:
    contact = next((c for c in sequence if c.place == variation.place), None)
    if variation.kind == "left_out" or contact is None:
        return contact is None and variation.kind == "left_out"
    return bool(variation.value == getattr(contact, "day" if variation.kind == "timing" else variation.kind))


def test_variations_keep_the_order_of_steps_and_the_horizon() -> None:
    plan = plan_for(follow_up(simulation_parameters={"horizon_days": 8}), person())
    for variation in plan.design.variations:
        made = plan.design.vary(plan.follow_up.own, variation)
        assert made is not None
        days = [c.day for c in made]
        assert days == sorted(days)
        assert all(day < 8 for day in days)


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        ([], {"left_out"}),
        (["timing_variations"], {"left_out", "timing"}),
        (["message_tone"], {"left_out", "tone"}),
        (["channel_mix"], {"left_out", "channel"}),
    ],
)
def test_only_what_is_asked_for_is_varied_beside_leaving_a_step_out(wanted: list[str], kinds: set[str]) -> None:
    plan = plan_for(follow_up(variations_to_test=wanted), person())
    assert {v.kind for v in plan.design.variations} == kinds


def test_a_report_is_never_moved_to_where_it_does_not_fit() -> None:
    vocabulary = load_vocabulary()
    intervention = follow_up(variations_to_test=["channel_mix"])
    design = design_of(intervention, read_follow_up(intervention.scenario, vocabulary), vocabulary)
    moved = {v.value for v in design.variations if v.place == 2 and v.kind == "channel"}
    assert moved == {"letter", "video_call", "visit"}


def test_pressing_is_never_proposed() -> None:
    assert "pressing" not in load_vocabulary().other_tones
