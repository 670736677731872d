"""A language model that answers in an agreed form: the cache before it, bounded concurrency, the ladder of forms."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol

from dramatis_llm.attempts import Attempts, Line
from dramatis_llm.budget import Budget
from dramatis_llm.cache import AnswerCache, Completion, Kept, NoCache, cache_key
from dramatis_llm.dialect import Level
from dramatis_llm.endpoint import Endpoint, OpenAiEndpoint
from dramatis_llm.errors import LlmError, NotConfigured, PriceUnknown, Unreadable
from dramatis_llm.metrics import CACHED
from dramatis_llm.prices import Prices
from dramatis_llm.prompts import AnswerT, Prompt
from dramatis_llm.reading import read
from dramatis_llm.settings import LlmSettings
from dramatis_llm.usage import Tokens, Usage, tokens_of, usage_of


@dataclass(frozen=True, slots=True)
class Answer(Generic[AnswerT]):
    """`text` is what the model wrote. `level`, `seed` and `temperature` are what was sent; None was not sent."""

    value: AnswerT
    text: str
    usage: Usage
    level: Level | None = None
    seed: int | None = None
    temperature: float | None = None


class ChatModel(Protocol):
    """What a service needs of a language model."""

    @property
    def name(self) -> str: ...

    @property
    def concurrency(self) -> int: ...

    def check_price(self, budget: Budget) -> None: ...

    async def ask(self, prompt: Prompt[AnswerT], *, tenant: str, budget: Budget, run: str = "") -> Answer[AnswerT]: ...


class LanguageModel:
    """One endpoint and model, for one event loop. Failures are `LlmError`s, which carry what was spent."""

    def __init__(
        self,
        settings: LlmSettings,
        endpoint: Endpoint,
        cache: AnswerCache,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._line = Line(settings, endpoint, Prices(settings), jitter)
        self._slots = asyncio.Semaphore(settings.llm_concurrency)
        self._probed: asyncio.Event | None = None

    @property
    def name(self) -> str:
        return self._settings.llm_model or ""

    @property
    def concurrency(self) -> int:
        """Calls that may be in flight; more wait for their turn."""
        return self._settings.llm_concurrency

    def check_price(self, budget: Budget) -> None:
        """Raises `PriceUnknown` for a budget of money that cannot be kept."""
        if budget.max_cost is not None and self._line.prices.cost(Tokens(1, 1)) is None:
            raise PriceUnknown(self.name)

    async def ask(self, prompt: Prompt[AnswerT], *, tenant: str, budget: Budget, run: str = "") -> Answer[AnswerT]:
        """Raises `Refused`, `Unreadable`, `RateLimited`, `Unreachable`, `Misconfigured`, `BudgetExhausted` and
        `PriceUnknown`.

        An answer from the cache takes nothing of the budget, unless this `run` itself paid for it and died before it
        could say so: then it counts as it did.
        """
        key = cache_key(self._settings, prompt)
        if (known := await self._cache.get(tenant, key)) is not None:
            value, text = read(known.completion, prompt.answer)
            CACHED.inc()
            return Answer(value, text, self._counted(known, run, budget))
        self.check_price(budget)
        async with self._slots, self._after_probe():
            answer, completion = await self._asked(Attempts(self._line, prompt, budget), prompt)
        await self._cache.put(tenant, key, Kept(completion, run))
        return answer

    def _counted(self, kept: Kept, run: str, budget: Budget) -> Usage:
        if not run or kept.run != run:
            return Usage(from_cache=1)
        tokens = tokens_of(kept.completion)
        cost = self._line.prices.cost(tokens)
        budget.book(None if tokens is None else tokens.total, cost)
        return usage_of(tokens, cost)

    async def _asked(self, attempts: Attempts, prompt: Prompt[AnswerT]) -> tuple[Answer[AnswerT], Completion]:
        try:
            return await self._readable(attempts, prompt)
        except LlmError as failure:
            failure.usage = attempts.usage
            raise

    async def _readable(self, attempts: Attempts, prompt: Prompt[AnswerT]) -> tuple[Answer[AnswerT], Completion]:
        """Down the ladder until an answer can be read; each rung is paid for."""
        unreadable = Unreadable("", "nothing was asked")
        for reading, rung in enumerate(self._line.dialect.rungs()):
            completion, level, sent = await attempts.complete(rung, reading)
            try:
                value, text = read(completion, prompt.answer)
            except Unreadable as issue:
                unreadable = issue
                continue
            answer = Answer(value, text, attempts.usage, level, sent.get("seed"), sent.get("temperature"))
            return answer, completion
        raise unreadable

    @asynccontextmanager
    async def _after_probe(self) -> AsyncIterator[None]:
        """The first call learns what the endpoint understands; the others wait for it, one deadline at most."""
        if self._probed is None:
            self._probed = asyncio.Event()
            try:
                # In a thread, because the price list takes a fifth of a second to load.
                await asyncio.to_thread(self._line.prices.cost, Tokens(1, 1))
                yield
            finally:
                self._probed.set()
            return
        try:
            async with asyncio.timeout(self._settings.llm_timeout_seconds):
                await self._probed.wait()
        except TimeoutError:
            self._probed.set()
        yield


@asynccontextmanager
async def language_model(settings: LlmSettings, cache: AnswerCache | None = None) -> AsyncIterator[LanguageModel]:
    """The model that the settings name. Raises `NotConfigured`; connects with the first question."""
    if not settings.llm_configured:
        raise NotConfigured
    endpoint = OpenAiEndpoint(settings)
    try:
        yield LanguageModel(settings, endpoint, cache or NoCache())
    finally:
        await endpoint.close()
