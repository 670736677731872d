"""An interview about tastes: what is assumed of a persona, the next question, and what its answers tell. Pure."""

import math
from collections.abc import Sequence

import numpy as np

from dramatis_contracts.simulation_engine.common import TasteSet
from dramatis_contracts.tastes import v1
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.estimation.elicitation import (
    PRICE,
    Asked,
    Belief,
    Candidate,
    Prior,
    Profile,
    believe,
    next_question,
)
from dramatis_simulation_engine.focus_group.tastes import Assumptions, Tastes, tastes_of
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.seeds import seed_of
from dramatis_simulation_engine.taste_sets.decider import invalid
from dramatis_simulation_engine.taste_sets.usable import attribute_of

LEVEL = 0.95
ENOUGH = 0.02
"""Nats. Below this an answer tells hardly anything: a coin toss would be 0.69."""
METHOD = (
    "Bayesian choice model; normal tastes around what is assumed of the persona, log-normal weight of price; answers "
    "are logit choices at temperature 1; the next question has the highest expected information of those drawn"
)
_TEXT = "Two homes alike in everything else: which one would you take?"
_MANY = "Homes alike in everything else: which one would you take?"
_ASKED_ABOUT = 8


def interview_of(
    person: Respondent, attributes: Sequence[str], seed: int, assumptions: Assumptions, domain: str
) -> v1.Interview:
    """What is assumed of a persona. Raises `Rejected` for an attribute that has no meaning or breaks every deal."""
    tastes = tastes_of(person, assumptions)
    names = _attributes(attributes, tastes, assumptions)
    spread = assumptions.choice["between"]
    return v1.Interview(
        persona_id=person.id,
        persona_version=person.version or 0,
        attributes=(*names, PRICE),
        means=(*(_mean(name, tastes, assumptions) for name in names), math.log(tastes.price)),
        deviations=(*(spread for _ in names), assumptions.choice["price_between"]),
        noise=tastes.noise,
        seed=seed,
        model_version=model_version(domain),
    )


def _attributes(wanted: Sequence[str], tastes: Tastes, assumptions: Assumptions) -> tuple[str, ...]:
    """Those that are asked for, else those that matter most to the persona."""
    broken = {attribute for attribute, _ in tastes.wishes.breaks or ()}
    if not wanted:
        plain = [a.name for a in assumptions.taxonomy.attributes if not (a.nuisance or a.type) and a.name not in broken]
        return tuple(sorted(plain, key=lambda name: (-abs(_mean(name, tastes, assumptions)), name))[:_ASKED_ABOUT])
    found: list[str] = []
    if set(wanted) == {PRICE}:
        raise invalid("attributes", "price is always asked about: name something that it can be weighed against")
    for place, text in enumerate(wanted):
        if text == PRICE:
            continue
        attribute = attribute_of(text, assumptions.taxonomy)
        if attribute is None:
            raise invalid(f"attributes[{place}]", f"'{text}' is no attribute of a home that is known here")
        if attribute in broken:
            raise invalid(f"attributes[{place}]", f"'{text}' is a deal breaker: the persona would never weigh it")
        found.append(attribute)
    return tuple(dict.fromkeys(found))


def _mean(name: str, tastes: Tastes, assumptions: Assumptions) -> float:
    return float(assumptions.market[name] + sum(s.value for s in tastes.shifts if s.attribute == name))


def prior_of(interview: v1.Interview) -> Prior:
    return Prior(interview.attributes, np.array(interview.means), np.array(interview.deviations), noise=interview.noise)


def asked_of(answered: Sequence[tuple[v1.Question, str]]) -> list[Asked]:
    """Questions with their answers, as levels."""
    return [
        Asked(
            tuple(Profile(option.attributes) for option in question.options),
            [option.name for option in question.options].index(chosen),
        )
        for question, chosen in answered
    ]


def belief_of(interview: v1.Interview, answered: Sequence[tuple[v1.Question, str]]) -> Belief:
    """What is known of the persona after these answers."""
    return believe(prior_of(interview), asked_of(answered), interview.seed)


def question_of(
    interview: v1.Interview, belief: Belief, answered: Sequence[tuple[v1.Question, str]], options: int
) -> v1.Question:
    """The most informative next question, in words."""
    number = len(answered) + 1
    seed = seed_of(interview.seed, interview.persona_id, number)
    candidate = next_question(belief, seed, options, before=asked_of(answered))
    return v1.Question(
        number=number,
        text=_TEXT if options == 2 else _MANY,
        options=tuple(_profile(name, option) for name, option in zip("ABC", candidate.options, strict=False)),
        expected_information=_rounded(candidate),
    )


def _rounded(candidate: Candidate) -> float:
    return round(candidate.information, 6)


def _profile(name: str, option: Profile) -> v1.Profile:
    has = [attribute.replace("_", " ") for attribute, level in option.levels.items() if attribute != PRICE and level]
    described = " and ".join(has) if has else "nothing of the kind"
    return v1.Profile(
        name=name, description=f"{described}, {_price(option.levels.get(PRICE, 0.0))}", attributes=dict(option.levels)
    )


def _price(logarithm: float) -> str:
    percent = round(100 * math.expm1(logarithm))
    if percent == 0:
        return "at the asking price"
    return f"{abs(percent)} % {'above' if percent > 0 else 'below'} the asking price"


def elicited_of(interview: v1.Interview, belief: Belief) -> tuple[v1.ElicitedTaste, ...]:
    """Each taste now and before."""
    low, high = belief.interval(LEVEL)
    return tuple(
        v1.ElicitedTaste(
            attribute=name,
            mean=float(belief.means[k]),
            deviation=float(belief.deviations[k]),
            low=float(low[k]),
            high=float(high[k]),
            level=LEVEL,
            prior_mean=interview.means[k],
            prior_deviation=interview.deviations[k],
        )
        for k, name in enumerate(interview.attributes)
    )


def used_of(tastes_id: str, interview: v1.Interview, belief: Belief, answers: int) -> TasteSet:
    """The posterior as a simulation uses it."""
    names = interview.attributes
    values, vectors = np.linalg.eigh(belief.covariance)
    factor = vectors * np.sqrt(np.maximum(0.0, values))
    means, deviations = belief.means, belief.deviations
    price = names.index(PRICE)
    return TasteSet(
        id=tastes_id,
        calibration="elicited",
        personas=(interview.persona_id,),
        means={name: float(means[k]) for k, name in enumerate(names) if k != price},
        deviations={name: float(deviations[k]) for k, name in enumerate(names) if k != price},
        price=float(np.exp(means[price])),
        price_spread=float(deviations[price]),
        loadings={name: tuple(map(float, row)) for name, row in zip(names, factor, strict=True)},
        evidence=f"{answers} of its own answers",
    )


def stop_of(question: v1.Question) -> v1.Stop:
    """Whether the open question is still worth asking."""
    enough = question.expected_information < ENOUGH
    tells = f"The next answer is expected to tell {question.expected_information:.3f} nats"
    verdict = "enough is known" if enough else "worth asking on"
    return v1.Stop(
        enough=enough,
        expected_information=question.expected_information,
        bound=ENOUGH,
        statement=f"{tells}; the bound is {ENOUGH:g}: {verdict}.",
    )
