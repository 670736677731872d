"""What the endpoint's HTTP refuses, and what a plain HTTP client sees."""

import socket
import subprocess
import sys
import zlib
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from dramatis_engines.clickhouse import start_clickhouse

LEAK = """
import sys, chdb
connection = chdb.connect(sys.argv[1])
connection.query("SET max_block_size = 500")
leaked = 0
for _ in range(20):
    try:
        connection.query("SELECT number, throwIf(number = 150000) FROM numbers(300000)", "CSV")
    except Exception:
        pass
    leaked += connection.query("SELECT 'mine'", "CSV").bytes() != b'"mine"\\n'
connection.close()
print(leaked)
"""


def test_a_plain_http_client_can_ask(clickhouse_url: str) -> None:
    assert httpx.get(f"{clickhouse_url}/ping").text == "Ok.\n"
    assert httpx.get(clickhouse_url).text == "Ok.\n"
    answer = httpx.post(clickhouse_url, content="SELECT 1 AS one FORMAT JSONEachRow", params={"query_id": "mine"})
    assert answer.text == '{"one":1}\n'
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"].endswith("UTC")
    assert httpx.get(clickhouse_url, params={"query": "SELECT 1", "default_format": "CSV"}).text == "1\n"
    assert httpx.post(clickhouse_url, params={"query": "SELECT"}, content="2").text == "2\n"


def test_get_only_reads(clickhouse_url: str) -> None:
    answer = httpx.get(clickhouse_url, params={"query": "CREATE DATABASE by_get"})
    assert answer.status_code == 403
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert answer.text.startswith("Code: 164. DB::Exception: ")


@pytest.mark.parametrize(
    ("statement", "status"), [("SELEKT 1", 400), ("SELECT * FROM nowhere", 404), ("SELECT throwIf(1)", 500)]
)
def test_a_failure_has_the_status_of_a_clickhouse_server(clickhouse_url: str, statement: str, status: int) -> None:
    answer = httpx.post(clickhouse_url, content=statement)
    assert answer.status_code == status
    assert answer.text.startswith(f"Code: {answer.headers['X-ClickHouse-Exception-Code']}. DB::Exception: ")


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example:8123"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_web_page_is_refused(clickhouse_url: str, headers: dict[str, str]) -> None:
    assert httpx.get(clickhouse_url, params={"query": "SELECT 1"}, headers=headers).status_code == 403


def test_a_body_beyond_the_limit_is_refused_also_when_it_only_grows_to_it(clickhouse_url: str) -> None:
    packed = zlib.compressobj(wbits=31)
    bomb = b"".join(packed.compress(b" " * 2**20) for _ in range(129)) + packed.flush()
    answer = httpx.post(clickhouse_url, content=bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    connection = HTTPConnection(clickhouse_url.removeprefix("http://"))
    connection.request("POST", "/", headers={"Content-Length": str(2**40)})
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    "head", ["Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1c\r\n", "Content-Length: x\r\n\r\n"]
)
def test_a_client_that_goes_away_in_the_middle_of_its_rows_has_inserted_none(clickhouse_url: str, head: str) -> None:
    httpx.post(clickhouse_url, content="CREATE TABLE IF NOT EXISTS half (a UInt8) ENGINE = Memory")
    host, port = clickhouse_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\n{head}INSERT INTO half FORMAT CSV\n1\n2\n".encode())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            """Until the server has closed its side."""
    assert httpx.post(clickhouse_url, content="SELECT count() FROM half").text == "0\n"


def test_a_broken_or_unknown_encoding_is_refused(clickhouse_url: str) -> None:
    for encoding in ("gzip", "lz4", "zstd", "deflate", "br"):
        answer = httpx.post(clickhouse_url, content=b"SELECT 1", headers={"Content-Encoding": encoding})
        assert answer.status_code == 400, encoding


def test_an_answer_too_large_to_be_held_is_refused_and_can_be_streamed(clickhouse_url: str) -> None:
    query = "SELECT repeat('x', 1000 + number % 2) FROM numbers(300000) FORMAT TSV"
    whole = httpx.post(clickhouse_url, content=query, params={"wait_end_of_query": "1"}, timeout=60)
    assert whole.headers["X-ClickHouse-Exception-Code"] == "396"
    with httpx.stream("POST", clickhouse_url, content=query, timeout=60) as answer:
        first = next(answer.iter_raw())
        assert answer.status_code == 200
        assert first.startswith(b"x" * 1000)


def test_chdb_leaks_rows_when_a_connection_outlives_a_failure(tmp_path: Path) -> None:
    """The reason why the endpoint opens a connection for each request. When this fails, chdb is mended."""
    command = [sys.executable, "-c", LEAK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) > 0


def test_the_port_is_remembered(tmp_path: Path) -> None:
    first = start_clickhouse(tmp_path)
    first.stop()
    second = start_clickhouse(tmp_path)
    second.stop()
    assert second.url == first.url
