"""What schemathesis cannot know: an `Idempotency-Key` that was used for one request is refused for another."""

from typing import Any
from uuid import uuid4

import schemathesis

HEADER = "Idempotency-Key"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A key of its own for every request whose key has the right form."""
    if case.method == "POST" and case.headers and case.meta and case.meta.generation.mode.is_positive:
        given = next((name for name in case.headers if name.lower() == HEADER.lower()), None)
        if given:
            case.headers[given] = str(uuid4())
