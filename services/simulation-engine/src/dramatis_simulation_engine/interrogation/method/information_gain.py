"""How much a question is expected to tell about all hypotheses at once (Lindley 1956). Pure."""

import math
from collections.abc import Mapping
from functools import lru_cache

from dramatis_contracts.interrogation.v1 import RESIDUAL, QuestionKind
from dramatis_simulation_engine.interrogation.model import model

Likelihoods = Mapping[str, Mapping[str, float]]
"""P(class of answer | hypothesis): hypothesis id or `none` → class → probability; each row sums to 1."""


def entropy(probabilities: Mapping[str, float]) -> float:
    """In bits."""
    return -math.fsum(p * math.log2(p) for p in probabilities.values() if p > 0)


def expected_information_gain(
    beliefs: Mapping[str, float], likelihoods: Likelihoods, noises: Mapping[str, float] | None = None
) -> float:
    """Mutual information of the answer's class and the hypotheses, in bits, never below 0.

    `beliefs` sums to 1 and has the same keys as `likelihoods`; `noises` are the entropies of its rows, if known.
    Raises `KeyError` for a hypothesis without a row.
    """
    answers: dict[str, float] = {}
    noise = 0.0
    for hypothesis, belief in beliefs.items():
        row = likelihoods[hypothesis]
        noise += belief * (entropy(row) if noises is None else noises[hypothesis])
        for answer, probability in row.items():
            answers[answer] = answers.get(answer, 0.0) + belief * probability
    return max(0.0, entropy(answers) - noise)


def gain_by_hypothesis(beliefs: Mapping[str, float], likelihoods: Likelihoods) -> dict[str, float]:
    """What the answer tells about each hypothesis alone (true or not), in bits."""
    return {key: _gain_about(key, beliefs, likelihoods) for key in beliefs if key != RESIDUAL}


def _gain_about(key: str, beliefs: Mapping[str, float], likelihoods: Likelihoods) -> float:
    rest = 1 - beliefs[key]
    if rest <= 0:
        return 0.0
    otherwise: dict[str, float] = {}
    for other, belief in beliefs.items():
        for answer, probability in likelihoods[other].items() if other != key else ():
            otherwise[answer] = otherwise.get(answer, 0.0) + belief / rest * probability
    rows = {"yes": likelihoods[key], "no": otherwise}
    return expected_information_gain({"yes": beliefs[key], "no": rest}, rows)


@lru_cache(maxsize=4096)
def answer_likelihoods(
    kind: QuestionKind, asked: str | None, hypotheses: tuple[str, ...], tempering: float = 1.0
) -> dict[str, dict[str, float]]:
    """P(class of answer | hypothesis) of a question of a kind about hypothesis `asked`.

    Classes: `names:<id>` for each hypothesis, `names:none` (something else), `denies:<id>` and `silent`. `tempering`
    below 1 makes all rows more alike: a further question about the same thing tells less.
    """
    rows = {key: _row(kind, asked, key, hypotheses) for key in (*hypotheses, RESIDUAL)}
    if tempering >= 1:
        return rows
    mean = {answer: math.fsum(r[answer] for r in rows.values()) / len(rows) for answer in next(iter(rows.values()))}
    return {key: {a: tempering * p + (1 - tempering) * mean[a] for a, p in row.items()} for key, row in rows.items()}


@lru_cache(maxsize=4096)
def answer_noises(
    kind: QuestionKind, asked: str | None, hypotheses: tuple[str, ...], tempering: float = 1.0
) -> dict[str, float]:
    """How uncertain the answer stays under each hypothesis, in bits."""
    return {key: entropy(row) for key, row in answer_likelihoods(kind, asked, hypotheses, tempering).items()}


def _row(kind: QuestionKind, asked: str | None, cause: str, hypotheses: tuple[str, ...]) -> dict[str, float]:
    table = model().answers[kind]
    which = "none" if cause == RESIDUAL else "true" if asked in (cause, None) else "other"
    weights = table[which]
    row = {f"names:{key}": 0.0 for key in (*hypotheses, RESIDUAL)} | {f"denies:{asked}": 0.0, "silent": 0.0}
    subject = cause if asked is None else asked
    row[f"names:{subject}"] += weights["named"]
    row[f"names:{cause}"] += weights.get("true_one", 0.0)
    row[f"denies:{asked}"] += weights["denied"]
    row["silent"] += weights["silent"]
    wrong = [key for key in (*hypotheses, RESIDUAL) if key not in (subject, cause)]
    wrong = wrong or [cause]
    for key in wrong:
        row[f"names:{key}"] += weights["another"] / len(wrong)
    return row
