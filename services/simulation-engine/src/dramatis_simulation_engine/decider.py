"""The life of a simulation: queued → running → completed, failed or cancelled. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from dramatis_contracts.base import Viewer
from dramatis_contracts.simulation_engine import v1
from dramatis_kit import Rejected
from dramatis_simulation_engine.commands import Admit, Cancel, Command, Complete, Fail, Record, Repeat, Request, Start
from dramatis_simulation_engine.kinds import answers_to, derived_of, inputs_hash, kind_of, name_of, requested, study_of

_BROKERAGE = Viewer()
ENDED: frozenset[v1.Status] = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Simulation:
    """Where a simulation stands. `status` is None before it was asked for; the detailed results stay in the log."""

    status: v1.Status | None = None
    kind: v1.Kind = "focus_group"
    name: str = ""
    answers: int = 0
    """How many choices are to be made."""
    seed: int = 0
    respondents: v1.RespondentKind = "statistical"
    horizon_days: int = 0
    derived: tuple[str, ...] = ()
    """What was added to a request in short, in words."""
    inputs_hash: str = ""
    """Of the request without the model version, which is known when it is complete."""
    started_at: datetime | None = None
    completion: v1.SimulationCompleted | None = None
    has_details: bool = False
    failure: str | None = None
    requested_by: Viewer = _BROKERAGE
    """Who may see it besides the brokerage."""


def decide(command: Command, simulation: Simulation) -> list[v1.Event]:
    match command:
        case Repeat():
            raise Rejected("CONFLICT", "a simulation with this id exists already", field="simulation_id")
        case Request() if simulation.status is not None:
            raise Rejected("CONFLICT", "a simulation with this id exists already", field="simulation_id")
        case Request():
            return [_requested(command)]
        case _ if simulation.status is None:
            raise Rejected("NOT_FOUND", "no such simulation", field="simulation_id")
        case Cancel() if simulation.status == "cancelled":
            return []
        case Cancel() if simulation.status in ENDED:
            raise Rejected("CONFLICT", f"the simulation has {simulation.status} already", field="simulation_id")
        case Cancel():
            return [v1.SimulationCancelled()]
        case Admit() | Start() | Record() | Complete() | Fail() if simulation.status in ENDED:
            # Work that was handed out twice, or that went on while its owner cancelled it, changes nothing any more.
            return []
        case Admit():
            return [v1.SimulationAdmitted()] if simulation.status == "queued" else []
        case Start(model_version=model_version, at=at):
            if simulation.status == "running":
                return []
            return [v1.SimulationStarted(model_version=model_version, started_at=at)]
        case Record(batch=batch):
            return [batch]
        case Complete():
            return _completed(command, simulation)
        case Fail(code=code, reason=reason):
            return [v1.SimulationFailed(code=code, reason=reason)]
    assert_never(command)


def evolve(simulation: Simulation, event: v1.Event) -> Simulation:
    match event:
        case (
            v1.FocusGroupRequested()
            | v1.CampaignRequested()
            | v1.InterventionRequested()
            | v1.VariantsRequested()
            | v1.ViralRequested()
        ):
            return _queued(simulation, event)
        case v1.SimulationStarted(started_at=started_at):
            return replace(simulation, status="running", started_at=started_at)
        case v1.SimulationAdmitted() | v1.AnswersRecorded() | v1.ForecastFrozen():
            return simulation
        case v1.ResponsesRecorded():
            return replace(simulation, has_details=True)
        case v1.SimulationCompleted():
            return replace(simulation, status="completed", completion=event)
        case v1.SimulationFailed(reason=reason):
            return replace(simulation, status="failed", failure=reason)
        case v1.SimulationCancelled():
            return replace(simulation, status="cancelled")
    assert_never(event)


def _requested(command: Request) -> v1.Requested:
    return requested(
        command.study,
        command.participants,
        command.seed,
        command.respondents,
        command.tastes,
        command.derived,
        command.requested_by,
    )


def _queued(simulation: Simulation, event: v1.Requested) -> Simulation:
    study = study_of(event)
    return replace(
        simulation,
        status="queued",
        kind=kind_of(study),
        name=name_of(study),
        answers=answers_to(study),
        seed=event.seed,
        respondents=event.respondents,
        horizon_days=study.simulation_parameters.horizon_days,
        inputs_hash=inputs_hash(event),
        derived=derived_of(event),
        requested_by=event.requested_by,
    )


def _completed(command: Complete, simulation: Simulation) -> list[v1.Event]:
    outcome = command.outcome
    completed = v1.SimulationCompleted(
        name=simulation.name,
        summary=outcome.summary,
        recommendations=outcome.recommendations,
        headlines=outcome.headlines,
        unrecognized=outcome.unrecognized,
        n_respondents=outcome.n_respondents,
        model_version=outcome.model_version,
        seed=simulation.seed,
        tokens_used=outcome.tokens_used,
        cost=outcome.cost,
        kind=simulation.kind,
        respondents=simulation.respondents,
        predicted_results=outcome.predicted_results,
    )
    recorded = [] if outcome.detailed_results is None else [_details(outcome.detailed_results)]
    return [*_frozen(command, simulation), *recorded, completed]


def _details(detailed_results: dict[str, Any]) -> v1.ResponsesRecorded:
    return v1.ResponsesRecorded(detailed_results=detailed_results)


def _frozen(command: Complete, simulation: Simulation) -> list[v1.ForecastFrozen]:
    """The probabilities among the headlines, as forecasts. None when nothing was understood."""
    stated = [h for h in command.outcome.headlines if h.unit == "probability" and h.statement is not None]
    if not stated:
        return []
    return [
        v1.ForecastFrozen(
            kind=simulation.kind,
            model_version=command.outcome.model_version,
            respondents=simulation.respondents,
            frozen_at=command.at,
            horizon=command.at + timedelta(days=simulation.horizon_days),
            inputs_hash=simulation.inputs_hash,
            forecasts=tuple(_forecast(h) for h in stated),
        )
    ]


def _forecast(headline: v1.Headline) -> v1.FrozenForecast:
    return v1.FrozenForecast(name=headline.name, statement=headline.statement or "", estimate=headline.estimate)
