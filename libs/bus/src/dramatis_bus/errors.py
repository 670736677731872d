"""Failures that only the bus knows. `Rejected` and `Unavailable` are the kit's."""


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
