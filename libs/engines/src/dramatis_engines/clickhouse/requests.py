"""Reads an HTTP request as ClickHouse's HTTP interface does: a statement, its settings and its parameters.

The statement is the `query` parameter, a line feed and the body, of which either may be missing; with a multipart form
its fields stand for query parameters. Other query parameters are settings, except for those that concern HTTP alone.
Sessions are not kept: `session_id` is accepted and has no effect, so a temporary table lives for one request.
"""

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from io import BufferedIOBase
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from dramatis_engines.clickhouse.encodings import decompressed, negotiated, too_large
from dramatis_engines.clickhouse.engine import Request
from dramatis_engines.clickhouse.failures import EngineFailure
from dramatis_engines.clickhouse.statements import parse

_HTTP_ONLY = frozenset(
    (
        *("query", "query_id", "database", "default_format", "user", "password", "role", "quota_key", "stacktrace"),
        *("session_id", "session_timeout", "session_check", "close_session", "client_protocol_version"),
        *("compress", "decompress", "enable_http_compression", "http_zlib_compression_level", "buffer_size"),
        *("wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms"),
        "cancel_http_readonly_queries_on_client_close",
    )
)

Headers: TypeAlias = "Message[str, str]"

_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What an HTTP request asks for. `encoding`: that of the answer; `whole`: only a complete answer will do."""

    request: Request
    query_id: str
    encoding: str | None
    whole: bool


def admit(target: str, headers: Headers) -> None:
    """Refuse unknown paths, and pages of the web: none may query the engine of whoever looks at it.

    `Host` is checked because a page's own DNS name may be bound to 127.0.0.1.
    """
    if urlsplit(target).path not in ("/", "/ping"):
        raise EngineFailure("Code: 1002. DB::Exception: There is no such path. (UNKNOWN_EXCEPTION)", 404)
    host = urlsplit(f"//{headers.get('Host', '127.0.0.1')}").hostname
    if host not in _LOCAL_HOSTS or "Origin" in headers or "Sec-Fetch-Site" in headers:
        text = "Code: 497. DB::Exception: Only local programs may ask, not web pages. (ACCESS_DENIED)"
        raise EngineFailure(text, 403)


def read_body(stream: BufferedIOBase, headers: Headers, limit: int) -> bytes:
    """The body as sent, at most `limit` bytes of it; decompressed it may be as large again."""
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        body = _chunked(stream, limit)
    else:
        size = _number(headers.get("Content-Length") or "0", 10)
        if size > limit:
            raise too_large(limit)
        body = _exactly(stream, size)
    return decompressed(body, headers.get("Content-Encoding", "").strip().lower(), limit)


def _chunked(stream: BufferedIOBase, limit: int) -> bytes:
    parts: list[bytes] = []
    room = limit
    while size := _number(stream.readline(1024).partition(b";")[0].decode("latin-1"), 16):
        room -= size
        if room < 0:
            raise too_large(limit)
        parts.append(_exactly(stream, size))
        stream.readline(8)
    while stream.readline(65536).strip():
        """Trailers carry nothing that is used."""
    return b"".join(parts)


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    """A client that goes away in the middle of its rows has inserted none of them."""
    body = stream.read(size)
    if len(body) < size:
        raise ConnectionAbortedError
    return body


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise EngineFailure("Code: 6. DB::Exception: The length of the body cannot be read. (CANNOT_PARSE_TEXT)", 400)
    return number


def asked(method: str, target: str, headers: Headers, body: bytes) -> Asked:
    """Raises `EngineFailure` for a request that cannot be understood or is not allowed."""
    parameters = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    if headers.get("Content-Type", "").startswith("multipart/form-data"):
        parameters |= _form(headers["Content-Type"], body)
        body = b""
    default_format = headers.get("X-ClickHouse-Format") or parameters.get("default_format") or "TabSeparated"
    query = parameters.get("query", "").encode()
    text = query + b"\n" + body if query and body else query or body
    wants = parameters.get("enable_http_compression") == "1"
    return Asked(
        request=Request(
            statement=parse(text, default_format),
            database=parameters.get("database") or headers.get("X-ClickHouse-Database") or "",
            settings={name: value for name, value in parameters.items() if _is_setting(name)},
            parameters={name[6:]: value for name, value in parameters.items() if name.startswith("param_")},
            read_only=method == "GET",
        ),
        query_id=parameters.get("query_id", ""),
        encoding=negotiated(headers.get("Accept-Encoding", "")) if wants else None,
        whole=parameters.get("wait_end_of_query") == "1",
    )


def _is_setting(name: str) -> bool:
    return name not in _HTTP_ONLY and not name.startswith("param_")


def _form(content_type: str, body: bytes) -> dict[str, str]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        if part.get_filename():
            raise EngineFailure("Code: 48. DB::Exception: External data is not supported here. (NOT_IMPLEMENTED)")
        name = part.get_param("name", header="Content-Disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode()
    return fields
