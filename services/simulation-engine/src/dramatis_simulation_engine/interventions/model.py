"""A test of a follow-up sequence as a plan: people, questions, and what their answers say. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dramatis_contracts.simulation_engine.follow_up import Intervention
from dramatis_simulation_engine.interventions import sequence
from dramatis_simulation_engine.interventions.answered import AnsweredRespondents
from dramatis_simulation_engine.interventions.design import Design, compare, design_of, most_sequences
from dramatis_simulation_engine.interventions.details import details_of
from dramatis_simulation_engine.interventions.process import Respondents as Followed
from dramatis_simulation_engine.interventions.process import conversions
from dramatis_simulation_engine.interventions.questions import Answers, Question, questions_of
from dramatis_simulation_engine.interventions.report import Report
from dramatis_simulation_engine.interventions.respondents import StatisticalRespondents, load_sizes
from dramatis_simulation_engine.interventions.sequence import Sequence_, read_follow_up
from dramatis_simulation_engine.interventions.vocabulary import DOMAIN, PEOPLE_DOMAIN, load_vocabulary, model_version
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Tick, carry_out
from dramatis_simulation_engine.population import draw_people, load_segments
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.seeds import Floats

__all__ = ["DOMAIN", "InterventionPlan", "check", "model_version", "sequences_at_most", "simulate"]


def simulate(
    intervention: Intervention, invited: Sequence[Respondent], seed: int, tick: Tick = lambda *_: None
) -> Outcome:
    """Test a sequence with statistical respondents. The same arguments give the same outcome, byte for byte."""
    return carry_out(InterventionPlan(intervention, tuple(invited), seed), tick)


def check(intervention: Intervention) -> None:
    """Raises `Rejected`, naming the field, for a sequence of which nothing can be said."""
    if not intervention.test_personas and intervention.persona_configuration is None:
        raise sequence.invalid("test_personas", "test_personas or persona_configuration must say who is asked")
    plan = read_follow_up(intervention.scenario, load_vocabulary())
    sequence.check_understood(plan)
    sequence.check_horizon(plan, intervention.simulation_parameters.horizon_days)


def sequences_at_most(intervention: Intervention) -> int:
    """How many sequences are compared at most: what the work grows with. It depends on the request alone."""
    return most_sequences(len(intervention.scenario.interventions), intervention.variations_to_test, load_vocabulary())


@dataclass(frozen=True)
class InterventionPlan:
    """What a test of a follow-up asks of whom."""

    intervention: Intervention
    invited: tuple[Respondent, ...]
    seed: int

    @property
    def iterations(self) -> int:
        return self.intervention.simulation_parameters.iterations

    @cached_property
    def people(self) -> Sequence[Respondent]:
        return sorted((*self.invited, *drawn_people(self.intervention, self.seed)), key=lambda p: p.id)

    @cached_property
    def follow_up(self) -> sequence.Plan:
        return read_follow_up(self.intervention.scenario, load_vocabulary())

    @cached_property
    def design(self) -> Design:
        return design_of(self.intervention, self.follow_up, load_vocabulary())

    @cached_property
    def questions(self) -> Sequence[Question]:
        return questions_of(self.follow_up, self.design.versions, load_vocabulary())

    def step_of(self, question: Question) -> str:
        return f"step_{question.contact.place + 1}" if question.contact else "first_contact"

    def statistical(self) -> StatisticalRespondents:
        return self._asked(self.people)

    def _asked(self, people: Sequence[Respondent]) -> StatisticalRespondents:
        drawn = self.intervention.persona_configuration
        return StatisticalRespondents(
            people,
            self.follow_up,
            seed=self.seed,
            iterations=self.iterations,
            temperature=self.intervention.simulation_parameters.temperature,
            diversity=drawn.diversity_parameters.preference_diversity if drawn else 1.0,
        )

    def conclude(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Outcome:
        followed = self._followed(answers, respondents)
        horizon = self.design.horizon

        def rate(sequences: Sequence[Sequence_]) -> Floats:
            return conversions(followed, sequences, horizon)

        modelled = None if respondents.kind == "statistical" else self._asked(respondents.people)
        report = Report(
            intervention=self.intervention,
            plan=self.follow_up,
            design=self.design,
            compared=compare(self.design, rate),
            rate=rate,
            followed=followed,
            respondents=respondents,
            answers=answers,
            seed=self.seed,
            modelled=modelled,
        )
        detailed = self.intervention.simulation_parameters.detail_level == "detailed"
        return report.outcome(details_of(report) if detailed else None)

    def _followed(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Followed:
        """Statistical respondents go through a sequence draw by draw; of others there are only their answers."""
        if isinstance(respondents, StatisticalRespondents):
            return respondents
        temperature = self.intervention.simulation_parameters.temperature
        return AnsweredRespondents(answers, self.follow_up.own, temperature, load_sizes(), load_vocabulary())


def drawn_people(intervention: Intervention, seed: int) -> Sequence[Respondent]:
    """The people whom the study draws from segments."""
    wanted = intervention.persona_configuration
    if wanted is None or not wanted.generated_count:
        return ()
    segments = load_segments(PEOPLE_DOMAIN)
    return draw_people(wanted.segments, wanted.generated_count, wanted.diversity_parameters, segments, seed)
