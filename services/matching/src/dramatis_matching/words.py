"""Words as matching compares them: lower case, singular, underscores; synonyms from a reviewed table. Pure.

A word that the table does not have matches itself and nothing else.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from dramatis_matching.rules import load

_WORD = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """`"Wine Cellars"` → `wine_cellar`; a text without letters and digits stays as it is, in lower case."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return "_".join(map(_singular, _WORD.findall(bare))) or bare.strip()


def word(text: str) -> str:
    """The word that stands for a text: of synonyms the one that heads their entry."""
    written = plain(text)
    return synonyms().get(written, written)


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """Distinct words, in the order of the texts."""
    return tuple(dict.fromkeys(word(text) for text in texts))


def literal(found: Iterable[str]) -> tuple[str, ...]:
    """Those that the table of synonyms does not have, so that they match only themselves."""
    return tuple(written for written in found if written not in synonyms())


@cache
def synonyms() -> Mapping[str, str]:
    """Every word of the table with the head of its entry, heads included."""
    entries: Mapping[str, list[str]] = load("synonyms")
    return {plain(written): plain(head) for head, others in entries.items() for written in (head, *others)}


def _singular(written: str) -> str:
    if written in ("children", "grandchildren"):
        return written[:-3]
    if len(written) > 4 and written.endswith("ies"):
        return written[:-3] + "y"
    if len(written) > 3 and written.endswith("s") and not written.endswith(("ss", "us", "is")):
        return written[:-1]
    return written
