"""What a language model says, as far as it can be believed: literal quotes, known ids, whole probabilities."""

import re
from collections.abc import Iterable, Sequence

from dramatis_contracts.interrogation import v1
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.language.forms import (
    CitedLine,
    Distillation,
    Expectation,
    ProposedHypothesis,
    Reply,
)

_SPACE = re.compile(r"\s+")
_LEAST_RESIDUAL = 0.05
"""A model that is sure to have thought of everything has not."""


def quoted(quote: str, text: str) -> bool:
    """Whether a quote stands in a text word for word, whatever the spaces and the case."""
    plain = _plain(quote)
    return bool(plain) and plain in _plain(text)


def hypotheses_of(said: Distillation) -> tuple[tuple[v1.Hypothesis, ...], float]:
    """The hypotheses and the residual; probabilities are made a whole, and each title counts once."""
    proposed = list({_plain(one.title): one for one in said.hypotheses}.values())
    total = sum(one.probability for one in proposed) + said.none_of_these
    residual = max(_LEAST_RESIDUAL, said.none_of_these / total if total else 1 / (len(proposed) + 1))
    shares = _shares(proposed, 1 - residual)
    return (
        tuple(
            v1.Hypothesis(id=f"h-{place}", title=one.title, description=one.description, prior=share)
            for place, (one, share) in enumerate(zip(proposed, shares, strict=True), 1)
        ),
        residual,
    )


def expected(given: Iterable[Expectation], dossier: Dossier) -> dict[str, tuple[float, float, float]]:
    """P(supports), P(neither) and P(contradicts) under every hypothesis and the residual; what is not said is even."""
    known = {one.hypothesis_id: (one.supports, one.contradicts) for one in given}
    return {
        name: _classes(*known.get(name, (0.0, 0.0)))
        for name in (*(hypothesis.id for hypothesis in dossier.hypotheses), v1.RESIDUAL)
    }


def unsupported_in(reply: Reply, profile: str) -> tuple[str, ...]:
    """What the stakeholder said that its profile does not carry: what it admits, or all where it shows no proof."""
    carried = [sentence for sentence in reply.carried_by if quoted(sentence, profile)]
    admitted = tuple(claim for claim in reply.invented if claim.strip())
    return admitted if carried or not reply.knows else (*admitted, reply.answer)


def citations_of(lines: Sequence[CitedLine], dossier: Dossier) -> tuple[v1.Citation, ...]:
    """The citations that really stand in the transcript."""
    answers = {exchange.number: exchange.answer.content for exchange in dossier.exchanges if exchange.answer}
    known = {hypothesis.id for hypothesis in dossier.hypotheses}
    return tuple(
        v1.Citation(hypothesis_id=line.hypothesis_id, answer=line.answer, quote=line.quote)
        for line in lines
        if line.hypothesis_id in known and quoted(line.quote, answers.get(line.answer, ""))
    )


def _classes(supports: float, contradicts: float) -> tuple[float, float, float]:
    total = supports + contradicts
    if total > 1:
        supports, contradicts = supports / total, contradicts / total
    return supports, max(0.0, 1 - supports - contradicts), contradicts


def _shares(proposed: Sequence[ProposedHypothesis], mass: float) -> list[float]:
    total = sum(one.probability for one in proposed)
    return [mass * (one.probability / total if total else 1 / len(proposed)) for one in proposed]


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
