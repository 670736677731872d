"""From a problem and a stakeholder to a few possible causes with priors, and the residual. Pure."""

import math
import re

from dramatis_contracts.interrogation.v1 import HypothesesDistilled, Hypothesis, Stakeholder
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.model import model
from dramatis_simulation_engine.interrogation.offline.wording import product_of, shortened
from dramatis_simulation_engine.interrogation.reading.causes import Symptom, taxonomy
from dramatis_simulation_engine.interrogation.reading.lexicon import common_words, lexicon
from dramatis_simulation_engine.interrogation.reading.stems import stem, stems_of, words_of
from dramatis_simulation_engine.interrogation.reading.texts import said_in

_REPORTED = 20
_NUMBER = re.compile(r"^[0-9%]+$")
_ENOUGH = 2


def distil(dossier: Dossier) -> HypothesesDistilled:
    """Three hypotheses or more: as many as hold most of the prior, so that a vague problem gets more of them."""
    problem, stakeholder = dossier.requested.user_input, dossier.requested.stakeholder
    matched = _matched(problem, stakeholder)
    residual = _residual(matched, problem)
    ranked = sorted(_priors(matched, problem).items(), key=lambda item: (-item[1], item[0]))
    chosen = _chosen(ranked)
    left = dict(ranked[len(chosen) :])
    scale = 1 - residual
    own = [_hypothesis(n, name, p * scale, dossier) for n, (name, p) in enumerate(chosen, 1)]
    rest = [_rest(n, name, left, scale, dossier) for n, name in enumerate(_families_of(left), len(own) + 1)]
    hypotheses = (*own, *rest)
    return HypothesesDistilled(
        analysis=_analysis(problem, matched, len(own), len(rest), residual),
        hypotheses=hypotheses,
        residual=1 - math.fsum(h.prior for h in hypotheses),
        unrecognized=unrecognized(problem),
    )


def _hypothesis(number: int, name: str, prior: float, dossier: Dossier) -> Hypothesis:
    cause = taxonomy().causes[name]
    product = product_of(dossier)
    told = cause.description.replace("{product}", product)
    told = f"{told[0].upper()}{told[1:]} This would explain “{shortened(dossier.requested.user_input)}”"
    return Hypothesis(id=f"h-{number}", title=cause.title, description=told, prior=prior, cause=name)


def _families_of(left: dict[str, float]) -> list[str]:
    """Families with a cause that has no hypothesis of its own, likeliest first."""
    mass = {name: math.fsum(left.get(c, 0.0) for c in family.causes) for name, family in taxonomy().families.items()}
    return sorted((name for name, p in mass.items() if p > 0), key=lambda name: (-mass[name], name))


def _rest(number: int, name: str, left: dict[str, float], scale: float, dossier: Dossier) -> Hypothesis:
    """What is left of a family, as one hypothesis that names all of it."""
    family = taxonomy().families[name]
    members = sorted((c for c in family.causes if c in left), key=lambda c: (-left[c], c))
    named = [family.causes[c] for c in members]
    listed = f"{', '.join(named[:-1])} or {named[-1]}" if len(named) > 1 else named[0]
    product = product_of(dossier)
    texts = [taxonomy().causes[c].description.replace("{product}", product) for c in members[:2]]
    told = " Or: ".join(f"{text[0].upper()}{text[1:]}" for text in texts)
    return Hypothesis(
        id=f"h-{number}",
        title=f"{family.title}: {listed}",
        description=told,
        prior=scale * math.fsum(left[c] for c in members),
        cause=name,
    )


def _matched(problem: str, stakeholder: Stakeholder) -> dict[Symptom, int]:
    about = " . ".join(filter(None, (stakeholder.title, stakeholder.product_context, stakeholder.age_demography)))
    problem_features = lexicon().features(stems_of(problem)).keys()
    about_features = lexicon().features(stems_of(about)).keys()
    places = {"problem": problem_features, "stakeholder": about_features, "both": problem_features | about_features}
    found = {
        symptom: sum(cue.parts <= places[symptom.place] for cue in symptom.signs) for symptom in taxonomy().symptoms
    }
    return {symptom: hits for symptom, hits in found.items() if hits}


def _priors(matched: dict[Symptom, int], problem: str) -> dict[str, float]:
    """Softmax of base rates, symptoms and what the problem itself says about causes."""
    scores = {name: math.log(cause.base) for name, cause in taxonomy().causes.items()}
    for symptom, hits in matched.items():
        for cause, weight in symptom.causes:
            scores[cause] += weight * (1.0 if hits < _ENOUGH else 1.25)
    for cause, said in said_in(problem).items():
        scores[cause] += model().distil["own_words"] * 2 * said.strength
    powers = {name: math.exp(score / model().distil["temperature"]) for name, score in scores.items()}
    total = math.fsum(powers.values())
    return {name: power / total for name, power in powers.items()}


def _chosen(ranked: list[tuple[str, float]]) -> list[tuple[str, float]]:
    limits = model().distil
    mass = 0.0
    chosen: list[tuple[str, float]] = []
    for item in ranked[: limits["most"]]:
        if len(chosen) >= limits["fewest"] and mass >= limits["mass"]:
            break
        chosen.append(item)
        mass += item[1]
    return chosen


def _residual(matched: dict[Symptom, int], problem: str) -> float:
    """Wide when the problem says nothing that is known, whoever the stakeholder is."""
    of_problem = any(symptom.place != "stakeholder" for symptom in matched) or any(
        said.strength > 0 for said in said_in(problem).values()
    )
    known = _known_share(problem)
    narrow, wide = model().distil["residual"], model().distil["residual_wide"]
    if not of_problem or known == 0:
        return float(wide)
    return float(narrow + (wide - narrow) * max(0.0, 0.5 - known))


def _known_share(problem: str) -> float:
    words = words_of(problem)
    unknown = sum(1 for word in words if _is_unknown(word))
    return 1 - unknown / len(words) if words else 0.0


def _is_unknown(word: str) -> bool:
    root = stem(word)
    return not (_NUMBER.match(word) or len(word) < 2 or root in common_words() or lexicon().knows(root))


def unrecognized(problem: str) -> tuple[str, ...]:
    """Words of a problem that mean nothing to the taxonomy, at most twenty, in order."""
    return tuple(dict.fromkeys(word for word in words_of(problem) if _is_unknown(word)))[:_REPORTED]


def _analysis(problem: str, matched: dict[Symptom, int], own: int, rest: int, none: float) -> str:
    reported = unrecognized(problem)
    ignored = f" These words meant nothing to the reading: {', '.join(reported)}." if reported else ""
    families = f"{rest} more hypotheses hold all other causes by family, and “none of these” starts at {none:.0%}."
    if not any(symptom.place != "stakeholder" for symptom in matched) and not said_in(problem):
        return (
            f"The problem as worded gives no hint that the taxonomy of causes knows, so the {own} single hypotheses "
            f"are only the commonest causes; {families}{ignored}"
        )
    return (
        f"By its words and by who the stakeholder is, the problem “{shortened(problem)}” points to {own} single "
        f"causes of the taxonomy; {families} These priors are assumed, not measured.{ignored}"
    )
