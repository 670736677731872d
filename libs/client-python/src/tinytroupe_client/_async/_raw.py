"""A method's answer as it came over the wire."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tinytroupe_client.responses import APIResponse, answers_seen, response_of

P = ParamSpec("P")
R = TypeVar("R")


def with_raw_response(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[APIResponse[R]]]:
    """The same method, whose answer also has its status, headers, request id and rate limit.

    ```python
    response = await client.with_raw_response(client.personas.get)("pers_1")
    response.request_id, response.rate_limit.remaining, response.parsed
    ```
    """

    async def with_response(*args: P.args, **kwargs: P.kwargs) -> APIResponse[R]:
        with answers_seen() as answers:
            return response_of(await method(*args, **kwargs), answers)

    return with_response
