"""From a persona's fields to its reactions: what each field shifts, and by how much. Pure.

The sizes are assumptions, kept in `data/follow_up/people.toml`. Every shift remembers the field that caused it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dramatis_contracts.persona.v1 import Insight
from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.interventions.vocabulary import (
    DOMAIN,
    PEOPLE_DOMAIN,
    Vocabulary,
    load_vocabulary,
    read_words,
)
from dramatis_simulation_engine.people import Respondent, age_of, net_worth_of
from dramatis_simulation_engine.taxonomy import Lexicon, Taxonomy

CONSTANTS = ("interest", "deciding", "irritable", "fatigue", "forgetting", "initiative")
TRAITS = ("decision_making", "communication_style", "character")
"""The groups that something learnt about a person may name."""
GROUPS = ("family", "occupation", "decision_making", "communication_style")
LEVELS = ("risk_tolerance", "buying_urgency", "price_sensitivity")
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shift:
    """What a field adds to the effect of one channel, tone or content: on moving forward, and on withdrawing."""

    attribute: str
    because: str
    moves: float
    irritates: float


@dataclass(frozen=True, slots=True)
class Constant:
    """What a field adds whatever the step; `name` is one of `CONSTANTS`."""

    name: str
    because: str
    value: float


@dataclass(frozen=True, slots=True)
class Profile:
    """All that a persona's fields imply here. `unrecognized`: (field, text) of what has no meaning."""

    shifts: tuple[Shift, ...]
    constants: tuple[Constant, ...]
    noise: float
    unrecognized: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reactions:
    """The sizes of all effects of persons, and the words that lead to them."""

    sizes: Table
    lexicons: Mapping[str, Lexicon]
    taxonomy: Taxonomy
    vocabulary: Vocabulary


@cache
def load_reactions() -> Reactions:
    """The assumptions about persons; read once per process."""
    described = load_assumptions(PEOPLE_DOMAIN)
    return Reactions(load_toml(DOMAIN, "people"), described.lexicons, described.taxonomy, load_vocabulary())


def profile_of(person: Respondent, reactions: Reactions) -> Profile:
    """What a person's fields imply. An absent field shifts nothing; an unknown word is reported."""
    wishes, unread = _wishes(person, reactions)
    learnt, unread_insights = _learnt(person, reactions)
    named = [*_groups(person, reactions), *_levels(person, reactions), *_breadths(person, reactions), *wishes, *learnt]
    shifts = [*_numeric(person, reactions)]
    constants: list[Constant] = []
    for because, times, effects in named:
        shifts.extend(_shifts(because, times, effects))
        constants.extend(Constant(name, because, times * effects[name]) for name in CONSTANTS if name in effects)
    return Profile(
        shifts=tuple(shifts),
        constants=tuple(constants),
        noise=math.prod(effects.get("noise", 1.0) ** times for _, times, effects in named),
        unrecognized=(*_unread_groups(person, reactions), *unread, *unread_insights),
    )


Named = tuple[str, float, Table]
"""(because, how many times, effects)"""


def _shifts(because: str, times: float, effects: Table) -> Iterator[Shift]:
    moves, irritates = effects.get("moves", {}), effects.get("irritates", {})
    for attribute in dict.fromkeys((*moves, *irritates)):
        yield Shift(attribute, because, times * moves.get(attribute, 0.0), times * irritates.get(attribute, 0.0))


def _texts(person: Respondent) -> dict[str, str | None]:
    return {
        "family": person.demographics.family_status,
        "occupation": person.demographics.occupation,
        "decision_making": person.traits.decision_making,
        "communication_style": person.traits.communication_style,
    }


def _groups(person: Respondent, reactions: Reactions) -> Iterator[Named]:
    for group, text in _texts(person).items():
        for name in reactions.lexicons[group].affirmed(text or ""):
            yield f"{group}: {name}", 1.0, reactions.sizes[group][name]


def _unread_groups(person: Respondent, reactions: Reactions) -> Iterator[tuple[str, str]]:
    for group, text in _texts(person).items():
        if text and not reactions.lexicons[group].affirmed(text):
            yield {"family": "family_status"}.get(group, group), text


def _levels(person: Respondent, reactions: Reactions) -> Iterator[Named]:
    for field in LEVELS:
        if level := getattr(person.traits, field):
            level = "moderate" if level == "medium" else level
            yield f"{field.replace('_', ' ')}: {level}", 1.0, reactions.sizes[field][level]


def _numeric(person: Respondent, reactions: Reactions) -> Iterator[Shift]:
    if (age := age_of(person.demographics.age_range)) is not None:
        table = reactions.sizes["age"]
        yield from _shifts("age", (age - table["reference"]) / 10, table["per_decade"])
    if (worth := net_worth_of(person.demographics.net_worth_range)) is not None:
        table = reactions.sizes["wealth"]
        doublings = max(-4.0, min(4.0, math.log2(worth / table["reference"])))
        yield from _shifts("net worth", doublings, table["per_doubling"])


def _breadths(person: Respondent, reactions: Reactions) -> Iterator[Named]:
    table = reactions.sizes["breadth"]
    for field, effects in table.items():
        if field == "most":
            continue
        count = len(set(getattr(person.preferences, field)))
        # One wish is what everybody has; the first style or deal breaker already says something.
        further = count if field in ("style_preferences", "deal_breakers") else count - 1
        if further > 0:
            yield f"{field.replace('_', ' ')}: {count}", float(min(further, table["most"])), effects


def _wishes(person: Respondent, reactions: Reactions) -> tuple[list[Named], list[tuple[str, str]]]:
    """What the preferences say about being approached, each attribute once."""
    named: dict[tuple[str, str], Named] = {}
    unread: list[tuple[str, str]] = []
    for field in ("property_types", "must_have_features", "deal_breakers", "style_preferences"):
        for text in getattr(person.preferences, field):
            understood, found = _wished(text, 1.0, reactions, breaks=field == "deal_breakers")
            if not understood:
                unread.append((field, text))
            for key, effects in found:
                named.setdefault(key, effects)
    return list(named.values()), unread


def _wished(
    text: str, weight: float, reactions: Reactions, *, breaks: bool
) -> tuple[bool, list[tuple[tuple[str, str], Named]]]:
    """Whether a wish or a deal breaker is understood, and what it says about being approached, by its attribute.

    A deal breaks where a nuisance is there, or where something good is missing.
    """
    reading = reactions.taxonomy.read(text)
    nuisances = {a.name for a in reactions.taxonomy.attributes if a.nuisance}
    found: list[tuple[tuple[str, str], Named]] = []
    for attribute, sign in reading.signs.items():
        meant = (sign > 0) == (attribute in nuisances) if breaks else sign > 0
        table = "avoids" if breaks else "wants"
        if meant and attribute in reactions.sizes[table]:
            because = f"{'deal breaker' if breaks else 'wants'}: {text}"
            found.append(((table, attribute), (because, weight, reactions.sizes[table][attribute])))
    return reading.understood, found


def _learnt(person: Respondent, reactions: Reactions) -> tuple[list[Named], list[tuple[str, str]]]:
    """What was learnt about a person, by its confidence: traits, and what it likes or dislikes to receive."""
    named: list[Named] = []
    unread: list[tuple[str, str]] = []
    for place, insight in enumerate(person.insights):
        understood, found = _insight(insight, reactions)
        named.extend(found)
        if not understood:
            unread.append((f"insights[{place}]", insight.text))
    return named, unread


def _insight(insight: Insight, reactions: Reactions) -> tuple[bool, list[Named]]:
    """Whether it means anything to us, and what follows for a follow-up, which may be nothing."""
    breaks = insight.kind in ("deal_breaker", "dislikes")
    understood, wished = _wished(insight.text, insight.confidence, reactions, breaks=breaks)
    found = [effects for _, effects in wished]
    for group in TRAITS if insight.kind == "trait" else ():
        for name in reactions.lexicons[group].affirmed(insight.text):
            understood = True
            found.append((f"learnt, {group}: {name}", insight.confidence, reactions.sizes[group][name]))
    words = read_words(insight.text, reactions.vocabulary)
    kind = "dislikes" if breaks else "likes"
    effects = reactions.sizes["contact"][kind]
    for attribute in (*words.channels, *words.contents):
        because = f"learnt, {kind}: {insight.text}"
        contact = {effect: {attribute: effects[effect]} for effect in ("moves", "irritates")}
        found.append((because, insight.confidence, contact))
    return understood or words.understood, found
