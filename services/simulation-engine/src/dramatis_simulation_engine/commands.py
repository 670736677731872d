"""What the simulation engine decides about. What others may ask is in the contracts; here it is complete."""

from dataclasses import dataclass
from datetime import datetime

from dramatis_contracts.base import Viewer
from dramatis_contracts.simulation_engine import v1
from dramatis_simulation_engine.kinds import Study
from dramatis_simulation_engine.outcome import Outcome

_BROKERAGE = Viewer()


@dataclass(frozen=True, slots=True)
class Request:
    """Accept a study whose personas were found, at the versions at which they take part."""

    study: Study
    participants: tuple[v1.Participant, ...]
    seed: int
    respondents: v1.RespondentKind = "statistical"
    tastes: tuple[v1.TasteSet, ...] = ()
    derived: tuple[str, ...] = ()
    """What was added to a request in short, in words."""
    requested_by: Viewer = _BROKERAGE


@dataclass(frozen=True, slots=True)
class Repeat:
    """What was accepted before is asked for again, when it could not be accepted any more."""


@dataclass(frozen=True, slots=True)
class Admit:
    """It waited for others of its tenant and may begin now."""


@dataclass(frozen=True, slots=True)
class Start:
    """An engine takes the simulation up, for the first time or after another one died."""

    model_version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """Some answers of a language model came in."""

    batch: v1.AnswersRecorded


@dataclass(frozen=True, slots=True)
class Complete:
    """The work is done."""

    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Fail:
    """The work cannot be done, now or later."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Its owner does not want it any more."""


Command = Request | Repeat | Admit | Start | Record | Complete | Fail | Cancel
