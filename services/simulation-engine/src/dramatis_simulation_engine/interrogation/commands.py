"""What is decided about an interrogation. What others may ask is in the contracts; here it is complete."""

from dataclasses import dataclass

from dramatis_contracts.interrogation import v1


@dataclass(frozen=True, slots=True)
class Request:
    """Accept a run whose stakeholder was found."""

    user_input: str
    stakeholder: v1.Stakeholder
    max_interview_messages: int
    mind: v1.Mind
    seed: int


@dataclass(frozen=True, slots=True)
class Start:
    """An engine takes the run up, for the first time or after another one died."""

    model_version: str


@dataclass(frozen=True, slots=True)
class Proceed:
    """The next steps of a run of which `after` are done; steps of somebody who is behind change nothing.

    A run that was not started yet is thereby, by an engine of this model version.
    """

    after: int
    events: tuple[v1.Step | v1.InterrogationCompleted, ...]
    model_version: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The run cannot go on, now or later."""

    code: str
    reason: str


Command = Request | Start | Proceed | Fail
