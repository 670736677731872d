"""Events as rows for analysts. Pure; a row says nothing that its event alone does not say, so order never matters.

Nothing personal goes to ClickHouse: ids, kinds, words of the reviewed vocabulary, numbers and times.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from dramatis_contracts.base import EventBody
from dramatis_contracts.envelope import Envelope
from dramatis_contracts.matching import v1 as matching
from dramatis_contracts.persona import v1
from dramatis_contracts.registry import decode
from dramatis_contracts.simulation_engine import v1 as simulation
from dramatis_persona.analytics.vocabulary import named, unnamed, word_of
from dramatis_projections.client import Row
from dramatis_projections.projector import Projection, milliseconds

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([KMBkmb]?)")
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9}
_PROPERTY_ID = re.compile(r"prop_[0-9A-Za-z_-]{1,64}")

KINDS: dict[type[EventBody], simulation.Kind] = {
    simulation.FocusGroupRequested: "focus_group",
    simulation.CampaignRequested: "marketing_campaign",
    simulation.InterventionRequested: "intervention",
    simulation.VariantsRequested: "campaign_variants",
    simulation.ViralRequested: "viral_potential",
}
_REQUESTED = frozenset(body.type for body in KINDS)


def history_rows(event: Envelope, _position: int) -> Iterator[Row]:
    """One row for each event of a persona, with what its profile then says; empty where it carries no profile."""
    if not event.type.startswith("persona."):
        return
    match decode(event):
        case v1.PersonaCreated(profile=profile) | v1.PersonaUpdated(profile=profile):
            yield (*_key(event), _origin(event), 0, *_said(profile), [], [])
        case v1.PersonaEnriched(profile=profile, new_insights=insights) as enriched:
            interacted = int(enriched.interaction is not None)
            yield (*_key(event), _origin(event), interacted, *_said(profile), *_mentioned(insights))
        case _:
            yield (*_key(event), _origin(event), 0, *_said(None), [], [])


def interaction_rows(event: Envelope, _position: int) -> Iterator[Row]:
    """One row for each interaction that an enrichment tells of."""
    if event.type != v1.PersonaEnriched.type:
        return
    body = v1.PersonaEnriched.model_validate(event.data, extra="ignore")
    if told := body.interaction:
        likes, dislikes = _by_favour(body.new_insights)
        yield (
            *_key(event),
            _moment(told.happened_at, event),
            told.kind or "",
            property_id(told.property_id),
            told.interest,
            len(likes),
            len(dislikes),
        )


def _said(profile: v1.PersonaProfile | None) -> Row:
    if profile is None:
        return (0, [], [], [], [], 0, "", None, None)
    wants = profile.preferences
    fields = (wants.property_types, wants.must_have_features, wants.style_preferences, wants.deal_breakers)
    hidden = sum(map(unnamed, fields)) + len(wants.preferred_locations)
    worth = net_worth(profile.demographics.net_worth_range)
    return (
        1,
        *(list(named(field)) for field in fields),
        hidden,
        profile.behavioral_traits.buying_urgency or "",
        *worth,
    )


def _mentioned(insights: Iterable[v1.Insight]) -> Row:
    """The words of homes that are spoken for, and those spoken against."""
    likes, dislikes = _by_favour(insights)
    return list(named(likes)), list(named(dislikes))


def _by_favour(insights: Iterable[v1.Insight]) -> tuple[list[str], list[str]]:
    kept = list(insights)
    likes = [insight.text for insight in kept if insight.kind in ("likes", "must_have")]
    return likes, [insight.text for insight in kept if insight.kind in ("dislikes", "deal_breaker")]


def match_rows(event: Envelope, _position: int) -> Iterator[Row]:
    """One row for each pair of a persona and a property that a match run found."""
    if event.type != matching.MatchFound.type:
        return
    body = matching.MatchFound.model_validate(event.data, extra="ignore")
    for pair in body.matches:
        yield (
            event.tenantid,
            pair.persona_id,
            event.id,
            pair.property_id,
            _time(event),
            event.subject,
            body.kind,
            pair.match_score,
            body.model_version,
        )


def simulation_rows(event: Envelope, _position: int) -> Iterator[Row]:
    """One row for each persona that was invited to a simulation; people drawn from a segment are nobody's persona."""
    if event.type not in _REQUESTED:
        return
    body = decode(event)
    if not isinstance(body, simulation.Requested):
        return
    shown = body.focus_group.property.id if isinstance(body, simulation.FocusGroupRequested) else None
    for who in body.participants:
        yield (
            event.tenantid,
            who.persona_id,
            event.id,
            _time(event),
            event.subject,
            KINDS[type(body)],
            who.version,
            property_id(shown),
        )


def listing_rows(event: Envelope, _position: int) -> Iterator[Row]:
    """What a property costs, and of which kind it is, from an event on."""
    if not event.type.startswith("property."):
        return
    match decode(event):
        case matching.PropertyListed(listing=listing) | matching.PropertyUpdated(listing=listing):
            yield (*_key(event), listing.price, word_of(listing.type or ""))


def net_worth(text: str | None) -> tuple[float | None, float | None]:
    """`"$50M-$100M"` → (50e6, 100e6); `">$50M"` → (50e6, None); `"<$500K"` → (0, 500e3); `"$50-100M"`: millions."""
    found = _AMOUNT.findall(text or "")
    if not text or not found:
        return None, None
    units = [unit.upper() for _, unit in found]
    amounts = [float(number) * _UNITS[unit or units[-1]] for (number, _), unit in zip(found, units, strict=True)]
    if text.strip().startswith("<"):
        return 0.0, amounts[-1]
    if text.strip().startswith(">") or text.strip().endswith("+"):
        return amounts[0], None
    return min(amounts), max(amounts)


def property_id(text: str | None) -> str:
    """The id of one of our properties, or nothing: another text may say anything."""
    return text if text and _PROPERTY_ID.fullmatch(text) else ""


def _key(event: Envelope) -> Row:
    return event.tenantid, event.subject, event.id, event.streamversion, _time(event)


def _origin(event: Envelope) -> str:
    """`persona.enriched.v1` → `enriched`."""
    return event.type.split(".")[1]


def _moment(stated: datetime, event: Envelope) -> int:
    """When an interaction happened; where the date that was stated fits no calendar of ours, when it was recorded."""
    aware = stated if stated.tzinfo else stated.replace(tzinfo=UTC)
    return milliseconds(aware) if 1970 <= aware.year < 2200 else _time(event)


def _time(event: Envelope) -> int:
    return milliseconds(event.time)


_OF_PERSONA = ("tenant", "persona_id", "event_id")
HISTORY = Projection(
    name="persona-history",
    table="persona_history",
    columns=(
        *_OF_PERSONA,
        "version",
        "recorded_at",
        "origin",
        "interacted",
        "profiled",
        "types",
        "features",
        "styles",
        "refused",
        "unnamed",
        "urgency",
        "net_worth_low",
        "net_worth_high",
        "liked",
        "disliked",
    ),
    services=("persona",),
    rows=history_rows,
)
INTERACTIONS = Projection(
    name="persona-interactions",
    table="persona_interactions",
    columns=(
        *_OF_PERSONA,
        "version",
        "recorded_at",
        "happened_at",
        "kind",
        "property_id",
        "interest",
        "likes",
        "dislikes",
    ),
    services=("persona",),
    rows=interaction_rows,
)
MATCHES = Projection(
    name="persona-matches",
    table="persona_matches",
    columns=(*_OF_PERSONA, "property_id", "recorded_at", "run_id", "direction", "score", "model_version"),
    services=("matching",),
    rows=match_rows,
)
SIMULATIONS = Projection(
    name="persona-simulations",
    table="persona_simulations",
    columns=(*_OF_PERSONA, "recorded_at", "simulation_id", "kind", "persona_version", "property_id"),
    services=("simulation-engine",),
    rows=simulation_rows,
    aggregate="simulation",
)
LISTINGS = Projection(
    name="persona-listings",
    table="persona_listings",
    columns=("tenant", "property_id", "event_id", "version", "recorded_at", "price", "type"),
    services=("matching",),
    rows=listing_rows,
)
PROJECTIONS = (HISTORY, INTERACTIONS, MATCHES, SIMULATIONS, LISTINGS)
