"""Which question tells most: openings, probes, whys and attempts to refute, by expected information gain. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from dramatis_contracts.interrogation.v1 import Hypothesis, QuestionAsked, QuestionKind, RejectedQuestion
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import probabilities_of
from dramatis_simulation_engine.interrogation.method.information_gain import (
    answer_likelihoods,
    answer_noises,
    expected_information_gain,
    gain_by_hypothesis,
)
from dramatis_simulation_engine.interrogation.method.mom_test import examine_in
from dramatis_simulation_engine.interrogation.method.whys import chain_of
from dramatis_simulation_engine.interrogation.model import model
from dramatis_simulation_engine.interrogation.offline.wording import product_of, shortened
from dramatis_simulation_engine.interrogation.reading.covering import covered
from dramatis_simulation_engine.seeds import seed_of

_WORTH_REFUTING = 0.5
_SPREAD = 0.5
"""ASSUMED: a probe for one cause of a family tells half as much about the family."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that could be asked; `about` is None for one about all hypotheses alike."""

    content: str
    kind: QuestionKind
    about: str | None
    probe: str
    tempering: float


def next_question(dossier: Dossier, seed: int) -> QuestionAsked | None:
    """The question with the highest expected gain that breaks no rule; None if none is worth asking."""
    beliefs = probabilities_of(dossier)
    open_ids = tuple(h.id for h in dossier.open_hypotheses)
    if not open_ids:
        return None
    rejected: list[RejectedQuestion] = []
    for gain, candidate in _ranked(dossier, beliefs, seed):
        if gain < model().ask["least_gain"]:
            return None
        broken = examine_in(dossier, candidate.content)
        if broken is None:
            return _asked(dossier, candidate, gain, _subject(candidate, beliefs, open_ids), tuple(rejected))
        rejected.append(broken)
    return None


def _ranked(dossier: Dossier, beliefs: dict[str, float], seed: int) -> list[tuple[float, Candidate]]:
    used = {exchange.question.probe for exchange in dossier.exchanges}
    gains: dict[tuple[str, str | None, float], float] = {}
    rows = []
    for candidate in _candidates(dossier, beliefs):
        key = (candidate.kind, candidate.about, candidate.tempering)
        if key not in gains:
            gains[key] = _gain(candidate, beliefs)
        if candidate.probe not in used:
            rows.append((gains[key], candidate))
    return sorted(rows, key=lambda row: (-round(row[0], 9), seed_of(seed, row[1].probe)))


def _gain(candidate: Candidate, beliefs: dict[str, float]) -> float:
    ids = tuple(key for key in beliefs if key != "none")
    noises = answer_noises(candidate.kind, candidate.about, ids, candidate.tempering)
    return expected_information_gain(beliefs, _likelihoods(candidate, beliefs), noises)


def _likelihoods(candidate: Candidate, beliefs: dict[str, float]) -> dict[str, dict[str, float]]:
    ids = tuple(key for key in beliefs if key != "none")
    return answer_likelihoods(candidate.kind, candidate.about, ids, candidate.tempering)


def _subject(candidate: Candidate, beliefs: dict[str, float], open_ids: tuple[str, ...]) -> str:
    """The hypothesis that the question tells most about."""
    if candidate.about in open_ids:
        return str(candidate.about)
    gains = gain_by_hypothesis(beliefs, _likelihoods(candidate, beliefs))
    return max(open_ids, key=lambda key: (gains[key], beliefs[key]))


def _asked(
    dossier: Dossier, candidate: Candidate, gain: float, subject: str, rejected: tuple[RejectedQuestion, ...]
) -> QuestionAsked:
    return QuestionAsked(
        hypothesis_id=subject,
        message_index=dossier.message_index(subject),
        content=candidate.content,
        kind=candidate.kind,
        probe=candidate.probe,
        expected_information_gain=gain,
        rejected=rejected,
    )


def _candidates(dossier: Dossier, beliefs: dict[str, float]) -> Iterator[Candidate]:
    yield from _openings(dossier)
    for hypothesis in dossier.open_hypotheses:
        tempering = _tempering(dossier, hypothesis)
        yield from _why(dossier, hypothesis)
        yield from _probes(dossier, hypothesis, tempering)
        if beliefs[hypothesis.id] >= _WORTH_REFUTING:
            yield from _refuting(dossier, hypothesis, tempering)


def _openings(dossier: Dossier) -> Iterator[Candidate]:
    product, problem = product_of(dossier), shortened(dossier.requested.user_input)
    texts = (
        f"We are looking into this: “{problem}” Tell me about the last time you used {product}. What happened?",
        f"Walk me through what you did after that time with {product}. What was different afterwards?",
        f"Tell me about the day when you last decided something about {product}. What had happened before?",
    )
    asked = sum(exchange.question.kind == "opening" for exchange in dossier.exchanges)
    tempering = float(model().ask["opening_tempering"]) ** asked
    for number, text in enumerate(texts[: 1 if not dossier.exchanges else len(texts)]):
        yield Candidate(text, "opening", None, f"opening.{number}", tempering)


def _probes(dossier: Dossier, hypothesis: Hypothesis, tempering: float) -> Iterator[Candidate]:
    causes = covered(hypothesis, dossier.hypotheses)
    spread = 1.0 if len(causes) == 1 else _SPREAD
    for cause in causes:
        for number, text in enumerate(cause.probes):
            filled = text.replace("{product}", product_of(dossier))
            yield Candidate(filled, "probe", hypothesis.id, f"{cause.name}.{number}", tempering * spread)


def _refuting(dossier: Dossier, hypothesis: Hypothesis, tempering: float) -> Iterator[Candidate]:
    for cause in covered(hypothesis, dossier.hypotheses)[:1]:
        filled = cause.disconfirm.replace("{product}", product_of(dossier))
        yield Candidate(filled, "disconfirm", hypothesis.id, f"{cause.name}.disconfirm", tempering)


def _why(dossier: Dossier, hypothesis: Hypothesis) -> Iterator[Candidate]:
    """A why goes on from what was said last in favour of a hypothesis."""
    chain = chain_of(dossier, hypothesis)
    if chain.last is None or chain.asked >= 5 or chain.unknown >= 2:
        return
    texts = (
        "What led to that?",
        "Why did that come about?",
        "What was behind that?",
        "Why was that so?",
        "What caused it?",
    )
    content = f"You said: “{chain.last.quote}” {texts[chain.asked]}"
    tempering = float(model().ask["repeat_tempering"]) ** (0.5 * chain.asked + 0.5 * bool(chain.root))
    yield Candidate(content, "why", hypothesis.id, f"{hypothesis.id}.why.{chain.asked}", tempering)


def _tempering(dossier: Dossier, hypothesis: Hypothesis) -> float:
    """What has been asked about a hypothesis makes the next question about it tell less."""
    tempering = 1.0
    for exchange in dossier.transcript(hypothesis.id):
        if exchange.question.kind in ("probe", "disconfirm"):
            known = exchange.answer is None or exchange.answer.knows
            tempering *= model().ask["repeat_tempering"] * (1.0 if known else model().ask["unknown_tempering"])
    return float(tempering)
