# Generated from _async by scripts/synchronise_client.py: edit there.
"""The client: where it connects to, and what it offers."""

from types import TracebackType
from typing import Any, Self, Unpack

import httpx2

from tinytroupe_client._configuration import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, configured
from tinytroupe_client._http import Verb, call
from tinytroupe_client._parsing import json_of
from tinytroupe_client._sync._raw import with_raw_response
from tinytroupe_client._sync._transport import Transport
from tinytroupe_client._sync.api_keys import ApiKeys
from tinytroupe_client._sync.batches import Batches
from tinytroupe_client._sync.events import Events
from tinytroupe_client._sync.people import Personas
from tinytroupe_client._sync.properties import Matching, Properties
from tinytroupe_client._sync.simulations import Campaigns, Segments, Simulations
from tinytroupe_client._sync.webhooks import Webhooks
from tinytroupe_client.params import CallOptions


class TinyTroupeClient:
    """A client of the TinyTroupe-RE API. Close it, or use it in `with`.

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
        http_client: httpx2.Client | None = None,
    ) -> None:
        configuration = configured(api_key, base_url, brokerage_id, timeout, max_retries)
        self._transport = Transport(configuration, http_client)
        self.base_url = configuration.base_url
        self.personas = Personas(self._transport)
        self.properties = Properties(self._transport)
        self.matching = Matching(self._transport)
        self.campaigns = Campaigns(self._transport)
        self.segments = Segments(self._transport)
        self.simulations = Simulations(self._transport)
        self.batch = Batches(self._transport)
        self.webhooks = Webhooks(self._transport)
        self.events = Events(self._transport)
        self.api_keys = ApiKeys(self._transport)

    with_raw_response = staticmethod(with_raw_response)

    def request(
        self, method: Verb, path: str, *, given: dict[str, Any] | None = None, **options: Unpack[CallOptions]
    ) -> Any:
        """An operation that has no method here, as in `request("GET", "/tastes/tst_1")`; the JSON of its answer.

        `given` is the query of a GET and else the body. Retries and errors are those of every method.
        """
        answer = self._transport.send(call(method, path, {**(given or {}), **options}))
        return json_of(answer) if answer.content else None

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
