"""How a text speaks for and against each cause, clause by clause, with the words that say so. Pure."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dramatis_simulation_engine.interrogation.reading.causes import taxonomy
from dramatis_simulation_engine.interrogation.reading.examples import BACKGROUND, examples, features_of
from dramatis_simulation_engine.interrogation.reading.lexicon import Cue, lexicon
from dramatis_simulation_engine.interrogation.reading.stems import stems_of, words_of

_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?=\d)[^.!?;\n]*)*[.!?;]*")
_TURN = re.compile(
    r":\s+(?=(?-i:[A-Z]))|(?:,|;|\s[-–—])?\s+(?=(?:but|though|although|however|yet|only that|whereas)\b)", re.IGNORECASE
)
_CONNECTOR = re.compile(r"^(?:but|though|although|however|yet|whereas)[,:]?\s+(?=\S)", re.IGNORECASE)
_NEGATORS = frozenset({"not", "no", "never", "without", "hardly", "nothing", "nobody", "neither"})
_NUMBER = re.compile(r"\d")
_CUES = 0.85
_LIKE = 4.0
"""What cues and likeness to examples weigh in a clause (set on the tuning cases)."""
_HALF = 2.0
"""How much a text must say about a cause to count half; noise of single words stays far below (tuning cases)."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A literal piece of a text. `support`/`against`: by cause, how strongly it says so (from 0).

    `named`: it contains a cue of some cause, so that more speaks than likeness to examples.
    """

    text: str
    support: Mapping[str, float]
    against: Mapping[str, float]
    story: float
    past: bool
    first_person: bool
    measured: bool
    opinion: bool
    hedged: bool
    hearsay: bool
    named: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a whole text says about one cause: strength −1…1 and the clause that says it best."""

    strength: float
    clause: Clause


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text, each a literal part of it."""
    return tuple(piece for piece in (m.group().strip() for m in _SENTENCE.finditer(text)) if len(piece) > 1)


def clauses_of(text: str) -> tuple[Clause, ...]:
    """Sentences, divided where they turn ("…, but …") or announce another one ("What did happen: The …")."""
    return tuple(
        read_clause(_CONNECTOR.sub("", piece.strip()).rstrip(" ;,"))
        for sentence in sentences_of(text)
        for piece in _TURN.split(sentence)
        if piece and piece.strip()
    )


@lru_cache(maxsize=4096)
def read_clause(text: str) -> Clause:
    """Read one clause; the same text is read once."""
    stems = stems_of(text)
    features = lexicon().features(stems)
    words = frozenset(words_of(text))
    support, against = _sides(stems, features)
    past = any(word in lexicon().raw["past"] or (word.endswith("ed") and len(word) > 4) for word in words)
    first = bool(words & lexicon().raw["self"])
    return Clause(
        text=text,
        support=support,
        against=against,
        story=_story(features, past=past, first=first),
        past=past,
        first_person=first,
        measured=past and bool("@measured" in features or "%" in text or len(_NUMBER.findall(text)) > 1),
        opinion="@opinion" in features and not past,
        hedged="@hedge" in features,
        hearsay="@hearsay" in features,
        named=bool(_signs(stems, features)[0]),
    )


def _story(features: Mapping[str, int], *, past: bool, first: bool) -> float:
    """How much a clause tells of what happened to the speaker: ASSUMED weights."""
    told = 0.5 * past + 0.3 * first * past
    told += 0.7 * ("@quit" in features) + 0.5 * ("@because" in features)
    told += 0.4 * ("@bad" in features) + 0.4 * ("@not" in features)
    return told - 1.0 * ("@dismiss" in features) - 0.6 * _praised(features)


def _praised(features: Mapping[str, int]) -> bool:
    return "@fine" in features and not ({"@bad", "@quit", "@not"} & features.keys())


def _sides(stems: tuple[str, ...], features: Mapping[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    near = _near(features)
    signs, denied = _signs(stems, features)
    fine = _matched(taxonomy().fine, features)
    alike = _alike(stems, features)
    dismissed, praised = "@dismiss" in features, _praised(features)
    pressed = 1.0 if {"@bad", "@quit", "@not", "@because"} & features.keys() else 0.5
    decisive = 1.25 if {"@quit", "@because"} & features.keys() else 1.0
    support: dict[str, float] = {}
    against: dict[str, float] = {}
    for cause in dict.fromkeys((*near, *signs, *denied, *fine, *alike)):
        topic, sign = near.get(cause, 0.0), signs.get(cause, 0.0)
        like = alike.get(cause, 0.0)
        against_it = 1.5 * fine.get(cause, 0.0) + 1.2 * denied.get(cause, 0.0)
        if cause in denied and not sign:
            topic = like = 0.0
        if dismissed:
            against_it += topic + sign
            sign = topic = like = 0.0
        elif praised and not sign:
            against_it += 0.8 * topic
            topic = like = 0.0
        total = decisive * (_CUES * (2.0 * sign + pressed * topic) + like) - against_it
        if total > 0:
            support[cause] = total
        elif total < 0:
            against[cause] = -total
    return support, against


def _alike(stems: tuple[str, ...], features: Mapping[str, int]) -> dict[str, float]:
    """How much more a clause is like the examples of a cause than chance would have it; 0 to `_LIKE`."""
    shares = examples().shares(features_of(stems, features))
    chance = 1 / len(shares)
    certain = -math.log(chance)
    return {
        cause: _LIKE * math.log(share / chance) / certain
        for cause, share in shares.items()
        if share > chance and cause != BACKGROUND
    }


def _near(features: Mapping[str, int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for feature, causes in taxonomy().near.items():
        hits = features.get(feature, 0)
        for cause in causes if hits else ():
            found[cause] = found.get(cause, 0.0) + 0.45 + 0.2 * (min(hits, 4) - 1)
    return found


def _signs(stems: tuple[str, ...], features: Mapping[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Cues found, and cues found behind a negation ("it never crashed")."""
    shadow = _negated(stems)
    said: dict[str, list[float]] = {}
    denied: dict[str, list[float]] = {}
    for feature in features:
        for cause, cue in taxonomy().signs.get(feature, ()):
            if cue.parts <= features.keys():
                side = denied if not cue.negated and _in_shadow(cue, shadow, stems) else said
                side.setdefault(cause, []).append(cue.weight)
    return {c: _together(w) for c, w in said.items()}, {c: _together(w) for c, w in denied.items()}


def _negated(stems: tuple[str, ...]) -> frozenset[str]:
    """The words that stand within two words after a negator."""
    return frozenset(
        word for at, negator in enumerate(stems) if negator in _NEGATORS for word in stems[at + 1 : at + 3]
    )


def _in_shadow(cue: Cue, shadow: frozenset[str], stems: tuple[str, ...]) -> bool:
    """Whether all that a cue of one part rests on is denied."""
    if not shadow or len(cue.parts) > 1:
        return False
    part = next(iter(cue.parts))
    if part.startswith("@"):
        members = [word for word in stems if part in lexicon().of_word(word)]
        return bool(members) and shadow.issuperset(members)
    first = part.rstrip("*").split()[0]
    return any(word.startswith(first) for word in shadow)


def _matched(filed: Mapping[str, tuple[tuple[str, Cue], ...]], features: Mapping[str, int]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for feature in features:
        for cause, cue in filed.get(feature, ()):
            if cue.parts <= features.keys():
                found.setdefault(cause, []).append(cue.weight)
    return {cause: _together(weights) for cause, weights in found.items()}


def _together(weights: list[float]) -> float:
    """Cues of one clause overlap: each further one counts half of the one before, so never more than two."""
    return sum(weight * 0.5**at for at, weight in enumerate(sorted(weights, reverse=True)))


def loudness(text: str) -> float:
    """How strongly a text speaks for the cause that it speaks for most."""
    totals: dict[str, float] = {}
    for clause in clauses_of(text):
        for cause, amount in clause.support.items():
            totals[cause] = totals.get(cause, 0.0) + amount
    return max(totals.values(), default=0.0)


def said_in(text: str, loudest_before: float = 0.0) -> dict[str, Said]:
    """What a text says about each cause that it touches.

    What is weaker than the loudest cause, here or in what the same person said before, counts less.
    """
    clauses = clauses_of(text)
    totals: dict[str, float] = {}
    best: dict[str, tuple[float, Clause]] = {}
    for clause in clauses:
        for sign, side in ((1.0, clause.support), (-1.0, clause.against)):
            for cause, amount in side.items():
                totals[cause] = totals.get(cause, 0.0) + sign * amount
                key = f"{cause}{sign:+.0f}"
                if amount > best.get(key, (0.0, clause))[0]:
                    best[key] = (amount, clause)
    loudest = max(loudest_before, max(totals.values(), default=0.0))
    found = {}
    for cause, total in totals.items():
        if total and (key := f"{cause}{math.copysign(1, total):+.0f}") in best:
            found[cause] = Said(_strength(total, loudest), best[key][1])
    return found


def _strength(total: float, loudest: float) -> float:
    share = min(1.0, total / loudest) if total > 0 else 1.0
    return math.copysign(total**2 / (total**2 + _HALF**2) * share * share, total)
