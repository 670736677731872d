"""Forecasts of content for an audience in free text: what they share, whatever is asked of the audience. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_kit import Rejected
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.marketing.audience import Audience, people_of
from dramatis_simulation_engine.marketing.channels import Place, load_channels
from dramatis_simulation_engine.marketing.funnel import Funnel
from dramatis_simulation_engine.marketing.messages import Content, load_reader
from dramatis_simulation_engine.marketing.questions import Answers, Exposure, Question
from dramatis_simulation_engine.marketing.relevance import relevance_of
from dramatis_simulation_engine.marketing.respondents import COLDEST, FunnelRespondents, levels_of
from dramatis_simulation_engine.marketing.tastes import Assumptions, Tastes, load_assumptions, tastes_of
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import RESAMPLES, Evidence

FACTORS = ("emotional_hook", "trend_alignment", "audience_fit", "platform_fit", "historical_pattern")
NO_TREND = "no source of current trends is connected"
NO_HISTORY = "no outcomes of earlier campaigns are recorded"
SCORE = "utility of the part, as a probability against nothing (0.5 is neutral), mean over people"
EXCEEDS = "share of joint resamples of people and of the errors of assumed sizes and reference rates"
Impact = Literal["positive", "negative", "neutral", "unknown"]


@dataclass(frozen=True)
class Offer:
    """Content as its client describes it, on one platform. `label` names it."""

    label: str
    platform: Place
    hook: Content | None
    body: Content | None
    traits: Mapping[str, float] = field(default_factory=dict)
    content_type: str | None = None

    @property
    def understood(self) -> bool:
        return any(part.understood for part in (self.hook, self.body) if part is not None)

    def exposure(self) -> Exposure:
        texts = (("hook", self.hook), ("content", self.body))
        shown = [f"on {self.platform.title}", *(f"{name}: {part.text}" for name, part in texts if part is not None)]
        return Exposure(
            self.label, self.platform, hook=self.hook, body=self.body, traits=self.traits, shown="; ".join(shown)
        )

    def unread(self, where: str, hook: str = "hook", body: str = "content_description") -> Iterator[tuple[str, str]]:
        """(field, word) of what nobody here understands."""
        for name, part in ((hook, self.hook), (body, self.body)):
            for word in part.unrecognized if part is not None else ():
                yield f"{where}{name}", word


def offer_of(
    label: str,
    platform: str,
    hook: str | None,
    body: str | None,
    *,
    content_type: str | None = None,
    about: Content | None = None,
) -> Offer:
    """Read content. Its kind is what was stated, else what the description says; it is also about what `about` is.

    A kind that is made for the platform is the usual one there and adds nothing; another one does not fit.
    """
    known, reader = load_channels(), load_reader()
    place = known.platform(platform) or known.channel(platform)
    if place is None:
        raise ValueError(f"unknown platform {platform}")
    kind = known.content_type(content_type or "") or known.content_type(body or "")
    traits: dict[str, float] = {}
    if kind and kind not in place.suits:
        traits = {**known.content_types[kind], **({"format_fit": -1.0} if place.suits else {})}
    read = [reader.read(text, part) if text else None for text, part in ((hook, "hook"), (body, "body"))]
    if about is not None and read[0] is not None and any(part.understood for part in read if part is not None):
        read[0] = replace(read[0], topics=read[0].topics | about.topics)
    return Offer(label, place, read[0], read[1], traits, kind)


def check_platform(platform: str) -> None:
    """Raises `Rejected` for a platform that is not known, or of whose content nothing is known."""
    known = load_channels()
    found = known.platform(platform)
    if found is None:
        issue = f"unknown platform '{platform}'; known: {', '.join(known.platforms)}"
        raise Rejected("INVALID_SIMULATION", "The forecast asked for is invalid.", field="platform", issue=issue)


def audience_people(audience: Audience, count: int, invited: Sequence[Respondent], seed: int) -> Sequence[Respondent]:
    """Those drawn and those invited, in the order of their ids."""
    return sorted((*invited, *people_of(audience, count, seed)), key=lambda p: p.id)


def respondents_of(people: Sequence[Respondent], seed: int, iterations: int, temperature: float) -> FunnelRespondents:
    return FunnelRespondents(people, load_assumptions(), seed=seed, iterations=iterations, temperature=temperature)


def funnel_of(answers: Sequence[Answers], respondents: Respondents[Question], seed: int, temperature: float) -> Funnel:
    evidence = Evidence.of(
        respondents.people, seed=seed, model_version=respondents.model_version, calibration=respondents.calibration
    )
    modelled = respondents.kind == "statistical"
    return Funnel.of(answers, evidence, load_assumptions(), temperature=temperature, seed=seed, modelled=modelled)


def exceeds(funnel: Funnel, stage: str, j: int, reference: float) -> float | None:
    """How probable it is that a rate exceeds a reference; None for one person alone.

    The rate may be as far from the assumed level as senders are from one another. One more resample, half above, is
    added: nothing is certain.
    """
    cloud = funnel.doubted(stage)
    if cloud is None:
        return None
    above = np.count_nonzero(cloud[:, j] > reference) + 0.5 * np.count_nonzero(cloud[:, j] == reference)
    return round(float((above + 0.5) / (RESAMPLES + 1)), 4)


# Scores


@dataclass(frozen=True)
class Scores:
    """Parts of the utility of one offer to each person, as numbers in (0, 1) where 0.5 is neutral."""

    emotional_hook: Floats
    audience_fit: Floats
    platform_fit: Floats


def scores_of(offer: Offer, everyone: Sequence[Tastes], temperature: float) -> Scores:
    """`emotional_hook`: what everybody and this person think of emotional attributes. `audience_fit`: how this person
    differs from everybody, and how the content suits it. `platform_fit`: what the platform adds, format and age."""
    assumptions, weights = load_assumptions(), load_assumptions().stages["engagement"]
    levels = levels_of(offer.exposure().parts, weights)
    emotional, audience, platform = [], [], []
    for tastes in everyone:
        own: dict[str, float] = {}
        for shift in tastes.shifts:
            own[shift.attribute] = own.get(shift.attribute, 0.0) + shift.value
        hooks = [a for a in assumptions.hooks["emotional"] if a in levels]
        emotional.append(sum(levels[a] * (assumptions.market[a] + own.get(a, 0.0)) for a in hooks))
        matches = {
            (t.about, t.because): t.value
            for part in _parts(offer)
            for t in relevance_of(part, tastes.wanted, assumptions)
        }
        differs = sum(level * own.get(a, 0.0) for a, level in levels.items() if a not in offer.platform.traits)
        audience.append(differs + weights["relevance"] * sum(matches.values()))
        platform.append(
            _platform_utility(offer, levels, own, assumptions.decades(tastes, offer.platform.typical_age), assumptions)
        )
    scale = max(COLDEST, temperature)
    return Scores(*(np.asarray(expit(np.array(values) / scale)) for values in (emotional, audience, platform)))


def _platform_utility(
    offer: Offer, levels: Mapping[str, float], own: Mapping[str, float], decades: float, assumptions: Assumptions
) -> float:
    place = offer.platform
    welcome = sum(levels.get(a, 0.0) * size for a, size in place.welcomes.items())
    made_of = sum(level * (assumptions.market[a] + own.get(a, 0.0)) for a, level in place.traits.items())
    suits = offer.traits.get("format_fit", 0.0) * assumptions.market["format_fit"]
    return welcome + made_of + suits + place.age * decades


def _parts(offer: Offer) -> list[Content]:
    return [part for part in (offer.hook, offer.body) if part is not None]


def score_estimates(scores: Scores, evidence: Evidence) -> dict[str, Estimate | None]:
    """Each factor of the specification, with its interval; null where it cannot be known."""
    columns = np.stack([scores.emotional_hook, scores.audience_fit, scores.platform_fit], axis=1)
    known = evidence.mean_estimates(columns, low=0.0, high=1.0)
    named = dict(zip(("emotional_hook", "audience_fit", "platform_fit"), known, strict=True))
    stated = {k: e.model_copy(update={"method": f"{SCORE}; {e.method}"}) for k, e in named.items()}
    return {factor: stated.get(factor) for factor in FACTORS}


def scoring_factors(estimates: Mapping[str, Estimate | None]) -> dict[str, float | None]:
    return {name: None if e is None or e.value is None else round(e.value, 4) for name, e in estimates.items()}


def unknown_factors(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the specification has and nobody here can know."""
    reasons = {"trend_alignment": NO_TREND, "historical_pattern": NO_HISTORY, "audience_saturation": NO_HISTORY}
    for name in names:
        yield {"factor": name, "score": None, "impact": "unknown", "detail": f"Not known: {reasons[name]}."}


def attribute_factors(offer: Offer, everyone: Sequence[Tastes], temperature: float) -> list[dict[str, Any]]:
    """What the attributes of one offer add for this audience on this platform, the strongest first."""
    assumptions, weights = load_assumptions(), load_assumptions().stages["engagement"]
    levels = {**levels_of(offer.exposure().parts, weights), **offer.traits}
    own = _mean_shifts(everyone)
    found = []
    for attribute, level in levels.items():
        welcome = offer.platform.welcomes.get(attribute, 0.0)
        utility = level * (assumptions.market[attribute] + own.get(attribute, 0.0) + welcome)
        found.append((utility, attribute, own.get(attribute, 0.0), welcome))
    found.sort(key=lambda entry: (-abs(entry[0]), entry[1]))
    return [_factor(*entry, offer, temperature, assumptions) for entry in found[:8]]


def _mean_shifts(everyone: Sequence[Tastes]) -> dict[str, float]:
    total: dict[str, float] = {}
    for tastes in everyone:
        for shift in tastes.shifts:
            total[shift.attribute] = total.get(shift.attribute, 0.0) + shift.value
    return {attribute: value / len(everyone) for attribute, value in total.items()}


def all_tastes(people: Sequence[Respondent]) -> Sequence[Tastes]:
    """The tastes of everyone, in their order."""
    return [tastes_of(person, load_assumptions()) for person in people]


def _factor(
    utility: float,
    attribute: str,
    own: float,
    welcome: float,
    offer: Offer,
    temperature: float,
    assumptions: Assumptions,
) -> dict[str, Any]:
    meaning = next(a.meaning for a in assumptions.reader.taxonomy.attributes if a.name == attribute)
    parts = [f"{meaning}."]
    if abs(own) >= 0.02:
        parts.append(f"This audience responds {'more' if own > 0 else 'less'} to it than others.")
    if abs(welcome) >= 0.02:
        parts.append(f"It works {'better' if welcome > 0 else 'worse'} on {offer.platform.title} than elsewhere.")
    impact: Impact = "positive" if utility > 0.005 else "negative" if utility < -0.005 else "neutral"
    score = round(float(expit(utility / max(COLDEST, temperature))), 4)
    return {"factor": attribute, "score": score, "impact": impact, "detail": " ".join(parts)}


# Words


def audience_sentence(audience: Audience, drawn: int, invited: int) -> str:
    """Who was asked, in words."""
    who = ", ".join(audience.segments) if audience.segments else "every general segment"
    ages = f", aged {audience.ages[0]} to {audience.ages[1]}" if audience.ages else ""
    likes = f", interested in {findings.listed(list(audience.topics))}" if audience.topics else ""
    where = f", {' or '.join(audience.settings)}" if audience.settings else ""
    more = f" and {findings.people(invited)} who was named" if invited else ""
    sentence = f"Asked were {findings.people(drawn)} drawn from {who}{ages}{where}{likes}{more}."
    return sentence if audience.understood else f"Nothing of the target audience is understood. {sentence}"
