"""How services ask one another: a typed method by NATS request-reply."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

RequestT = TypeVar("RequestT", bound=BaseModel)
ResponseT = TypeVar("ResponseT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Method(Generic[RequestT, ResponseT]):
    """One method of a service. Its subject is `rpc.<service>.<name>`; the tenant travels beside the request."""

    service: str
    name: str
    request: type[RequestT]
    response: type[ResponseT]
    timeout_seconds: float = 5.0

    @property
    def subject(self) -> str:
        return f"rpc.{self.service}.{self.name}"
