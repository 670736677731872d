"""ClickHouse's HTTP interface on loopback, one thread per connection."""

import json
import secrets
import socket
import time
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from threading import BoundedSemaphore
from typing import Any

from dramatis_engines.clickhouse.encodings import compressed
from dramatis_engines.clickhouse.engine import Engine
from dramatis_engines.clickhouse.failures import EngineFailure
from dramatis_engines.clickhouse.requests import Asked, admit, asked, read_body

MAX_BODY = 128 * 2**20
"""Bytes of a request, before and after decompression."""

MAX_CONNECTIONS = 128

Connection = socket.socket | tuple[bytes, socket.socket]

_SUMMARY = ("read_rows", "read_bytes", "written_rows", "written_bytes", "result_rows", "result_bytes", "elapsed_ns")
_NO_DATA = frozenset({"command", "insert"})


class Endpoint(ThreadingHTTPServer):
    """Answers until `shutdown`; a connection beyond the limit is closed unanswered, which clients retry."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, engine: Engine) -> None:
        self.engine = engine
        self.connections = BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Connection, client_address: Any) -> None:
        if self.connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Connection, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # seconds that a connection may be idle, or a client slow to read
    server: Endpoint

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Requests are not logged: their addresses hold statements."""

    def _answer(self) -> None:
        self._begun = False
        self._query_id = str(uuid.uuid4())
        self.close_connection = True  # until the body is known to be read to its end
        try:
            try:
                self._respond()
            except EngineFailure as failure:
                self._fail(failure)
        except OSError:
            self.close_connection = True  # the client is gone

    def _respond(self) -> None:
        admit(self.path, self.headers)
        body = read_body(self.rfile, self.headers, MAX_BODY)
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        if self.command == "GET" and "query=" not in self.path:
            self._send(200, b"Ok.\n", {})
            return
        question = asked(self.command, self.path, self.headers, body)
        self._query_id = question.query_id or self._query_id
        self._reply(question)

    def _reply(self, question: Asked) -> None:
        if question.request.statement.kind == "stream" and not question.whole:
            self._stream(question)
            return
        started = time.monotonic_ns()
        answer = self.server.engine.run(question.request)
        summary = {"elapsed_ns": time.monotonic_ns() - started, "result_bytes": len(answer.body), **answer.summary}
        encoding = question.encoding if answer.body else None
        body = b"".join(compressed(iter((answer.body,)), encoding))
        self._send(200, body, self._headers(question, encoding, summary))

    def _stream(self, question: Asked) -> None:
        blocks = self.server.engine.stream(question.request)
        try:
            first = next(blocks, b"")  # what fails before its first block still gets a status of its own
            encoding = question.encoding if first else None
            self._stream_from(chain((first,), blocks), question, encoding)
        finally:
            blocks.close()  # frees the engine when the client is gone

    def _stream_from(self, blocks: Iterator[bytes], question: Asked, encoding: str | None) -> None:
        tag = secrets.token_hex(8)
        headers = self._headers(question, encoding, {})
        headers |= {"Transfer-Encoding": "chunked", "X-ClickHouse-Exception-Tag": tag}
        self._begin(200, headers)
        for chunk in compressed(_with_failure(blocks, tag, self), encoding):
            if chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")

    def _headers(self, question: Asked, encoding: str | None, summary: dict[str, int]) -> dict[str, str]:
        headers = {"X-ClickHouse-Summary": json.dumps({name: str(summary.get(name, 0)) for name in _SUMMARY})}
        if encoding:
            headers["Content-Encoding"] = encoding
        if question.request.statement.kind not in _NO_DATA:
            headers["X-ClickHouse-Format"] = question.request.statement.format
        return headers

    def _fail(self, failure: EngineFailure) -> None:
        if self._begun:
            self.close_connection = True
            return
        self._send(failure.status, self.text_of(failure), {"X-ClickHouse-Exception-Code": str(failure.code)})

    def text_of(self, failure: EngineFailure) -> bytes:
        """The failure as a server words it, with its version."""
        return f"{failure.text} (version {self.server.engine.version} (embedded))\n".encode()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._begin(status, {**headers, "Content-Length": str(len(body))}, body)

    def _begin(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Send the head, in one write with the body: two would wait for a delayed acknowledgement."""
        self._begun = True
        headers = {
            "Date": self.date_time_string(),
            "Connection": "close" if self.close_connection else "Keep-Alive",
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Query-Id": self._query_id,
            "X-ClickHouse-Timezone": self.server.engine.timezone,
            **headers,
        }
        lines = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in headers.items())
        self.wfile.write(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode() + body)


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _with_failure(blocks: Iterator[bytes], tag: str, handler: _Handler) -> Iterator[bytes]:
    """The blocks; where they break off, the failure in the form that clients look for, and the connection ends."""
    try:
        yield from blocks
    except EngineFailure as failure:
        text = handler.text_of(failure)
        mark = f"\r\n__exception__\r\n{tag}\r\n".encode()
        yield mark + text + f"{len(text)} {tag}\r\n__exception__\r\n".encode()
        handler.close_connection = True
