"""Both roles of an interrogation played by a language model, each in a context of its own.

The model proposes; what counts is decided here: questions by rule and by expected information gain, evidence by its
type's cap, beliefs by log-odds. A step that was answered before its engine died is read from the cache of answers.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from dramatis_contracts.interrogation import v1
from dramatis_llm import Answer, Budget, ChatModel, Prompt
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.language.checks import (
    citations_of,
    expected,
    hypotheses_of,
    quoted,
    unsupported_in,
)
from dramatis_simulation_engine.interrogation.language.forms import ProposedQuestion, WeighedPiece
from dramatis_simulation_engine.interrogation.language.prompts import (
    distil_prompt,
    prompt_version,
    question_prompt,
    reply_prompt,
    synthesis_prompt,
    weigh_prompt,
)
from dramatis_simulation_engine.interrogation.method import beliefs_of
from dramatis_simulation_engine.interrogation.method.beliefs import (
    beliefs_after,
    log_likelihood_ratio,
    probabilities_of,
    repeat_discount,
    repeats,
)
from dramatis_simulation_engine.interrogation.method.information_gain import expected_information_gain
from dramatis_simulation_engine.interrogation.method.mom_test import examine_in
from dramatis_simulation_engine.interrogation.minds import Mind
from dramatis_simulation_engine.settings import SimulationSettings

AnswerT = TypeVar("AnswerT", bound=BaseModel)

_ATTEMPTS = 3
"""Rounds of proposals until one may be asked; then the interview counts as exhausted."""
_LOG_RATIO = math.log(10)
"""ASSUMED: what evidence of full strength and reliability is worth before its type's cap."""
_RELIABILITY, _TIRED = 0.8, 0.5
_FATIGUE_AT_THE_LIMIT = 0.8
"""How tired a stakeholder is at the end of 40 messages; fewer tire less."""
_MOST_MESSAGES = 40


def language_mind(model: ChatModel, tenant: str, run: str, settings: SimulationSettings) -> Mind:
    """`run` names whose answers these are, so that what was paid for before a crash is not paid for again."""
    budget = Budget(max_tokens=settings.simulation_llm_max_tokens, max_cost=settings.simulation_llm_max_cost)
    asking = _Asking(model, tenant, run, budget)
    return Mind(LanguageInvestigator(asking, model.name), LanguageInterviewee(asking), free=False)


class _Asking:
    """The way to the model for one run."""

    def __init__(self, model: ChatModel, tenant: str, run: str, budget: Budget) -> None:
        self._model = model
        self._tenant = tenant
        self._run = run
        self._budget = budget

    async def __call__(self, prompt: Prompt[AnswerT]) -> Answer[AnswerT]:
        return await self._model.ask(prompt, tenant=self._tenant, budget=self._budget, run=self._run)


class LanguageInvestigator:
    """Distils, asks, weighs and concludes. It never sees the profile."""

    def __init__(self, asking: _Asking, model_name: str) -> None:
        self._asking = asking
        self.model_version = f"{prompt_version()}-{model_name}"

    async def distil(self, dossier: Dossier) -> v1.HypothesesDistilled:
        answer = await self._asking(distil_prompt(dossier))
        hypotheses, residual = hypotheses_of(answer.value)
        return v1.HypothesesDistilled(
            analysis=answer.value.analysis, hypotheses=hypotheses, residual=residual, usage=_usage([answer])
        )

    async def ask(self, dossier: Dossier) -> v1.QuestionAsked | None:
        """The proposal that tells most and breaks no rule. What was refused is told to the model, which tries again."""
        answers: list[Answer[BaseModel]] = []
        rejected: list[v1.RejectedQuestion] = []
        for _ in range(_ATTEMPTS):
            answer = await self._asking(question_prompt(dossier, rejected))
            answers.append(answer)  # type: ignore[arg-type]  # an answer of any form
            allowed = []
            for proposed in answer.value.questions:
                if refusal := examine_in(dossier, proposed.content):
                    rejected.append(refusal)
                else:
                    allowed.append(proposed)
            if allowed:
                return _best(dossier, allowed, rejected, _usage(answers))
        return None

    async def weigh(self, dossier: Dossier, question: v1.QuestionAsked, answer: v1.AnswerGiven) -> v1.EvidenceWeighed:
        said = await self._asking(weigh_prompt(dossier))
        evidence = tuple(
            _evidence(dossier, piece, answer) for piece in _believable(dossier, said.value.evidence, answer)
        )
        return v1.EvidenceWeighed(
            hypothesis_id=question.hypothesis_id,
            evidence=evidence,
            beliefs=beliefs_after(dossier, evidence),
            root_cause=said.value.root_cause.strip()[:500],
            usage=_usage([said]),
        )

    async def synthesise(self, dossier: Dossier, stopped: v1.StopReason) -> v1.InterrogationCompleted:
        beliefs = beliefs_of(dossier)
        answer = await self._asking(synthesis_prompt(dossier, beliefs))
        return v1.InterrogationCompleted(
            final_answer=answer.value.final_answer,
            beliefs=beliefs,
            citations=citations_of(answer.value.citations, dossier),
            uncertainty=answer.value.uncertainty,
            stop_reason=stopped,
            usage=_usage([answer]),
        )


class LanguageInterviewee:
    """Answers from its profile; what it claims beyond that is logged and counts nothing."""

    def __init__(self, asking: _Asking) -> None:
        self._asking = asking

    async def answer(self, dossier: Dossier, question: v1.QuestionAsked) -> v1.AnswerGiven:
        fatigue = _FATIGUE_AT_THE_LIMIT * min(1.0, dossier.messages / _MOST_MESSAGES)
        reply = await self._asking(reply_prompt(dossier, question, fatigue))
        return v1.AnswerGiven(
            hypothesis_id=question.hypothesis_id,
            message_index=question.message_index + 1,
            content=reply.value.answer,
            knows=reply.value.knows,
            fatigue=fatigue,
            unsupported=unsupported_in(reply.value, dossier.requested.stakeholder.profile),
            usage=_usage([reply]),
        )


def _best(
    dossier: Dossier, allowed: Sequence[ProposedQuestion], rejected: Sequence[v1.RejectedQuestion], usage: v1.Usage
) -> v1.QuestionAsked:
    gains = [(_gain(dossier, proposed), proposed) for proposed in allowed]
    gain, best = max(gains, key=lambda pair: pair[0])
    known = [hypothesis.id for hypothesis in dossier.open_hypotheses] or [h.id for h in dossier.hypotheses]
    about = best.hypothesis_id if best.hypothesis_id in known else known[0]
    return v1.QuestionAsked(
        hypothesis_id=about,
        message_index=dossier.message_index(about),
        content=best.content,
        kind=best.kind,
        expected_information_gain=gain,
        rejected=tuple(rejected),
        usage=usage,
    )


def _gain(dossier: Dossier, proposed: ProposedQuestion) -> float:
    classes = ("supports", "neither", "contradicts")
    rows = expected(proposed.expectations, dossier)
    likelihoods = {name: dict(zip(classes, row, strict=True)) for name, row in rows.items()}
    return expected_information_gain(probabilities_of(dossier), likelihoods)


def _believable(dossier: Dossier, pieces: Sequence[WeighedPiece], answer: v1.AnswerGiven) -> list[WeighedPiece]:
    """One piece a hypothesis, with a quote that was really said, from an answer that its profile carries."""
    if not answer.knows:
        return []
    known = {hypothesis.id for hypothesis in dossier.hypotheses} | {v1.RESIDUAL}
    found: dict[str, WeighedPiece] = {}
    for piece in pieces:
        carried = not any(quoted(piece.quote, claim) for claim in answer.unsupported)
        if piece.hypothesis_id in known and quoted(piece.quote, answer.content) and carried:
            found.setdefault(piece.hypothesis_id, piece)
    return list(found.values())


def _evidence(dossier: Dossier, piece: WeighedPiece, answer: v1.AnswerGiven) -> v1.Evidence:
    reliability = _RELIABILITY * (1 - _TIRED * answer.fatigue)
    discount = repeat_discount(repeats(dossier, piece.hypothesis_id, piece.strength))
    moved = log_likelihood_ratio(piece.type, piece.strength, reliability, _LOG_RATIO) * discount
    return v1.Evidence(
        hypothesis_id=piece.hypothesis_id,
        answer=dossier.exchanges[-1].number,
        type=piece.type,
        strength=piece.strength,
        reliability=reliability,
        log_likelihood_ratio=moved,
        quote=piece.quote,
        why=piece.why,
    )


def _usage(answers: Sequence[Answer[BaseModel]] | Sequence[Answer[AnswerT]]) -> v1.Usage:
    total = sum((answer.usage for answer in answers[1:]), start=answers[0].usage)
    return v1.Usage(
        calls=len(answers),
        cached_calls=total.from_cache,
        tokens_in=total.input_tokens,
        tokens_out=total.output_tokens,
        cost=None if total.cost is None else float(total.cost),
    )
