"""What a campaign's funnels say: the best configuration, how sure that is, and each channel by itself. Pure.

Optimised is the deepest stage among `success_metrics`: inquiries count more than opens, if both are asked for.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.marketing import MarketingCampaign
from dramatis_contracts.simulation_engine.v1 import Headline, Recommendation, Summary
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.marketing import HOMES
from dramatis_simulation_engine.marketing.configurations import Configuration, observed_in
from dramatis_simulation_engine.marketing.funnel import Funnel
from dramatis_simulation_engine.marketing.questions import Answers, Question
from dramatis_simulation_engine.marketing.reports import (
    DETAIL_BYTES,
    Unread,
    caveats,
    estimate_json,
    rate_with_interval,
    responses,
    unread_json,
)
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.population import describe_population, load_segments
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import Consensus, consensus_on

_ALTERNATIVES = 10
"""Configurations that are predicted beside the best one; the details have them all."""
_HEADLINES = 20
_WORDS = {
    "open_rate": "opened",
    "click_rate": "followed up",
    "inquiry_rate": "answered by an inquiry",
    "showing_request": "answered by a request for a showing",
}
_NAMES = {
    "open_rate": "open rate",
    "click_rate": "click rate",
    "inquiry_rate": "inquiry rate",
    "showing_request": "rate of showing requests",
}


class CampaignResults:
    """The results of one campaign."""

    def __init__(
        self,
        study: MarketingCampaign,
        configurations: Sequence[Configuration],
        answers: Sequence[Answers],
        respondents: Respondents[Question],
        unread: Unread,
    ) -> None:
        self._study = study
        self._configurations = configurations
        self._answers = answers
        self._respondents = respondents
        self._unread = unread

    def outcome(self, funnel: Funnel | None, metrics: tuple[str, ...]) -> Outcome:
        """All that is said; without a funnel nothing was understood."""
        if funnel is None:
            return self._nothing_understood()
        analysis = _Analysis(funnel, self._configurations, metrics, self._study)
        observed = sorted(observed_in(self._study))
        sentences = (*analysis.sentences(), *caveats(self._unread, self._respondents, observed))
        detailed = self._study.simulation_parameters.detail_level == "detailed"
        return Outcome(
            summary=Summary(
                consensus_reached=analysis.consensus.reached,
                confidence_level=analysis.consensus.probability,
                key_findings=sentences,
            ),
            recommendations=(analysis.recommendation(),),
            headlines=tuple(analysis.headlines()),
            unrecognized=self._texts(),
            n_respondents=len(self._respondents.people),
            model_version=self._respondents.model_version,
            detailed_results=self._details(analysis) if detailed else None,
            predicted_results=analysis.predicted(),
        )

    def _texts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for _, text in self._unread))[:200]

    def _details(self, analysis: "_Analysis") -> dict[str, Any]:
        details = analysis.detail()
        details["population"] = describe_population(self._respondents.people, load_segments(HOMES))
        details["unrecognized"] = unread_json(self._unread)
        labels = [c.label for c in self._configurations]
        room = DETAIL_BYTES - len(json.dumps(details))
        return {**details, **responses(self._answers, self._respondents, labels, room)}

    def _nothing_understood(self) -> Outcome:
        reason = "nothing that the messages say is understood"
        finding = "No message of this campaign is understood: nothing can be predicted."
        return Outcome(
            summary=Summary(
                consensus_reached=False,
                confidence_level=None,
                key_findings=(finding, *caveats(self._unread, self._respondents)),
            ),
            recommendations=(),
            headlines=(),
            unrecognized=self._texts(),
            n_respondents=len(self._respondents.people),
            model_version=self._respondents.model_version,
            detailed_results=None,
            predicted_results={"best_configuration": None, "reason": reason, "alternatives": []},
        )


class _Analysis:
    """One campaign's funnels, compared."""

    def __init__(
        self,
        funnel: Funnel,
        configurations: Sequence[Configuration],
        metrics: tuple[str, ...],
        study: MarketingCampaign,
    ) -> None:
        self._funnel, self._configurations, self._metrics = funnel, configurations, metrics
        self._goal = metrics[-1]
        self._rates = {metric: funnel.rate(metric) for metric in metrics}
        self._best = funnel.probability_best(self._goal)
        means = funnel.means(self._goal)
        labels = [c.label for c in configurations]
        # Among equals the first by name, so that the order of a request decides nothing.
        self._order = sorted(range(len(labels)), key=lambda j: (-float(f"{means[j]:.12g}"), labels[j]))
        self._separated = funnel.separated(self._goal)
        threshold = study.simulation_parameters.consensus_threshold
        preferred = _preferred(funnel.reached[funnel.stages.index(self._goal)])
        self.consensus: Consensus = consensus_on(preferred, funnel.evidence, threshold)

    # Predictions

    def predicted(self) -> dict[str, Any]:
        first = self._order[0]
        return {
            "best_configuration": self._prediction(first),
            "optimised_for": self._goal,
            "estimates": self._estimates(first),
            "probability_best": self._best[first],
            "separated": self._separated.reached,
            "alternatives": [
                {**self._prediction(j), "probability_best": self._best[j], "rank": rank}
                for rank, j in enumerate(self._order[1 : _ALTERNATIVES + 1], start=2)
            ],
        }

    def _prediction(self, j: int) -> dict[str, Any]:
        rates = {f"predicted_{metric}": self._rates[metric][j].value for metric in self._metrics}
        return {**self._configurations[j].as_json(), **rates}

    def _estimates(self, j: int) -> dict[str, Any]:
        return {f"predicted_{metric}": estimate_json(self._rates[metric][j]) for metric in self._metrics}

    def detail(self) -> dict[str, Any]:
        ranks = {j: rank for rank, j in enumerate(self._order, start=1)}
        return {
            "configurations": [
                {
                    **self._prediction(j),
                    "rank": ranks[j],
                    "probability_best": self._best[j],
                    "estimates": {m: estimate_json(self._rates[m][j]) for m in self._metrics},
                    "attributes": _attributes(self._funnel, j),
                }
                for j in range(len(self._configurations))
            ],
            "channels": list(self._channels()),
            "differences": list(self._differences()),
            "agreement": self.consensus.as_json(),
            "rates": "shares of those to whom the message was sent",
        }

    def _channels(self) -> Iterator[dict[str, Any]]:
        """Each channel with its best configuration, and what its configurations have on average."""
        for channel in dict.fromkeys(c.message.channel for c in self._configurations):
            own = [j for j, c in enumerate(self._configurations) if c.message.channel == channel]
            best = min(own, key=self._order.index)
            place = self._configurations[best].message.place
            yield {
                "channel": channel,
                "best": self._prediction(best),
                "configurations": len(own),
                "probability_best": None
                if self._best[best] is None
                else min(1.0, round(sum(self._best[j] or 0 for j in own), 4)),
                "mean_rates": {m: _mean(self._funnel, m, own) for m in self._metrics},
                "stages": dict(place.stages),
            }

    def _differences(self) -> Iterator[dict[str, Any]]:
        """The best configuration against those that follow it."""
        first = self._order[0]
        for j in self._order[1 : _ALTERNATIVES + 1]:
            estimate = self._funnel.difference(self._goal, first, j)
            yield {"of": self._configurations[j].label, "less": estimate_json(estimate)}

    # Sentences

    def sentences(self) -> Iterator[str]:
        first = self._order[0]
        label = self._configurations[first].label
        goal = _NAMES[self._goal]
        yield f"Best by expected {goal}: {label}, {rate_with_interval(self._rates[self._goal][first])} of those sent."
        for metric in self._metrics[:-1]:
            yield f"Its {_NAMES[metric]} is {rate_with_interval(self._rates[metric][first])}."
        if len(self._order) > 1:
            yield self._comparison(first, self._order[1])
        yield from self._between_channels()
        yield from self._without_message()
        yield from self._between_times(first)
        if len(self._order) > 1:
            yield findings.agreement(self.consensus).replace("on one answer", "for one configuration")

    def _comparison(self, first: int, second: int) -> str:
        other = self._configurations[second].label
        rate = rate_with_interval(self._rates[self._goal][second])
        sure = findings.probability(self._best[first])
        if self._separated.reached:
            return f"{other} follows with {rate}. Probability that the first is truly the best tested: {sure}."
        return (
            f"{other} follows with {rate}. These people do not tell the first apart from all others: no effect is "
            f"claimed. Probability that the first is truly the best tested: {sure}."
        )

    def _between_channels(self) -> Iterator[str]:
        channels = list(self._channels())
        if len(channels) > 1 and all(c["probability_best"] is not None for c in channels):
            shown = sorted(channels, key=lambda c: (-c["probability_best"], c["channel"]))
            parts = [f"{c['channel']} {findings.probability(c['probability_best'])}" for c in shown]
            yield f"Probability that the best configuration is one of a channel: {', '.join(parts)}."

    def _without_message(self) -> Iterator[str]:
        bare = [c.message.channel for c in self._configurations if c.message.text is None]
        if bare:
            yield f"No message is given for {findings.listed(list(dict.fromkeys(bare)))}: a plain one is assumed there."

    def _between_times(self, first: int) -> Iterator[str]:
        """What sending the same message at its worst time would lose."""
        message = self._configurations[first].message
        same = [j for j, c in enumerate(self._configurations) if c.message == message and j != first]
        if not same:
            return
        worst = max(same, key=self._order.index)
        stage = self._metrics[0]
        change = self._funnel.difference(stage, first, worst)
        times = self._configurations[first].send_time, self._configurations[worst].send_time
        if change.low is not None and change.low > 0:
            yield (
                f"Sent at {times[0]} rather than {times[1]}, its {_NAMES[stage]} is higher by "
                f"{_points(change.value)} (95 % interval {_points(change.low)} to {_points(change.high)}, n = "
                f"{findings.people(change.n)})."
            )
        else:
            yield f"Between {times[0]} and {times[1]} the {_NAMES[stage]} cannot be told apart."

    def recommendation(self) -> Recommendation:
        first = self._order[0]
        return Recommendation(
            action=f"Use {self._configurations[first].label}", impact=self._impact(), confidence=self._best[first]
        )

    def _impact(self) -> Any:
        """By how much the best rate exceeds that of the middle of all that was tested."""
        means = self._funnel.means(self._goal)
        ratio = float(means[self._order[0]] / max(1e-12, float(np.median(means))))
        if len(means) < 2 or not self._separated.reached:
            return "low"
        return "high" if ratio >= 1.5 else "medium" if ratio >= 1.15 else "low"

    def headlines(self) -> Iterator[Headline]:
        for j in self._order[:_HEADLINES]:
            label = self._configurations[j].label
            for metric in self._metrics:
                yield Headline(
                    name=f"marketing_campaign.{label}.{metric}",
                    estimate=self._rates[metric][j],
                    unit="probability",
                    statement=f"A message sent as {label} to a person like those asked is {_WORDS[metric]}.",
                )
        first = self._order[0]
        if self._best[first] is not None and len(self._order) > 1:
            yield Headline(
                name="marketing_campaign.best",
                estimate=self._funnel.evidence.stated(self._best[first], (None, None), _BEST),
                unit="probability",
                statement=f"{self._configurations[first].label} has the highest {_NAMES[self._goal]} of all tested.",
            )


_BEST = "share of joint resamples of people and of the errors of assumed sizes and reference rates"


def _points(value: float | None) -> str:
    return f"{(value or 0.0) * 100:.2g} points"


def _mean(funnel: Funnel, metric: str, columns: list[int]) -> float:
    return float(f"{funnel.means(metric)[columns].mean():.6g}")


def _preferred(rates: Floats) -> Floats:
    """1 for the configuration to which a person responds most, shared among equals, shape (people, configurations)."""
    highest = rates >= rates.max(axis=1, keepdims=True) * (1 - 1e-9)
    return np.asarray(highest / highest.sum(axis=1, keepdims=True))


def _attributes(funnel: Funnel, j: int) -> list[str]:
    contents = funnel.exposures[j].parts.values()
    return sorted({attribute for content in contents for attribute in content.levels})
