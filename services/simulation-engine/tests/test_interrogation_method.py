"""The method of interrogations: beliefs, information gain, rules for questions, whys, stopping and conclusions."""

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dramatis_contracts.interrogation.v1 import (
    RESIDUAL,
    AnswerGiven,
    Evidence,
    EvidenceWeighed,
    HypothesesDistilled,
    Hypothesis,
    InterrogationRequested,
    QuestionAsked,
    Stakeholder,
)
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method import (
    beliefs_of,
    conclusions,
    final_conclusions,
    plan,
    stop_reason,
)
from dramatis_simulation_engine.interrogation.method.beliefs import (
    beliefs_after,
    log_likelihood_ratio,
    repeat_discount,
    updated,
)
from dramatis_simulation_engine.interrogation.method.information_gain import (
    answer_likelihoods,
    expected_information_gain,
    gain_by_hypothesis,
)
from dramatis_simulation_engine.interrogation.method.mom_test import examine
from dramatis_simulation_engine.interrogation.method.whys import chain_of
from dramatis_simulation_engine.interrogation.model import model

TYPES = ("opinion", "anecdote", "past_behaviour", "measured_outcome")
IDS = ("h-1", "h-2", "h-3")


def evidence(about: str = "h-1", moved: float = 1.0, **fields: object) -> Evidence:
    stated = {"answer": 1, "type": "anecdote", "strength": 0.5, "reliability": 0.9, "quote": "It failed.", "why": "so"}
    return Evidence.model_validate({"hypothesis_id": about, "log_likelihood_ratio": moved, **stated, **fields})


def begun(messages: int = 8, causes: tuple[str, ...] = ("reliability", "price_value", "habit")) -> Dossier:
    requested = InterrogationRequested(
        user_input="Users leave.",
        stakeholder=Stakeholder(title="Baker", profile="I bake."),
        max_interview_messages=messages,
        mind="offline",
        seed=1,
    )
    hypotheses = tuple(
        Hypothesis(id=key, title=key, description=key, prior=0.3, cause=cause)
        for key, cause in zip(IDS, causes, strict=True)
    )
    return Dossier(requested).after(HypothesesDistilled(analysis="a", hypotheses=hypotheses, residual=0.1))


def exchange(
    dossier: Dossier,
    about: str = "h-1",
    *,
    pieces: tuple[Evidence, ...] = (),
    kind: str = "probe",
    knows: bool = True,
    fatigue: float = 0.0,
) -> Dossier:
    index = dossier.message_index(about)
    asked = {"hypothesis_id": about, "message_index": index, "content": "What happened?", "kind": kind}
    said = {"hypothesis_id": about, "message_index": index + 1, "content": "It failed.", "knows": knows}
    dossier = dossier.after(QuestionAsked.model_validate({**asked, "expected_information_gain": 0.1}))
    dossier = dossier.after(AnswerGiven.model_validate({**said, "fatigue": fatigue}))
    return dossier.after(EvidenceWeighed(hypothesis_id=about, evidence=pieces, beliefs=beliefs_after(dossier, pieces)))


probabilities = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(
    lambda xs: {key: x / math.fsum(xs) for key, x in zip((*IDS, RESIDUAL), xs, strict=True)}
)
pieces = st.lists(
    st.builds(evidence, st.sampled_from((*IDS, RESIDUAL)), st.floats(-8, 8, allow_nan=False)), max_size=30
)


@given(probabilities, pieces)
def test_beliefs_sum_to_one_and_none_of_these_keeps_its_floor(priors: dict[str, float], said: list[Evidence]) -> None:
    after = updated(priors, said)
    assert math.fsum(after.values()) == pytest.approx(1)
    assert after[RESIDUAL] >= model().residual_floor
    assert set(after) == set(priors)
    assert all(0 <= p <= 1 for p in after.values())


@given(probabilities, st.lists(st.builds(evidence, st.sampled_from(IDS), st.floats(-4, 4)), min_size=2, max_size=4))
def test_the_order_of_evidence_does_not_matter(priors: dict[str, float], said: list[Evidence]) -> None:
    first = updated(priors, said)
    for order in permutations(said):
        assert updated(priors, order) == pytest.approx(first)


@given(st.sampled_from(TYPES), st.floats(-1, 1), st.floats(0, 1), st.floats(-50, 50, allow_nan=False))
def test_no_piece_of_evidence_moves_more_than_the_cap_of_its_type(
    kind: str, strength: float, reliability: float, ratio: float
) -> None:
    moved = log_likelihood_ratio(kind, strength, reliability, ratio)  # type: ignore[arg-type]  # sampled from the literals
    assert abs(moved) <= model().caps[kind]  # type: ignore[index]  # the same
    assert moved * strength >= 0


def test_what_was_measured_may_move_more_than_what_was_done_told_or_thought() -> None:
    caps = [model().caps[kind] for kind in TYPES]  # type: ignore[index]  # literals of the contract
    assert caps == sorted(caps)
    assert len(set(caps)) == len(caps)


def test_a_further_statement_of_one_source_counts_less_each_time() -> None:
    worth = [repeat_discount(earlier) for earlier in range(5)]
    assert worth[0] == 1
    assert worth == sorted(worth, reverse=True)


@given(probabilities, st.sampled_from(("probe", "why", "disconfirm")), st.sampled_from(IDS), st.floats(0, 1))
def test_no_question_is_expected_to_make_less_known(
    beliefs: dict[str, float], kind: str, asked: str, tempering: float
) -> None:
    rows = answer_likelihoods(kind, asked, IDS, tempering)
    assert all(math.fsum(row.values()) == pytest.approx(1) for row in rows.values())
    gain = expected_information_gain(beliefs, rows)
    assert 0 <= gain <= math.log2(4) + 1e-9
    assert all(0 <= about <= gain + 1e-9 for about in gain_by_hypothesis(beliefs, rows).values())


@given(probabilities)
def test_a_second_question_about_the_same_tells_less(beliefs: dict[str, float]) -> None:
    first, second = (expected_information_gain(beliefs, answer_likelihoods("probe", "h-1", IDS, t)) for t in (1.0, 0.5))
    assert second <= first + 1e-12


def test_a_question_whose_answer_is_known_tells_nothing() -> None:
    certain = {"h-1": 1.0, "h-2": 0.0, "h-3": 0.0, RESIDUAL: 0.0}
    assert expected_information_gain(certain, answer_likelihoods("probe", "h-1", IDS)) == pytest.approx(0)


@pytest.mark.parametrize(
    "question",
    [
        "Tell me about the last time this happened.",
        "Tell me about the last time you used it. What happened?",
        "Walk me through what you did after the invoice came.",
        "What did you do when the page did not load?",
        "Who had to approve the last tool that you bought?",
        "You said: “I would never pay that, would you?” What led to that?",
        "When did you last open the app?",
        "How did you solve this before?",
        "Which tools were open when you entered the order?",
        "What else have you tried?",
        "How much did you pay for it last year?",
        "Why did that come about?",
    ],
)
def test_questions_about_past_specifics_may_be_asked(question: str) -> None:
    assert examine(question) is None


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ("Don't you agree that the price is too high?", "leading"),
        ("How frustrating was the setup?", "leading"),
        ("You left because it was slow, right?", "leading"),
        ("Was it because of the price?", "leading"),
        ("Isn't the new design confusing?", "leading"),
        ("Was the onboarding confusing?", "leading"),
        ("What evidence shows onboarding complexity changed conversion?", "leading"),
        ("Would you pay more for a faster version?", "hypothetical"),
        ("If we added an export, would that help?", "hypothetical"),
        ("Imagine there was a cheaper plan. What do you do?", "hypothetical"),
        ("How likely are you to recommend it?", "hypothetical"),
        ("What if it were free?", "hypothetical"),
        ("Do you think the app is useful?", "opinion"),
        ("What is your opinion of the price?", "opinion"),
        ("What features do you want?", "opinion"),
        ("How satisfied were you?", "opinion"),
        ("Do you like the design?", "opinion"),
        ("What should we change?", "opinion"),
        ("What did you do then? Who helped you?", "compound"),
        ("When did you stop and why did you stop?", "compound"),
    ],
)
def test_questions_that_spoil_their_answers_are_named_by_the_rule_that_they_break(question: str, rule: str) -> None:
    broken = examine(question)
    assert broken is not None
    assert broken.rule == rule
    assert broken.content == question


def test_a_question_in_nearly_the_same_words_is_repeated() -> None:
    asked = "Tell me about the last time you paid for the course."
    broken = examine("Tell me about the last time that you paid for the course!", [asked])
    assert broken is not None
    assert broken.rule == "repeated"
    assert examine("Who else at home used the course?", [asked]) is None


def test_the_beliefs_before_the_first_answer_are_the_priors() -> None:
    beliefs = {belief.hypothesis_id: belief.probability for belief in beliefs_of(begun())}
    floor = model().residual_floor
    assert beliefs["h-1"] == pytest.approx(0.3 * (1 - floor))
    assert math.fsum(beliefs.values()) == pytest.approx(1)


def test_a_plan_holds_every_hypothesis_once_and_half_as_many_questions_as_messages() -> None:
    planned = plan(begun(messages=9))
    assert sorted(planned.order) == sorted(IDS)
    assert planned.questions == 4


@pytest.mark.parametrize("limit", [2, 3, 8, 9, 40])
def test_the_limit_of_messages_is_never_exceeded(limit: int) -> None:
    dossier = begun(messages=limit)
    while stop_reason(dossier) is None:
        dossier = exchange(dossier, IDS[dossier.messages % 3])
    assert dossier.messages <= limit
    assert stop_reason(dossier) == "message_limit"
    assert dossier.messages >= limit - 1


def test_an_interview_is_decided_when_one_explanation_stands_out_and_its_whys_are_answered() -> None:
    strong = evidence("h-1", 5.0, strength=0.9, type="past_behaviour", quote="It crashed and my work was lost.")
    dossier = exchange(begun(messages=40), pieces=(strong,))
    assert stop_reason(dossier) is None, "one answer decides nothing"
    dossier = exchange(exchange(dossier))
    chain = chain_of(dossier, dossier.hypotheses[0])
    assert chain.root == "work is lost when it fails, because nothing is saved in between"
    assert stop_reason(dossier) == "decided"


def test_an_interview_goes_on_while_nobody_knows_the_reason_behind_the_leading_explanation() -> None:
    strong = evidence("h-1", 5.0, strength=0.9, type="past_behaviour", quote="Hm.")
    dossier = exchange(begun(messages=40), pieces=(strong,))
    assert stop_reason(dossier) is None
    for _ in range(2):
        dossier = exchange(dossier, kind="why", knows=False)
    assert stop_reason(dossier) == "decided"


def test_four_answers_without_knowledge_exhaust_an_interview() -> None:
    dossier = begun(messages=40)
    for _ in range(4):
        assert stop_reason(dossier) is None
        dossier = exchange(dossier, knows=False)
    assert stop_reason(dossier) == "exhausted"


def test_a_tired_stakeholder_ends_an_interview() -> None:
    assert stop_reason(exchange(begun(), fatigue=1.0)) == "stakeholder_tired"


def test_only_what_was_spoken_against_is_rejected_before_the_end() -> None:
    strong = evidence("h-1", 6.0, type="past_behaviour", quote="Hm.")
    denied = evidence("h-2", -3.0, quote="The price was fair.")
    dossier = exchange(begun(), pieces=(strong, denied))
    settled = conclusions(dossier)
    assert [(c.hypothesis_id, c.status) for c in settled] == [("h-2", "rejected")]
    assert "The price was fair." in settled[0].why
    assert conclusions(dossier.settled(settled)) == ()


def test_in_the_end_every_hypothesis_has_one_conclusion() -> None:
    strong = evidence("h-1", 6.0, type="past_behaviour", quote="It crashed and my work was lost.", strength=0.9)
    dossier = exchange(begun(), pieces=(strong, evidence("h-2", -3.0)))
    dossier = dossier.settled(conclusions(dossier))
    dossier = dossier.settled(final_conclusions(dossier, "message_limit"))
    assert sorted(c.hypothesis_id for c in dossier.concluded) == sorted(IDS)
    status = {c.hypothesis_id: c.status for c in dossier.concluded}
    assert status["h-1"] == "validated"
    assert status["h-2"] == "rejected"
    assert final_conclusions(dossier, "message_limit") == ()


def test_nothing_is_concluded_from_an_interview_without_answers() -> None:
    assert {c.status for c in final_conclusions(begun(), "exhausted")} == {"inconclusive"}
