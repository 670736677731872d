"""A focus group as a computation: people, questions, answers, results. Pure: seed in, results out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np

from dramatis_contracts.simulation_engine.v1 import (
    FocusGroup,
    ModificationTesting,
    PhotoSelection,
    PricingStrategy,
    Scenario,
)
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.focus_group.listing import Listing, read_listing
from dramatis_simulation_engine.focus_group.report import UNREAD_SHOWN, details_of, summary_of, unread_in
from dramatis_simulation_engine.focus_group.respondents import Respondents, StatisticalRespondents
from dramatis_simulation_engine.focus_group.studies.modification_testing import ModificationStudy
from dramatis_simulation_engine.focus_group.studies.photo_selection import PhotoStudy
from dramatis_simulation_engine.focus_group.studies.pricing_strategy import PricingStudy
from dramatis_simulation_engine.focus_group.studies.study import Study
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.population import describe_population, draw_people, load_segments
from dramatis_simulation_engine.questions import Answers, Question
from dramatis_simulation_engine.seeds import seed_of
from dramatis_simulation_engine.statistics import Evidence

DOMAIN = "real_estate"
_CELLS = 500_000
"""Numbers of one array that are worked on at a time; bounds the memory and the time between two ticks."""
_ASKING = 0.9
"""The part of the progress that asking takes; concluding takes the rest."""

Tick = Callable[[float, str, dict[str, Any]], None]
"""Told how far the work is (0–1), what is being done, and results so far. It may raise to stop the work."""


def derived_seed(tenant: str, simulation_id: str) -> int:
    """The seed of a simulation whose client gave none: below 2⁵³, so that JSON carries it exactly."""
    return seed_of("simulation", tenant, simulation_id) % 2**53


def simulate(
    focus_group: FocusGroup, invited: Sequence[Respondent], seed: int, tick: Tick = lambda *_: None
) -> Outcome:
    """Run a focus group. The same arguments give the same outcome, byte for byte."""
    tick(0.0, "inviting_respondents", {})
    listing = read_listing(focus_group.property, load_assumptions(DOMAIN).taxonomy)
    respondents = respondents_of(focus_group, listing, (*invited, *drawn_people(focus_group, seed)), seed)
    studies = studies_of(focus_group, listing)
    answers = _ask(studies, respondents, focus_group.simulation_parameters.iterations, tick)
    tick(_ASKING, "estimating", {})
    return _conclude(focus_group, studies, answers, respondents, listing, seed)


def drawn_people(focus_group: FocusGroup, seed: int) -> Sequence[Respondent]:
    """The people whom the study draws from segments."""
    wanted = focus_group.persona_configuration
    if not wanted.generated_count:
        return ()
    segments = load_segments(DOMAIN)
    return draw_people(wanted.segments, wanted.generated_count, wanted.diversity_parameters, segments, seed)


def respondents_of(
    focus_group: FocusGroup, listing: Listing, people: Sequence[Respondent], seed: int
) -> StatisticalRespondents:
    """Statistical respondents with the parameters of a study."""
    return StatisticalRespondents(
        people,
        listing,
        load_assumptions(DOMAIN),
        seed=seed,
        iterations=focus_group.simulation_parameters.iterations,
        temperature=focus_group.simulation_parameters.temperature,
        preference_diversity=focus_group.persona_configuration.diversity_parameters.preference_diversity,
    )


def studies_of(focus_group: FocusGroup, listing: Listing) -> list[Study]:
    """The scenarios of a focus group, ready to be asked."""
    scenarios = enumerate(focus_group.test_scenarios)
    return [_study(s, focus_group, listing, where=f"test_scenarios[{i}]") for i, s in scenarios]


def _study(scenario: Scenario, focus_group: FocusGroup, listing: Listing, where: str) -> Study:
    assumptions = load_assumptions(DOMAIN)
    match scenario:
        case PhotoSelection():
            return PhotoStudy.of(scenario, focus_group.property.photos, listing, assumptions.taxonomy, where)
        case ModificationTesting():
            return ModificationStudy.of(scenario, listing, assumptions.taxonomy, where)
        case PricingStrategy():
            return PricingStudy(scenario, listing, assumptions.choice["hypothetical_bias"])
    assert_never(scenario)


def _ask(studies: Sequence[Study], respondents: Respondents, iterations: int, tick: Tick) -> list[list[Answers]]:
    total = sum(len(study.questions) for study in studies)
    asked: list[list[Answers]] = []
    done = 0
    for study in studies:
        asked.append([])
        for question in study.questions:
            step = _Step(tick, study.section, done / total, 1 / total, len(respondents.people))
            asked[-1].append(_answer(question, respondents, iterations, step))
            done += 1
    return asked


@dataclass(frozen=True, slots=True)
class _Step:
    """Where one question stands in the progress of the whole."""

    tick: Tick
    name: str
    start: float
    weight: float
    people: int

    def answered(self, people: int) -> None:
        progress = _ASKING * (self.start + self.weight * people / self.people)
        self.tick(round(progress, 4), self.name, {"respondents_answered": people})


def _answer(question: Question, respondents: Respondents, iterations: int, step: _Step) -> Answers:
    chunks = []
    for rows in chunks_of(len(respondents.people), iterations * (len(question.alternatives) + 4)):
        chunks.append(respondents.answer(question, rows))
        step.answered(rows.stop)
    return Answers(question, np.concatenate(chunks))


def chunks_of(people: int, cells_per_person: int) -> Iterator[slice]:
    """Rows to be worked on at a time. What comes out does not depend on where the cuts are."""
    size = max(1, _CELLS // cells_per_person)
    for start in range(0, people, size):
        yield slice(start, min(people, start + size))


def _conclude(
    focus_group: FocusGroup,
    studies: Sequence[Study],
    answers: Sequence[Sequence[Answers]],
    respondents: StatisticalRespondents,
    listing: Listing,
    seed: int,
) -> Outcome:
    parameters = focus_group.simulation_parameters
    evidence = Evidence(len(respondents.people), seed=seed, model_version=model_version(DOMAIN))
    asked = zip(studies, answers, strict=True)
    results = [study.analyse(given, evidence, parameters.consensus_threshold) for study, given in asked]
    unread = unread_in(studies, listing, respondents)
    details = None
    if parameters.detail_level == "detailed":
        population = describe_population(respondents.people, load_segments(DOMAIN))
        details = details_of(studies, answers, results, respondents, population, unread)
    return Outcome(
        summary=summary_of(results, unread),
        recommendations=tuple(r for result in results for r in result.recommendations),
        headlines=tuple(h for result in results for h in result.headlines),
        unrecognized=tuple(dict.fromkeys(text for _, text in unread))[:UNREAD_SHOWN],
        n_respondents=len(respondents.people),
        model_version=model_version(DOMAIN),
        detailed_results=details,
    )
