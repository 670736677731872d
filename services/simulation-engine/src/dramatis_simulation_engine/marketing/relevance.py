"""How what a message is about suits a person: topics, features of homes, places, and what the person refuses. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from dramatis_simulation_engine.marketing.messages import Content
from dramatis_simulation_engine.marketing.tastes import Assumptions, Table, Wanted


@dataclass(frozen=True, slots=True)
class Term:
    """A part of one utility: what it is about, why it is there, and its size."""

    about: str
    because: str
    value: float


def relevance_of(content: Content, wanted: Wanted, assumptions: Assumptions) -> tuple[Term, ...]:
    """What is not known of the person or of the message adds nothing."""
    sizes = assumptions.relevance
    kinds = {a.name for a in assumptions.reader.homes.attributes if a.type}
    return (
        *_topics(content, wanted, sizes),
        *_types(content, wanted, sizes, kinds),
        *_features(content, wanted, sizes),
        *_places(content, wanted, sizes),
        *_styles(content, wanted, sizes),
        *_breaks(content, wanted, sizes),
    )


def _topics(content: Content, wanted: Wanted, sizes: Table) -> Iterator[Term]:
    if not content.topics or not wanted.topics:
        return
    if shared := sorted(content.topics & wanted.topics):
        yield Term("topic", f"interested in {', '.join(shared)}", sizes["topic_match"])
    else:
        yield Term("topic", "about something else than the interests", sizes["topic_mismatch"])


def _types(content: Content, wanted: Wanted, sizes: Table, kinds: set[str]) -> Iterator[Term]:
    named = {name for name, sign in content.features if sign > 0}
    if shared := sorted(named & wanted.types):
        yield Term("type of property", f"wants: {', '.join(shared)}", sizes["type_match"])
    elif named & kinds and wanted.types & kinds:
        yield Term("type of property", "another kind than wanted", sizes["type_mismatch"])


def _features(content: Content, wanted: Wanted, sizes: Table) -> Iterator[Term]:
    shared = sorted(name for name, sign in content.features & wanted.features if sign > 0)
    if shared:
        size = min(sizes["must_have_most"], sizes["must_have"] * len(shared))
        yield Term("features", f"must have: {', '.join(shared)}", size)


def _places(content: Content, wanted: Wanted, sizes: Table) -> Iterator[Term]:
    if not content.places:
        return
    if content.places & wanted.places:
        yield Term("location", "among the preferred ones", sizes["location_match"])
    elif wanted.places:
        yield Term("location", "not among the preferred ones", sizes["location_mismatch"])
    if wanted.residence in content.places:
        yield Term("location", "lives there", sizes["residence"])


def _styles(content: Content, wanted: Wanted, sizes: Table) -> Iterator[Term]:
    named = {name for name, sign in content.features if sign > 0}
    if shared := sorted(named & wanted.styles):
        yield Term("style", f"likes: {', '.join(shared)}", sizes["style"])
    elif named & wanted.opposed:
        yield Term("style", "the opposite of what is liked", sizes["opposed_style"])


def _breaks(content: Content, wanted: Wanted, sizes: Table) -> Iterator[Term]:
    for entry, text in wanted.breaks.items():
        if entry in content.features:
            yield Term("deal breaker", text, sizes["deal_breaker"])
