"""The embedded ClickHouse endpoint behaves like a server, through clickhouse-connect's ordinary HTTP client."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from dramatis_engines.clickhouse import start_clickhouse
from dramatis_engines.processes import EngineFailed
from dramatis_kit import new_id

NOW = datetime(2026, 5, 1, 12, 30, 15, 250000, tzinfo=UTC)
TABLE = "(id String, n UInt64, t DateTime64(3, 'UTC'), x Nullable(String)) ENGINE = ReplacingMergeTree ORDER BY id"
COLUMNS = ("id", "n", "t", "x")
FAILS_LATE = "SELECT number, throwIf(number = 150000) FROM numbers(300000)"


@pytest.fixture
def client(clickhouse_url: str) -> Iterator[Client]:
    name = new_id("db")
    with clickhouse_connect.get_client(dsn=clickhouse_url) as admin:
        admin.command(f"CREATE DATABASE {name}")
        with clickhouse_connect.get_client(dsn=clickhouse_url, database=name) as client:
            yield client
        admin.command(f"DROP DATABASE {name}")


def test_an_inserted_row_is_read_back_as_it_was(client: Client) -> None:
    client.command(f"CREATE TABLE t {TABLE}")
    row = ("evt_ü\t'\\", 2**64 - 1, NOW, None)
    summary = client.insert("t", [row], column_names=COLUMNS)
    assert summary.written_rows == 1
    assert client.query("SELECT * FROM t", tz_mode="aware").result_rows == [row]


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_every_encoding_of_the_client_works_both_ways(
    clickhouse_url: str, client: Client, compress: str | bool
) -> None:
    client.command(f"CREATE TABLE t {TABLE}")
    rows = [(f"evt_{n}", n, NOW, None) for n in range(20_000)]
    with clickhouse_connect.get_client(dsn=clickhouse_url, database=client.database, compress=compress) as other:
        other.insert("t", rows, column_names=COLUMNS)
        assert len(other.query("SELECT * FROM t").result_rows) == 20_000
        with other.query_row_block_stream("SELECT * FROM t") as blocks:
            assert sum(len(block) for block in blocks) == 20_000


def test_parameters_are_values_never_sql(client: Client) -> None:
    text = "it's \\ a\ttab\nand 'DROP' é"
    query = "SELECT {a:String}, {b:Array(String)}, {c:DateTime}, {d:Nullable(UInt8)}"
    values = {"a": text, "b": ["x", "y'z"], "c": NOW, "d": None}
    assert client.query(query, values).result_rows == [
        (text, ["x", "y'z"], NOW.replace(microsecond=0, tzinfo=None), None)
    ]


def test_a_parameter_too_long_for_an_address_arrives_as_a_form(client: Client) -> None:
    assert client.query("SELECT length({a:String})", {"a": "é" * 50_000}).result_rows == [(100_000,)]


def test_settings_hold_for_their_request_only(client: Client) -> None:
    ask = "SELECT getSetting('max_threads')"
    before = client.command(ask)
    assert client.command(ask, settings={"max_threads": 7}) == 7
    assert client.command(ask) == before


def test_other_formats_and_raw_inserts_work(client: Client) -> None:
    client.command("CREATE TABLE t (a UInt8, b String) ENGINE = MergeTree ORDER BY a")
    client.raw_insert("t", ["a", "b"], b"1,x\n2,y\n", fmt="CSV")
    client.raw_insert("t", ["a", "b"], (part for part in (b'{"a":3,', b'"b":"z"}\n')), fmt="JSONEachRow")
    client.command("INSERT INTO t VALUES (4, 'format'), (5, 'select')")
    client.command("INSERT INTO t SELECT 6, 'values'")
    assert client.raw_query("SELECT a, b FROM t ORDER BY a", fmt="CSV") == (
        b'1,"x"\n2,"y"\n3,"z"\n4,"format"\n5,"select"\n6,"values"\n'
    )


def test_a_command_without_an_answer_is_told_from_an_empty_answer(client: Client) -> None:
    assert client.command("SELECT 1 WHERE 0") == ""
    assert not isinstance(client.command("CREATE TABLE e (a UInt8) ENGINE = Memory"), str)
    assert client.query("SELECT 1 AS a, 'x' AS b LIMIT 0").column_names == ("a", "b")


def test_a_failure_has_the_code_the_name_and_the_words_of_clickhouse(client: Client) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE") as unknown:
        client.query("SELECT * FROM nowhere")
    assert unknown.value.code == 60
    with pytest.raises(DatabaseError, match="SYNTAX_ERROR"):
        client.command("SELEKT 1")
    with pytest.raises(DatabaseError, match="Empty query"):
        client.command(" ")


def test_a_query_that_fails_in_the_middle_of_its_stream_says_so(client: Client) -> None:
    with (
        pytest.raises(StreamFailureError, match="throwIf"),
        client.query_row_block_stream(FAILS_LATE, settings={"max_block_size": 1000}) as blocks,
    ):
        list(blocks)


def test_a_broken_insert_leaves_no_row(client: Client) -> None:
    client.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(DatabaseError, match="INCORRECT_DATA"):
        client.raw_insert("t", ["a"], b"1\n2\nthree\n", fmt="CSV")
    assert client.command("SELECT count() FROM t") == 0


def test_no_row_of_a_failed_query_reaches_another_one(clickhouse_url: str) -> None:
    """chdb prepends what a failed query had answered to the next answer of its connection."""

    def work(worker: int) -> int:
        leaked = 0
        with clickhouse_connect.get_client(dsn=clickhouse_url, autogenerate_session_id=False) as client:
            for number in range(40):
                with pytest.raises(DatabaseError):
                    client.raw_query(FAILS_LATE, settings={"max_block_size": 500})
                mine = f"{worker}-{number}"
                leaked += client.raw_query(f"SELECT '{mine}'", fmt="CSV") != f'"{mine}"\n'.encode()
        return leaked

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM `fil\\x65`('/etc/hostname', 'LineAsString')",
        "SELECT file ('/etc/hostname')",
        "SELECT `file`('/etc/hostname')",
        "SELECT `fil\\x65`('/etc/hostname')",
        "SELECT $$'$$, file/**/('/etc/hostname'), $$'$$",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:1', system.one)",
        "SELECT * FROM executable('cat /etc/hostname', 'TSV', 'a String')",
        "SELECT * FROM python('client')",
        "SELECT * FROM `/etc/hostname`",
        "SELECT 1 INTO OUTFILE '/tmp/out'",
        "INSERT INTO f FROM INFILE '/etc/hostname' FORMAT LineAsString",
        "INSERT INTO FUNCTION file('/tmp/out', 'CSV', 'a UInt8') VALUES (1)",
        "CREATE TABLE f (a String) ENGINE = File(CSV, '/etc/hostname')",
        "CREATE TABLE f (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
        "CREATE FUNCTION f AS (x) -> file(x)",
        "BACKUP DATABASE default TO File('/tmp/out')",
        "CREATE USER u",
    ],
)
def test_neither_the_files_nor_the_network_of_the_machine_are_in_reach(client: Client, statement: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        client.command(statement)
    assert refused.value.code in (497, 60)  # ACCESS_DENIED, UNKNOWN_TABLE


def test_data_survives_a_clean_stop_and_a_kill(tmp_path: Path) -> None:
    running = start_clickhouse(tmp_path)
    with clickhouse_connect.get_client(dsn=running.url) as client:
        client.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.insert("t", [[1]], column_names=["a"])
    running.stop()
    assert running.process.returncode == 0
    for rows in (2, 3):
        running = start_clickhouse(tmp_path)
        with clickhouse_connect.get_client(dsn=running.url) as client:
            client.insert("t", [[rows]], column_names=["a"])
            assert client.command("SELECT count() FROM t") == rows
        running.process.kill()
        running.process.wait()


def test_a_second_engine_on_the_same_folder_does_not_start(tmp_path: Path) -> None:
    running = start_clickhouse(tmp_path)
    try:
        with pytest.raises(EngineFailed):
            start_clickhouse(tmp_path)
        assert running.process.poll() is None
    finally:
        running.stop()
