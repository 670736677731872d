"""What kind of dealing a text tells of: the client's own words, as far as they are known. Pure."""

import re
from datetime import UTC, date, datetime, time

from dramatis_contracts.persona import v1

_KINDS: dict[v1.InteractionKind, tuple[str, ...]] = {
    "property_viewing": ("viewing", "property_viewing", "tour", "property_tour", "open_house", "visit", "viewed"),
    "showing_request": ("showing", "showing_request", "showing_requested", "viewing_request", "appointment_request"),
    "offer": ("offer", "offer_made", "bid", "purchase_offer", "letter_of_intent"),
    "inquiry": ("inquiry", "enquiry", "question", "web_form", "information_request"),
    "phone_call": ("phone_call", "phone", "call", "call_transcript", "voicemail"),
    "email": ("email", "e_mail", "mail", "message", "text_message", "sms", "chat"),
    "meeting": ("meeting", "in_person", "lunch", "dinner", "video_call", "consultation"),
}
_BY_WORD = {word: kind for kind, words in _KINDS.items() for word in words}
_NO_WORD = re.compile(r"[^a-z]+")


def interaction_of(enrichment: v1.Enrichment, arrived: datetime) -> v1.Interaction | None:
    """The dealing that an enrichment tells of; None for one that is about no dealing."""
    metadata = enrichment.content.metadata
    named = metadata.interaction_type
    if enrichment.data_type != "interaction" and named is None:
        return None
    return v1.Interaction(
        kind=kind_of(named) if named else None,
        happened_at=_moment(metadata.date) or arrived,
        property_id=metadata.property_id,
        interest=metadata.interest,
    )


def kind_of(named: str) -> v1.InteractionKind:
    """`"Property Viewing"` → `property_viewing`; `other` for a word that is not known."""
    return _BY_WORD.get(_NO_WORD.sub("_", named.casefold()).strip("_"), "other")


def _moment(said: date | datetime | None) -> datetime | None:
    """A day means its beginning, and a time without a zone is UTC."""
    if said is None:
        return None
    moment = said if isinstance(said, datetime) else datetime.combine(said, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
