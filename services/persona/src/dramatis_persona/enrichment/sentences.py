"""A text as the sentences that were said, each as it stands in the text. Pure."""

import re
from collections.abc import Iterator

from dramatis_persona.enrichment.taxonomy import taxonomy, tokens_of

_END = re.compile(
    r"(?<=[.!?\u2026\u3002\uff01\uff1f])[\"'\u201d\u2019)\]]*\s+|[\r\n\u2028\u2029]+|(?<=[\u3002\uff01\uff1f])"
)
_NO_END = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|ave|apt|no|vs|approx|e\.g|i\.e|jr|sr)|\b[A-Za-z]|\b\d+)\.$", re.IGNORECASE
)
_LABEL = re.compile(r"^\s*([A-Za-z][A-Za-z .'-]{0,40}):\s+")
_QUESTIONS = ("?", "\uff1f", "\u061f")
_LONGEST = 500
_MOST = 5000


def statements(text: str) -> Iterator[str]:
    """The sentences that state something: no questions, and nothing that the agent's side says in a transcript.

    A sentence longer than what can be cited, 500 characters, is taken in parts that can.
    """
    others = {phrase[0] for phrase in taxonomy().words["their_labels"]}
    theirs = False
    for number, (line, sentence) in enumerate(_sentences(text)):
        if number >= _MOST:
            return
        if line and (label := _LABEL.match(sentence)):
            theirs = bool(others & set(tokens_of(label[1])))
        elif line:
            theirs = False
        if not theirs and not sentence.rstrip("\"')\u201d\u2019").endswith(_QUESTIONS):
            yield from _parts(sentence)


def _sentences(text: str) -> Iterator[tuple[bool, str]]:
    """Each sentence, and whether it begins a line."""
    for line in text.splitlines():
        begun, first = "", True
        for part in _END.split(line):
            begun = f"{begun} {part}" if begun else part
            if _NO_END.search(begun.rstrip()) or not begun.strip():
                continue
            yield first, begun.strip()
            begun, first = "", False
        if begun.strip():
            yield first, begun.strip()


def _parts(sentence: str) -> Iterator[str]:
    while len(sentence) > _LONGEST:
        cut = max(sentence.rfind(mark, 0, _LONGEST) for mark in (";", ",", " "))
        cut = cut if cut > 0 else _LONGEST
        yield sentence[:cut].strip()
        sentence = sentence[cut:].lstrip(" ,;")
    if sentence:
        yield sentence
