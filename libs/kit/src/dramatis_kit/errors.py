"""The two kinds of failure: an answer that is no, and a fault."""


class Rejected(Exception):
    """The answer is no. It is replied to the caller and acknowledged, never retried.

    `code` is one of `dramatis_contracts.errors`; `field` names the part of the request that is to blame, `issue` says
    what is wrong with it.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None, issue: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.issue = issue


class Unavailable(Exception):
    """A part of the platform did not answer within its deadline or is down: try again after `retry_after` seconds."""

    def __init__(self, what: str, *, retry_after: float = 2.0) -> None:
        super().__init__(f"{what} is not available")
        self.what = what
        self.retry_after = retry_after
