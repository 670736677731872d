"""What the simulation engine decides about. What others may ask is in the contracts; here it is complete."""

from dataclasses import dataclass
from datetime import datetime

from dramatis_contracts.simulation_engine import v1
from dramatis_simulation_engine.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Request:
    """Accept a focus group whose personas were found, at the versions at which they take part."""

    focus_group: v1.FocusGroup
    participants: tuple[v1.Participant, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Start:
    """An engine takes the simulation up, for the first time or after another one died."""

    model_version: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Complete:
    """The work is done."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Fail:
    """The work cannot be done, now or later."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Its owner does not want it any more."""


Command = Request | Start | Complete | Fail | Cancel
