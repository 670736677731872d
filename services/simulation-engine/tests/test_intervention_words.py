"""What a follow-up says is read through a reviewed vocabulary; what is not known is said."""

import pytest
from intervention_scene import follow_up

from dramatis_kit import Rejected
from dramatis_simulation_engine.focus_group.tastes import load_assumptions
from dramatis_simulation_engine.interventions.model import check
from dramatis_simulation_engine.interventions.persons import CONSTANTS, GROUPS, TRAITS, load_reactions
from dramatis_simulation_engine.interventions.respondents import load_sizes
from dramatis_simulation_engine.interventions.sequence import read_follow_up
from dramatis_simulation_engine.interventions.vocabulary import day_of, load_vocabulary, read_words, tone_of
from dramatis_simulation_engine.taxonomy import load_taxonomy

WORDS = load_vocabulary()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("same_day", 0),
        ("immediately", 0),
        ("next_day", 1),
        ("day_3", 3),
        ("3d", 3),
        ("within 24 hours", 1),
        ("2 hours", 0),
        ("48_hours", 2),
        ("week_2", 14),
        ("two weeks later", 14),
        ("1 month", 30),
    ],
)
def test_times_are_whole_days_after_the_first_contact(text: str, day: int) -> None:
    assert day_of(text, WORDS) == day


@pytest.mark.parametrize("text", ["when pigs fly", "day", "soon", "day 3 to 5", ""])
def test_what_is_no_time_has_no_day(text: str) -> None:
    assert day_of(text, WORDS) is None


@pytest.mark.parametrize(
    ("action", "channels", "contents"),
    [
        ("thank_you_email", ("email",), ("gratitude",)),
        ("follow_up_call", ("call",), ("attention",)),
        ("personalized_report", (), ("personal", "report")),
        ("handwritten thank-you note", ("letter",), ("gratitude",)),
        ("market update newsletter", (), ("market", "mass")),
        ("schedule_second_viewing", (), ("invitation",)),
    ],
)
def test_an_action_says_its_channel_and_what_it_is_about(
    action: str, channels: tuple[str, ...], contents: tuple[str, ...]
) -> None:
    read = read_words(action, WORDS)
    assert (read.channels, read.contents) == (channels, contents)


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("Thank you for viewing the property, I enjoyed meeting you.", "warm"),
        ("Dear Mr Smith, please find the documents enclosed.", "formal"),
        ("In short: are you interested? Let me know the next step.", "direct"),
        ("Our analysis of market data gives a yield of 4 percent.", "data_driven"),
        ("Thank you! Act now, this is your last chance.", "pressing"),
        ("The keys are with the doorman.", "neutral"),
        (None, "neutral"),
    ],
)
def test_the_tone_is_read_from_the_content(text: str | None, tone: str) -> None:
    assert tone_of(text, WORDS) == tone


def test_the_published_example_is_understood_word_for_word() -> None:
    plan = read_follow_up(follow_up().scenario, WORDS)
    assert not list(plan.unrecognized)
    assert [(c.day, c.channel, c.tone) for c in plan.own] == [
        (0, "email", "warm"),
        (3, "call", "neutral"),
        (7, "email", "neutral"),
    ]
    assert set(plan.own[1].contents) == {"attention", "concerns", "alternatives", "scarcity"}
    assert set(plan.own[2].contents) == {"personal", "report", "market", "comparison", "investment"}


def test_unknown_words_are_reported_with_their_field() -> None:
    changed = follow_up(
        steps=[
            {"step": 1, "timing": "day_1", "action": "send_pigeon"},
            {"step": 2, "timing": "day_2", "action": "follow_up_call", "script_points": ["zodiac_sign", "urgency"]},
        ],
        initial_interaction="seance",
    )
    plan = read_follow_up(changed.scenario, WORDS)
    assert dict(plan.unrecognized) == {
        "scenario.initial_interaction": "seance",
        "scenario.interventions[0].action": "send_pigeon",
        "scenario.interventions[1].script_points[0]": "zodiac_sign",
    }
    assert [contact.place for contact in plan.own] == [1]


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([("day_7", "email"), ("day_3", "call")], "scenario.interventions[1].timing"),
        ([("whenever", "email")], "scenario.interventions[0].timing"),
        ([("day_1", "send_pigeon"), ("day_2", "light_candle")], "scenario.interventions[0].action"),
        ([("day_90", "email")], "simulation_parameters.horizon_days"),
    ],
)
def test_a_sequence_of_which_nothing_can_be_said_is_refused_by_field(steps: list[tuple[str, str]], field: str) -> None:
    numbered = [{"step": i, "timing": when, "action": what} for i, (when, what) in enumerate(steps, start=1)]
    with pytest.raises(Rejected) as refusal:
        check(follow_up(steps=numbered))
    assert (refusal.value.code, refusal.value.field) == ("INVALID_SIMULATION", field)


def test_the_data_about_people_name_only_what_exists() -> None:
    sizes = load_reactions().sizes
    known = {a.name for a in WORDS.attributes}
    tables = [table for group in sizes.values() if isinstance(group, dict) for table in group.values()]
    for table in filter(lambda t: isinstance(t, dict), tables):
        for effect in ("moves", "irritates"):
            named = table.get(effect, {})
            assert set(named if isinstance(named, dict) else ()) <= known
        own = {"moves", "irritates", "noise", *CONSTANTS} | known
        assert set(table) <= own, table


def test_every_group_of_people_has_reactions_and_every_wish_is_an_attribute() -> None:
    sizes = load_reactions().sizes
    described = load_assumptions().groups
    for group in (*GROUPS, *TRAITS):
        assert set(sizes[group]) == set(described[group]), group
    attributes = set(load_taxonomy().names)
    assert set(sizes["wants"]) <= attributes
    assert set(sizes["avoids"]) <= attributes


def test_channels_that_the_data_name_exist_and_correlations_are_possible() -> None:
    named = {*WORDS.other_channels, *WORDS.usual.values(), *(c for fits in WORDS.fits.values() for c in fits)}
    assert named <= set(WORDS.channels)
    assert set(WORDS.other_tones) <= set(WORDS.tones)
    assert load_sizes().root.shape == (5, 5)
