"""What the rules read in a text, and what they must not read into it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dramatis_contracts.persona import v1
from dramatis_persona.contradictions import check_consistent
from dramatis_persona.enrichment.reading import Reading
from dramatis_persona.enrichment.rules import read
from dramatis_persona.learning import learn

JOHN = v1.PersonaProfile(name="John Smith")


def enrichment(text: str, source: str = "agent_notes", data_type: v1.DataType = "notes") -> v1.Enrichment:
    return v1.Enrichment(data_type=data_type, source=source, content=v1.EnrichmentContent(text=text))


def reading(text: str, source: str = "agent_notes", data_type: v1.DataType = "notes") -> Reading:
    return read(enrichment(text, source, data_type), JOHN)


def said(text: str, **others: Any) -> dict[str, str]:
    return {finding.word: finding.insight.kind for finding in reading(text, **others).findings}


SAYS: list[tuple[str, dict[str, str]]] = [
    (
        "Client mentioned interest in properties with private beach access...",
        {"private_beach_access": "likes"},
    ),
    ("He does not want a pool.", {"pool": "dislikes"}),
    ("He doesn\u2019t like swimming pools.", {"pool": "dislikes"}),
    ("She wants a house without stairs.", {"house": "likes", "stairs": "dislikes"}),
    ("The client needs a home office and a wine cellar.", {"home_office": "must_have", "wine_cellar": "must_have"}),
    ("A home office is a must.", {"home_office": "must_have"}),
    ("Highway noise is a deal breaker.", {"highway_noise": "deal_breaker"}),
    ("John can't stand traffic noise.", {"highway_noise": "deal_breaker"}),
    ("He wants not only a pool but also a sauna.", {"pool": "likes", "sauna": "likes"}),
    ("He no longer wants a library.", {"library": "dislikes"}),
    ("He does not need a library.", {}),
    ("An elevator is not essential.", {}),
    ("He does not mind stairs.", {}),
    ("He wants to sell the penthouse.", {}),
    ("There is a pool.", {}),
    ("John loves modern architecture and the Hamptons.", {"modern": "likes", "Hamptons": "likes"}),
    ("He wants a pool. Later he said he does not want a pool.", {"pool": "dislikes"}),
    ("He can't live without a home office.", {"home_office": "must_have"}),
    ("Absolutely no stairs.", {"stairs": "deal_breaker"}),
    ("He wants everything except a pool.", {"pool": "dislikes"}),
    ("He used to want a penthouse, but now he prefers an estate.", {"estate": "likes"}),
    ("Neither a pool nor a gym is important.", {}),
    (
        "Wants: pool, sauna. Deal breakers: traffic noise.",
        {"pool": "likes", "sauna": "likes", "highway_noise": "deal_breaker"},
    ),
    ("Must haves:\n- a pool\n- home office\nThere is a sauna.", {"pool": "must_have", "home_office": "must_have"}),
    ("\uff28\uff45 wants a \uff30\uff4f\uff4f\uff4c.", {"pool": "likes"}),
]


@pytest.mark.parametrize(("text", "expected"), SAYS, ids=[text[:40] for text, _ in SAYS])
def test_statements_are_read_with_their_direction(text: str, expected: dict[str, str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Does he want a tennis court?",
        "He asked whether there is a tennis court.",
        "He would look at it if there were a tennis court.",
        "Agent: You will love the tennis court.\nAgent: I want to show it.",
    ],
)
def test_questions_and_conditions_are_no_statements(text: str) -> None:
    assert said(text, source="call_transcript") == {}


def test_what_holds_under_a_condition_holds_perhaps() -> None:
    perhaps = reading("If the price fell, he would love a tennis court.").findings[0].insight
    assert perhaps.confidence < reading("He would love a tennis court.").findings[0].insight.confidence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("His brother wants a wine cellar.", {}),
        ("His wife says she loves the garden. She wants a sauna.", {}),
        ("The seller needs a quick sale of the villa.", {}),
        ("His brother wants a wine cellar, but he prefers a garden.", {"garden": "likes"}),
        ("He wants a guest house for his brother.", {"guest_house": "likes"}),
        ("I love the skyline view. He wants a pool.", {"pool": "likes"}),
        ("My other client wants a penthouse in Tribeca. This client prefers a garden.", {"garden": "likes"}),
        ("His wife wants:\n- a pool", {}),
        ("If I were him, I'd want a pool.", {}),
    ],
)
def test_wishes_of_others_are_not_the_clients(text: str, expected: dict[str, str]) -> None:
    assert said(text) == expected


def test_in_a_transcript_the_client_speaks_for_herself() -> None:
    told = "Agent: I adore the pool.\nClient: I really need a home gym. I don't like Brooklyn."
    assert said(told, source="call_transcript") == {"home_gym": "must_have", "Brooklyn": "dislikes"}


def test_a_list_of_preferences_needs_no_verbs() -> None:
    assert said("pool, wine cellar, Miami Beach", data_type="preferences") == {
        "pool": "likes",
        "wine_cellar": "likes",
        "Miami Beach": "likes",
    }


def test_traits_and_money_are_noted_with_their_sentence() -> None:
    found = reading("John is in no hurry. He asked for comparables. His budget is up to $12M. Price is no object.")
    assert found.traits == {"buying_urgency": "low", "decision_making": "analytical", "price_sensitivity": "low"}
    money = next(insight for insight in found.trait_insights if insight.text.startswith("budget"))
    assert (money.text, money.source) == ("budget: $12M", "His budget is up to $12M.")


def test_a_budget_between_two_amounts_is_a_range() -> None:
    insight = reading("His budget is between $3M and $5M.").trait_insights[0]
    assert insight.text == "budget: $3M to $5M"


def test_every_insight_cites_a_sentence_of_the_text() -> None:
    text = (
        "We met on Jan. 5 at 4.30 p.m. in the office. Mr. Smith wants a pool; the garden, he said, is essential!\nOK?"
    )
    found = reading(text)
    assert found.findings
    assert all(finding.insight.source in text for finding in found.findings)


def test_confidence_falls_with_every_check_that_fails() -> None:
    firm = reading("I want a pool.", source="email").findings[0].insight
    noted = reading("The client wants a pool.").findings[0].insight
    hedged = reading("Maybe the client wants a pool.").findings[0].insight
    contrary = reading("Maybe the client wants a pool. He does not want a pool. He wants a pool.").findings[0].insight
    assert 1 > firm.confidence > noted.confidence > hedged.confidence > 0
    assert contrary.confidence < firm.confidence


def test_the_profiles_own_word_is_kept() -> None:
    profile = JOHN.model_copy(update={"preferences": v1.Preferences(must_have_features=("Swimming_Pool",))})
    found = read(enrichment("He needs a pool."), profile)
    learnt, what = learn(profile, found.findings, found.traits)
    assert (learnt.preferences, what.added) == (profile.preferences, {})


def test_a_later_statement_wins_over_the_profile_and_that_is_recorded() -> None:
    wanted = v1.Preferences(must_have_features=("pool", "garden"), deal_breakers=("stairs",))
    profile = JOHN.model_copy(update={"preferences": wanted})
    found = read(enrichment("A pool is a deal breaker. He needs stairs."), profile)
    learnt, what = learn(profile, found.findings, found.traits)
    check_consistent(learnt.preferences)
    assert learnt.preferences.must_have_features == ("garden", "stairs")
    assert learnt.preferences.deal_breakers == ("pool",)
    assert what.withdrawn == {"must_have_features": ("pool",), "deal_breakers": ("stairs",)}


WORDS = st.sampled_from(
    [
        "he",
        "she",
        "I",
        "his brother",
        "wants",
        "needs",
        "hates",
        "not",
        "no",
        "never",
        "pool",
        "garden",
        "noise",
        "a must",
        "stairs",
        "but",
        "and",
        "if",
        "?",
        ".",
        ";",
        "deal breaker",
        "Agent:",
        "\n",
        "’",
        "\u200b",
        "住宅",
        "😀",
        "$12M",
    ]
)


@given(st.one_of(st.text(min_size=1, max_size=400), st.lists(WORDS, min_size=1, max_size=60).map(" ".join)))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reader_or_the_profile(text: str) -> None:
    if not text.strip():
        return
    profile = JOHN.model_copy(
        update={"preferences": v1.Preferences(must_have_features=("pool",), deal_breakers=("noise",))}
    )
    found = read(enrichment(text), profile)
    learnt, _ = learn(profile, found.findings, found.traits)
    check_consistent(learnt.preferences)
    v1.PersonaProfile.model_validate(learnt.model_dump())


@pytest.mark.parametrize("text", ["a" * 50_000, "He wants a pool, " * 2900, "pool\n" * 9000, "(" * 50_000])
def test_a_long_text_is_read(text: str) -> None:
    assert len(reading(text).findings) <= 60
