"""Failures of the engine, in the words and codes of a ClickHouse server."""

import re
from dataclasses import dataclass

_CODE = re.compile(r"Code: (\d+)\. DB::Exception")
_VERSION = re.compile(r" \(version [^()]*(?:\([^()]*\))?\)$")

# https://clickhouse.com: `exceptionCodeToHTTPStatus` in HTTPHandler.cpp. What is not listed is a 500.
_BAD_REQUEST = {6, 26, 27, 38, 41, 53, 62, 70, 72, 117, 130, 131, 307, 349, 456, 457}
_NOT_FOUND = {5, 16, 46, 47, 48, 50, 56, 60, 73, 81, 115, 192}
_FORBIDDEN = {164, 497}
_UNAVAILABLE = {76, 202, 209}


@dataclass(slots=True)
class EngineFailure(Exception):
    """The engine, or the endpoint in its name, refused or failed. `text` is ClickHouse's own error text."""

    text: str
    http_status: int | None = None

    @property
    def code(self) -> int:
        """ClickHouse's number of the error; 1002 (UNKNOWN_EXCEPTION) where the text has none."""
        found = _CODE.search(self.text)
        return int(found.group(1)) if found else 1002

    @property
    def status(self) -> int:
        """The HTTP status that a ClickHouse server answers with."""
        if self.http_status:
            return self.http_status
        table = ((400, _BAD_REQUEST), (404, _NOT_FOUND), (403, _FORBIDDEN), (503, _UNAVAILABLE), (501, {48}))
        return next((status for status, codes in table if self.code in codes), 500)


def failure_of(fault: Exception) -> EngineFailure:
    """What chdb raised, without its own prefix and without the version that only some failures carry."""
    message = str(fault)
    start = message.find("Code: ")
    return EngineFailure(_VERSION.sub("", message[max(start, 0) :].strip()))
