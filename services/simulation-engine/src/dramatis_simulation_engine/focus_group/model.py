"""A focus group as a plan: people, questions, and what their answers say. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from dramatis_contracts.simulation_engine.v1 import (
    Calibration,
    FocusGroup,
    Headline,
    ModificationTesting,
    PhotoSelection,
    PricingStrategy,
    Scenario,
    TasteSet,
)
from dramatis_simulation_engine.diagnostics import diagnostics_of
from dramatis_simulation_engine.focus_group.estimated import ASSUMED
from dramatis_simulation_engine.focus_group.listing import Listing, read_listing
from dramatis_simulation_engine.focus_group.questions import Answers, Question
from dramatis_simulation_engine.focus_group.report import UNREAD_SHOWN, details_of, summary_of, unread_in
from dramatis_simulation_engine.focus_group.respondents import StatisticalRespondents
from dramatis_simulation_engine.focus_group.studies.modification_testing import ModificationStudy
from dramatis_simulation_engine.focus_group.studies.photo_selection import PhotoStudy
from dramatis_simulation_engine.focus_group.studies.pricing_strategy import PricingStudy
from dramatis_simulation_engine.focus_group.studies.study import Study, StudyResult
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Tick, carry_out
from dramatis_simulation_engine.population import describe_population, draw_people, load_segments
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.sequential import Stopped, Stopping, stopped_at
from dramatis_simulation_engine.statistics import FIRST_LOOK, Evidence

DOMAIN = "real_estate"
PLAYED = "Intervals say how much depends on who was asked. How well the language model plays them is not measured."


def simulate(
    focus_group: FocusGroup, invited: Sequence[Respondent], seed: int, tick: Tick = lambda *_: None
) -> Outcome:
    """Run a focus group with statistical respondents. The same arguments give the same outcome, byte for byte."""
    return carry_out(FocusGroupPlan(focus_group, tuple(invited), seed), tick)


@dataclass(frozen=True)
class FocusGroupPlan:
    """What a focus group asks of whom."""

    focus_group: FocusGroup
    invited: tuple[Respondent, ...]
    seed: int
    tastes: tuple[TasteSet, ...] = ()
    """Estimates that some of the people have, frozen when the study was asked for."""

    @property
    def iterations(self) -> int:
        return self.focus_group.simulation_parameters.iterations

    @cached_property
    def people(self) -> Sequence[Respondent]:
        return sorted((*self.invited, *drawn_people(self.focus_group, self.seed)), key=lambda p: p.id)

    @cached_property
    def listing(self) -> Listing:
        return read_listing(self.focus_group.property, load_assumptions(DOMAIN).taxonomy)

    @cached_property
    def studies(self) -> Sequence[Study]:
        """The scenarios, ready to be asked."""
        scenarios = enumerate(self.focus_group.test_scenarios)
        return [self._study(s, where=f"test_scenarios[{i}]") for i, s in scenarios]

    @cached_property
    def questions(self) -> Sequence[Question]:
        return [question for study in self.studies for question in study.questions]

    def step_of(self, question: Question) -> str:
        return next(s.section for s in self.studies if any(q.key == question.key for q in s.questions))

    @property
    def stopping(self) -> Stopping | None:
        parameters = self.focus_group.simulation_parameters
        if not parameters.stop_early or len(self.people) <= FIRST_LOOK:
            return None
        menus = (place for place, question in enumerate(self.questions) if question.format == "menu")
        return Stopping(tuple(menus), parameters.consensus_threshold, self.seed)

    def statistical(self) -> StatisticalRespondents:
        return self.asked(self.people)

    def asked(self, people: Sequence[Respondent]) -> StatisticalRespondents:
        return StatisticalRespondents(
            people,
            self.listing,
            load_assumptions(DOMAIN),
            seed=self.seed,
            iterations=self.iterations,
            temperature=self.focus_group.simulation_parameters.temperature,
            preference_diversity=self.focus_group.persona_configuration.diversity_parameters.preference_diversity,
            estimates=self.tastes,
        )

    def conclude(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Outcome:
        parameters = self.focus_group.simulation_parameters
        evidence = Evidence.of(
            respondents.people,
            seed=self.seed,
            model_version=respondents.model_version,
            calibration=respondents.calibration,
            stops_early=self.stopping is not None,
        )
        asked = list(self._by_study(answers))
        paired = zip(self.studies, asked, strict=True)
        threshold = parameters.consensus_threshold
        results = [
            study.analyse(given, evidence.calibrated(_calibration(respondents, study.questions)), threshold)
            for study, given in paired
        ]
        unread = unread_in(self.studies, self.listing, respondents)
        stopped = self._stopped(answers, respondents.people)
        details = None
        if parameters.detail_level == "detailed":
            population = describe_population(respondents.people, load_segments(DOMAIN))
            sections = {
                "population": population,
                "stopping": stopped.as_json() if stopped else None,
                "diagnostics": diagnostics_of(answers, respondents, evidence, self._modelled(respondents), self.seed),
            }
            if isinstance(respondents, StatisticalRespondents):
                sections["tastes"] = respondents.estimates.described(self.questions)
            details = details_of(self.studies, asked, results, respondents, sections, unread)
        return Outcome(
            summary=summary_of(results, unread, _statement(respondents, self.questions), stopped),
            recommendations=tuple(r for result in results for r in result.recommendations),
            headlines=tuple(_named_apart(results)),
            unrecognized=tuple(dict.fromkeys(text for _, text in unread))[:UNREAD_SHOWN],
            n_respondents=len(respondents.people),
            model_version=respondents.model_version,
            detailed_results=details,
        )

    def _modelled(self, respondents: Respondents[Question]) -> Respondents[Question] | None:
        """The same people as the choice model draws them, to compare others with."""
        return None if respondents.kind == "statistical" else self.asked(respondents.people)

    def _stopped(self, answers: Sequence[Answers], people: Sequence[Respondent]) -> Stopped | None:
        if not self.focus_group.simulation_parameters.stop_early:
            return None
        shares = [given.probabilities for given in answers]
        return stopped_at(self.stopping, shares, [person.id for person in people], len(self.people))

    def _by_study(self, answers: Sequence[Answers]) -> Iterator[Sequence[Answers]]:
        start = 0
        for study in self.studies:
            yield answers[start : start + len(study.questions)]
            start += len(study.questions)

    def _study(self, scenario: Scenario, where: str) -> Study:
        assumptions = load_assumptions(DOMAIN)
        match scenario:
            case PhotoSelection():
                return PhotoStudy.of(
                    scenario, self.focus_group.property.photos, self.listing, assumptions.taxonomy, where
                )
            case ModificationTesting():
                return ModificationStudy.of(scenario, self.listing, assumptions, where)
            case PricingStrategy():
                return PricingStudy(scenario, self.listing, assumptions)
        assert_never(scenario)


def _calibration(respondents: Respondents[Question], questions: Sequence[Question]) -> Calibration:
    """How well the tastes are known on which the answers to these questions turn."""
    if isinstance(respondents, StatisticalRespondents):
        return respondents.estimates.calibration(questions)
    return respondents.calibration


def _statement(respondents: Respondents[Question], questions: Sequence[Question]) -> str:
    if isinstance(respondents, StatisticalRespondents):
        return respondents.estimates.statement(questions)
    return PLAYED if respondents.kind == "llm" else ASSUMED


def _named_apart(results: Sequence[StudyResult]) -> Iterator[Headline]:
    """All headlines; one whose name an earlier scenario has taken gets the number of its own scenario."""
    taken: set[str] = set()
    for number, result in enumerate(results, start=1):
        for headline in result.headlines:
            name = f"{headline.name}#{number}" if headline.name in taken else headline.name
            taken.add(name)
            yield headline.model_copy(update={"name": name})


def drawn_people(focus_group: FocusGroup, seed: int) -> Sequence[Respondent]:
    """The people whom the study draws from segments."""
    wanted = focus_group.persona_configuration
    if not wanted.generated_count:
        return ()
    segments = load_segments(DOMAIN)
    return draw_people(wanted.segments, wanted.generated_count, wanted.diversity_parameters, segments, seed)
