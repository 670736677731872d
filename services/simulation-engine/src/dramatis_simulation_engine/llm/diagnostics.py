"""How steady a language model's answers are, and how far they depend on the order of the options. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from dramatis_simulation_engine.questions import Question
from dramatis_simulation_engine.respondents import RecordedRespondents
from dramatis_simulation_engine.seeds import Floats


def diagnostics_of(questions: Sequence[Question], respondents: RecordedRespondents) -> dict[str, Any]:
    """Test–retest between the first two replicates, and the advantage of the option that is shown first."""
    return {
        "test_retest": _test_retest(questions, respondents),
        "position_bias": _position_bias(questions, respondents),
    }


def _test_retest(questions: Sequence[Question], respondents: RecordedRespondents) -> dict[str, Any] | None:
    """Agreement of two answers of the same person to the same question; None without repetitions."""
    answers = [respondents.replicates(q, person) for q in questions for person in respondents.people]
    twice = [found[:2] for found in answers if len(found) > 1]
    if not twice:
        return None
    first, second = np.concatenate(twice, axis=1)
    varied = float(first.std()) > 0 and float(second.std()) > 0
    return {
        "correlation": round(float(np.corrcoef(first, second)[0, 1]), 4) if varied else None,
        "mean_absolute_difference": round(float(np.abs(first - second).mean()), 4),
        "n_respondents": len(respondents.people),
        "pairs": len(first),
        "method": "Pearson correlation over all probabilities of the first two replicates",
    }


def _position_bias(questions: Sequence[Question], respondents: RecordedRespondents) -> dict[str, Any] | None:
    """Share of the option shown first less that of the option shown last; None without a menu.

    Every second replicate sees the reverse order, so that what an option is worth cancels out. The interval takes the
    person as the unit (Student's t with n − 1); it is absent for one person.
    """
    menus = [question for question in questions if question.format == "menu" and len(question.alternatives) > 1]
    if not menus or not respondents.people:
        return None
    gaps = np.array([np.mean(list(_gaps(menus, respondents, person))) for person in range(len(respondents.people))])
    return {
        **_interval(gaps),
        "n": len(gaps),
        "method": "first less last option shown, mean over people, t interval",
    }


def _gaps(menus: Sequence[Question], respondents: RecordedRespondents, person: int) -> Iterator[float]:
    for question in menus:
        for reply in respondents.replies[question.key, respondents.people[person].id]:
            yield reply.probabilities[reply.order[0]] - reply.probabilities[reply.order[-1]]


def _interval(gaps: Floats) -> dict[str, Any]:
    mean = float(gaps.mean())
    if len(gaps) < 2:
        return {"value": round(mean, 4), "low": None, "high": None}
    half = float(t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1)) / len(gaps) ** 0.5
    return {"value": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}
