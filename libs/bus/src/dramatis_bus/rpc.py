"""Calls between services: typed, with a deadline that travels, and errors that keep their meaning."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

RequestT = TypeVar("RequestT", bound=BaseModel)
ResponseT = TypeVar("ResponseT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call(Generic[RequestT]):
    """One call as its handler gets it. `deadline` is on the clock of `time.monotonic`."""

    tenant: str
    request: RequestT
    command_id: str
    correlation_id: str
    deadline: float

    def remaining(self) -> float:
        """Seconds until the caller gives up."""
        return max(0.0, self.deadline - time.monotonic())


CallHandler = Callable[[Call[RequestT]], Awaitable[ResponseT]]
