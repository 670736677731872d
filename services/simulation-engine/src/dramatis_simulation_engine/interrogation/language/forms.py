"""The forms of what a language model answers in each step. What they say is checked before it counts."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from dramatis_contracts.interrogation.v1 import EvidenceType, QuestionKind

Short = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]
Share = Annotated[float, Field(ge=0, le=1)]


class ProposedHypothesis(BaseModel):
    title: Short
    description: Words
    probability: Share


class Distillation(BaseModel):
    """`none_of_these`: the probability that the cause is none of the hypotheses."""

    analysis: Words
    hypotheses: Annotated[list[ProposedHypothesis], Field(min_length=1, max_length=6)]
    none_of_these: Share


class Expectation(BaseModel):
    """How probable each class of answer is if one hypothesis were the cause; `none` is a cause that is not listed."""

    hypothesis_id: str
    supports: Share
    contradicts: Share


class ProposedQuestion(BaseModel):
    """`hypothesis_id`: whose interview it belongs to. `supports` and `contradicts` are about that hypothesis."""

    content: Short
    kind: QuestionKind
    hypothesis_id: str
    expectations: list[Expectation]


class Questions(BaseModel):
    questions: Annotated[list[ProposedQuestion], Field(min_length=1, max_length=5)]


class Reply(BaseModel):
    """What the stakeholder says. `carried_by`: the sentences of the profile that it says this from, word for word.

    `invented`: what it said that no such sentence carries.
    """

    answer: Words
    knows: bool
    carried_by: list[str]
    invented: list[str]


class WeighedPiece(BaseModel):
    """`strength`: from −1 (rules the hypothesis out) to 1 (what only this hypothesis predicts)."""

    hypothesis_id: str
    type: EvidenceType
    strength: Annotated[float, Field(ge=-1, le=1)]
    quote: Short
    why: Short


class Weighing(BaseModel):
    evidence: list[WeighedPiece]
    root_cause: str
    """In one sentence what could be acted on, empty when the answer names nothing of the kind."""


class CitedLine(BaseModel):
    hypothesis_id: str
    answer: int
    quote: Short


class Synthesis(BaseModel):
    final_answer: Words
    citations: list[CitedLine]
    uncertainty: Words


Role = Literal["investigator", "stakeholder"]
