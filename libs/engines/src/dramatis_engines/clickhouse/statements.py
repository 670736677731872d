"""Reads of a statement what the endpoint must know: is it allowed, does it answer rows, where does its data begin."""

import re
from dataclasses import dataclass
from typing import Literal

from dramatis_engines.clickhouse.failures import EngineFailure

MAX_STATEMENT = 4 * 2**20
"""Bytes of SQL without the data of an insert; a list of ids in an IN may be long."""

_STREAMED = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
"""Formats without a head or a foot: blocks may be sent one after another."""

_ANSWERING = frozenset({b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"DESC", b"EXPLAIN", b"EXISTS", b"CHECK", b"FROM"})

_SPACE = rb"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_FIRST_WORD = re.compile(_SPACE + rb"\(*\s*([A-Za-z]+)", re.DOTALL)
_LAST_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)[\s;]*$", re.IGNORECASE)

# What privileges do not cover: the scalar function file(), objects of the hosting Python process, and clauses that
# chdb, being a client as well, carries out on local files. Matched anywhere, also in literals: values travel as
# parameters, and no state means nothing to desynchronize.
_REFUSED = re.compile(
    rb"\b(?:INTO" + _SPACE + rb"OUTFILE|FROM" + _SPACE + rb"INFILE)\b"
    rb"|\b(?:file|python|eval|executable)[`\"]?" + _SPACE + rb"\("
    rb"|[`\"][^`\"\n]*\\[^`\"\n]*[`\"]" + _SPACE + rb"\(",
    re.IGNORECASE | re.DOTALL,
)

_INSERT_TOKEN = re.compile(
    rb"(?P<skip>\s+|--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\")"
    rb"|(?P<word>[A-Za-z_]\w*)|(?P<other>.)",
    re.DOTALL,
)
_FORMAT_NAME = re.compile(rb"\s+(\w+)[ \t\r]*\n?")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `data` belongs to an insert and is in `format`; else `format` is that of the answer.

    `kind`: "rows" answers rows, "stream" rows in a format that can be sent block by block, "insert" carries data,
    "command" answers nothing.
    """

    sql: str
    kind: Literal["rows", "stream", "insert", "command"]
    format: str
    data: bytes = b""


def parse(body: bytes, default_format: str) -> Statement:
    """Raises `EngineFailure` for a statement that is empty, too long, not UTF-8 or not allowed here."""
    first = _FIRST_WORD.match(body)
    word = first.group(1).upper() if first else b""
    if word == b"INSERT" and (insert := _insert_with_data(body)):
        return insert
    sql = _checked(body)
    if word not in _ANSWERING:
        return Statement(sql, "command", default_format)
    named = _LAST_FORMAT.search(body)
    output = named.group(1).decode() if named else default_format
    streamed = word in (b"SELECT", b"WITH") and output in _STREAMED
    return Statement(sql, "stream" if streamed else "rows", output)


def _insert_with_data(body: bytes) -> Statement | None:
    """`INSERT … FORMAT X` or `… VALUES` and what follows; None for `INSERT … SELECT`."""
    depth = 0
    for token in _INSERT_TOKEN.finditer(body):
        if token.lastgroup == "other":
            depth += {b"(": 1, b")": -1}.get(token.group(), 0)
        if token.lastgroup != "word" or depth:
            continue
        word = token.group().upper()
        if word in (b"SELECT", b"WITH"):
            return None
        if word == b"VALUES":
            return Statement(_checked(body[: token.start()]), "insert", "Values", body[token.end() :])
        if word == b"FORMAT" and (name := _FORMAT_NAME.match(body, token.end())):
            return Statement(_checked(body[: token.start()]), "insert", name.group(1).decode(), body[name.end() :])
        if token.start() > MAX_STATEMENT:
            break
    return None


def _checked(sql: bytes) -> str:
    if not sql.strip():
        raise EngineFailure("Code: 62. DB::Exception: Empty query. (SYNTAX_ERROR)")
    if len(sql) > MAX_STATEMENT:
        raise EngineFailure(f"Code: 62. DB::Exception: Statement of more than {MAX_STATEMENT} bytes. (SYNTAX_ERROR)")
    if _REFUSED.search(sql):
        raise EngineFailure(
            "Code: 497. DB::Exception: default: Not enough privileges: local files and objects of the hosting process "
            "are out of reach here. (ACCESS_DENIED)"
        )
    try:
        return sql.decode()
    except UnicodeDecodeError:
        raise EngineFailure("Code: 62. DB::Exception: The statement is not UTF-8. (SYNTAX_ERROR)") from None
