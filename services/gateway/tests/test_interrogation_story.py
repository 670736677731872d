"""What the followers of a run are told, event by event."""

from collections.abc import Iterator
from typing import Any

from dramatis_contracts.base import EventBody
from dramatis_contracts.examples import example_of
from dramatis_contracts.interrogation import v1
from dramatis_gateway.interrogation.story import Message, Story, told

LIFE: tuple[type[EventBody], ...] = (
    v1.InterrogationRequested,
    v1.InterrogationStarted,
    v1.HypothesesDistilled,
    v1.InterviewPlanned,
    v1.QuestionAsked,
    v1.AnswerGiven,
    v1.EvidenceWeighed,
    v1.HypothesesConcluded,
    v1.InterrogationCompleted,
)


def event(body: type[EventBody], **changes: Any) -> EventBody:
    return body.model_validate({**(example_of(body.type) or {}), **changes})


def life() -> Iterator[EventBody]:
    yield from (event(body) for body in LIFE)


def named(messages: list[Message], name: str) -> list[dict[str, Any]]:
    return [message.payload for message in messages if message.event == name]


def test_a_run_is_told_in_the_published_order() -> None:
    names = [message.event for message in told(life())]
    exchange = ["simulation.step", "agent.update", "interview.message", "interview.transcript.updated"]
    assert names == [
        "simulation.started",
        "agent.update",
        *("simulation.step", "agent.update", "hypothesis.batch_created"),
        *("simulation.step", "agent.update"),
        *exchange,
        *exchange,
        *("simulation.step", "agent.update"),
        *("simulation.step", "agent.update"),
        *("simulation.step", "agent.update", "simulation.completed"),
    ]


def test_the_stages_are_those_that_a_timeline_shows() -> None:
    stages = [payload["stage"] for payload in named(told(life()), "agent.update")]
    assert stages[0] == "analysis"
    assert set(stages) == {"analysis", "hypothesis_generation", "interview", "validation", "synthesis"}


def test_a_message_carries_its_place_in_its_own_interview() -> None:
    question, answer = named(told(life()), "interview.message")
    assert (question["role"], question["message_index"]) == ("assistant", 0)
    assert (answer["role"], answer["message_index"]) == ("user", 1)
    assert question.keys() == {"step", "hypothesis_id", "message_index", "role", "content", "status"}
    assert answer["status"] == "in_progress"


def test_the_transcript_is_whole_each_time() -> None:
    first, second = named(told(life()), "interview.transcript.updated")
    assert first["transcript"]["message_count"] == 1
    assert second["transcript"]["message_count"] == 2
    lines = [f"{m['role']}: {m['content']}" for m in second["transcript"]["messages"]]
    assert second["transcript"]["text"] == "\n".join(lines)
    assert second["latest_message_content"] == second["transcript"]["messages"][-1]["content"]


def test_the_state_follows_the_run() -> None:
    steps = named(told(life()), "simulation.step")
    assert [payload["step"] for payload in steps] == list(range(1, len(steps) + 1))
    last = steps[-1]["state"]
    assert last["final_answer"]
    assert last["hypotheses"][0] == {
        "id": "h-1",
        "title": "Onboarding asks for too much at once",
        "status": "validated",
        "root_cause": "The third form asks for tax data before anything can be tried.",
        "evidence_count": 1,
        "interview_message_count": 2,
    }


def test_the_end_carries_the_beliefs_with_their_evidence() -> None:
    (end,) = named(told(life()), "simulation.completed")
    first, _, residual = end["beliefs"]
    assert first["title"] == "Onboarding asks for too much at once"
    assert [evidence["answer"] for evidence in first["evidence"]] == [1]
    assert residual["title"] == "None of these"
    assert residual["evidence"] == []
    assert end["state"]["final_answer"] == end["final_answer"]


def test_a_failed_run_ends_with_an_error() -> None:
    messages = told([event(v1.InterrogationRequested), event(v1.InterrogationFailed, reason="no model")])
    assert messages[-1] == Message("simulation.error", {"message": "no model"})


def test_the_story_is_the_same_in_one_go_and_piece_by_piece() -> None:
    story = Story()
    pieces = [message for one in life() for message in story.tell(one)]
    assert pieces == told(life())
