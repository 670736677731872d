"""The taxonomy of causes of product problems, as its reviewed data files state it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.interrogation.reading.lexicon import DOMAIN, Cue, lexicon

FILES = ("causes_product", "causes_money", "causes_people", "causes_world")


@dataclass(frozen=True, slots=True)
class Root:
    """An actionable reason behind a cause, and the cues of an answer that names it."""

    title: str
    signs: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. `base` weighs how common it is before a problem is read; `{product}` in the texts is filled in."""

    name: str
    title: str
    description: str
    base: float
    near: tuple[Cue, ...]
    probes: tuple[str, ...]
    disconfirm: str
    roots: tuple[Root, ...]
    verify: str


@dataclass(frozen=True, slots=True)
class Symptom:
    """Words of a problem or of a stakeholder that make causes likelier: log-odds by cause."""

    name: str
    place: str
    signs: tuple[Cue, ...]
    causes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Causes that belong together, each with the short name that it has in the title of what is left of the family."""

    name: str
    title: str
    causes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All causes; `signs` and `fine` are the cues for and against them, filed by their rarest feature."""

    causes: Mapping[str, Cause]
    signs: Mapping[str, tuple[tuple[str, Cue], ...]]
    fine: Mapping[str, tuple[tuple[str, Cue], ...]]
    near: Mapping[str, tuple[str, ...]]
    symptoms: tuple[Symptom, ...]
    families: Mapping[str, Family]


def _cues(texts: Iterable[str]) -> tuple[Cue, ...]:
    return tuple(lexicon().cue(text) for text in texts)


def _cause(name: str, raw: Mapping[str, Any]) -> Cause:
    return Cause(
        name=name,
        title=raw["title"],
        description=raw["description"],
        base=raw["base"],
        near=_cues(raw["near"]),
        probes=tuple(raw["probes"]),
        disconfirm=raw["disconfirm"],
        roots=tuple(Root(root["root"], _cues(root["signs"])) for root in raw["roots"]),
        verify=raw["verify"],
    )


def _filed(causes: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, tuple[tuple[str, Cue], ...]]:
    filed: defaultdict[str, list[tuple[str, Cue]]] = defaultdict(list)
    for name, raw in causes.items():
        for cue in dict.fromkeys(_cues(raw[key])):
            filed[cue.rarest].append((name, cue))
    return {feature: tuple(cues) for feature, cues in filed.items()}


@cache
def taxonomy() -> Taxonomy:
    """Read and compiled once per process."""
    raw = {name: fields for file in FILES for name, fields in load_toml(DOMAIN, file)["causes"].items()}
    causes = {name: _cause(name, fields) for name, fields in raw.items()}
    near: defaultdict[str, list[str]] = defaultdict(list)
    for cause in causes.values():
        for cue in cause.near:
            near[cue.rarest].append(cause.name)
    symptoms = load_toml(DOMAIN, "symptoms")["symptoms"]
    return Taxonomy(
        causes=causes,
        signs=_filed(raw, "signs"),
        fine=_filed(raw, "fine"),
        near={feature: tuple(names) for feature, names in near.items()},
        symptoms=tuple(Symptom(n, s["in"], _cues(s["signs"]), tuple(s["causes"].items())) for n, s in symptoms.items()),
        families={n: Family(n, f["title"], f["causes"]) for n, f in load_toml(DOMAIN, "families")["families"].items()},
    )
