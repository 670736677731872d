"""How far answers can be trusted: are they steady, do they depend on the order of options, do people differ. Pure.

Everyone is asked again, on independent occasions, the options of a menu shown in another order each time (a language
model's replicates are such occasions), and makes one choice each time. What one person or one option cannot show is
None, and so is what respondents cannot show who are not asked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dramatis_simulation_engine.questions import Answers, Question
from dramatis_simulation_engine.respondents import AskedAgain, Occasion, Respondents
from dramatis_simulation_engine.seeds import Floats, seed_of
from dramatis_simulation_engine.statistics import (
    ALPHA,
    JACKKNIFE,
    LEVEL,
    Agreement,
    Evidence,
    kendalls_w,
    kendalls_w_p,
    rank_alpha,
    rounded,
    wilson,
)
from dramatis_simulation_engine.statistics.agreement import jackknife, leaving_out

OCCASIONS = 4
_NO_VARIANCE = 1e-12
"""Less is rounding."""
CORRELATION = "Pearson correlation of probabilities between two occasions, within alternatives; jackknife over people"
Chosen = NDArray[np.intp]
"""Of a menu the alternative that each person chooses, (people,), the number of alternatives standing for none; else 1
where an alternative is accepted, (people, alternatives)."""


@dataclass(frozen=True)
class Repeated:
    """One question on several occasions, with one choice of each person on each."""

    question: Question
    occasions: Sequence[Occasion]
    chosen: Sequence[Chosen]

    @property
    def options(self) -> int:
        return len(self.question.alternatives)

    @property
    def same(self) -> Floats:
        """Whether a person chooses the same on the first two occasions, (people,): 0 to 1."""
        equal = np.asarray(self.chosen[0] == self.chosen[1], dtype=np.float64)
        return equal if equal.ndim == 1 else np.asarray(equal.mean(axis=1))


def diagnostics_of(
    answers: Sequence[Answers[Any]],
    respondents: Respondents[Any],
    evidence: Evidence,
    modelled: Respondents[Any] | None,
    seed: int,
) -> dict[str, Any]:
    """The section `diagnostics` of detailed results, as JSON.

    `modelled`: the same people as the choice model has them, where others answered.
    """
    repeated = [_repeated(given.question, respondents, seed) for given in answers]
    again = [asked for asked in repeated if len(asked.occasions) > 1]
    return {
        "occasions": min((len(asked.occasions) for asked in repeated), default=0),
        "test_retest": _test_retest(again, evidence),
        "position_bias": _position_bias([asked for asked in again if _is_menu(asked)], evidence),
        "rank_agreement": [_rank_agreement(given, evidence) for given in answers],
        "variance": [_variance(asked, evidence, modelled, seed) for asked in again],
        "straight_lining": _straight_lining([asked for asked in repeated if _is_menu(asked)], evidence),
        "chance_in_answers": _chance(again, respondents),
    }


def _is_menu(asked: Repeated) -> bool:
    return asked.question.format == "menu" and asked.options > 1


def _repeated(question: Question, respondents: Respondents[Any], seed: int) -> Repeated:
    if not isinstance(respondents, AskedAgain):
        return Repeated(question, (), ())
    occasions = respondents.occasions(question, _wanted(question))
    choose = _choose if question.format == "menu" else _accept
    chosen = [choose(one, seed_of(seed, question.key, "choice", n)) for n, one in enumerate(occasions)]
    return Repeated(question, occasions, chosen)


def _wanted(question: Question) -> int:
    return max(2, min(OCCASIONS, len(question.alternatives))) if question.format == "menu" else 2


def _accept(occasion: Occasion, seed: int) -> Chosen:
    return np.asarray(
        np.random.default_rng(seed).random(occasion.probabilities.shape) < occasion.probabilities, np.intp
    )


def _choose(occasion: Occasion, seed: int) -> Chosen:
    """One choice each, drawn along the options as they were shown."""
    people, options = occasion.probabilities.shape
    turned = (occasion.first[:, None] + np.arange(options)) % options
    shown = np.take_along_axis(occasion.probabilities, turned, axis=1)
    drawn = np.random.default_rng(seed).random((people, 1))
    place = (np.cumsum(shown, axis=1) <= drawn).sum(axis=1)
    return np.asarray(np.where(place < options, (occasion.first + place) % options, options), dtype=np.intp)


# Test–retest


def _test_retest(again: Sequence[Repeated], evidence: Evidence) -> dict[str, Any] | None:
    """Two occasions: how many choose the same again, and how probabilities go together."""
    if not again:
        return None
    same = np.mean([asked.same for asked in again], axis=0)
    by_chance = float(np.mean([_same_by_chance(asked) for asked in again]))
    (agreement,) = evidence.mean_estimates(same[:, None], low=0.0, high=1.0)
    first, second = ([asked.occasions[number].probabilities for asked in again] for number in (0, 1))
    correlation = correlation_of(first, second)
    return {
        "n": evidence.n,
        "same_choice": _json(evidence, agreement.value, agreement.low, agreement.high, agreement.method),
        "same_choice_by_chance": rounded(by_chance),
        "kappa": None if by_chance >= 1 else rounded((float(same.mean()) - by_chance) / (1 - by_chance)),
        "correlation": _json(evidence, correlation.value, correlation.low, correlation.high, CORRELATION),
        "questions": [_question_retest(asked, evidence) for asked in again],
    }


def _same_by_chance(asked: Repeated) -> float:
    """How often two people who are paired at random choose the same."""
    if asked.question.format == "menu":
        shares = [np.bincount(chosen, minlength=asked.options + 1) / len(chosen) for chosen in asked.chosen[:2]]
        return float(shares[0] @ shares[1])
    one, other = (chosen.mean(axis=0) for chosen in asked.chosen[:2])
    return float((one * other + (1 - one) * (1 - other)).mean())


def _question_retest(asked: Repeated, evidence: Evidence) -> dict[str, Any]:
    if asked.question.format == "menu":
        n = len(asked.same)
        low, high = wilson(float(asked.same.sum()), n) if n > 1 else (None, None)
        found = _json(evidence, float(asked.same.mean()), low, high, "Wilson")
    else:
        (mean,) = evidence.mean_estimates(asked.same[:, None], low=0.0, high=1.0)
        found = _json(evidence, mean.value, mean.low, mean.high, mean.method)
    return {"question": asked.question.text, "same_choice": found}


def correlation_of(first: Sequence[Floats], second: Sequence[Floats]) -> Agreement:
    """How answers of the same people, (people, alternatives) for each question, go together on two occasions.

    None where fewer than three people were asked or all of them answer alike.
    """
    one, other = (_centred(np.concatenate(answers, axis=1)) for answers in (first, second))
    value = _correlation(one, other)
    if value is None or len(one) < 3:
        return Agreement(None, None, None)
    without = [_correlation(_centred(one[kept]), _centred(other[kept])) for kept in leaving_out(len(one))]
    known = np.array([v for v in without if v is not None])
    low, high = jackknife(value, known)
    return Agreement(value, max(-1.0, low), min(1.0, high))


def _centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=0))


def _correlation(one: Floats, other: Floats) -> float | None:
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return None if scale < 1e-12 else float((one * other).sum()) / scale


# Order of options


def _position_bias(menus: Sequence[Repeated], evidence: Evidence) -> dict[str, Any] | None:
    """How much more often an option is chosen when it is shown first than when the same option stands elsewhere."""
    excess = [found for menu in menus if (found := excess_of_first(menu)) is not None]
    if not excess:
        return None
    values = np.mean(excess, axis=0)[:, None]
    (estimate,) = evidence.mean_estimates(values, low=-1.0, high=1.0)
    return {
        "excess_of_first": _json(evidence, estimate.value, estimate.low, estimate.high, estimate.method),
        "n": evidence.n,
        "questions": len(excess),
        "choices": "one of each person on each occasion",
    }


def excess_of_first(menu: Repeated) -> Floats | None:
    """For each person, (people,); None where nobody saw the options in two orders."""
    people = np.arange(len(menu.chosen[0]))
    firsts, chosen = (np.stack(list(rows)) for rows in ((o.first for o in menu.occasions), menu.chosen))
    found = []
    for row, first in enumerate(firsts):
        elsewhere = firsts != first
        taken = (chosen == first) & elsewhere
        if not elsewhere.any(axis=0).all():
            continue
        found.append((chosen[row, people] == first) - taken.sum(axis=0) / elsewhere.sum(axis=0))
    return np.mean(found, axis=0) if found else None


def _straight_lining(menus: Sequence[Repeated], evidence: Evidence) -> dict[str, Any] | None:
    """People whose choice stands at the same place in every menu, and how many would by chance; None for one menu."""
    asked = [menu for menu in menus if menu.chosen]
    if len(asked) < 2:
        return None
    places = np.stack([_place(menu) for menu in asked])
    n = places.shape[1]
    same = int(((places == places[0]).all(axis=0) & (places[0] >= 0)).sum())
    most = max(menu.options for menu in asked)
    shares = [np.bincount(row[row >= 0], minlength=most) / n for row in places]
    low, high = wilson(same, n) if n > 1 else (None, None)
    return {
        "share": _json(evidence, same / n, low, high, "Wilson"),
        "by_chance": rounded(float(np.prod(shares, axis=0).sum())),
        "menus": len(asked),
    }


def _place(menu: Repeated) -> Chosen:
    """Where each person's first choice was shown; −1 for none."""
    place = (menu.chosen[0] - menu.occasions[0].first) % menu.options
    return np.where(menu.chosen[0] == menu.options, -1, place)


# Differences between people


def _rank_agreement(given: Answers[Any], evidence: Evidence) -> dict[str, Any]:
    several = len(given.question.alternatives) > 1 and len(given.probabilities) > 1
    w = kendalls_w(given.probabilities) if several else Agreement(None, None, None)
    alpha = rank_alpha(given.probabilities) if several else Agreement(None, None, None)
    p = kendalls_w_p(given.probabilities) if several else None
    return {
        "question": given.question.text,
        "krippendorffs_alpha": _json(evidence, alpha.value, alpha.low, alpha.high, ALPHA),
        "kendalls_w": _json(evidence, w.value, w.low, w.high, JACKKNIFE),
        "p_if_all_rank_at_random": _rounded(p),
    }


def _variance(menu: Repeated, evidence: Evidence, modelled: Respondents[Any] | None, seed: int) -> dict[str, Any]:
    """Standard deviations of probabilities between people and between occasions of the same person.

    Respondents who are all alike, a known fault of language models, differ less than the choice model draws them.
    """
    lasting, occasional = _components(menu)
    drawn = None if modelled is None else _components(_repeated(menu.question, modelled, seed))[0]
    against = None if lasting is None or not drawn else rounded((lasting / drawn) ** 0.5)
    return {
        "question": menu.question.text,
        "n": evidence.n,
        "between_people": None if lasting is None else rounded(lasting**0.5),
        "between_occasions": rounded(occasional**0.5),
        "lasting_share": None if not lasting else rounded(lasting / (lasting + occasional)),
        "between_people_against_choice_model": against,
    }


def _components(menu: Repeated) -> tuple[float | None, float]:
    """Variance between people (None for one person) and between occasions, mean over the alternatives."""
    answers = np.stack([occasion.probabilities for occasion in menu.occasions])
    occasional = float(answers.var(axis=0, ddof=1).mean())
    if answers.shape[1] < 2:
        return None, occasional
    lasting = float(answers.var(axis=1, ddof=1).mean()) - occasional
    return (lasting if lasting > _NO_VARIANCE else 0.0), occasional


def _chance(menus: Sequence[Repeated], respondents: Respondents[Any]) -> dict[str, Any] | None:
    """What is left of chance in a share because each person answers a limited number of times: at most this error."""
    if not menus or not isinstance(respondents, AskedAgain):
        return None
    each = [respondents.answers_each(menu.question) for menu in menus]
    within = [np.stack([o.probabilities for o in menu.occasions]).var(axis=0, ddof=1) for menu in menus]
    errors = [np.sqrt(v.sum(axis=0).max() / answers) / len(v) for v, answers in zip(within, each, strict=True)]
    return {"answers_per_person": min(each), "standard_error_at_most": rounded(float(max(errors)))}


def _json(
    evidence: Evidence, value: float | None, low: float | None, high: float | None, method: str
) -> Mapping[str, Any]:
    return {
        "value": _rounded(value),
        "low": _rounded(low),
        "high": _rounded(high),
        "level": LEVEL,
        "n": evidence.n,
        "method": method,
        "model_version": evidence.model_version,
        "calibration": evidence.calibration,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else rounded(value)
