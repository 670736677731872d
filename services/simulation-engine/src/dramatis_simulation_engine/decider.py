"""The life of a simulation: queued → running → completed, failed or cancelled. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from dramatis_contracts.simulation_engine import v1
from dramatis_kit import Rejected
from dramatis_simulation_engine.commands import Cancel, Command, Complete, Fail, Request, Start
from dramatis_simulation_engine.outcome import Outcome

ENDED: frozenset[v1.Status] = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Simulation:
    """Where a simulation stands. `status` is None before it was asked for; the detailed results stay in the log."""

    status: v1.Status | None = None
    name: str = ""
    answers: int = 0
    """How many choices are to be made: people × scenarios × iterations."""
    seed: int = 0
    started_at: datetime | None = None
    completion: v1.SimulationCompleted | None = None
    has_details: bool = False
    failure: str | None = None


def decide(command: Command, simulation: Simulation) -> list[v1.Event]:
    match command:
        case Request() if simulation.status is not None:
            raise Rejected("CONFLICT", "a simulation with this id exists already", field="simulation_id")
        case Request(focus_group=focus_group, participants=participants, seed=seed):
            return [v1.FocusGroupRequested(focus_group=focus_group, participants=participants, seed=seed)]
        case _ if simulation.status is None:
            raise Rejected("NOT_FOUND", "no such simulation", field="simulation_id")
        case Cancel() if simulation.status == "cancelled":
            return []
        case Cancel() if simulation.status in ENDED:
            raise Rejected("CONFLICT", f"the simulation has {simulation.status} already", field="simulation_id")
        case Cancel():
            return [v1.SimulationCancelled()]
        case Start() | Complete() | Fail() if simulation.status in ENDED:
            # Work that was handed out twice, or that went on while its owner cancelled it, changes nothing any more.
            return []
        case Start(model_version=model_version, at=at):
            if simulation.status == "running":
                return []
            return [v1.SimulationStarted(model_version=model_version, started_at=at)]
        case Complete(outcome=outcome):
            return _completed(outcome, simulation)
        case Fail(code=code, reason=reason):
            return [v1.SimulationFailed(code=code, reason=reason)]
    assert_never(command)


def evolve(simulation: Simulation, event: v1.Event) -> Simulation:
    match event:
        case v1.FocusGroupRequested(focus_group=focus_group, seed=seed):
            answers = answers_to(focus_group)
            return replace(simulation, status="queued", name=focus_group.name, answers=answers, seed=seed)
        case v1.SimulationStarted(started_at=started_at):
            return replace(simulation, status="running", started_at=started_at)
        case v1.ResponsesRecorded():
            return replace(simulation, has_details=True)
        case v1.SimulationCompleted():
            return replace(simulation, status="completed", completion=event)
        case v1.SimulationFailed(reason=reason):
            return replace(simulation, status="failed", failure=reason)
        case v1.SimulationCancelled():
            return replace(simulation, status="cancelled")
    assert_never(event)


def answers_to(focus_group: v1.FocusGroup) -> int:
    """How many choices a focus group asks for."""
    wanted = focus_group.persona_configuration
    people = len(wanted.specific_personas) + wanted.generated_count
    return people * len(focus_group.test_scenarios) * focus_group.simulation_parameters.iterations


def _completed(outcome: Outcome, simulation: Simulation) -> list[v1.Event]:
    completed = v1.SimulationCompleted(
        name=simulation.name,
        summary=outcome.summary,
        recommendations=outcome.recommendations,
        headlines=outcome.headlines,
        unrecognized=outcome.unrecognized,
        n_respondents=outcome.n_respondents,
        model_version=outcome.model_version,
        seed=simulation.seed,
        # Statistical respondents read nothing and cost nothing.
        tokens_used=0,
        cost=0.0,
    )
    if outcome.detailed_results is None:
        return [completed]
    return [v1.ResponsesRecorded(detailed_results=outcome.detailed_results), completed]
