"""Which rows follow from an event, and that nothing personal is among them."""

import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.persona import v1
from dramatis_persona.analytics.projections import (
    HISTORY,
    INTERACTIONS,
    LISTINGS,
    MATCHES,
    SIMULATIONS,
    net_worth,
)
from dramatis_persona.analytics.vocabulary import word_of
from dramatis_projections.projector import Projection
from dramatis_testkit.envelopes import some_event

JOHN: dict[str, Any] = {
    "name": "John Smith",
    "demographics": {
        "occupation": "Partner at Goldman",
        "net_worth_range": "$50M-$100M",
        "primary_residence": "1 Main Street, Greenwich",
        "family_status": "Married to Anna",
    },
    "preferences": {
        "property_types": ["Penthouses", "waterfront_estate"],
        "preferred_locations": ["Greenwich, CT"],
        "must_have_features": ["Home Office", "near the school of Anna"],
        "deal_breakers": ["busy street"],
        "style_preferences": ["modern"],
    },
    "behavioral_traits": {"buying_urgency": "high"},
    "enrichment_sources": [{"type": "linkedin", "url": "https://linkedin.com/in/johnsmith"}],
}


def created(**fields: Any) -> Envelope:
    return some_event(1, data=v1.PersonaCreated(profile=v1.PersonaProfile.model_validate(JOHN)).model_dump(), **fields)


def rows(projection: Projection, event: Envelope) -> list[dict[str, Any]]:
    return [dict(zip(projection.columns, row, strict=True)) for row in projection.rows(event, 1)]


def test_a_persona_becomes_words_numbers_and_times() -> None:
    (row,) = rows(HISTORY, created())
    assert (row["origin"], row["profiled"], row["urgency"]) == ("created", 1, "high")
    assert row["types"] == ["penthouse", "waterfront_estate"]
    assert (row["features"], row["refused"], row["styles"]) == (["home_office"], ["busy_street"], ["modern"])
    assert (row["net_worth_low"], row["net_worth_high"]) == (50e6, 100e6)
    assert row["unnamed"] == 2  # the place, and what is near it


def test_nothing_personal_is_in_a_row() -> None:
    written = str(rows(HISTORY, created())).casefold()
    for personal in ("john", "smith", "anna", "goldman", "partner", "greenwich", "main_street", "married", "linkedin"):
        assert personal not in written


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Wine Cellars", "wine_cellar"),
        ("3-car garage", "3_car_garage"),
        ("Anna's room", ""),
        ("call 555 0100", ""),
        ("12", ""),
        ("", ""),
        ("a view of the garden and the pool and the sea from the terrace", ""),
    ],
)
def test_only_words_of_homes_are_named(text: str, word: str) -> None:
    assert word_of(text) == word


@pytest.mark.parametrize(
    ("text", "ends"),
    [("$50M-$100M", (50e6, 100e6)), (">$50M", (50e6, None)), ("<$500K", (0, 500e3)), ("$50-100M", (50e6, 100e6))],
)
def test_a_net_worth_is_read_as_its_ends(text: str, ends: tuple[float, float | None]) -> None:
    assert net_worth(text) == ends
    assert net_worth(None) == (None, None)


def test_each_pair_of_a_match_run_is_a_row() -> None:
    data = {
        "kind": "property_to_clients",
        "sought_for": "prop_1",
        "minimum_score": 0.5,
        "weights": {"budget_fit": 1.0},
        "matched": 2,
        "matches": [
            {"persona_id": "pers_1", "property_id": "prop_1", "match_score": 0.75},
            {"persona_id": "pers_2", "property_id": "prop_1", "match_score": 0.5},
        ],
        "model_version": "match-1",
    }
    event = some_event(1, "match.found.v1", service="matching", subject="match_1", data=data)
    found = [(row["persona_id"], row["property_id"], row["score"]) for row in rows(MATCHES, event)]
    assert found == [("pers_1", "prop_1", 0.75), ("pers_2", "prop_1", 0.5)]


def test_who_was_invited_to_a_simulation_is_a_row_and_its_texts_are_none() -> None:
    data = {
        "focus_group": {
            "name": "Anna's study",
            "property": {"id": "1 Main Street", "price": 1e6},
            "test_scenarios": [{"type": "photo_selection", "options": ["a", "b"]}],
            "persona_configuration": {"mode": "specific", "specific_personas": ["pers_1"]},
        },
        "participants": [{"persona_id": "pers_1", "version": 3}],
        "seed": 1,
    }
    kind = "simulation.focus_group_requested.v1"
    event = some_event(1, kind, service="simulation-engine", subject="sim_1", data=data)
    (row,) = rows(SIMULATIONS, event)
    assert (row["persona_id"], row["simulation_id"], row["kind"]) == ("pers_1", "sim_1", "focus_group")
    assert (row["persona_version"], row["property_id"]) == (3, "")


def test_a_listing_is_its_price_and_its_kind() -> None:
    listing = {"price": 2e6, "type": "Penthouse", "address": "1 Main Street", "description": "Anna's home"}
    event = some_event(1, "property.listed.v1", service="matching", subject="prop_1", data={"listing": listing})
    (row,) = rows(LISTINGS, event)
    assert (row["property_id"], row["price"], row["type"]) == ("prop_1", 2e6, "penthouse")
    assert "main" not in str(row).casefold()


@pytest.mark.parametrize(
    "projection", [INTERACTIONS, MATCHES, SIMULATIONS, LISTINGS], ids=lambda projection: projection.name
)
def test_what_does_not_concern_a_table_is_no_row(projection: Projection) -> None:
    assert rows(projection, some_event(1, "persona.deleted.v1")) == []


def test_a_deletion_says_only_that_it_happened() -> None:
    (row,) = rows(HISTORY, some_event(1, "persona.deleted.v1", streamversion=2))
    assert (row["origin"], row["profiled"], row["version"]) == ("deleted", 0, 2)


def insight(kind: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "text": text, "source": "Anna said so.", "confidence": 0.6}


def enriched(interaction: dict[str, Any] | None, *insights: dict[str, Any]) -> Envelope:
    data = {
        "enrichment_id": "enr_1",
        "enrichment_type": "interaction",
        "source": "agent_notes",
        "method": "rules-1",
        "new_insights": list(insights),
        "learnt": {},
        "profile": JOHN,
        "interaction": interaction,
    }
    return some_event(1, "persona.enriched.v1", data=data, streamversion=2)


def test_an_interaction_is_its_kind_its_day_and_how_many_remarks_it_led_to() -> None:
    told = {
        "kind": "property_viewing",
        "happened_at": "2026-04-30T10:00:00+02:00",
        "property_id": "prop_1",
        "interest": 0.8,
    }
    remarks = (insight("likes", "wine cellar"), insight("must_have", "Anna's room"), insight("dislikes", "noise"))
    event = enriched(told, *remarks, insight("trait", "patient"))
    (row,) = rows(INTERACTIONS, event)
    assert (row["kind"], row["property_id"], row["interest"]) == ("property_viewing", "prop_1", 0.8)
    assert (row["likes"], row["dislikes"]) == (2, 1)
    assert row["happened_at"] == datetime(2026, 4, 30, 8, tzinfo=UTC).timestamp() * 1000
    (history,) = rows(HISTORY, event)
    assert (history["origin"], history["interacted"], history["profiled"]) == ("enriched", 1, 1)
    assert (history["liked"], history["disliked"]) == (["wine_cellar"], ["noise"])
    assert "anna" not in str((row, history)).casefold()


def test_what_cannot_be_read_of_an_interaction_is_empty() -> None:
    event = enriched({"kind": None, "happened_at": "0900-01-01T00:00:00", "property_id": "1 Main Street"})
    (row,) = rows(INTERACTIONS, event)
    assert (row["kind"], row["property_id"], row["interest"]) == ("", "", None)
    assert row["happened_at"] == row["recorded_at"]


def test_notes_are_no_interaction() -> None:
    assert rows(INTERACTIONS, enriched(None, insight("likes", "pool"))) == []


def test_a_request_for_enrichment_leaves_its_text_behind() -> None:
    asked = {"data_type": "notes", "source": "agent_notes", "content": {"text": "Anna called."}}
    data = {"enrichment_id": "enr_1", "enrichment": asked}
    (row,) = rows(HISTORY, some_event(1, "persona.enrichment_requested.v1", data=data))
    assert (row["origin"], row["profiled"]) == ("enrichment_requested", 0)
    assert "anna" not in str(row).casefold()


def test_the_words_by_which_texts_are_read_may_be_named() -> None:
    known = tomllib.loads((files("dramatis_persona.enrichment") / "data" / "taxonomy.toml").read_text("utf-8"))
    for field in ("property_types", "features", "style_preferences"):
        assert [word for word in known[field] if not word_of(word)] == []
