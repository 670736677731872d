"""given – when – then for pure deciders.

given(evolve, Trust("p1"), v1.Vouched(by="p2")).when(decide, Vouch("p2")).then()
given(evolve, Trust("p1")).when(decide, Vouch("p1")).rejected("SELF_VOUCH")
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from dramatis_kit import Rejected

State = TypeVar("State")
Event = TypeVar("Event")
Command = TypeVar("Command")


def given(evolve: Callable[[State, Event], State], initial: State, *history: Event) -> "Given[State]":
    """The state after `history`."""
    return Given(reduce(evolve, history, initial))


@dataclass(frozen=True, slots=True)
class Given(Generic[State]):
    state: State

    def when(self, decide: Callable[[Command, State], Sequence[Event]], command: Command) -> "Outcome[Event]":
        """What is decided about `command` in this state."""
        try:
            return Outcome(tuple(decide(command, self.state)), None)
        except Rejected as refusal:
            return Outcome((), refusal)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Event]):
    """Events, or a refusal."""

    events: tuple[Event, ...]
    refusal: Rejected | None

    def then(self, *expected: Event) -> None:
        """Exactly these events; none means that nothing happened."""
        assert self.refusal is None, f"rejected: {self.refusal}"
        assert self.events == expected

    def rejected(self, code: str, *, field: str | None = None) -> None:
        """The answer was no, with this code and, where it is named, because of this field."""
        assert self.refusal is not None, f"not rejected: {self.events}"
        assert self.refusal.code == code
        assert field is None or self.refusal.field == field
