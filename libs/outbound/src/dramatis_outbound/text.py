"""The text of a web page as people read it. Pure."""

from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

_UNREAD = ("script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "svg", "iframe")
_BLOCKS = [
    "address",
    "article",
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
]


@dataclass(frozen=True, slots=True)
class Reading:
    """A title, empty where there is none, and one line for each paragraph, heading or cell."""

    title: str
    text: str


def read_html(body: bytes, charset: str | None) -> Reading:
    """Menus, forms, scripts and styles are left out. Never raises for odd markup: nothing is read of it then."""
    page = BeautifulSoup(body, "html.parser", from_encoding=charset)
    title = _line(page.title.get_text()) if page.title else ""
    for tag in page.find_all((*_UNREAD, "title")):
        tag.decompose()
    for tag in page.find_all("br"):
        tag.replace_with("\n")
    for tag in page.find_all(_BLOCKS):
        if isinstance(tag, Tag):
            tag.insert_before("\n")
            tag.append("\n")
    return Reading(title, lines(page.get_text()))


def lines(text: str) -> str:
    """Every run of white space as one space or one line break; no empty lines."""
    return "\n".join(filter(None, map(_line, text.splitlines())))


def _line(text: str) -> str:
    return " ".join(text.split())
