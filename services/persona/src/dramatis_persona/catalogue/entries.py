"""The entries of `stakeholders.json`, and any persona as a stakeholder. Pure, once the file is read."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dramatis_contracts.persona import v1
from dramatis_contracts.persona.stakeholders import CatalogueEntry

_TRAITS = frozenset(v1.BehavioralTraits.model_fields)


@dataclass(frozen=True, slots=True)
class Entry:
    """A stakeholder as published, and as the persona that it is."""

    published: CatalogueEntry
    persona: v1.PersonaProfile


@cache
def entries() -> tuple[Entry, ...]:
    """The catalogue, in the order of the file."""
    text = files("dramatis_persona.catalogue").joinpath("stakeholders.json").read_text()
    return tuple(_entry(**stored) for stored in json.loads(text)["stakeholders"])


def stakeholder_of(persona: v1.Persona) -> CatalogueEntry:
    """Any persona as somebody to interview: what its fields say, in the first person. Its name plays no part."""
    demographics, traits = persona.demographics, persona.behavioral_traits
    return CatalogueEntry(
        id=persona.id,
        persona_id=persona.id,
        title=demographics.occupation or "Persona",
        profile=" ".join(_sentences(persona)) or "Nothing is known about me.",
        age_demography=demographics.age_range or "not known",
        tech_savviness="not known",
        product_context=traits.decision_making or "not known",
    )


def _entry(id: str, title: str, profile: str, persona: dict[str, str], **published: str) -> Entry:  # noqa: A002  # the file's field
    entry = CatalogueEntry(id=id, persona_id=f"pers_{id}", title=title, profile=profile, **published)
    traits = {name: value for name, value in persona.items() if name in _TRAITS}
    demographics = {name: value for name, value in persona.items() if name not in _TRAITS}
    return Entry(
        entry,
        v1.PersonaProfile.model_validate(
            {"name": title, "visibility": "brokerage", "demographics": demographics, "behavioral_traits": traits}
        ),
    )


def _sentences(persona: v1.Persona) -> list[str]:
    demographics, preferences, traits = persona.demographics, persona.preferences, persona.behavioral_traits
    said = [
        ("I am {} years old.", demographics.age_range),
        ("I work as {}.", demographics.occupation),
        ("I live in {}.", demographics.primary_residence),
        ("My family: {}.", demographics.family_status),
        ("I look for {}.", ", ".join((*preferences.property_types, *preferences.style_preferences))),
        ("I must have {}.", ", ".join(preferences.must_have_features)),
        ("I do not accept {}.", ", ".join(preferences.deal_breakers)),
        ("I decide in this way: {}.", traits.decision_making),
        ("My sensitivity to prices is {}.", traits.price_sensitivity),
        ("I like to be spoken to in this way: {}.", traits.communication_style),
    ]
    learnt = [insight.text.rstrip(".") + "." for insight in persona.insights]
    return [form.format(str(value).replace("_", " ")) for form, value in said if value] + learnt
