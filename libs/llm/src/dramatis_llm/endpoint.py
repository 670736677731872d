"""One attempt at an OpenAI-compatible endpoint, by the `openai` SDK. Retries are the caller's: it counts their cost."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

from dramatis_kit import utc_now
from dramatis_llm.settings import LlmSettings

if TYPE_CHECKING:
    from openai import APIError, AsyncOpenAI


class Failed(Exception):
    """An attempt without an answer. `billed` is whether the endpoint may have done the work."""

    def __init__(self, what: str, *, billed: bool) -> None:
        super().__init__(what)
        self.what = what
        self.billed = billed


class Denied(Exception):
    """The endpoint answered with an error; it costs nothing."""

    def __init__(self, status: int, detail: str, retry_after: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class Endpoint(Protocol):
    """Anything that completes chats. Returns the completion as JSON; raises `Failed` and `Denied`."""

    async def complete(self, request: Mapping[str, Any]) -> dict[str, Any]: ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class OpenAiEndpoint:
    """The SDK's client is built for the first call, in a thread: importing it takes most of a second."""

    settings: LlmSettings
    _client: "AsyncOpenAI | None" = None

    async def complete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self._client is None:
            built = await asyncio.to_thread(_client, self.settings)
            self._client = self._client or built
        try:
            return await _attempt(self._client, request, self.settings.llm_timeout_seconds)
        except Denied as denied:
            denied.detail = self._without_secrets(denied.detail)
            raise

    def _without_secrets(self, text: str) -> str:
        """Some endpoints repeat the key that they refuse."""
        key = self.settings.llm_api_key
        return text.replace(key.get_secret_value(), "…") if key and key.get_secret_value() else text

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def _client(settings: LlmSettings) -> "AsyncOpenAI":
    from openai import AsyncOpenAI, Timeout

    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    patience = Timeout(settings.llm_timeout_seconds, connect=settings.llm_connect_seconds)
    client = AsyncOpenAI(base_url=settings.llm_base_url, api_key=key, timeout=patience, max_retries=0)
    # The SDK imports its resources on first use.
    assert client.chat.completions  # noqa: S101
    return client


async def _attempt(client: "AsyncOpenAI", request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    from openai import APIConnectionError, APIError, APIStatusError
    from openai.types.chat import ChatCompletion

    try:
        # The SDK's timeout starts anew with every byte; a slow answer must end too.
        async with asyncio.timeout(seconds):
            completion: object = await client.chat.completions.create(**request)
    except TimeoutError:
        raise Failed(f"no answer within {seconds:g} s", billed=True) from None
    except APIStatusError as error:
        raise Denied(error.status_code, _detail(error), retry_after_of(error.response.headers)) from error
    except APIConnectionError as error:
        raise Failed(_what(error), billed=not _never_sent(error)) from error
    except (APIError, ValueError) as error:
        raise Failed(f"what it says is not a chat completion ({error})", billed=True) from error
    if not isinstance(completion, ChatCompletion) or not completion.choices:
        raise Failed("what it says is not a chat completion", billed=True)
    return completion.model_dump(mode="json")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `Retry-After` as a number or a date, or from `Retry-After-Ms`."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - utc_now()).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def _never_sent(error: Exception) -> bool:
    from httpx2 import ConnectError, ConnectTimeout, PoolTimeout

    return isinstance(error.__cause__, ConnectError | ConnectTimeout | PoolTimeout)


def _what(error: Exception) -> str:
    cause = error.__cause__
    return f"{type(cause).__name__}: {cause}" if cause is not None else str(error)


def _detail(error: "APIError") -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        named = f" (param: {body['param']})" if body.get("param") else ""
        return f"{body['message']}{named}"
    return str(body or error.message)
