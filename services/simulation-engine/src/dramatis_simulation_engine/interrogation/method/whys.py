"""Five whys (Ohno): ask on along one causal chain until the reason is one that somebody can act on. Pure."""

from dataclasses import dataclass

from dramatis_contracts.interrogation.v1 import Evidence, Hypothesis
from dramatis_simulation_engine.interrogation.dossier import Dossier, Exchange
from dramatis_simulation_engine.interrogation.reading.causes import Cause, Root
from dramatis_simulation_engine.interrogation.reading.covering import covered
from dramatis_simulation_engine.interrogation.reading.lexicon import lexicon
from dramatis_simulation_engine.interrogation.reading.stems import stems_of
from dramatis_simulation_engine.interrogation.reading.texts import said_in

MOST = 5
_UNKNOWN = 2
_SPEAKS = 0.3
"""The strength from which evidence carries a chain on."""


@dataclass(frozen=True, slots=True)
class Chain:
    """How deep the whys about one hypothesis went: the last thing said, and the actionable cause if one was named."""

    asked: int
    unknown: int
    last: Evidence | None
    root: str

    @property
    def finished(self) -> bool:
        return bool(self.root) or self.asked >= MOST or self.unknown >= _UNKNOWN


def chain_of(dossier: Dossier, hypothesis: Hypothesis) -> Chain:
    """The chain of a hypothesis as far as the transcript goes."""
    whys = [e for e in dossier.transcript(hypothesis.id) if e.question.kind == "why"]
    said = _supporting(dossier, hypothesis)
    return Chain(
        asked=len(whys),
        unknown=sum(1 for why in whys if why.answer and not why.answer.knows),
        last=said[-1] if said else None,
        root=_root(dossier, hypothesis, said),
    )


def _supporting(dossier: Dossier, hypothesis: Hypothesis) -> list[Evidence]:
    return [
        piece
        for exchange in dossier.exchanges
        if exchange.weighed
        for piece in exchange.weighed.evidence
        if piece.hypothesis_id == hypothesis.id and piece.strength >= _SPEAKS
    ]


def _root(dossier: Dossier, hypothesis: Hypothesis, said: list[Evidence]) -> str:
    """An actionable cause is one that the taxonomy knows, or, outside of it, what was done or measured after a why."""
    if not said:
        return ""
    causes = covered(hypothesis, dossier.hypotheses)
    if causes:
        return _named(causes, " ".join(dict.fromkeys(piece.quote for piece in said)))
    answered = {e.number: e for e in dossier.exchanges if e.question.kind == "why"}
    deep = [piece for piece in said if _settles(piece, answered)]
    return deep[-1].quote if deep else ""


def _named(causes: tuple[Cause, ...], quotes: str) -> str:
    """The actionable cause that the quotes name; for a family, after the cause of it that they speak of most."""
    heard = said_in(quotes)
    cause = max(causes, key=lambda c: heard[c.name].strength if c.name in heard else 0.0)
    root = _best(cause.roots, quotes)
    if len(causes) == 1:
        return root
    return ": ".join(filter(None, (f"{cause.title[0].lower()}{cause.title[1:]}", root))) if cause.name in heard else ""


def _settles(piece: Evidence, whys: dict[int, Exchange]) -> bool:
    return piece.answer in whys and piece.type in ("past_behaviour", "measured_outcome")


def _best(roots: tuple[Root, ...], quotes: str) -> str:
    features = lexicon().features(stems_of(quotes)).keys()
    scores = {root.title: sum(cue.parts <= features for cue in root.signs) for root in roots}
    best = max(scores, key=scores.__getitem__, default="")
    return best if best and scores[best] > 0 else ""
