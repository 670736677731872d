"""One form of one question, with retries. Every attempt is reserved in the budget before and settled after."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from dramatis_llm.budget import Budget, Reservation
from dramatis_llm.cache import Completion
from dramatis_llm.dialect import Dialect, Level, lower_of
from dramatis_llm.endpoint import Denied, Endpoint, Failed
from dramatis_llm.errors import LlmError, Misconfigured, RateLimited, Unreachable
from dramatis_llm.metrics import ATTEMPT_SECONDS, TOKENS
from dramatis_llm.prices import Prices
from dramatis_llm.prompts import Prompt
from dramatis_llm.settings import LlmSettings
from dramatis_llm.usage import Tokens, Usage, tokens_of, usage_of

log = structlog.get_logger()

_LONGEST_BACKOFF = 8.0
_MAY_PASS = frozenset({408, 409, 429})
_BAD_REQUEST = frozenset({400, 415, 422, 500, 501})
"""Some servers answer a parameter that they do not know with 500."""
_OUT_OF_QUOTA = ("insufficient_quota", "exceeded your current quota")


class Pause:
    """When an endpoint asks one call to wait, all calls wait."""

    def __init__(self) -> None:
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)

    async def over(self) -> None:
        if (left := self._until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)


@dataclass(frozen=True, slots=True)
class Line:
    """What all questions to one endpoint and model share. `jitter` gives numbers in [0, 1)."""

    settings: LlmSettings
    endpoint: Endpoint
    prices: Prices
    jitter: Callable[[], float]
    dialect: Dialect = field(default_factory=Dialect)
    pause: Pause = field(default_factory=Pause)


@dataclass(slots=True)
class Attempts:
    """The attempts at one question; `usage` is what they took so far."""

    line: Line
    prompt: Prompt[Any]
    budget: Budget
    usage: Usage = field(default_factory=Usage)

    async def complete(self, level: Level, reading: int) -> tuple[Completion, Level, Mapping[str, Any]]:
        """The completion, the form that the endpoint understood, and what was sent. Raises `LlmError`."""
        retries = 0
        while True:
            level = lower_of(level, self.line.dialect.level)
            request = self.line.dialect.request(self.prompt, level, self.line.settings, reading)
            try:
                return await self._attempt(request), level, request
            except Denied as denied:
                if denied.status in _BAD_REQUEST and self.line.dialect.learn(denied.detail, request, level):
                    continue
                failure, wait = _meaning(denied), denied.retry_after
            except Failed as failed:
                failure, wait = Unreachable(failed.what), None
            if isinstance(failure, Misconfigured) or retries == self.line.settings.llm_retries:
                raise failure
            log.warning("a language model is asked again", issue=failure.message, retries=retries)
            await self._before_retry(failure, retries, wait)
            retries += 1

    async def _before_retry(self, failure: LlmError, retries: int, wait: float | None) -> None:
        settings = self.line.settings
        if wait is None:
            backoff = min(_LONGEST_BACKOFF, settings.llm_backoff_seconds * 2**retries)
            await asyncio.sleep(backoff * (1 - self.line.jitter() / 4))
        elif wait > settings.llm_timeout_seconds:
            raise failure
        else:
            self.line.pause.extend(wait)

    async def _attempt(self, request: Mapping[str, Any]) -> Completion:
        await self.line.pause.over()
        reservation = await self._reserved()
        begun = time.monotonic()
        outcome = "failed"
        try:
            completion = await self.line.endpoint.complete(request)
            outcome = "answered"
        except Denied:
            outcome = "denied"
            self._nothing_taken(reservation)
            raise
        except Failed as failed:
            if failed.billed:
                self._lost(reservation)
            else:
                self._nothing_taken(reservation)
            raise
        except BaseException:
            # Whoever is cancelled in the middle of a call may have to pay for it.
            self._lost(reservation)
            raise
        finally:
            ATTEMPT_SECONDS.labels(outcome).observe(time.monotonic() - begun)
        self._settled(reservation, completion)
        return completion

    def _settled(self, reservation: Reservation, completion: Completion) -> None:
        tokens = tokens_of(completion)
        cost = self.line.prices.cost(tokens)
        reservation.settle(None if tokens is None else tokens.total, cost)
        self.usage += usage_of(tokens, cost)
        if tokens is not None:
            TOKENS.labels("read").inc(tokens.read)
            TOKENS.labels("written").inc(tokens.written)

    async def _reserved(self) -> Reservation:
        longest = self.prompt.max_output_tokens or self.line.settings.llm_max_tokens
        most = Tokens(self.prompt.most_tokens_read(), longest)
        return await self.budget.reserve(most.total, self.line.prices.cost(most))

    def _nothing_taken(self, reservation: Reservation) -> None:
        reservation.release()
        self.usage += Usage(attempts=1)

    def _lost(self, reservation: Reservation) -> None:
        reservation.settle(None, None)
        self.usage += Usage(attempts=1, lost=1)


def _meaning(denied: Denied) -> LlmError:
    if any(words in denied.detail for words in _OUT_OF_QUOTA):
        return Misconfigured(denied.status, denied.detail)
    if denied.status == 429:
        return RateLimited(denied.retry_after)
    if denied.status >= 500 or denied.status in _MAY_PASS:
        return Unreachable(f"{denied.status}: {denied.detail}")
    return Misconfigured(denied.status, denied.detail)
