"""How a problem and its product are called in questions and answers. Pure."""

import re

from dramatis_simulation_engine.interrogation.dossier import Dossier

_NOUNS = (
    "app|tool|product|platform|service|software|site|website|portal|shop|store|course|club|editor|planner|tracker|guide|"
    "assistant|newsletter|marketplace|suite|crm|player|program|system|marketplace|calendar|game|newsletter|package|plan"
)
_OURS = re.compile(rf"\b(?:our|the|my)\s+((?:[\w'-]+\s+){{0,2}}?(?:{_NOUNS}))\b", re.IGNORECASE)
_CONTEXT = re.compile(rf"^((?:[\w'-]+\s+){{0,3}}?(?:{_NOUNS}))\b", re.IGNORECASE)
_VERBS = re.compile(
    r"\b(?:use|uses|using|open|opens|try|tries|leave|stop|with|in|of|to|from|and|from)\b", re.IGNORECASE
)
_LONG = 90


def product_of(dossier: Dossier) -> str:
    """What the problem calls its product ("the running app"), else what the context does, else "the product"."""
    problem, context = dossier.requested.user_input, dossier.requested.stakeholder.product_context or ""
    for found in _OURS.finditer(problem):
        if not _VERBS.search(found[1]):
            return f"the {found[1].lower()}"
    named = _CONTEXT.match(context)
    if named and len(context) < _LONG:
        return f"the {named[1][0].lower()}{named[1][1:]}"
    return "the product"


def shortened(text: str) -> str:
    """The first sentence of a text, cut at a word if it is long."""
    first = re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]
    return first if len(first) <= _LONG else f"{first[:_LONG].rsplit(' ', 1)[0]}…"
