"""The client: where it connects to, and what it offers."""

from types import TracebackType
from typing import Any, Self, Unpack

import httpx2

from tinytroupe_client._async._raw import with_raw_response
from tinytroupe_client._async._transport import AsyncTransport
from tinytroupe_client._async.api_keys import AsyncApiKeys
from tinytroupe_client._async.batches import AsyncBatches
from tinytroupe_client._async.events import AsyncEvents
from tinytroupe_client._async.people import AsyncPersonas
from tinytroupe_client._async.properties import AsyncMatching, AsyncProperties
from tinytroupe_client._async.simulations import AsyncCampaigns, AsyncSegments, AsyncSimulations
from tinytroupe_client._async.webhooks import AsyncWebhooks
from tinytroupe_client._configuration import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, configured
from tinytroupe_client._http import Verb, call
from tinytroupe_client._parsing import json_of
from tinytroupe_client.params import CallOptions


class AsyncTinyTroupeClient:
    """A client of the TinyTroupe-RE API. Close it, or use it in `async with`.

    `api_key` and `base_url` default to TINYTROUPE_API_KEY and TINYTROUPE_BASE_URL, the latter to a platform on this
    machine. `timeout` in seconds for each attempt, of which connecting takes 5 at most. `max_retries` attempts follow
    one that failed for a passing reason. `http_client` brings proxies or certificates of your own; it is not
    closed with this client. Raises `TinyTroupeError` without an API key.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        brokerage_id: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        configuration = configured(api_key, base_url, brokerage_id, timeout, max_retries)
        self._transport = AsyncTransport(configuration, http_client)
        self.base_url = configuration.base_url
        self.personas = AsyncPersonas(self._transport)
        self.properties = AsyncProperties(self._transport)
        self.matching = AsyncMatching(self._transport)
        self.campaigns = AsyncCampaigns(self._transport)
        self.segments = AsyncSegments(self._transport)
        self.simulations = AsyncSimulations(self._transport)
        self.batch = AsyncBatches(self._transport)
        self.webhooks = AsyncWebhooks(self._transport)
        self.events = AsyncEvents(self._transport)
        self.api_keys = AsyncApiKeys(self._transport)

    with_raw_response = staticmethod(with_raw_response)

    async def request(
        self, method: Verb, path: str, *, given: dict[str, Any] | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """An operation that has no method here, as in `request("GET", "/tastes/tst_1")`; the JSON of its answer.

        `given` is the query of a GET and else the body. Retries and errors are those of every method.
        """
        answer = await self._transport.send(call(method, path, {**(given or {}), **options}))
        return json_of(answer) if answer.content else None

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
