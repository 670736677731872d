"""Failures that only the bus knows. `Rejected` and `Unavailable` are the kit's."""

import nats.errors
from pymongo.errors import ConnectionFailure, PyMongoError

from dramatis_kit import Unavailable


class Fault(Exception):
    """The other side failed. Its log holds the traceback under this correlation id; nothing internal crosses."""

    def __init__(self, method: str, correlation_id: str) -> None:
        super().__init__(f"{method} failed (correlation id {correlation_id})")
        self.method = method
        self.correlation_id = correlation_id


class Poison(Exception):
    """A consumer's handler can never handle this event: park its aggregate now, without further attempts."""


class TooLarge(Exception):
    """A message is larger than the NATS server carries."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(f"{what} has {size} bytes, the NATS server carries {limit}")
        self.size = size
        self.limit = limit


def is_outage(error: BaseException) -> bool:
    """Whether something the work needs is down, as opposed to the work itself being at fault."""
    if isinstance(error, PyMongoError):
        return error.timeout or isinstance(error, ConnectionFailure)
    return isinstance(error, (Unavailable, ConnectionError, nats.errors.Error))
