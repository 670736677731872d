"""Words by their stems, so that "cancelled", "cancelling" and "cancels" are one. Pure.

A light stemmer for English after Porter (1980), without his derivational steps: both the taxonomy and the texts go
through it, so a stem need not be a word, only the same for the same meaning.
"""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9%]+")
_SHORT = (
    ("cannot", "can not"),
    ("can't", "can not"),
    ("won't", "will not"),
    ("shan't", "shall not"),
    ("n't", " not"),
    ("'m", " am"),
    ("'re", " are"),
    ("'ve", " have"),
    ("'ll", " will"),
    ("'d", " would"),
    ("'s", ""),
)
_DEPARTMENT = re.compile(r"\bIT\b(?! [A-Z])")
_VOWEL = re.compile(r"[aeiouy]")
_IRREGULAR = {
    form: base
    for base, forms in {
        "be": "am is are was were been being",
        "have": "has had having",
        "do": "does did done doing",
        "can": "could",
        "go": "went goes going",
        "leave": "left leaving",
        "break": "broke broken",
        "freeze": "froze frozen",
        "forget": "forgot forgotten",
        "give": "gave given",
        "take": "took taken",
        "find": "found",
        "lose": "lost losing",
        "pay": "paid",
        "buy": "bought",
        "send": "sent",
        "tell": "told",
        "think": "thought",
        "understand": "understood",
        "keep": "kept",
        "know": "knew known",
        "write": "wrote written",
        "ring": "rang rung",
        "see": "saw seen",
        "say": "said",
        "get": "got gotten getting",
        "become": "became",
        "begin": "began begun",
        "choose": "chose chosen",
        "hang": "hung",
        "fall": "fell fallen",
        "spend": "spent",
        "make": "made making",
        "sell": "sold",
        "learn": "learnt",
        "feel": "felt",
        "hold": "held",
        "run": "ran",
        "come": "came",
        "throw": "threw thrown",
        "bring": "brought",
        "stand": "stood",
        "sit": "sat",
        "mean": "meant",
        "drive": "drove driven",
        "hear": "heard",
        "draw": "drew drawn",
        "child": "children",
        "person": "persons",
        "speak": "spoke spoken",
        "show": "shown",
        "eat": "ate eaten",
        "wear": "wore worn",
        "let": "lets",
        "steal": "stole stolen",
        "swear": "swore sworn",
        "grow": "grew grown",
        "teach": "taught",
        "catch": "caught",
        "stick": "stuck",
        "e": "",
    }.items()
    for form in forms.split()
}


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, short forms written out: `"It isn't"` → `("it", "is", "not")`."""
    plain = _DEPARTMENT.sub("itdepartment", text).replace("’", "'")
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain.casefold()) if not unicodedata.combining(c))
    for short, long in _SHORT:
        plain = plain.replace(short, long)
    return tuple(word for word in _WORD.findall(plain) if word != "s")


def stems_of(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order."""
    return tuple(map(stem, words_of(text)))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of one word in small letters."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3:
        return word
    return _ending(_inflection(word))


def _inflection(word: str) -> str:
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= 3 and _VOWEL.search(base) and not word.endswith("eed"):
            return base
    return word


def _ending(word: str) -> str:
    for suffix, put in (("ification", "ify"), ("isation", "ise"), ("ization", "ise"), ("ation", ""), ("ly", "")):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= 4:
            word = base + put
            break
    word = word[:-3] + "ise" if word.endswith("ize") and len(word) > 5 else word
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouysz":
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word
