"""What words mean."""

from collections.abc import Iterator
from typing import Any

import pytest

from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.taxonomy import Lexicon, load_taxonomy, words_of

TAXONOMY = load_taxonomy()


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("sunset_view", {"light": 1, "view": 1}),
        ("building_exterior", {"exterior": 1}),
        ("add_smart_home_system", {"smart_home": 1}),
        ("renovate_kitchen", {"condition": 1, "kitchen": 1}),
        ("Spectacular penthouse with 360-degree views...", {"penthouse": 1, "view": 1}),
        ("Swimming POOLS", {"pool": 1}),
    ],
)
def test_a_text_is_read_as_attributes(text: str, signs: dict[str, int]) -> None:
    reading = TAXONOMY.read(text)
    assert reading.signs == signs
    assert reading.unrecognized == ()


def test_the_longest_phrase_wins() -> None:
    assert TAXONOMY.read("private_gym").signs == {"fitness": 1}
    assert TAXONOMY.read("private_entrance").signs == {"privacy": 1}


def test_a_negator_turns_the_attribute_after_it() -> None:
    assert TAXONOMY.read("no_pool").signs == {"pool": -1}
    assert TAXONOMY.read("remove_pool, add garden").signs == {"pool": -1, "garden": 1}


def test_what_is_lacking_may_be_a_nuisance_of_its_own() -> None:
    assert TAXONOMY.read("no_privacy").signs == {"exposure": 1}


def test_a_text_that_is_not_understood_is_reported_whole() -> None:
    reading = TAXONOMY.read("add_flux_capacitor")
    assert not reading.understood
    assert reading.unrecognized == ("add_flux_capacitor",)


def test_of_a_text_that_is_understood_in_part_the_rest_is_reported() -> None:
    reading = TAXONOMY.read("pool_with_flux_capacitor")
    assert reading.signs == {"pool": 1}
    assert reading.unrecognized == ("flux", "capacitor")


def test_a_word_cannot_mean_two_things() -> None:
    with pytest.raises(ValueError, match="means both"):
        Lexicon.of({"one": ["pool"], "other": ["pools"]})


def test_accents_are_left_aside_and_other_scripts_are_reported() -> None:
    assert TAXONOMY.read("Château").signs == {"estate": 1}
    assert TAXONOMY.read("花园").unrecognized == ("花园",)


def test_an_address_is_found_by_its_street() -> None:
    assert TAXONOMY.places.meanings("432 Park Avenue, Unit 96") == ("manhattan",)


def test_plurals_and_punctuation_make_no_difference() -> None:
    assert words_of("Wine-Cellars, libraries & children's rooms!") == (
        "wine",
        "cellar",
        "library",
        "child",
        "s",
        "room",
    )


def _taste_tables(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, float]]]:
    if not isinstance(node, dict):
        return
    for name, below in node.items():
        if name in {"tastes", "per_decade", "per_doubling", "market"} or path == "risk_tolerance":
            yield f"{path}.{name}", below
        else:
            yield from _taste_tables(below, name)


def test_every_assumed_taste_is_about_a_known_attribute() -> None:
    tables = dict(_taste_tables(load_toml("real_estate", "tastes")))
    unknown = {path: set(table) - set(TAXONOMY.names) for path, table in tables.items()}
    assert {path: names for path, names in unknown.items() if names} == {}
    assert set(tables[".market"]) == set(TAXONOMY.names)


def test_every_word_of_a_segment_is_understood() -> None:
    segments = load_toml("real_estate", "segments")["segments"].values()
    features = ("property_types", "must_have_features", "deal_breakers", "style_preferences")
    words = {w for s in segments for field in features for w in s["chances"][field]}
    places = {w for s in segments for w in (*s["chances"]["preferred_locations"], *s["shares"]["primary_residence"])}
    assert [word for word in sorted(words) if TAXONOMY.read(word).unrecognized] == []
    assert [place for place in sorted(places) if not TAXONOMY.places.meanings(place)] == []
