"""Which variant of a campaign does best, as a plan; abstains where the evidence cannot separate them. Pure.

`success_probability` of a variant is the probability that its engagement rate exceeds the assumed reference rate of the
platform: that of an average person and content without any particular attribute.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dramatis_contracts.simulation_engine.marketing import CampaignVariants
from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, Recommendation, Summary
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.marketing.audience import Audience, read_audience, segments_for
from dramatis_simulation_engine.marketing.forecasts import (
    EXCEEDS,
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
from dramatis_simulation_engine.marketing.messages import Content, load_reader
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
from dramatis_simulation_engine.marketing.tastes import load_assumptions
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.population import describe_population
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.statistics import consensus_on

STAGES = ("engagement", "conversion")
TEXTS = {
    "engagement": "This appears in front of you. Do you engage with it: like it, comment, save, share or follow it up?",
    "conversion": "You have engaged with it. Do you take up what it offers: buy, order or sign up?",
}


@dataclass(frozen=True)
class VariantsPlan:
    """What the variants of a campaign ask of whom."""

    study: CampaignVariants
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
    def offers(self) -> Sequence[Offer]:
        study = self.study
        return [
            offer_of(v.label, study.platform, v.hook, v.content_description, about=self.about) for v in study.variants
        ]

    @cached_property
    def about(self) -> Content:
        """What the campaign as a whole is about; its variants share it."""
        return load_reader().read("\n".join(filter(None, (self.study.name, self.study.description))), "body")

    @cached_property
    def tested(self) -> Sequence[Offer]:
        """Those of which something is understood."""
        return [offer for offer in self.offers if offer.understood]

    @cached_property
    def questions(self) -> Sequence[Question]:
        shown = "\n".join(filter(None, (self.study.name, self.study.description)))
        return stage_questions(STAGES, TEXTS, [offer.exposure() for offer in self.tested], shown)

    def step_of(self, question: Question) -> str:
        return question.stages[-1]

    def statistical(self) -> FunnelRespondents:
        return respondents_of(self.people, self.seed, self.iterations, self.study.simulation_parameters.temperature)

    def unread(self, respondents: Respondents[Question]) -> Unread:
        """Everything that was not understood, with its place in the request, once."""
        stated = {"description": self.study.description, "campaign_type": self.study.campaign_type}
        texts = {field: text for field, text in stated.items() if text}
        words = [(field, w) for field, text in texts.items() for w in load_reader().read(text, "body").unknown]
        words += [("target_audience", word) for word in self.audience.unrecognized]
        words += [entry for i, offer in enumerate(self.offers) for entry in offer.unread(f"variants[{i}].")]
        return tuple(dict.fromkeys((*words, *respondents.unrecognized)))

    def conclude(self, answers: Sequence[Answers], respondents: Respondents[Question]) -> Outcome:
        temperature = self.study.simulation_parameters.temperature
        funnel = funnel_of(answers, respondents, self.seed, temperature) if answers else None
        return _Forecast(self, answers, respondents, funnel).outcome()


class _Forecast:
    """The answers about all variants, taken together."""

    def __init__(
        self,
        plan: VariantsPlan,
        answers: Sequence[Answers],
        respondents: Respondents[Question],
        funnel: Funnel | None,
    ) -> None:
        self._plan, self._answers, self._respondents, self._funnel = plan, answers, respondents, funnel
        self._unread = plan.unread(respondents)
        self._tastes = all_tastes(respondents.people)
        self._place = plan.offers[0].platform
        self._reference = self._place.reference("engagement")
        self._predictions = [] if funnel is None else list(self._each(funnel))
        self._best = [] if funnel is None else funnel.probability_best("engagement")
        self._leading = None if funnel is None else self._first(funnel)

    def _first(self, funnel: Funnel) -> int:
        means, offers = funnel.means("engagement"), self._plan.tested
        return min(range(len(offers)), key=lambda j: (-float(f"{means[j]:.12g}"), offers[j].label))

    def _each(self, funnel: Funnel) -> Iterator["_Prediction"]:
        engagement, conversion = funnel.rate("engagement"), funnel.rate("conversion")
        temperature = self._plan.study.simulation_parameters.temperature
        for j, offer in enumerate(self._plan.tested):
            scores = score_estimates(scores_of(offer, self._tastes, temperature), funnel.evidence)
            success = exceeds(funnel, "engagement", j, self._reference)
            yield _Prediction(offer, engagement[j], conversion[j], success, scores)

    # Whether one is recommended

    @property
    def _recommended(self) -> int | None:
        if self._leading is None or self._abstention is not None:
            return None
        return self._leading

    @property
    def _abstention(self) -> str | None:
        """Why none is recommended."""
        if self._funnel is None or self._leading is None:
            return "nothing that the variants say is understood"
        if len(self._plan.tested) < 2:
            return "only one variant is understood, so that there is nothing to compare it with"
        wanted = load_assumptions().choice["recommend_from"]
        sure = self._best[self._leading]
        if sure is None:
            return "one person alone cannot show a difference"
        if sure < wanted:
            return (
                f"the evidence cannot separate the variants: the probability that '{self._label}' is the best is "
                f"{findings.probability(sure)}, below {wanted:.2f}"
            )
        if not self._funnel.separated("engagement").reached:
            return "the people who were asked do not tell the leading variant from the others"
        return None

    @property
    def _label(self) -> str:
        return "" if self._leading is None else self._plan.tested[self._leading].label

    # The outcome

    def outcome(self) -> Outcome:
        detailed = self._plan.study.simulation_parameters.detail_level == "detailed"
        consensus = None
        if self._funnel is not None:
            threshold = self._plan.study.simulation_parameters.consensus_threshold
            rates = self._funnel.reached[0]
            preferred = (rates >= rates.max(axis=1, keepdims=True) * (1 - 1e-9)).astype(float)
            preferred /= preferred.sum(axis=1, keepdims=True)
            consensus = consensus_on(preferred, self._funnel.evidence, threshold)
        return Outcome(
            summary=Summary(
                consensus_reached=consensus is not None and consensus.reached,
                confidence_level=None if consensus is None else consensus.probability,
                key_findings=tuple(self._sentences()),
            ),
            recommendations=tuple(self._recommendations()),
            headlines=tuple(self._headlines()),
            unrecognized=tuple(dict.fromkeys(text for _, text in self._unread))[:200],
            n_respondents=len(self._respondents.people),
            model_version=self._respondents.model_version,
            detailed_results=self._details() if detailed and self._funnel is not None else None,
            predicted_results=self.predicted(),
        )

    def predicted(self) -> dict[str, Any]:
        """In the form of the Predict specification, with the estimates behind its numbers beside them."""
        recommended = self._recommended
        return {
            "overall_success_probability": self._overall(),
            "recommended_variant": None if recommended is None else self._plan.tested[recommended].label,
            "reason_for_abstaining": self._abstention,
            "prediction_explanation": self._explanation(),
            "variants": [self._variant(offer) for offer in self._plan.offers],
            "factors": list(self._factors()),
            "audience": {**self._plan.audience.as_json(), "n": len(self._respondents.people)},
            "reference": {"engagement_rate": self._reference, "platform": self._place.name, "calibration": "assumed"},
            "unknown": {"trend_alignment": NO_TREND, "historical_pattern": NO_HISTORY},
        }

    def _overall(self) -> float | None:
        """Of the recommended variant; where none is recommended, the mean of all: one of them taken blindly."""
        known = [p.success for p in self._predictions if p.success is not None]
        if not known:
            return None
        if (recommended := self._recommended) is not None:
            return self._predictions[recommended].success
        return round(sum(known) / len(known), 4)

    def _variant(self, offer: Offer) -> dict[str, Any]:
        place = next((j for j, tested in enumerate(self._plan.tested) if tested.label == offer.label), None)
        if place is None:
            return {
                "label": offer.label,
                "success_probability": None,
                "predicted_engagement": None,
                "predicted_conversion": None,
                "scoring_factors": dict.fromkeys(
                    ("emotional_hook", "trend_alignment", "audience_fit", "platform_fit", "historical_pattern")
                ),
                "reasoning": "Nothing that this variant says is understood, so nothing is predicted of it.",
            }
        return {
            **self._predictions[place].as_json(),
            "probability_best": self._best[place],
            "reasoning": self._reason(place),
        }

    def _reason(self, j: int) -> str:
        prediction = self._predictions[j]
        named = [f for f in self._attributes(prediction.offer) if f["impact"] != "neutral"][:3]
        helps = [f["factor"].replace("_", " ") for f in named if f["impact"] == "positive"]
        hurts = [f["factor"].replace("_", " ") for f in named if f["impact"] == "negative"]
        parts = [
            f"Helped most by {', '.join(helps)}." if helps else "",
            f"Held back by {', '.join(hurts)}." if hurts else "",
        ]
        usual = f"{rate(self._reference)} assumed as usual"
        rates = f"Expected engagement {rate_with_interval(prediction.engagement)}, against {usual}."
        return " ".join(filter(None, (*parts, rates)))

    def _attributes(self, offer: Offer) -> list[dict[str, Any]]:
        return attribute_factors(offer, self._tastes, self._plan.study.simulation_parameters.temperature)

    def _factors(self) -> Iterator[dict[str, Any]]:
        if self._leading is not None:
            yield from self._attributes(self._plan.tested[self._leading])
        yield from unknown_factors(("trend_alignment", "historical_pattern", "audience_saturation"))

    # Sentences

    def _explanation(self) -> str:
        if self._leading is None:
            return "Nothing that the variants say is understood: nothing can be predicted."
        reason = self._reason(self._leading)
        if (abstention := self._abstention) is not None:
            return f"No variant is recommended: {abstention}. Leading is '{self._label}'. {reason}"
        sure = findings.probability(self._best[self._leading])
        return f"Variant '{self._label}' is the best tested with probability {sure}. {reason}"

    def _sentences(self) -> Iterator[str]:
        yield self._explanation()
        for prediction in self._predictions:
            yield (
                f"'{prediction.offer.label}': engagement {rate_with_interval(prediction.engagement)}, conversion "
                f"{rate_with_interval(prediction.conversion)}. Probability that its engagement exceeds the "
                f"{rate(self._reference)} assumed for {self._place.title}: {findings.probability(prediction.success)}."
            )
        invited = len(self._plan.invited)
        yield audience_sentence(self._plan.audience, len(self._respondents.people) - invited, invited)
        yield "Trends, saturation and earlier outcomes are not known and play no part."
        yield from caveats(self._unread, self._respondents)

    def _recommendations(self) -> Iterator[Recommendation]:
        if (recommended := self._recommended) is None or self._funnel is None:
            return
        rates = sorted((p.engagement.value or 0.0 for p in self._predictions), reverse=True)
        ratio = rates[0] / max(1e-12, rates[1])
        impact: Any = "high" if ratio >= 1.5 else "medium" if ratio >= 1.15 else "low"
        yield Recommendation(action=f"Use variant '{self._label}'", impact=impact, confidence=self._best[recommended])

    def _headlines(self) -> Iterator[Headline]:
        if self._funnel is None:
            return
        title, evidence = self._place.title, self._funnel.evidence
        for prediction, best in zip(self._predictions, self._best, strict=True):
            label = prediction.offer.label
            yield Headline(
                name=f"campaign_variants.{label}.success",
                estimate=evidence.stated(prediction.success, (None, None), EXCEEDS),
                unit="probability",
                statement=f"The engagement rate of variant '{label}' on {title} exceeds {rate(self._reference)}.",
            )
            for stage, estimate in (("engagement", prediction.engagement), ("conversion", prediction.conversion)):
                yield Headline(
                    name=f"campaign_variants.{label}.{stage}",
                    estimate=estimate,
                    unit="probability",
                    statement=f"Somebody of the audience to whom variant '{label}' is shown on {title} {_DONE[stage]}.",
                )
            if best is not None and len(self._best) > 1:
                yield Headline(
                    name=f"campaign_variants.{label}.best",
                    estimate=evidence.stated(best, (None, None), EXCEEDS),
                    unit="probability",
                    statement=f"Variant '{label}' has the highest engagement rate of those tested.",
                )

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            "variants": [p.detail() for p in self._predictions],
            "population": describe_population(self._respondents.people, segments_for(self._plan.audience)),
            "unrecognized": unread_json(self._unread),
        }
        labels = [offer.label for offer in self._plan.tested]
        room = DETAIL_BYTES - len(json.dumps(details))
        return {**details, **responses(self._answers, self._respondents, labels, room)}


_DONE = {"engagement": "engages with it", "conversion": "takes up its offer"}


@dataclass(frozen=True)
class _Prediction:
    """What is predicted of one variant."""

    offer: Offer
    engagement: Estimate
    conversion: Estimate
    success: float | None
    scores: dict[str, Estimate | None]

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.offer.label,
            "success_probability": self.success,
            "predicted_engagement": self.engagement.value,
            "predicted_conversion": self.conversion.value,
            "scoring_factors": scoring_factors(self.scores),
            "estimates": {
                "predicted_engagement": estimate_json(self.engagement),
                "predicted_conversion": estimate_json(self.conversion),
            },
        }

    def detail(self) -> dict[str, Any]:
        scores = {name: None if e is None else estimate_json(e) for name, e in self.scores.items()}
        contents = [part for part in (self.offer.hook, self.offer.body) if part is not None]
        attributes = sorted({a for content in contents for a in content.levels})
        return {**self.as_json(), "scores": scores, "attributes": attributes, "content_type": self.offer.content_type}
