"""A run goes on from wherever its events end, and steps of somebody who is behind change nothing."""

from typing import Any

import pytest

from dramatis_contracts.base import EventBody
from dramatis_contracts.interrogation import v1
from dramatis_kit import Rejected
from dramatis_simulation_engine.interrogation.commands import Command, Fail, Proceed, Request, Start
from dramatis_simulation_engine.interrogation.decider import Interrogation, decide, evolve
from dramatis_simulation_engine.interrogation.dossier import Dossier, dossier_of
from dramatis_simulation_engine.interrogation.minds import Mind
from dramatis_simulation_engine.interrogation.offline import offline_mind
from dramatis_simulation_engine.interrogation.process import next_events

PROFILE = (
    "I run a small business with six employees. In spring I started a trial of an invoicing tool and gave up because I "
    "could not import my old customer list. I pay monthly and notice every price increase. When stuck I call somebody."
)
REQUESTED = v1.InterrogationRequested(
    user_input="Trials do not become paying accounts since the new onboarding.",
    stakeholder=v1.Stakeholder(title="Small business owner", profile=PROFILE),
    max_interview_messages=8,
    mind="offline",
    seed=5,
)
ASK = Request(REQUESTED.user_input, REQUESTED.stakeholder, 8, "offline", 5)
DISTILLED = v1.HypothesesDistilled(
    analysis="It fell.", hypotheses=(v1.Hypothesis(id="h-1", title="A", description="B", prior=0.7),), residual=0.3
)


def given(*events: v1.Event) -> Interrogation:
    run = Interrogation()
    for event in events:
        run = evolve(run, event)
    return run


def stepwise(seed: int) -> Mind:
    """The offline mind as one whose every step is written by itself."""
    mind = offline_mind(seed)
    return Mind(mind.investigator, mind.interviewee, free=False)


async def carried_on(dossier: Dossier, mind: Mind) -> list[EventBody]:
    """All events until the end."""
    found: list[EventBody] = []
    while not found or not isinstance(found[-1], v1.InterrogationCompleted):
        for event in await next_events(dossier, mind):
            found.append(event)
            dossier = dossier.after(event)
    return found


def test_a_run_is_asked_for_once() -> None:
    assert decide(ASK, given()) == [REQUESTED]
    with pytest.raises(Rejected, match="CONFLICT"):
        decide(ASK, given(REQUESTED))


def test_a_run_starts_once_whoever_begins() -> None:
    started = v1.InterrogationStarted(model_version="m")
    assert decide(Start("m"), given(REQUESTED)) == [started]
    assert decide(Start("n"), given(REQUESTED, started)) == []
    assert decide(Proceed(0, (DISTILLED,), "m"), given(REQUESTED)) == [started, DISTILLED]
    assert decide(Proceed(0, (DISTILLED,), "m"), given(REQUESTED, started)) == [DISTILLED]


def test_steps_that_somebody_else_has_taken_are_not_repeated() -> None:
    run = given(REQUESTED, v1.InterrogationStarted(model_version="m"), DISTILLED)
    assert decide(Proceed(0, (DISTILLED,), "m"), run) == []


@pytest.mark.parametrize("command", [Start("m"), Proceed(1, (DISTILLED,), "m"), Fail("X", "y")])
def test_a_run_that_has_ended_stays_as_it_is(command: Command) -> None:
    ended = given(REQUESTED, v1.InterrogationFailed(code="X", reason="no model"))
    assert ended.status == "failed"
    assert decide(command, ended) == []


@pytest.mark.parametrize("command", [Start("m"), Proceed(0, (DISTILLED,), "m"), Fail("X", "y")])
def test_nothing_happens_to_a_run_that_nobody_asked_for(command: Command) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        decide(command, given())


async def test_written_step_by_step_or_at_once_the_run_is_the_same() -> None:
    assert await carried_on(Dossier(REQUESTED), stepwise(5)) == await carried_on(Dossier(REQUESTED), offline_mind(5))


async def test_a_run_goes_on_from_every_step_to_the_same_end() -> None:
    whole = await carried_on(Dossier(REQUESTED), stepwise(5))
    for done in range(len(whole) - 1):
        rest = await carried_on(dossier_of(REQUESTED, whole[:done]), stepwise(5))
        assert [*whole[:done], *rest] == whole or _same_but_for_the_split(whole, done, rest)


def _same_but_for_the_split(whole: list[EventBody], done: int, rest: list[EventBody]) -> bool:
    """Conclusions come with what they follow from, in one commit: none is cut off from the others."""
    return isinstance(whole[done], v1.HypothesesConcluded) and rest[-1] == whole[-1]


@pytest.mark.parametrize("most", [2, 3, 7, 40])
async def test_no_more_is_said_than_was_allowed(most: int) -> None:
    events = await carried_on(Dossier(REQUESTED.model_copy(update={"max_interview_messages": most})), offline_mind(5))
    said = [event for event in events if isinstance(event, v1.QuestionAsked | v1.AnswerGiven)]
    assert 2 <= len(said) <= most
    assert len(said) % 2 == 0


async def test_every_hypothesis_is_concluded_before_the_answer() -> None:
    events = await carried_on(Dossier(REQUESTED), offline_mind(5))
    distilled: Any = next(event for event in events if isinstance(event, v1.HypothesesDistilled))
    settled = [event for event in events if isinstance(event, v1.HypothesesConcluded)]
    concluded = [conclusion.hypothesis_id for event in settled for conclusion in event.conclusions]
    assert sorted(concluded) == sorted(hypothesis.id for hypothesis in distilled.hypotheses)
    assert isinstance(events[-1], v1.InterrogationCompleted)
