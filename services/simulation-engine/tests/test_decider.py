"""The life of a simulation."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from simulation_scene import focus_group

from dramatis_contracts.simulation_engine import v1
from dramatis_simulation_engine.commands import Admit, Cancel, Command, Complete, Fail, Repeat, Request, Start
from dramatis_simulation_engine.decider import Simulation, decide, evolve
from dramatis_simulation_engine.kinds import inputs_hash
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.projections import decode, encode
from dramatis_testkit.deciders import Given, given

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
INVITED = (v1.Participant(persona_id="pers_123", version=3),)
REQUESTED = v1.FocusGroupRequested(focus_group=focus_group(), participants=INVITED, seed=7)
STARTED = v1.SimulationStarted(model_version="rum", started_at=NOW)
CANCELLED = v1.SimulationCancelled()
FAILED = v1.SimulationFailed(code="NOT_FOUND", reason="A persona is gone.")
SUMMARY = v1.Summary(consensus_reached=False, confidence_level=0.4, key_findings=("One.",))
RECORDED = v1.ResponsesRecorded(detailed_results={"photo_preferences": None})
COMPLETED = v1.SimulationCompleted(
    name="Penthouse Marketing Test",
    summary=SUMMARY,
    recommendations=(),
    headlines=(),
    unrecognized=("zorblax",),
    n_respondents=22,
    model_version="rum",
    seed=7,
    tokens_used=0,
    cost=0.0,
)


def outcome(details: dict[str, Any] | None = RECORDED.detailed_results) -> Outcome:
    return Outcome(SUMMARY, (), (), ("zorblax",), 22, "rum", details)


def simulation(*history: v1.Event) -> Given[Simulation]:
    return given(evolve, Simulation(), *history)


def test_a_request_is_queued_with_its_participants_and_its_seed() -> None:
    request = Request(study=focus_group(), participants=INVITED, seed=7)
    simulation().when(decide, request).then(REQUESTED)


def test_an_id_is_given_once() -> None:
    request = Request(study=focus_group(), participants=INVITED, seed=7)
    simulation(REQUESTED).when(decide, request).rejected("CONFLICT", field="simulation_id")


def test_one_that_waited_is_admitted_before_it_begins_and_not_after() -> None:
    simulation(REQUESTED).when(decide, Admit()).then(v1.SimulationAdmitted())
    simulation(REQUESTED, STARTED).when(decide, Admit()).then()
    simulation(REQUESTED, CANCELLED).when(decide, Admit()).then()
    simulation().when(decide, Admit()).rejected("NOT_FOUND", field="simulation_id")


def test_what_is_asked_again_and_cannot_be_accepted_any_more_exists_already() -> None:
    simulation(REQUESTED).when(decide, Repeat()).rejected("CONFLICT", field="simulation_id")


def test_what_was_added_to_a_request_in_short_is_remembered() -> None:
    notes = ("property: prop_1 at version 3",)
    request = Request(study=focus_group(), participants=INVITED, seed=7, derived=notes)
    requested = REQUESTED.model_copy(update={"derived": notes})
    simulation().when(decide, request).then(requested)
    state = simulation(requested).state
    assert state.derived == notes
    assert decode(encode(state)) == state


def test_an_engine_takes_it_up_once() -> None:
    simulation(REQUESTED).when(decide, Start("rum", NOW)).then(STARTED)
    simulation(REQUESTED, STARTED).when(decide, Start("rum", NOW)).then()


def test_completion_and_its_details_are_one_decision() -> None:
    simulation(REQUESTED, STARTED).when(decide, Complete(outcome(), NOW)).then(RECORDED, COMPLETED)


def test_stated_probabilities_are_frozen_in_the_same_decision() -> None:
    share = v1.Estimate(
        value=0.6, low=0.5, high=0.7, level=0.95, n=22, method="test", model_version="rum", calibration="assumed"
    )
    stated = v1.Headline(name="a.share", estimate=share, unit="probability", statement="A person looks further at 'a'.")
    change = v1.Headline(name="b.change", estimate=share, unit="difference")
    found = replace(outcome(None), headlines=(stated, change))
    frozen, completed = decide(Complete(found, NOW), simulation(REQUESTED, STARTED).state)
    assert isinstance(frozen, v1.ForecastFrozen)
    assert isinstance(completed, v1.SimulationCompleted)
    assert [f.name for f in frozen.forecasts] == ["a.share"]
    assert (frozen.horizon - frozen.frozen_at).days == 90
    assert frozen.inputs_hash == inputs_hash(REQUESTED)


def test_other_inputs_have_another_hash() -> None:
    assert inputs_hash(REQUESTED) != inputs_hash(REQUESTED.model_copy(update={"seed": 8}))


def test_a_summary_is_completed_without_details() -> None:
    simulation(REQUESTED, STARTED).when(decide, Complete(outcome(None), NOW)).then(COMPLETED)


def test_a_failure_says_why() -> None:
    simulation(REQUESTED, STARTED).when(decide, Fail(FAILED.code, FAILED.reason)).then(FAILED)


@pytest.mark.parametrize("history", [(REQUESTED,), (REQUESTED, STARTED)])
def test_what_has_not_ended_can_be_cancelled(history: tuple[v1.Event, ...]) -> None:
    simulation(*history).when(decide, Cancel()).then(CANCELLED)


def test_cancelling_twice_changes_nothing() -> None:
    simulation(REQUESTED, CANCELLED).when(decide, Cancel()).then()


@pytest.mark.parametrize("end", [COMPLETED, FAILED])
def test_what_has_ended_cannot_be_cancelled(end: v1.Event) -> None:
    simulation(REQUESTED, STARTED, end).when(decide, Cancel()).rejected("CONFLICT", field="simulation_id")


@pytest.mark.parametrize("end", [COMPLETED, FAILED, CANCELLED])
@pytest.mark.parametrize("command", [Start("rum", NOW), Complete(outcome(), NOW), Fail("X", "y")])
def test_work_that_comes_after_the_end_changes_nothing(end: v1.Event, command: Command) -> None:
    simulation(REQUESTED, STARTED, end).when(decide, command).then()


@pytest.mark.parametrize("command", [Start("rum", NOW), Complete(outcome(), NOW), Fail("X", "y"), Cancel()])
def test_what_was_never_asked_for_is_not_there(command: Command) -> None:
    simulation().when(decide, command).rejected("NOT_FOUND", field="simulation_id")


@pytest.mark.parametrize(
    "history", [(REQUESTED,), (REQUESTED, STARTED), (REQUESTED, STARTED, RECORDED, COMPLETED), (REQUESTED, FAILED)]
)
def test_the_state_survives_its_document(history: tuple[v1.Event, ...]) -> None:
    state = simulation(*history).state
    assert decode(encode(state)) == state
