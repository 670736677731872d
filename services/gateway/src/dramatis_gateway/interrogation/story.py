"""A run as its followers are told it: each event of the log becomes the published messages, in one fixed order. Pure.

The number of a message is its place in the story, so a client that reconnects goes on where it was, at any gateway and
after any restart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from dramatis_contracts.base import EventBody
from dramatis_contracts.interrogation import v1

Payload = dict[str, Any]

ENDS = frozenset({"simulation.completed", "simulation.error"})
"""The messages after which nothing comes any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One published message, without its number."""

    event: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class _Line:
    """One hypothesis as the state shows it, with its transcript so far as (role, content)."""

    hypothesis: v1.Hypothesis
    status: v1.HypothesisStatus = "pending"
    root_cause: str = ""
    evidence: tuple[v1.Evidence, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Story:
    """What was told so far. `step` counts the updates of the state."""

    step: int = 0
    current: str = ""
    question: str = ""
    final_answer: str = ""
    _lines: dict[str, _Line] = field(default_factory=dict)
    _elsewhere: list[v1.Evidence] = field(default_factory=list)

    def tell(self, event: EventBody) -> list[Message]:
        """The messages of one more event."""
        match event:
            case v1.InterrogationRequested():
                told = {"max_interview_messages": event.max_interview_messages, "user_input": event.user_input}
                return [Message("simulation.started", told)]
            case v1.InterrogationStarted():
                return [self._update("analysis", "analysis_started", "Reading the problem.")]
            case v1.InterrogationFailed(reason=reason):
                return [Message("simulation.error", {"message": reason})]
        self.step += 1
        return list(self._told(event))

    def _told(self, event: EventBody) -> Iterator[Message]:
        match event:
            case v1.HypothesesDistilled():
                yield from self._distilled(event)
            case v1.InterviewPlanned():
                yield self._state()
                details = {"order": list(event.order), "questions": event.questions}
                yield self._update("analysis", "interview_planned", event.why, details=details)
            case v1.QuestionAsked():
                self.question = event.content
                yield from self._said(event, "assistant", "question_asked", "Asked about")
            case v1.AnswerGiven():
                yield from self._said(event, "user", "response_captured", "Captured stakeholder response for")
            case v1.EvidenceWeighed():
                yield from self._weighed(event)
            case v1.HypothesesConcluded():
                yield from self._concluded(event)
            case v1.InterrogationCompleted():
                yield from self._completed(event)

    def _distilled(self, event: v1.HypothesesDistilled) -> Iterator[Message]:
        self._lines = {hypothesis.id: _Line(hypothesis) for hypothesis in event.hypotheses}
        count = len(event.hypotheses)
        details = {"count": count, "residual": event.residual, "unrecognized": list(event.unrecognized)}
        yield self._state()
        yield self._update("hypothesis_generation", "hypotheses_created", event.analysis, details=details)
        told = [
            {
                "hypothesis_id": hypothesis.id,
                "hypothesis_title": hypothesis.title,
                "hypothesis_description": hypothesis.description,
                "prior": hypothesis.prior,
            }
            for hypothesis in event.hypotheses
        ]
        yield Message("hypothesis.batch_created", {"step": self.step, "count": count, "hypotheses": told})

    def _said(
        self, event: v1.QuestionAsked | v1.AnswerGiven, role: str, action: str, summary: str
    ) -> Iterator[Message]:
        line = self._lines[event.hypothesis_id]
        status: v1.HypothesisStatus = "in_progress" if line.status == "pending" else line.status
        line = replace(line, status=status, messages=(*line.messages, (role, event.content)))
        self._lines[event.hypothesis_id] = line
        self.current = event.hypothesis_id
        said = {"message_index": event.message_index, "role": role, "content": event.content}
        about = {"step": self.step, "hypothesis_id": event.hypothesis_id}
        yield self._state()
        yield self._update("interview", action, f"{summary} {event.hypothesis_id}.", event.hypothesis_id, said)
        yield Message("interview.message", {**about, **said, "status": line.status})
        yield Message("interview.transcript.updated", {**about, **_transcript(line)})

    def _weighed(self, event: v1.EvidenceWeighed) -> Iterator[Message]:
        for evidence in event.evidence:
            if evidence.hypothesis_id == v1.RESIDUAL:
                self._elsewhere.append(evidence)
                continue
            line = self._lines[evidence.hypothesis_id]
            self._lines[evidence.hypothesis_id] = replace(line, evidence=(*line.evidence, evidence))
        details = {
            "evidence": [evidence.model_dump(mode="json") for evidence in event.evidence],
            "beliefs": [belief.model_dump(mode="json") for belief in event.beliefs],
        }
        count = len(event.evidence)
        summary = f"Weighed {count or 'no'} piece{'' if count == 1 else 's'} of evidence from the answer."
        yield self._state()
        yield self._update("validation", "beliefs_updated", summary, event.hypothesis_id, details)

    def _concluded(self, event: v1.HypothesesConcluded) -> Iterator[Message]:
        for conclusion in event.conclusions:
            line = self._lines[conclusion.hypothesis_id]
            settled = replace(line, status=conclusion.status, root_cause=conclusion.root_cause)
            self._lines[conclusion.hypothesis_id] = settled
        yield self._state()
        for conclusion in event.conclusions:
            details = {"status": conclusion.status, "root_cause": conclusion.root_cause}
            action = f"hypothesis_{conclusion.status}"
            yield self._update("validation", action, conclusion.why, conclusion.hypothesis_id, details)

    def _completed(self, event: v1.InterrogationCompleted) -> Iterator[Message]:
        self.final_answer = event.final_answer
        state = self._state()
        yield state
        details = {"stop_reason": event.stop_reason, "uncertainty": event.uncertainty}
        yield self._update("synthesis", "final_answer_created", "Wrote the final answer.", details=details)
        yield Message(
            "simulation.completed",
            {
                "step": self.step,
                "final_answer": event.final_answer,
                "state": state.payload["state"],
                "beliefs": [self._belief(belief) for belief in event.beliefs],
                "citations": [citation.model_dump(mode="json") for citation in event.citations],
                "uncertainty": event.uncertainty,
                "stop_reason": event.stop_reason,
                "calibration": event.calibration,
            },
        )

    def _belief(self, belief: v1.Belief) -> Payload:
        line = self._lines.get(belief.hypothesis_id)
        evidence = line.evidence if line else self._elsewhere
        return {
            **belief.model_dump(mode="json"),
            "title": line.hypothesis.title if line else "None of these",
            "evidence": [piece.model_dump(mode="json") for piece in evidence],
        }

    def _state(self) -> Message:
        order = list(self._lines)
        state = {
            "hypothesis_offset": order.index(self.current) if self.current else 0,
            "current_question": self.question,
            "final_answer": self.final_answer,
            "hypotheses": [
                {
                    "id": line.hypothesis.id,
                    "title": line.hypothesis.title,
                    "status": line.status,
                    "root_cause": line.root_cause,
                    "evidence_count": len(line.evidence),
                    "interview_message_count": len(line.messages),
                }
                for line in self._lines.values()
            ],
        }
        return Message("simulation.step", {"step": self.step, "state": state})

    def _update(
        self,
        stage: str,
        action: str,
        summary: str,
        hypothesis_id: str | None = None,
        details: Payload | None = None,
    ) -> Message:
        line = self._lines.get(hypothesis_id or "")
        payload: Payload = {
            "step": self.step,
            "stage": stage,
            "action": action,
            "summary": summary,
            "hypothesis_id": hypothesis_id,
            "hypothesis_title": line.hypothesis.title if line else None,
            "details": details or {},
        }
        return Message("agent.update", payload)


def told(events: Iterable[EventBody]) -> list[Message]:
    """All messages of these events of one run, from its first event on."""
    story = Story()
    return [message for event in events for message in story.tell(event)]


def _transcript(line: _Line) -> Payload:
    role, content = line.messages[-1]
    return {
        "hypothesis_title": line.hypothesis.title,
        "status": line.status,
        "latest_message_index": len(line.messages) - 1,
        "latest_message_role": role,
        "latest_message_content": content,
        "transcript": {
            "message_count": len(line.messages),
            "text": "\n".join(f"{role}: {content}" for role, content in line.messages),
            "messages": [{"role": role, "content": content} for role, content in line.messages],
        },
    }
