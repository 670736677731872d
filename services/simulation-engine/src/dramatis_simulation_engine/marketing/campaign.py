"""A marketing campaign as a plan: channel × message × timing, and what comes of each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dramatis_contracts.simulation_engine.marketing import MarketingCampaign
from dramatis_simulation_engine.marketing import HOMES
from dramatis_simulation_engine.marketing.campaign_results import CampaignResults
from dramatis_simulation_engine.marketing.configurations import (
    Configuration,
    configurations_of,
    exposure_of,
    metrics_of,
    observed_in,
    stages_of,
    unread_in,
)
from dramatis_simulation_engine.marketing.funnel import Funnel
from dramatis_simulation_engine.marketing.questions import Answers, Exposure, Question, stage_questions
from dramatis_simulation_engine.marketing.respondents import FunnelRespondents
from dramatis_simulation_engine.marketing.tastes import load_assumptions
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.population import draw_people, load_segments
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.statistics import Evidence

TEXTS = {
    "open_rate": "This reaches you. Do you open it, or stop to look at it?",
    "click_rate": "You have opened it or stopped to look. Do you follow it up: click, look it up, listen, or come?",
    "inquiry_rate": "You have followed it up. Do you ask the sender for more?",
    "showing_request": "You have asked for more. Do you ask for a showing?",
}


@dataclass(frozen=True)
class CampaignPlan:
    """What a campaign asks of whom."""

    study: MarketingCampaign
    invited: tuple[Respondent, ...]
    seed: int

    @property
    def iterations(self) -> int:
        return self.study.simulation_parameters.iterations

    @cached_property
    def people(self) -> Sequence[Respondent]:
        drawn: tuple[Respondent, ...] = ()
        if (who := self.study.persona_configuration) is not None and who.generated_count:
            segments = load_segments(HOMES)
            drawn = draw_people(who.segments, who.generated_count, who.diversity_parameters, segments, self.seed)
        return sorted((*self.invited, *drawn), key=lambda p: p.id)

    @cached_property
    def configurations(self) -> Sequence[Configuration]:
        """What is tested: every configuration of which something is understood."""
        return configurations_of(self.study.campaign)

    @cached_property
    def exposures(self) -> Sequence[Exposure]:
        return [exposure_of(c, self.study.campaign) for c in self.configurations]

    @cached_property
    def questions(self) -> Sequence[Question]:
        return stage_questions(stages_of(self.study), TEXTS, self.exposures, "")

    def step_of(self, question: Question) -> str:
        return question.stages[-1]

    def statistical(self) -> FunnelRespondents:
        who = self.study.persona_configuration
        return FunnelRespondents(
            self.people,
            load_assumptions(),
            seed=self.seed,
            iterations=self.iterations,
            temperature=self.study.simulation_parameters.temperature,
            diversity=who.diversity_parameters.preference_diversity if who is not None else 1.0,
        )

    def conclude(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Outcome:
        unread = tuple(dict.fromkeys((*unread_in(self.study.campaign), *respondents.unrecognized)))
        results = CampaignResults(self.study, self.configurations, answers, respondents, unread)
        return results.outcome(self._funnel(answers, respondents) if answers else None, metrics_of(self.study))

    def _funnel(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Funnel:
        evidence = Evidence.of(
            respondents.people,
            seed=self.seed,
            model_version=respondents.model_version,
            calibration=respondents.calibration,
        )
        return Funnel.of(
            answers,
            evidence,
            load_assumptions(),
            temperature=self.study.simulation_parameters.temperature,
            seed=self.seed,
            modelled=respondents.kind == "statistical",
            groups=[c.message.channel for c in self.configurations],
            observed=observed_in(self.study),
        )
