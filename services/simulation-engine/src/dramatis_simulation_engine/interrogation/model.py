"""The assumed numbers of the method, from `data/interrogation/model.toml`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from dramatis_contracts.interrogation.v1 import EvidenceType, QuestionKind
from dramatis_simulation_engine.data_files import load_toml

AnswerTable = Mapping[str, Mapping[str, float]]
"""P(class of answer | `true`, `other` or `none`), each row sums to 1."""


@dataclass(frozen=True, slots=True)
class Model:
    """Everything is ASSUMED; the file says which numbers were set on the tuning cases."""

    residual_floor: float
    evidence_scale: float
    repeat_discount: float
    caps: Mapping[EvidenceType, float]
    reliability: Mapping[str, float]
    answers: Mapping[QuestionKind, AnswerTable]
    ask: Mapping[str, float]
    stop: Mapping[str, float]
    conclude: Mapping[str, float]
    distil: Mapping[str, Any]


@cache
def model() -> Model:
    """Read once per process."""
    raw = load_toml("interrogation", "model")
    return Model(
        residual_floor=raw["beliefs"]["residual_floor"],
        evidence_scale=raw["beliefs"]["evidence_scale"],
        repeat_discount=raw["beliefs"]["repeat_discount"],
        caps=raw["beliefs"]["caps"],
        reliability=raw["reliability"],
        answers=raw["answers"],
        ask=raw["ask"],
        stop=raw["stop"],
        conclude=raw["conclude"],
        distil=raw["distil"],
    )
