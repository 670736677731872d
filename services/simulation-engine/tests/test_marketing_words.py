"""What a message and an audience say is read through reviewed vocabularies; what is not known is said."""

from typing import Any

import pytest
from marketing_scene import CAMPAIGN, campaign, outcome_of, predicted, variants
from simulation_scene import person

from dramatis_contracts.persona.v1 import BehavioralTraits
from dramatis_contracts.simulation_engine.marketing import Campaign
from dramatis_simulation_engine.data_files import load_toml
from dramatis_simulation_engine.marketing.audience import load_words, people_of, read_audience, segments_for
from dramatis_simulation_engine.marketing.channels import load_channels
from dramatis_simulation_engine.marketing.configurations import STAGES, configurations_of, unread_in
from dramatis_simulation_engine.marketing.messages import load_reader, load_topics
from dramatis_simulation_engine.marketing.tastes import load_assumptions, tastes_of
from dramatis_simulation_engine.marketing.timing import part_of_day
from dramatis_simulation_engine.marketing.variants import VariantsPlan
from dramatis_simulation_engine.people import age_of
from dramatis_simulation_engine.plan import carry_out
from dramatis_simulation_engine.population import load_segments
from dramatis_simulation_engine.taxonomy import Lexicon

READER, SIZES, CHANNELS = load_reader(), load_assumptions(), load_channels()
NAMES = set(SIZES.names)
PLACES = [*CHANNELS.channels.values(), *CHANNELS.platforms.values()]


# The data files


def test_every_size_belongs_to_an_attribute_that_exists() -> None:
    assert set(SIZES.market) == NAMES
    tables = [SIZES.age["per_decade"], SIZES.wealth["per_doubling"]]
    tables += [SIZES.levels[trait][level] for trait in ("price_sensitivity", "risk_tolerance") for level in _LEVELS]
    tables += [fields["tastes"] for group in SIZES.groups.values() for fields in group.values()]
    tables += [sizes for place in PLACES for sizes in (place.traits, place.welcomes)]
    tables += list(CHANNELS.content_types.values())
    for table in tables:
        assert set(table) <= NAMES, table
    assert set(SIZES.hooks["emotional"]) <= NAMES


_LEVELS = ("very_low", "low", "moderate", "high", "very_high")


def test_what_moves_a_person_is_known_at_every_level_and_every_stage() -> None:
    assert all(set(SIZES.levels[trait]) == set(_LEVELS) for trait in SIZES.levels)
    own = {"words", "tastes", "noise", "interest"}
    assert all(set(fields) <= own for group in SIZES.groups.values() for fields in group.values())
    columns = {frozenset(weights) for weights in SIZES.stages.values()}
    assert len(columns) == 1
    assert set(SIZES.stages) == {*STAGES, "engagement", "conversion", "share"}
    assert set(SIZES.rhythm) <= set(SIZES.groups["occupation"])
    assert {key for group in SIZES.rhythm.values() for key in group} <= {*SIZES.parts, "weekend"}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_reference_rates_of_a_place_are_shares_that_fall_down_the_funnel(place: Any) -> None:
    falling = [place.reference(stage) for stage in STAGES]
    assert falling == sorted(falling, reverse=True)
    assert 0 < falling[-1] < falling[0] < 1
    assert set(place.platforms) <= set(CHANNELS.platforms)
    assert set(place.suits) <= set(CHANNELS.content_types)
    if place.engagement is not None:
        assert 0 < max(place.conversion, place.share) < place.engagement < 1
        assert set(place.reach) == {"median", "log_sd"}


def test_no_phrase_means_two_things() -> None:
    # A lexicon refuses such a phrase when it is made; channels and platforms are looked up one after another.
    for file, table in (("taxonomy", "attributes"), ("channels", "content_types"), ("audience", "traits")):
        raw = load_toml("marketing", file)[table]
        assert Lexicon.of({name: fields["words"] for name, fields in raw.items()}).phrases
    for places in (CHANNELS.channels, CHANNELS.platforms):
        assert Lexicon.of({p.name: {p.name, *p.words} for p in places.values()}).phrases
    assert load_topics().phrases
    assert load_words().segments.phrases


def test_no_word_is_both_about_the_message_and_without_a_meaning() -> None:
    taxonomy = READER.taxonomy
    assert not set(taxonomy.lexicon.phrases) & set(taxonomy.grammar.phrases)
    words = load_words()
    described = {*words.segments.phrases, *words.settings.phrases, *words.traits.phrases}
    assert not described & set(words.neutral.phrases)


def test_audiences_name_segments_and_places_that_exist() -> None:
    words, general = load_words(), load_segments("marketing")
    assert set(words.segments.phrases.values()) == set(general.by_name)
    assert set(words.residences) == set(words.settings.phrases.values())
    living = {place for segment in general.by_name.values() for place in segment.shares["primary_residence"]}
    assert {place for places in words.residences.values() for place in places} == living
    for field, value in words.values.values():
        assert getattr(BehavioralTraits.model_validate({field: value}), field) == value


def test_everyone_in_the_general_segments_is_understood() -> None:
    for name, segment in load_segments("marketing").by_name.items():
        assert set(segment.chances["style_preferences"]) <= {" ".join(p) for p in load_topics().phrases}, name
    for person_ in people_of(read_audience("everyone"), 200, 1):
        assert tastes_of(person_, SIZES).unrecognized == ()


# Messages


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("Exclusive: New Waterfront Estate", {"exclusivity", "novelty"}),
        ("Your Dream Home Awaits on the Water", {"personal", "emotion"}),
        ("lifestyle_focus", {"lifestyle"}),
        ("investment_focus", {"investment"}),
        ("Schedule Private Viewing", {"next_step", "exclusivity"}),
        ("These sold out in 3 minutes last time", {"scarcity"}),
        ("UGC-style unboxing with scarcity messaging", {"authenticity", "curiosity", "scarcity"}),
        ("Creator endorsement with social proof", {"creator", "social_proof"}),
        ("Why does nobody tell you?", {"curiosity", "question"}),
        ("LAST CHANCE TODAY!! HURRY", {"scarcity", "urgency", "aggressive"}),
        ("20 percent off, free shipping", {"discount"}),
    ],
)
def test_a_message_is_read_as_what_it_is_made_of(text: str, attributes: set[str]) -> None:
    assert set(READER.read(text, "hook").levels) == attributes


def test_what_a_message_denies_counts_against_it() -> None:
    assert READER.read("No discount", "hook").levels["discount"] == -1.0


def test_homes_places_and_goods_are_read_beside_what_a_message_is_made_of() -> None:
    read = READER.read("Waterfront villa with a pool in Miami Beach", "hook")
    assert {"water", "villa", "pool"} <= {name for name, sign in read.features if sign > 0}
    assert "homes" in read.topics
    assert read.places
    assert READER.read("sneakers for gamers", "hook").topics == {"sneakers", "gaming"}


def test_a_longer_text_is_long_by_degrees() -> None:
    levels = [READER.read("word " * words, "hook").levels.get("long", 0.0) for words in (12, 15, 18, 24, 100)]
    assert levels == pytest.approx([0.0, 0.25, 0.5, 1.0, 1.0])


@pytest.mark.parametrize(
    "text", ["zorblax", "Flumtastic quaggles", "Zorblax quux?", "ZORBLAX QUUXEN!!", "quux " * 20, "..."]
)
def test_a_text_of_which_nothing_is_known_is_reported_as_a_whole(text: str) -> None:
    read = READER.read(text, "hook")
    assert not read.understood
    assert read.unrecognized == (text,)


def test_an_unknown_word_beside_known_ones_is_reported_by_itself() -> None:
    assert READER.read("Exclusive zorblax for investors", "hook").unrecognized == ("zorblax",)


def test_the_published_examples_are_understood_word_for_word() -> None:
    assert list(unread_in(Campaign.model_validate(CAMPAIGN))) == []
    plan = VariantsPlan(variants(), (), 1)
    assert plan.unread(plan.statistical()) == ()
    assert [offer.unread("") for offer in plan.offers]


def with_subjects(*subjects: str) -> Any:
    return {
        "name": "c",
        "channels": ["email"],
        "messages": {"email": {"subject_lines": list(subjects), "cta": "Book now, frobnicate"}},
    }


def test_unknown_words_of_a_campaign_are_reported_and_an_unknown_message_is_not_tested() -> None:
    study = campaign(8, campaign=with_subjects("zorblax quux", "New zorblax"), parameters={"detail_level": "detailed"})
    found = outcome_of(study)
    assert {"zorblax quux", "zorblax", "frobnicate"} <= set(found.unrecognized)
    assert found.detailed_results is not None
    fields = {entry["field"] for entry in found.detailed_results["unrecognized"]["texts"]}
    assert {"campaign.messages.email.subject_lines[0]", "campaign.messages.email.cta"} <= fields
    assert len(configurations_of(study.campaign)) == 1
    assert predicted(found)["best_configuration"]["subject_line"] == "New zorblax"
    assert any("zorblax" in sentence for sentence in found.summary.key_findings)


def test_unknown_words_of_a_persona_are_reported() -> None:
    odd = person(
        "pers_odd", behavioral_traits={"decision_making": "whimsical"}, demographics={"occupation": "Zymurgist"}
    )
    found = outcome_of(campaign(), odd, person("pers_2"))
    assert {"whimsical", "Zymurgist"} <= set(found.unrecognized)


def test_unknown_words_of_an_audience_and_of_content_are_reported() -> None:
    study = variants(target_audience="Gen Z, zorblaxers", variants=[{"label": "A", "hook": "quuxified unboxing"}])
    found = carry_out(VariantsPlan(study, (), 1))
    assert {"zorblaxer", "quuxified"} <= set(found.unrecognized)


# Audiences


def test_the_published_audience_is_understood() -> None:
    audience = read_audience("Gen Z, 18-24, sneaker culture, US urban")
    assert audience.segments == ("gen_z",)
    assert audience.ages == (18, 24)
    assert audience.topics == ("sneaker culture",)
    assert audience.settings == ("urban",)
    assert audience.unrecognized == ()


def test_people_of_the_published_audience_are_who_it_says() -> None:
    people = people_of(read_audience("Gen Z, 18-24, sneaker culture, US urban"), 200, 1)
    urban = set(load_words().residences["urban"])
    for one in people:
        assert 18 <= (age_of(one.demographics.age_range) or 0) <= 24
        assert one.demographics.primary_residence in urban
        assert "sneakers" in tastes_of(one, SIZES).wanted.topics
    assert len({p.demographics.age_range for p in people}) > 3


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("aged 25 to 34", (25, 34)),
        ("between 30 and 40", (30, 40)),
        ("over 50", (50, 95)),
        ("65+", (65, 95)),
        ("55 and older", (55, 95)),
        ("under 25", (16, 24)),
        ("students", None),
    ],
)
def test_ages_are_read_as_years(text: str, ages: tuple[int, int] | None) -> None:
    assert read_audience(text).ages == ages


def test_an_audience_without_a_name_is_drawn_from_every_segment_of_its_age() -> None:
    segments = segments_for(read_audience("65-75"))
    assert "boomers" in segments.by_name
    assert "gen_z" not in segments.by_name
    assert set(segments_for(read_audience("everyone")).by_name) == set(load_segments("marketing").by_name)


def test_what_an_audience_says_of_traits_holds_for_everyone_of_it() -> None:
    people = people_of(read_audience("frugal millennials"), 40, 1)
    assert {p.traits.price_sensitivity for p in people} == {"high"}


def test_unknown_words_of_an_audience_are_reported_and_leave_everyone() -> None:
    audience = read_audience("zorblaxers and quuxers")
    assert audience.unrecognized == ("zorblaxer", "quuxer")
    assert not audience.understood


# Channels and times


@pytest.mark.parametrize(
    ("text", "name"),
    [("email", "email"), ("E-Mail", "email"), ("Direct Mail", "direct_mail"), ("open houses", "open_house")],
)
def test_a_channel_is_known_by_its_words(text: str, name: str) -> None:
    found = CHANNELS.channel(text)
    assert found is not None
    assert found.name == name


def test_a_channel_that_is_not_known_is_none() -> None:
    assert CHANNELS.channel("pigeon post") is None
    assert CHANNELS.platform("telegraph") is None


@pytest.mark.parametrize(
    ("time", "part"),
    [
        ("00:00", "night"),
        ("05:59", "night"),
        ("06:00", "morning"),
        ("12:00", "midday"),
        ("14:00", "afternoon"),
        ("18:00", "evening"),
        ("23:59", "late"),
    ],
)
def test_every_hour_belongs_to_a_part_of_the_day(time: str, part: str) -> None:
    assert part_of_day(time, SIZES) == part
