"""`/console/interviews`: start an interview with a simulated stakeholder, watch it, read what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Response
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from dramatis_contracts import registry
from dramatis_contracts.base import EventBody
from dramatis_contracts.interrogation import v1
from dramatis_contracts.persona import stakeholders
from dramatis_eventlog import StreamId
from dramatis_gateway.console.routing import PageNumber, TheForm, TheVisit, Visit, console_router
from dramatis_gateway.door import TheDoor
from dramatis_gateway.interrogation.following import CATEGORY
from dramatis_gateway.interrogation.story import Message, told
from dramatis_gateway.problems import Problem, problem_of
from dramatis_gateway.routes.interrogation import begin, the_run
from dramatis_gateway.validation import dotted
from dramatis_kit import Rejected

router = console_router()

_AT_ONCE = 20
_WIDTH, _HEIGHT = 600.0, 160.0
_FIELDS = ("user_input", "stakeholder_id", "stakeholder_profile", "max_interview_messages")


@dataclass(frozen=True, slots=True)
class Course:
    """How the belief in one hypothesis moved: its probability before the interview and after each answer.

    `points` is the same as the line of a chart of 600 × 160.
    """

    id: str
    title: str
    status: str
    root_cause: str
    probabilities: tuple[float, ...]
    evidence: tuple[v1.Evidence, ...] = ()

    @property
    def points(self) -> str:
        step = _WIDTH / max(1, len(self.probabilities) - 1)
        return " ".join(f"{place * step:.1f},{_HEIGHT * (1 - p):.1f}" for place, p in enumerate(self.probabilities))


@router.get("/interviews")
async def list_interviews(visit: TheVisit, query: Annotated[PageNumber, Query()]) -> Response:
    """All runs, newest first, and the form that starts one."""
    return await _listed(visit, query.page)


@router.post("/interviews")
async def start_interview(visit: TheVisit, form: TheForm) -> Response:
    """Start a run and go to its page; what is wrong with the form is said beside it."""
    given = {name: form[name] for name in _FIELDS if form.get(name)}
    try:
        run = await begin(visit.caller, _request(given))
    except (Problem, Rejected) as refusal:
        problem = problem_of(refusal)
        if problem.status >= 500:
            raise
        return await _listed(visit, 1, given, problem)
    return RedirectResponse(f"/console/interviews/{run.simulation_id}", 303)


@router.get("/interviews/{simulation_id}")
async def show_interview(visit: TheVisit, door: TheDoor, simulation_id: str) -> Response:
    """One run: its timeline, the interviews, how the beliefs moved, and the answer."""
    run = await the_run(visit.caller, simulation_id)
    recorded = await door.log.read(visit.caller.tenant, StreamId(CATEGORY, simulation_id))
    events = [registry.decode(envelope) for envelope in recorded]
    messages = told(events)
    return visit.page(
        "interview.html",
        run=run,
        timeline=[message.payload for message in messages if message.event == "agent.update"],
        courses=courses_of(events, messages),
        transcripts=_transcripts(messages),
        end=next((message.payload for message in messages if message.event == "simulation.completed"), None),
    )


def courses_of(events: Sequence[EventBody], messages: Sequence[Message]) -> list[Course]:
    """Every hypothesis and the residual, the most probable one first; empty before there are hypotheses."""
    distilled = next((event for event in events if isinstance(event, v1.HypothesesDistilled)), None)
    if distilled is None:
        return []
    weighed = [event for event in events if isinstance(event, v1.EvidenceWeighed)]
    moved = [{belief.hypothesis_id: belief.probability for belief in event.beliefs} for event in weighed]
    state = {line["id"]: line for line in _latest_state(messages)}
    residual = Course(
        v1.RESIDUAL, "None of these", "", "", (distilled.residual, *(beliefs[v1.RESIDUAL] for beliefs in moved))
    )
    found = [
        Course(
            hypothesis.id,
            hypothesis.title,
            state[hypothesis.id]["status"],
            state[hypothesis.id]["root_cause"],
            (hypothesis.prior, *(beliefs[hypothesis.id] for beliefs in moved)),
            tuple(e for event in weighed for e in event.evidence if e.hypothesis_id == hypothesis.id),
        )
        for hypothesis in distilled.hypotheses
    ]
    return sorted([*found, residual], key=lambda course: -course.probabilities[-1])


async def _listed(
    visit: Visit, page: int, given: dict[str, str] | None = None, problem: Problem | None = None
) -> Response:
    query = v1.ListInterrogations(page=page, page_size=_AT_ONCE)
    found = await visit.caller.ask(v1.list_interrogations, query)
    catalogue = await visit.caller.ask(stakeholders.list_stakeholders, stakeholders.ListStakeholders())
    return visit.page(
        "interviews.html",
        status=problem.status if problem else 200,
        found=found,
        stakeholders=catalogue.stakeholders,
        given={name: (given or {}).get(name, "") for name in _FIELDS},
        problem=problem,
    )


def _request(given: dict[str, str]) -> v1.InterrogationRequest:
    """A form is made of text, so numbers are read from it. Raises a 422 `Problem` at the first wrong field."""
    try:
        return v1.InterrogationRequest.model_validate_strings(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem("VALIDATION_FAILED", field=dotted(first["loc"]), issue=first["msg"]) from None


def _latest_state(messages: Sequence[Message]) -> Sequence[dict[str, str]]:
    steps = [message for message in messages if message.event == "simulation.step"]
    lines: Sequence[dict[str, str]] = steps[-1].payload["state"]["hypotheses"]
    return lines


def _transcripts(messages: Sequence[Message]) -> list[dict[str, object]]:
    """The latest transcript of every hypothesis that was asked about."""
    latest = {m.payload["hypothesis_id"]: m.payload for m in messages if m.event == "interview.transcript.updated"}
    return list(latest.values())
