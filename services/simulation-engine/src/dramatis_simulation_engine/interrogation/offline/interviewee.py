"""The stakeholder of the offline mind: it answers with what stands in its profile, and with nothing else.

Each answer is made of the profile's own sentences, put into the first person. What the profile does not carry is
answered with "I don't know". Fatigue grows with every answer: they get shorter, and in the end it has to go.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from dramatis_contracts.interrogation.v1 import AnswerGiven, QuestionAsked
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.offline.first_person import in_first_person
from dramatis_simulation_engine.interrogation.reading.lexicon import common_words
from dramatis_simulation_engine.interrogation.reading.stems import stems_of
from dramatis_simulation_engine.interrogation.reading.texts import Clause, clauses_of, sentences_of
from dramatis_simulation_engine.seeds import seed_of

_QUOTED = re.compile(r"“([^”]*)”|\"([^\"]*)\"")
_OPEN = re.compile(r"what happened|walk me through|tell me about the (?:last time|day) (?:you|when you)", re.IGNORECASE)
_TIRED, _WORN = 0.5, 0.75
_GONE = 0.95
_LEAST = 0.9
"""ASSUMED: how well a sentence must fit a question to be told in answer to it."""
_BUSY = re.compile(r"\b(?:busy|no time|hectic|stress|hurry|long hours|deadline)", re.IGNORECASE)
_LOW = re.compile(r"\b(?:low|basic|little|limited|not very)\b", re.IGNORECASE)
_MATTER = 0.3
_TOPIC, _RELEVANT = 1.5, 0.3
_TOLD, _BESIDE, _NEARBY = 0.6, 0.2, 2
"""ASSUMED: from which story a sentence is told unasked, from which it goes along, and how near a reason stands."""
_PRODUCT = frozenset({"product", "app", "tool"})
_EPISODE = re.compile(
    r"\b(?:tell me|walk me|last|first|when|what happened|what did|how did|led|behind|caused|come about)\b",
    re.IGNORECASE,
)
_INSTEAD = (
    "I don't know anything about that. What I remember is this:",
    "There is nothing that I could tell you about that. What did happen:",
    "I can't say. But there was this:",
)
_UNKNOWN = (
    "I don't know, I have nothing to say about that.",
    "I don't know. I can't remember anything of the kind.",
    "I can't tell you, I really don't know.",
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """One sentence of a profile, in the first person, and how it reads."""

    text: str
    stems: frozenset[str]
    clauses: tuple[Clause, ...]

    @property
    def story(self) -> float:
        """How much it tells: of what happened, or of what stands in the way."""
        return max(
            (clause.story + _MATTER * max(clause.support.values(), default=0.0) for clause in self.clauses), default=0.0
        )

    def about(self, cause: str) -> float:
        return sum(c.support.get(cause, 0.0) + c.against.get(cause, 0.0) for c in self.clauses)


class OfflineInterviewee:
    """Answers from the profile that stands in the dossier; the question's text is all that it hears."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def answer(self, dossier: Dossier, question: QuestionAsked) -> AnswerGiven:
        return answer(dossier, question, self._seed)


def answer(dossier: Dossier, question: QuestionAsked, seed: int) -> AnswerGiven:
    """What the stakeholder says; `unsupported` stays empty, as every sentence stands in the profile."""
    number = sum(exchange.answer is not None for exchange in dossier.exchanges)
    fatigue = _fatigue(dossier, number)
    memory = remembered(dossier.requested.stakeholder.profile)
    said = _said(dossier, memory)
    told = _chosen(memory, question.content, said, _most(fatigue))
    beside = () if told else _volunteered(dossier, memory, question.content, said, _most(fatigue))
    text = " ".join(memory[at].text for at in told or beside)
    text = f"{_INSTEAD[seed_of(seed, 'instead', number) % len(_INSTEAD)]} {text}" if beside else text
    knows = bool(told or beside)
    return AnswerGiven(
        hypothesis_id=question.hypothesis_id,
        message_index=question.message_index + 1,
        content=_phrased(dossier, text, fatigue, seed, number),
        knows=knows,
        fatigue=fatigue,
    )


@lru_cache(maxsize=512)
def remembered(profile: str) -> tuple[Remembered, ...]:
    """The sentences of a profile; read once for a whole interview."""
    texts = [in_first_person(sentence, profile) for sentence in sentences_of(" ".join(profile.split()))]
    return tuple(Remembered(text, frozenset(stems_of(text)) - common_words(), clauses_of(text)) for text in texts)


def _chosen(memory: tuple[Remembered, ...], question: str, said: frozenset[int], most: int) -> tuple[int, ...]:
    """The places of the sentences that answer, in their order; none if nothing fits."""
    quoted = " ".join(one or other for one, other in _QUOTED.findall(question))
    bare = _QUOTED.sub(" ", question)
    fits = _fits(memory, bare, quoted)
    fresh = {at: fit for at, fit in enumerate(fits) if at not in said and fit >= _LEAST}
    if not fresh:
        return ()
    first = max(fresh, key=lambda at: (fresh[at], -at))
    return _passage(first, memory, said, most)


def _volunteered(
    dossier: Dossier, memory: tuple[Remembered, ...], question: str, said: frozenset[int], most: int
) -> tuple[int, ...]:
    """What else happened, when somebody asks for an episode of this product that there is nothing to tell about."""
    about = f"{dossier.requested.user_input} {dossier.requested.stakeholder.product_context or ''}"
    shared = (frozenset(stems_of(about)) | _PRODUCT) & frozenset(stems_of(_QUOTED.sub(" ", question)))
    if not shared or not _EPISODE.search(question):
        return ()
    stories = {at: memory[at].story for at in range(len(memory)) if at not in said and memory[at].story >= _TOLD}
    return _passage(max(stories, key=lambda at: (stories[at], -at)), memory, said, most) if stories else ()


def _passage(first: int, memory: tuple[Remembered, ...], said: frozenset[int], most: int) -> tuple[int, ...]:
    """The sentence and those of its story next to it."""
    places = [first]
    while len(places) < most:
        beside = [at for at in (min(places) - 1, max(places) + 1) if 0 <= at < len(memory) and at not in said]
        beside = [at for at in beside if memory[at].story >= _BESIDE]
        if not beside:
            break
        places.append(max(beside, key=lambda at: (memory[at].story, at)))
    return tuple(sorted(places))


def _fits(memory: tuple[Remembered, ...], question: str, quoted: str) -> list[float]:
    words = frozenset(stems_of(question)) - common_words()
    topics = _topics(question)
    is_open = bool(_OPEN.search(question))
    after_quote = _place_of(memory, quoted) if question.lower().find("you said") >= 0 else None
    rarity = _rarity(memory)
    fits = []
    for at, sentence in enumerate(memory):
        fit = sum(0.8 * rarity[word] for word in words & sentence.stems)
        fit += sum(weight * min(1.5, sentence.about(cause)) for cause, weight in topics.items())
        if fit < _RELEVANT and not is_open and after_quote is None:
            fits.append(0.0)
            continue
        fit += sentence.story * (1.0 if is_open else 0.35)
        if after_quote is not None:
            fit += 0.5 + sentence.story + (1.2 if abs(at - after_quote) <= _NEARBY else 0.0)
        fits.append(fit if sentence.story > 0 or words & sentence.stems else 0.5 * fit)
    return fits


@lru_cache(maxsize=2048)
def _topics(question: str) -> dict[str, float]:
    """What a question is about, by cause; its shares sum to at most 1."""
    totals: dict[str, float] = {}
    for clause in clauses_of(question):
        for cause in (*clause.support, *clause.against):
            totals[cause] = totals.get(cause, 0.0) + clause.support.get(cause, 0.0) + clause.against.get(cause, 0.0)
    if max(totals.values(), default=0.0) < _TOPIC:
        return {}
    total = sum(totals.values())
    return {cause: amount / total for cause, amount in totals.items()}


def _rarity(memory: tuple[Remembered, ...]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for sentence in memory:
        for word in sentence.stems:
            counts[word] = counts.get(word, 0) + 1
    return {word: 1.0 / count for word, count in counts.items()}


def _place_of(memory: tuple[Remembered, ...], quoted: str) -> int | None:
    words = frozenset(stems_of(quoted)) - common_words()
    shared = [len(words & sentence.stems) for sentence in memory]
    return max(range(len(memory)), key=shared.__getitem__) if words and any(shared) else None


def _said(dossier: Dossier, memory: tuple[Remembered, ...]) -> frozenset[int]:
    spoken = " ".join(exchange.answer.content for exchange in dossier.exchanges if exchange.answer)
    return frozenset(at for at, sentence in enumerate(memory) if sentence.text in spoken)


def _fatigue(dossier: Dossier, answers: int) -> float:
    """0 at the first answer; who is busy tires faster."""
    stakeholder = dossier.requested.stakeholder
    pace = 0.045 if _BUSY.search(stakeholder.profile) else 0.03
    pace += 0.01 if _LOW.search(stakeholder.tech_savviness or "") else 0.0
    return min(1.0, answers * pace)


def _most(fatigue: float) -> int:
    if fatigue >= _WORN:
        return 1
    return 2 if fatigue >= _TIRED else 3


def _phrased(dossier: Dossier, text: str, fatigue: float, seed: int, number: int) -> str:
    """Nothing of substance is added: only that it does not know, is tired, or is no expert."""
    if not text:
        text = _UNKNOWN[seed_of(seed, "unknown", number) % len(_UNKNOWN)]
        if _LOW.search(dossier.requested.stakeholder.tech_savviness or "") and number == 0:
            text = f"I am no expert in these things. {text}"
    if fatigue >= _GONE:
        return f"{text} I have to go now."
    return f"{text} Could we come to an end soon?" if fatigue >= _WORN and number % 3 == 0 else text
