"""Asks a language model for every person's answers, and concludes from what the log holds of them.

The log is what counts: an engine that takes a simulation up after another one died reads what was answered and asks
only for the rest. The results are made from the recorded answers alone, so the same answers give the same bytes.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar

from dramatis_contracts.simulation_engine import v1
from dramatis_llm import Budget, BudgetExhausted, ChatModel, LlmError, Refused, Unreadable, Usage
from dramatis_simulation_engine.kinds import study_of
from dramatis_simulation_engine.llm.conclusion import conclude
from dramatis_simulation_engine.llm.prompts import menu_prompt, model_version_of, offer_prompt, order_of
from dramatis_simulation_engine.llm.recording import Journal, Key, Recorder, answers_in, replies_of
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import MayStop, Plan, Tick
from dramatis_simulation_engine.questions import Question
from dramatis_simulation_engine.respondents import RecordedRespondents
from dramatis_simulation_engine.seeds import by_lot
from dramatis_simulation_engine.sequential import Stopping, looks_at
from dramatis_simulation_engine.settings import SimulationSettings

LimitT = TypeVar("LimitT", int, Decimal)

_ASKING = 0.9
"""The part of the progress that asking takes."""
_LOOK_SECONDS = 0.2
"""Between two looks at whether the simulation is still wanted."""
_DIGITS = 6
_IN_VAIN = 5
_REASON = 280
"""Letters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a simulation is asked. `run`: its id; `at_once`: questions in flight; `batch_*`: when answers are written."""

    tenant: str
    run: str
    seed: int
    temperature: float
    replicates: int
    at_once: int
    max_tokens: int | None = None
    max_cost: Decimal | None = None
    batch_size: int = 20
    batch_seconds: float = 0.5


def terms_of(tenant: str, run: str, requested: v1.Requested, settings: SimulationSettings, at_once: int) -> Terms:
    """As the request wants it, within what the engine allows."""
    parameters = study_of(requested).simulation_parameters
    limits = parameters.language_model
    return Terms(
        tenant=tenant,
        run=run,
        seed=requested.seed,
        temperature=parameters.temperature,
        replicates=min(settings.simulation_llm_replicates, parameters.iterations),
        at_once=at_once,
        max_tokens=_lower(limits.max_tokens, settings.simulation_llm_max_tokens),
        max_cost=_lower(in_dollars(limits.max_cost), settings.simulation_llm_max_cost),
    )


def in_dollars(amount: float | None) -> Decimal | None:
    """What a client wrote, without the digits that binary fractions add."""
    return None if amount is None else Decimal(str(amount))


def _lower(one: LimitT | None, other: LimitT | None) -> LimitT | None:
    stated = [limit for limit in (one, other) if limit is not None]
    return min(stated) if stated else None


@dataclass(frozen=True, slots=True)
class Item:
    """One question to one person, once."""

    question: Question
    person: Respondent
    replicate: int

    @property
    def key(self) -> Key:
        return self.question.key, self.person.id, self.replicate


@dataclass(slots=True)
class Interview:
    """One simulation on its way. `left_out`: people whom the model would not play, by id, with the reason."""

    plan: Plan[Any]
    model: ChatModel
    journal: Journal
    terms: Terms
    tick: Tick
    left_out: dict[str, LlmError] = field(default_factory=dict)
    stopped_by: LlmError | None = None
    _step: str = "inviting_respondents"
    _given: dict[Key, v1.RecordedAnswer] = field(default_factory=dict)

    async def outcome(self) -> Outcome:
        """Ask whatever was not answered yet, and conclude.

        An exhausted budget gives the results of those who answered everything. Raises `LlmError` when there is nobody
        of that kind, and when the endpoint fails.
        """
        stopping, batches_of_people = await asyncio.to_thread(self._arranged)
        recorded = await self.journal.read()
        self._given.update(answers_in(recorded))
        budget = self._budget(recorded)
        self.model.check_price(budget)
        recorder = Recorder(
            self.journal, self.model.name, budget, size=self.terms.batch_size, seconds=self.terms.batch_seconds
        )
        for people in batches_of_people:
            await self._ask([item for item in self._items(people) if item.key not in self._given], recorder, budget)
            if self.stopped_by is not None or (stopping is not None and self._settles(stopping)):
                break
        if self.stopped_by is not None and not isinstance(self.stopped_by, BudgetExhausted):
            raise self.stopped_by
        return await asyncio.to_thread(self._conclude, await self.journal.read())

    def _arranged(self) -> tuple[Stopping | None, list[list[Respondent]]]:
        """By lot, so that whoever a budget reaches is a random part of all; in batches where asking may stop early."""
        people = self.plan.people
        order = [people[place] for place in by_lot([p.id for p in people], self.terms.seed)]
        stopping = self.plan.stopping if isinstance(self.plan, MayStop) else None
        ends = looks_at(len(order)) if stopping is not None else (len(order),)
        return stopping, [order[start:end] for start, end in pairwise((0, *ends))]

    def _settles(self, stopping: Stopping) -> bool:
        """Whether those who answered everything, in the order of asking, leave nothing open."""
        people = self.plan.people
        order = [people[place] for place in by_lot([p.id for p in people], stopping.seed)]
        complete = [person for person in order if all(item.key in self._given for item in self._items([person]))]
        if not complete:
            return False
        respondents = RecordedRespondents(complete, replies_of(self._given), model_version_of(self.model.name))
        return stopping.settled([respondents.answer(question, slice(None)) for question in self.plan.questions])

    def _conclude(self, batches: Sequence[v1.AnswersRecorded]) -> Outcome:
        self.tick(_ASKING, "estimating", {})
        return conclude(self.plan, batches, self.model.name, self.terms.replicates, self.left_out, self.stopped_by)

    def _items(self, people: Sequence[Respondent]) -> Iterator[Item]:
        """Person by person."""
        for person in people:
            for question in self.plan.questions:
                for replicate in range(self.terms.replicates):
                    yield Item(question, person, replicate)

    def _budget(self, batches: Sequence[v1.AnswersRecorded]) -> Budget:
        return Budget(
            max_tokens=self.terms.max_tokens,
            max_cost=self.terms.max_cost,
            spent_tokens=sum(batch.usage.booked_tokens for batch in batches),
            spent_cost=sum((Decimal(str(batch.usage.booked_cost)) for batch in batches), Decimal(0)),
        )

    async def _ask(self, items: Sequence[Item], recorder: Recorder, budget: Budget) -> None:
        todo = iter(items)
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(recorder.keep_flushing()), group.create_task(self._look())]
                workers = [group.create_task(self._work(todo, recorder, budget)) for _ in range(self.terms.at_once)]
                await asyncio.wait(workers)
                for task in beside:
                    task.cancel()
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several
        finally:
            await recorder.flush()

    async def _look(self) -> None:
        """Tell how far the work is; `tick` raises when nobody wants it any more."""
        while True:
            given = Counter(person for _, person, _ in self._given)
            complete = sum(count >= self._wanted() for count in given.values())
            progress = _ASKING * given.total() / max(1, len(self.plan.people) * self._wanted())
            self.tick(round(progress, 4), self._step, {"respondents_answered": complete})
            await asyncio.sleep(_LOOK_SECONDS)

    async def _work(self, todo: Iterator[Item], recorder: Recorder, budget: Budget) -> None:
        for item in todo:
            if item.person.id in self.left_out:
                continue
            try:
                answer = await self._answer(item, recorder, budget)
            except (Refused, Unreadable) as failure:
                recorder.used(failure.usage)
                self._leave_out(item.person, failure)
            except LlmError as failure:
                recorder.used(failure.usage)
                self.stopped_by = self.stopped_by or failure
            else:
                await recorder.answered(answer)
                self._note(item, answer)
            if self.stopped_by is not None:
                return

    def _leave_out(self, person: Respondent, failure: LlmError) -> None:
        """A model that plays none of the first few plays nobody: the others are not paid for."""
        self.left_out[person.id] = failure
        if not self._given and len(self.left_out) >= _IN_VAIN:
            self.stopped_by = self.stopped_by or failure

    def _note(self, item: Item, answer: v1.RecordedAnswer) -> None:
        self._given[item.key] = answer
        self._step = self.plan.step_of(item.question)

    def _wanted(self) -> int:
        """Answers of one person."""
        return len(self.plan.questions) * self.terms.replicates

    async def _answer(self, item: Item, recorder: Recorder, budget: Budget) -> v1.RecordedAnswer:
        asking = self._menu if item.question.format == "menu" else self._offers
        spent: list[Usage] = []
        try:
            probabilities, order, reason = await asking(item, budget, spent)
        except (Refused, Unreadable, BudgetExhausted):
            recorder.used(sum(spent, Usage()))
            raise
        # With the answer, not before: what a crash leaves unrecorded is counted when the cache gives it again.
        recorder.used(sum(spent, Usage()))
        return v1.RecordedAnswer(
            question=item.question.key,
            persona_id=item.person.id,
            replicate=item.replicate,
            probabilities=tuple(round(p, _DIGITS) for p in probabilities),
            order=order,
            reason=reason,
        )

    async def _menu(self, item: Item, budget: Budget, spent: list[Usage]) -> "_Answered":
        terms = self.terms
        order = order_of(item.question, item.person, item.replicate, terms.seed)
        prompt = menu_prompt(item.question, item.person, order, item.replicate, terms.seed, terms.temperature)
        answer = await self.model.ask(prompt, tenant=terms.tenant, budget=budget, run=terms.run)
        spent.append(answer.usage)
        shown = dict(zip(order, answer.value.probabilities, strict=True))
        return [shown[place] for place in range(len(order))], order, _shortened(answer.value.reason)

    async def _offers(self, item: Item, budget: Budget, spent: list[Usage]) -> "_Answered":
        """Each alternative in a call of its own: prices that stand beside each other are compared."""
        terms, taken, reason = self.terms, [], None
        for place in range(len(item.question.alternatives)):
            prompt = offer_prompt(item.question, item.person, place, item.replicate, terms.seed, terms.temperature)
            answer = await self.model.ask(prompt, tenant=terms.tenant, budget=budget, run=terms.run)
            spent.append(answer.usage)
            taken.append(answer.value.probability)
            reason = reason or _shortened(answer.value.reason)
        return taken, tuple(range(len(taken))), reason


_Answered = tuple[Sequence[float], tuple[int, ...], str | None]
"""Probabilities in the order of the alternatives, the order in which they were shown, and a reason."""


def _shortened(reason: str) -> str | None:
    flat = " ".join(reason.split())
    return (flat if len(flat) <= _REASON else f"{flat[: _REASON - 1]}…") or None
