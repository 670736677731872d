"""How a MongoDB that does not answer looks to the rest of the platform."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from dramatis_kit import Unavailable

_OUT_OF_DISK_SPACE = 14031


@contextmanager
def reported(what: str = "the event log") -> Iterator[None]:
    """Turn "unreachable", "too slow" and "not durable in time" into `Unavailable`; anything else is a fault."""
    try:
        yield
    except PyMongoError as error:
        if means_unavailable(error):
            raise Unavailable(what) from error
        raise


def means_unavailable(error: PyMongoError) -> bool:
    """Whether trying again later may help."""
    if isinstance(error, ConnectionFailure) or error.timeout:
        return True
    if isinstance(error, BulkWriteError):
        return bool(error.details.get("writeConcernErrors"))
    return isinstance(error, OperationFailure) and error.code == _OUT_OF_DISK_SPACE
