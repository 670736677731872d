"""Will content spread? A branching estimate, as a plan. Pure.

Somebody who sees the content shares it with probability s; a share shows it to m further people. R = s · m is the mean
number of further viewers of one viewer. Above 1 the content spreads by itself (Galton and Watson 1875). s is asked of
the audience; m is assumed for the platform, with what is not known about it.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.marketing import ViralContent
from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, Recommendation, Summary
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.marketing.audience import Audience, read_audience, segments_for
from dramatis_simulation_engine.marketing.forecasts import (
    NO_HISTORY,
    NO_TREND,
    Offer,
    all_tastes,
    attribute_factors,
    audience_people,
    audience_sentence,
    exceeds,
    funnel_of,
    offer_of,
    respondents_of,
    score_estimates,
    scores_of,
    scoring_factors,
    unknown_factors,
)
from dramatis_simulation_engine.marketing.funnel import Funnel
from dramatis_simulation_engine.marketing.questions import Answers, Question, stage_questions
from dramatis_simulation_engine.marketing.reports import (
    DETAIL_BYTES,
    Unread,
    caveats,
    estimate_json,
    rate,
    rate_with_interval,
    responses,
    unread_json,
)
from dramatis_simulation_engine.marketing.respondents import FunnelRespondents
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.population import describe_population
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.seeds import Floats, normals
from dramatis_simulation_engine.statistics import RESAMPLES, interval

STAGES = ("engagement", "share")
TEXTS = {
    "engagement": "This appears in front of you. Do you engage: like it, comment, save, share or watch to the end?",
    "share": "You have engaged with it. Do you share it with others?",
}
BRANCHING = (
    "share rate × further viewers of one share; resamples of people, of assumed sizes and of what is assumed of reach"
)


@dataclass(frozen=True)
class ViralPlan:
    """What content asks of an audience."""

    study: ViralContent
    invited: tuple[Respondent, ...]
    seed: int

    @property
    def iterations(self) -> int:
        return self.study.simulation_parameters.iterations

    @cached_property
    def audience(self) -> Audience:
        return read_audience(self.study.target_audience)

    @cached_property
    def people(self) -> Sequence[Respondent]:
        return audience_people(self.audience, self.study.audience_size, self.invited, self.seed)

    @cached_property
    def offer(self) -> Offer:
        study = self.study
        return offer_of(
            "content", study.platform, study.hook, study.content_description, content_type=study.content_type
        )

    @cached_property
    def questions(self) -> Sequence[Question]:
        return stage_questions(STAGES, TEXTS, [self.offer.exposure()] if self.offer.understood else [], "")

    def step_of(self, question: Question) -> str:
        return question.stages[-1]

    def statistical(self) -> FunnelRespondents:
        return respondents_of(self.people, self.seed, self.iterations, self.study.simulation_parameters.temperature)

    def unread(self, respondents: Respondents[Question]) -> Unread:
        """Everything that was not understood, with its place in the request, once."""
        words = [("target_audience", word) for word in self.audience.unrecognized]
        words += self.offer.unread("")
        kind = self.study.content_type
        if kind and self.offer.content_type is None:
            words.append(("content_type", kind))
        return tuple(dict.fromkeys((*words, *respondents.unrecognized)))

    def conclude(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Outcome:
        temperature = self.study.simulation_parameters.temperature
        funnel = funnel_of(answers, respondents, self.seed, temperature) if answers else None
        return _Forecast(self, answers, respondents, funnel).outcome()


class _Forecast:
    """The answers about one content."""

    def __init__(
        self, plan: ViralPlan, answers: Sequence[Answers], respondents: Respondents[Question], funnel: Funnel | None
    ) -> None:
        self._plan, self._answers, self._respondents, self._funnel = plan, answers, respondents, funnel
        self._unread = plan.unread(respondents)
        self._tastes = all_tastes(respondents.people)
        self._place = plan.offer.platform
        self._engagement = None if funnel is None else funnel.rate("engagement")[0]
        self._share = None if funnel is None else funnel.rate("share")[0]
        self._branching = None if funnel is None else self._reproduction(funnel)
        self._spreads = None if self._branching is None else _above_one(self._branching)

    def _reproduction(self, funnel: Funnel) -> Floats | None:
        """Resampled R; None for one person alone or where reach is not known."""
        cloud, reach = funnel.doubted("share"), self._place.reach
        if cloud is None or reach is None:
            return None
        drawn = normals(RESAMPLES, self._plan.seed, "reach", self._place.name)
        return np.asarray(cloud[:, 0] * reach["median"] * np.exp(reach["log_sd"] * drawn))

    def _estimate(self) -> Estimate | None:
        if self._funnel is None or self._share is None or self._place.reach is None:
            return None
        value = (self._share.value or 0.0) * self._place.reach["median"]
        bounds = (None, None) if self._branching is None else interval(self._branching)
        return self._funnel.evidence.stated(value, bounds, BRANCHING)

    def outcome(self) -> Outcome:
        detailed = self._plan.study.simulation_parameters.detail_level == "detailed"
        return Outcome(
            summary=Summary(consensus_reached=False, confidence_level=None, key_findings=tuple(self._sentences())),
            recommendations=tuple(self._recommendations()),
            headlines=tuple(self._headlines()),
            unrecognized=tuple(dict.fromkeys(text for _, text in self._unread))[:200],
            n_respondents=len(self._respondents.people),
            model_version=self._respondents.model_version,
            detailed_results=self._details() if detailed and self._funnel is not None else None,
            predicted_results=self.predicted(),
        )

    def predicted(self) -> dict[str, Any]:
        """Numbers in the manner of the Predict specification, each with its estimate beside it."""
        r = self._estimate()
        return {
            "viral_probability": self._spreads,
            "reproduction_number": None if r is None else r.value,
            "predicted_engagement": None if self._engagement is None else self._engagement.value,
            "predicted_share_rate": None if self._share is None else self._share.value,
            "success_probability": self._success(),
            "views_per_seed_view": None if r is None or r.value is None else _total(r.value),
            "scoring_factors": self._scores(),
            "estimates": {
                "reproduction_number": None if r is None else estimate_json(r),
                "predicted_engagement": self._engagement and estimate_json(self._engagement),
                "predicted_share_rate": self._share and estimate_json(self._share),
            },
            "prediction_explanation": self._explanation(),
            "factors": list(self._factors()),
            "audience": {**self._plan.audience.as_json(), "n": len(self._respondents.people)},
            "reference": {
                "engagement_rate": self._place.engagement,
                "share_rate": self._place.share,
                "reach_per_share": dict(self._place.reach) if self._place.reach else None,
                "platform": self._place.name,
                "calibration": "assumed",
            },
            "unknown": {"trend_alignment": NO_TREND, "historical_pattern": NO_HISTORY},
        }

    def _success(self) -> float | None:
        if self._funnel is None:
            return None
        return exceeds(self._funnel, "engagement", 0, self._place.reference("engagement"))

    def _scores(self) -> dict[str, float | None]:
        if self._funnel is None:
            return dict.fromkeys(
                ("emotional_hook", "trend_alignment", "audience_fit", "platform_fit", "historical_pattern")
            )
        temperature = self._plan.study.simulation_parameters.temperature
        scores = scores_of(self._plan.offer, self._tastes, temperature)
        return scoring_factors(score_estimates(scores, self._funnel.evidence))

    def _factors(self) -> Iterator[dict[str, Any]]:
        if self._funnel is not None:
            temperature = self._plan.study.simulation_parameters.temperature
            yield from attribute_factors(self._plan.offer, self._tastes, temperature)
        yield from unknown_factors(("trend_alignment", "historical_pattern", "audience_saturation"))

    # Sentences

    def _explanation(self) -> str:
        if self._share is None:
            return "Nothing that the content says is understood: nothing can be predicted."
        if (r := self._estimate()) is None:
            return (
                "To how many people a share shows content is not known here, so whether it spreads is not known either."
            )
        bounds = "" if r.low is None or r.high is None else f" (95 % interval {r.low:.2g} to {r.high:.2g})"
        return (
            f"One viewer is expected to bring {r.value:.2g} further viewers{bounds}. It spreads by itself above 1: "
            f"probability {findings.probability(self._spreads)}."
        )

    def _sentences(self) -> Iterator[str]:
        yield self._explanation()
        if self._engagement is not None and self._share is not None and self._place.share is not None:
            yield (
                f"Engagement {rate_with_interval(self._engagement)}, shared by {rate_with_interval(self._share)} of "
                f"those who see it; {rate(self._place.share)} is assumed as usual on {self._place.title}."
            )
        yield audience_sentence(self._plan.audience, len(self._respondents.people), 0)
        yield "How many people a share reaches is assumed, and the widest part of the interval. Trends are not known."
        yield from caveats(self._unread, self._respondents)

    def _recommendations(self) -> Iterator[Recommendation]:
        """Nothing is compared, so an action is only named where spreading is likely."""
        if self._spreads is not None and self._spreads >= 0.5:
            yield Recommendation(
                action="Count on shares, and pay for few views", impact="high", confidence=self._spreads
            )

    def _headlines(self) -> Iterator[Headline]:
        if self._funnel is None or self._engagement is None or self._share is None:
            return
        title = self._place.title
        stated = (("engagement", self._engagement, "engages with"), ("share", self._share, "shares"))
        for name, estimate, verb in stated:
            yield Headline(
                name=f"viral_potential.{name}",
                estimate=estimate,
                unit="probability",
                statement=f"Somebody of the audience to whom the content is shown on {title} {verb} it.",
            )
        if self._spreads is not None:
            yield Headline(
                name="viral_potential.spreads",
                estimate=self._funnel.evidence.stated(self._spreads, (None, None), BRANCHING),
                unit="probability",
                statement=f"A viewer of the content on {title} brings more than one further viewer on average.",
            )
        if (r := self._estimate()) is not None:
            yield Headline(name="viral_potential.reproduction_number", estimate=r, unit="ratio")

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            "content_type": self._plan.offer.content_type,
            "population": describe_population(self._respondents.people, segments_for(self._plan.audience)),
            "unrecognized": unread_json(self._unread),
        }
        room = DETAIL_BYTES - len(json.dumps(details))
        return {**details, **responses(self._answers, self._respondents, ["content"], room)}


def _above_one(branching: Floats) -> float:
    """One more resample, half above, is added: nothing is certain."""
    return round(float((np.count_nonzero(branching > 1.0) + 0.5) / (RESAMPLES + 1)), 4)


def _total(r: float) -> float | None:
    """Expected views of one first view, itself included: 1 / (1 − R); null from 1 on, where it knows no bound."""
    return float(f"{1 / (1 - r):.4g}") if r < 1 and not math.isnan(r) else None
