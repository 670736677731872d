"""How often the intervals of simulated studies contain the truth, and how often equal options are called a consensus.

`.venv/bin/python -m bench.coverage [--studies 1000] [--diversity 0.3 1.0] [--people 10 20 60 200]`

A study is carried out again and again with another seed; the truth is the answer of a panel of some 8,000 people for
each segment. Everything goes through `FocusGroupPlan`, so that what is measured is what a client reads. The tables are
printed as Markdown. It is no benchmark of speed and takes minutes.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from dramatis_contracts.simulation_engine.v1 import DiversityParameters, FocusGroup, Headline
from dramatis_simulation_engine.focus_group.model import FocusGroupPlan
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import carry_out
from dramatis_simulation_engine.population import draw_people, load_segments
from dramatis_simulation_engine.statistics import Evidence, consensus_on

Who = Literal["drawn", "invited", "mixed"]
SEGMENTS = ("finance_executives", "tech_entrepreneurs", "affluent_families")
PANEL = 8000
KINDS = {"photo_selection": "photo shares", "modification_testing": "changes", "pricing_strategy": "demand"}
REQUEST = {
    "name": "coverage",
    "property": {
        "address": "432 Park Avenue, Unit 96",
        "price": 45_000_000,
        "type": "penthouse",
        "bedrooms": 6,
        "bathrooms": 7,
        "sqft": 8255,
        "features": ["private_elevator", "wine_room", "library", "outdoor_terrace"],
    },
    "test_scenarios": [
        {"type": "photo_selection", "options": ["sunset_view", "interior_design", "building_exterior"]},
        {
            "type": "modification_testing",
            "modifications": ["add_smart_home_system", "renovate_kitchen", "add_private_gym"],
        },
        {"type": "pricing_strategy", "price_points": [42e6, 45e6, 48e6]},
    ],
}


@dataclass(frozen=True)
class Setting:
    """One kind of study."""

    who: Who
    segments: int
    people: int
    diversity: float

    def request(self, drawn: int, segments: Sequence[str]) -> FocusGroup:
        """The focus group of one study; invited people are handed over beside it."""
        diversity = dict.fromkeys(("age_diversity", "wealth_diversity", "preference_diversity"), self.diversity)
        configuration = {
            "mode": "segment" if drawn else "specific",
            "segments": segments if drawn else (),
            "generated_count": drawn,
            "specific_personas": () if drawn else ("anyone",),
            "diversity_parameters": diversity,
        }
        parameters = {"iterations": 16, "detail_level": "summary"}
        request = REQUEST | {"persona_configuration": configuration, "simulation_parameters": parameters}
        return FocusGroup.model_validate(request)

    @property
    def names(self) -> tuple[str, ...]:
        return SEGMENTS[: self.segments]

    @property
    def drawn(self) -> int:
        return {"drawn": self.people, "invited": 0, "mixed": self.people // 2}[self.who]


def study(setting: Setting, seed: int) -> Sequence[Headline]:
    """The numbers of one study."""
    invited = tuple(invite(setting, setting.people - setting.drawn, seed))
    request = setting.request(setting.drawn, sorted(setting.names))
    return carry_out(FocusGroupPlan(request, invited, seed)).headlines


def invite(setting: Setting, count: int, seed: int) -> Iterator[Respondent]:
    """Personas as a client might have them: each independent of the others, from any of the segments."""
    segments, diversity = load_segments(), _diversity(setting)
    for number, place in enumerate(np.random.default_rng(seed).integers(0, setting.segments, count)):
        name = setting.names[place]
        (person,) = draw_people([name], 1, diversity, segments, 10_000 * seed + number)
        yield _as_invited(person, f"pers-{seed}-{number}")


def _as_invited(person: Respondent, name: str) -> Respondent:
    return replace(person, id=name, origin="specific", segment=None, replicate=None, version=1)


def _diversity(setting: Setting) -> DiversityParameters:
    return DiversityParameters(
        age_diversity=setting.diversity,
        wealth_diversity=setting.diversity,
        preference_diversity=setting.diversity,
    )


def truth_of(setting: Setting, panels: dict[tuple[str, bool, float], Mapping[str, float]]) -> dict[str, float]:
    """What everybody like them would answer: the panels of the segments in the proportions of the study."""
    weights: dict[tuple[str, bool], float] = {}
    for number in range(setting.drawn):
        key = (sorted(setting.names)[number % setting.segments], True)
        weights[key] = weights.get(key, 0) + 1
    if invited := setting.people - setting.drawn:
        weights |= {(name, False): invited / setting.segments for name in setting.names}
    total: dict[str, float] = {}
    for (name, drawn), weight in weights.items():
        for quantity, value in _panel(setting, name, panels, drawn=drawn).items():
            total[quantity] = total.get(quantity, 0.0) + value * weight / setting.people
    return total


def _panel(
    setting: Setting, name: str, panels: dict[tuple[str, bool, float], Mapping[str, float]], *, drawn: bool
) -> Mapping[str, float]:
    key = (name, drawn, setting.diversity)
    if key not in panels:
        people = draw_people([name], PANEL, _diversity(setting), load_segments(), 999_983)
        asked = people if drawn else tuple(_as_invited(p, f"panel-{p.id}") for p in people)
        plan = FocusGroupPlan(setting.request(1, [name]), (), 1)
        plan.__dict__["people"] = asked
        panels[key] = {h.name: h.estimate.value or 0.0 for h in carry_out(plan).headlines}
    return panels[key]


@dataclass(frozen=True)
class Coverage:
    """For each quantity: how many of the studies cover the truth, and how wide their intervals are on average."""

    covered: Mapping[str, float]
    width: Mapping[str, float]

    def of(self, kind: str) -> list[float]:
        return [share for name, share in self.covered.items() if name.startswith(kind)]


def coverage(setting: Setting, studies: int, truth: Mapping[str, float]) -> Coverage:
    hits: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    for seed in range(1, studies + 1):
        for headline in study(setting, seed):
            low, high = headline.estimate.low, headline.estimate.high
            if headline.name.endswith("willingness_to_pay") or low is None or high is None:
                continue
            hits.setdefault(headline.name, []).append(low <= truth[headline.name] <= high)
            widths.setdefault(headline.name, []).append(high - low)
    return Coverage(
        {name: float(np.mean(values)) for name, values in hits.items()},
        {name: float(np.mean(values)) for name, values in widths.items()},
    )


def false_consensus(options: int, people: int, studies: int, threshold: float) -> float:
    """How often equal options are called a consensus when people answer noisily (Dirichlet, one choice each)."""
    found = 0
    for number in range(studies):
        generator = np.random.default_rng((options, people, number))
        chosen = generator.integers(0, options, people)
        noisy = generator.dirichlet(np.full(options, 0.5), people)
        shares = np.eye(options)[chosen] if number % 2 else noisy
        evidence = Evidence(people, seed=number, model_version="null")
        found += consensus_on(shares, evidence, threshold).reached
    return found / studies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--diversity", type=float, nargs="+", default=[0.3, 1.0])
    parser.add_argument("--people", type=int, nargs="+", default=[10, 20, 60, 200])
    parser.add_argument("--who", nargs="+", default=["drawn", "invited", "mixed"])
    chosen = parser.parse_args()
    panels: dict[tuple[str, bool, float], Mapping[str, float]] = {}
    print(f"| people | segments | n | diversity | {' | '.join(KINDS.values())} | lowest | highest |")
    print("|---|---|---|---|---|---|---|---|---|")
    for who, diversity, segments, people in product(chosen.who, chosen.diversity, (1, 2, 3), chosen.people):
        setting = Setting(who, segments, people, diversity)
        found = coverage(setting, chosen.studies, truth_of(setting, panels))
        means = " | ".join(f"{np.mean(found.of(kind)):.1%}" for kind in KINDS)
        low, high = min(found.covered.values()), max(found.covered.values())
        print(f"| {who} | {segments} | {people} | {diversity} | {means} | {low:.1%} | {high:.1%} |", flush=True)
    print("\n| equal options | n | called a consensus |\n|---|---|---|")
    for options, people in product((2, 3, 5, 20), (2, 6, 10, 22, 200)):
        print(f"| {options} | {people} | {false_consensus(options, people, chosen.studies, 0.3):.1%} |", flush=True)


if __name__ == "__main__":
    main()
