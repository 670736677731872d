"""Rules for questions after Fitzpatrick's "The Mom Test": past specifics, one at a time, no answer in the question.

The recogniser reads any question, whoever wrote it. Pure.
"""

import re
from collections.abc import Iterable
from typing import Final

from dramatis_contracts.interrogation.v1 import RejectedQuestion
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.reading.lexicon import common_words
from dramatis_simulation_engine.interrogation.reading.stems import stems_of

_QUOTED = re.compile(r"[\"“”«»][^\"“”«»]*[\"“”«»]")
_ASKS = r"(?:what|how|why|when|where|who|whom|which|do|does|did|is|are|was|were|have|has|had|can|could|would|will)"
_IT = r"(?:it|the|this|our|that)"
_FEELING = (
    r"(?:frustrat\w*|annoy\w*|bad|hard|difficult|confus\w*|painful|terrible|awful|expensive|slow|easy|useful|helpful|"
    r"great|good|happy|unhappy|disappoint\w*|angry|complicated|overwhelm\w*|unreliable|too \w+|broken|poor|important)"
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


_COMPOUND: Final = _any(
    r"\?.*\?",
    rf"\b(?:and|or)\s+(?:also\s+)?(?:if so,?\s+)?{_ASKS}\b[^.]*\?",
    r"\band (?:what|how|why|when|where|who)\b",
)
_HYPOTHETICAL: Final = _any(
    r"\bwould (?:you|it|that|they|your|people|anyone|this|a|the)\b",
    r"\bwould\b[^.?]*\bif\b",
    r"\bwould(?:n't| not)\b",
    r"\bif (?:we|you|it|there|they|the)\b[^.?]*\b(?:would|could|might|will|were|had)\b",
    r"\bcould you (?:imagine|see yourself)",
    r"\bimagine\b|\bsuppos(?:e|ing)\b|\bwhat if\b|\bhypothetical|\bpicture yourself\b|\bwere to\b",
    r"\bassum(?:e|ing) (?:that|we|you)\b",
    r"\bin (?:the|an ideal) (?:future|world)\b",
    r"\bwill you\b|\bhow likely\b|\bmight you\b",
    r"\bdo you (?:expect|plan|intend) to\b|\bare you (?:likely|planning|going) to\b",
)
_LEADING: Final = _any(
    r"\b(?:do|does|did|is|was|are|were|have|would|could|ca)n't (?:you|it|that|this|the|they|there)\b",
    r",\s*(?:right|correct|no|yes|true|ok|okay)\s*\?",
    r"\bdo you agree\b|\bagree that\b|\bis it (?:true|fair|right|correct) (?:that|to say)\b",
    r"\b(?:surely|obviously|clearly|of course|admit)\b",
    r"\bhow (?:much|very) do you (?:hate|love|like|dislike)\b",
    rf"\bhow (?:very |really )?{_FEELING} (?:was|is|were|are|did|do|has|have)\b",
    r"\b(?:was|is|were) it because\b|\bbecause of\b[^?]*\?",
    rf"^(?:so |and |but )?(?:is|was|are|were|did|does|do|has|have|had)\b[^?]*\b{_FEELING}\b[^?]*\?",
    rf"\bwhy (?:is|was|are|were) {_IT}\b[^?]*\b{_FEELING}\b",
    rf"\bhow did {_IT} \w+ (?:hurt|ruin|help|improve|frustrate|annoy|confuse|stop)\b",
    r"\bwhat evidence (?:shows|proves)\b",
    r"\bthe (?:real )?(?:problem|reason|cause) (?:is|was|that)\b[^?]*\?",
    r"\b(?:made|make|makes) (?:you|it) (?:leave|stop|cancel|quit|hard|difficult)\b",
    r"\byou (?:must|should) (?:have|be|feel)\b",
)
_OPINION: Final = _any(
    r"\b(?:do|did) you (?:think|believe|feel|like|love|prefer|want|wish|enjoy|find|consider|value|trust|recommend)\b",
    r"\bwhat (?:do|did) you (?:think|feel|believe|make of|like|want|prefer|wish|value)\b",
    r"\bwhat (?:features?|changes?|improvements?) (?:do|did|would|should)\b",
    r"\byour (?:opinion|view|views|thoughts|feelings?|impression|preference)\b|\bin your opinion\b",
    r"\bhow do you (?:feel|like|find|rate|see)\b|\bhow did you (?:like|find) (?:it|the|our|this|that)\b",
    r"\bhow (?:important|useful|satisfied|happy|valuable|interested)\b",
    r"\bon a scale\b|\brate\b[^?]*\bfrom\b",
    r"\bwhat should\b|\bshould (?:we|they|it)\b|\bis (?:it|this|that) a good (?:idea|thing)\b",
    r"\bwhat is your (?:favou?rite|opinion|view)\b|\bwhat matters (?:most )?to you\b",
    r"\bare you (?:satisfied|happy|interested)\b",
)
_ALIKE = 0.8
_REASONS: Final = {
    "compound": "It asks two things at once, so an answer cannot be told apart.",
    "hypothetical": "It asks about what might be; people are poor at foretelling what they would do.",
    "leading": "It puts an answer into the stakeholder's mouth.",
    "opinion": "It asks for an opinion; what somebody did tells more than what they think.",
    "repeated": "It was asked before in nearly the same words.",
}


def examine(question: str, asked: Iterable[str] = ()) -> RejectedQuestion | None:
    """The first rule that a question breaks, None for one that may be asked. `asked`: questions of the run so far.

    What stands in quotation marks are somebody's words and not the question's own.
    """
    bare = _QUOTED.sub("…", question.replace("’", "'")).strip()
    if _alike(question, asked):
        return _rejected(question, "repeated")
    if _HYPOTHETICAL.search(bare):
        return _rejected(question, "hypothetical")
    if _OPINION.search(bare):
        return _rejected(question, "opinion")
    if _LEADING.search(bare):
        return _rejected(question, "leading")
    return _rejected(question, "compound") if _COMPOUND.search(bare) else None


def examine_in(dossier: Dossier, question: str) -> RejectedQuestion | None:
    """As `examine`, against all questions that a run has asked."""
    return examine(question, (exchange.question.content for exchange in dossier.exchanges))


def _rejected(question: str, rule: str) -> RejectedQuestion:
    return RejectedQuestion.model_validate({"content": question, "rule": rule, "why": _REASONS[rule]})


def _alike(question: str, asked: Iterable[str]) -> bool:
    words = _content(question)
    return any(_overlap(words, _content(earlier)) >= _ALIKE for earlier in asked)


def _content(question: str) -> frozenset[str]:
    stems = stems_of(question)
    return frozenset(stems) - common_words() or frozenset(stems)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0
