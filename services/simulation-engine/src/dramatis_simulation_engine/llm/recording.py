"""Answers on their way into the log, in batches, and what the log says was answered and paid for already."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from dramatis_contracts.simulation_engine import v1
from dramatis_llm import Budget, Usage
from dramatis_simulation_engine.respondents import Reply

Key = tuple[str, str, int]
"""Question, person and replicate."""


class Journal(Protocol):
    """The events of one simulation, as far as answers are concerned."""

    async def read(self) -> Sequence[v1.AnswersRecorded]: ...

    async def append(self, batch: v1.AnswersRecorded) -> None: ...


@dataclass(slots=True)
class Recorder:
    """Collects answers and appends them when there are `size` of them, or `seconds` after the first one."""

    journal: Journal
    model: str
    budget: Budget
    size: int
    seconds: float
    _answers: list[v1.RecordedAnswer] = field(default_factory=list)
    _usage: Usage = field(default_factory=Usage)
    _booked: tuple[int, Decimal] = (0, Decimal(0))
    _appending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._booked = self.budget.spent_tokens, self.budget.spent_cost

    def used(self, usage: Usage) -> None:
        """Something was asked; it is paid for, whether or not an answer comes of it."""
        self._usage += usage

    async def answered(self, answer: v1.RecordedAnswer) -> None:
        self._answers.append(answer)
        if len(self._answers) >= self.size:
            await self.flush()

    async def keep_flushing(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self.seconds)
            await self.flush()

    async def flush(self) -> None:
        """Append what has not been appended. Cancelling does not break it off: what it carries has been paid for."""
        async with self._appending:
            if not self._answers and self._usage == Usage():
                return
            answers, usage, booked = self._answers, self._usage, self._booked
            self._answers, self._usage = [], Usage()
            self._booked = self.budget.spent_tokens, self.budget.spent_cost
            appending = asyncio.ensure_future(self.journal.append(self._batch(answers, usage, booked)))
            try:
                await asyncio.shield(appending)
            except Exception:
                # It stays here for whoever flushes next; the fault goes on its way.
                self._answers, self._usage, self._booked = answers + self._answers, usage + self._usage, booked
                raise

    def _batch(
        self, answers: Sequence[v1.RecordedAnswer], usage: Usage, before: tuple[int, Decimal]
    ) -> v1.AnswersRecorded:
        recorded = v1.Usage(
            calls=usage.attempts,
            cached_calls=usage.from_cache,
            tokens_in=usage.input_tokens,
            tokens_out=usage.output_tokens,
            cost=None if usage.cost is None else float(usage.cost),
            lost_calls=usage.lost,
            booked_tokens=self._booked[0] - before[0],
            booked_cost=float(self._booked[1] - before[1]),
        )
        return v1.AnswersRecorded(model=self.model, answers=tuple(answers), usage=recorded)


def answers_in(batches: Iterable[v1.AnswersRecorded]) -> dict[Key, v1.RecordedAnswer]:
    """The first answer to each question by each person in each replicate: two engines may have asked at once."""
    found: dict[Key, v1.RecordedAnswer] = {}
    for batch in batches:
        for answer in batch.answers:
            found.setdefault((answer.question, answer.persona_id, answer.replicate), answer)
    return found


def replies_of(answers: Mapping[Key, v1.RecordedAnswer]) -> dict[tuple[str, str], list[Reply]]:
    """By question and person, in the order of the replicates."""
    replies: dict[tuple[str, str], list[Reply]] = {}
    for question, person, replicate in sorted(answers):
        answer = answers[question, person, replicate]
        replies.setdefault((question, person), []).append(Reply(answer.probabilities, answer.order, answer.reason))
    return replies


def tokens_in(batches: Iterable[v1.AnswersRecorded]) -> int | None:
    """All tokens of a simulation; None when an endpoint did not always say."""
    counts = [count for batch in batches for count in (batch.usage.tokens_in, batch.usage.tokens_out)]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def cost_in(batches: Iterable[v1.AnswersRecorded]) -> float | None:
    """US dollars; None when a price is not known."""
    costs = [batch.usage.cost for batch in batches]
    known = [Decimal(str(cost)) for cost in costs if cost is not None]
    return float(sum(known, Decimal(0))) if len(known) == len(costs) else None
