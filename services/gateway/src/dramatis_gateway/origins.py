"""Which web pages may use a stream: a browser says of which origin its page is, and no other client has a reason to."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from dramatis_gateway.problems import Problem
from dramatis_gateway.tickets import Admission


def own_origin(connection: HTTPConnection) -> bool:
    """Whether the page is one of this gateway's, by the host that it asked. True for clients that are no browsers."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower()


def admit_origin(connection: HTTPConnection, allowed: Collection[str], admission: Admission | None = None) -> None:
    """Raises a 403 `Problem` for a page that is not ours, not allowed and not named by the ticket that it shows."""
    origin = connection.headers.get("origin")
    if admission is not None and admission.origin is not None:
        if origin != admission.origin:
            raise Problem("FORBIDDEN", field="Origin", issue=f"the ticket is for pages of {admission.origin}")
        return
    if not own_origin(connection) and origin not in allowed:
        raise Problem("FORBIDDEN", field="Origin", issue="pages of this origin may not follow: name it in the ticket")


def readable_by(admission: Admission | None) -> dict[str, str]:
    """The headers that let the page that a ticket names read the answer."""
    if admission is None or admission.origin is None:
        return {}
    return {"Access-Control-Allow-Origin": admission.origin, "Vary": "Origin"}
