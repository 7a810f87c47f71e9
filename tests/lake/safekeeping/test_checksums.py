"""A checksum depends on every bit of every row, and on nothing else."""

import hashlib
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import duckdb
import polars as pl
import pytest
from filling import points
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.opening import Lake
from lake.provenance import new_batch
from lake.safekeeping.checksums import Checksum, database_checksums, file_checksums, table_checksum, total

Row = tuple[object, ...]
Rows = list[Row]
COLUMNS = {"a": "BIGINT", "b": "DOUBLE", "c": "VARCHAR", "d": "VARCHAR[]"}
words = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
rows = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(),
    words,
    st.none() | st.lists(words, max_size=3),
)
records = st.tuples(st.none() | st.integers(-9, 9), st.none() | st.floats(allow_nan=False), words)
tables = st.lists(rows, max_size=12)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    opened.execute("ATTACH ':memory:' AS lake")
    opened.execute("CREATE TABLE lake.t (a BIGINT, b DOUBLE, c VARCHAR, d VARCHAR[], filename VARCHAR)")
    return opened


def checksum_of(connection: duckdb.DuckDBPyConnection, table: Rows) -> Checksum:
    connection.execute("DELETE FROM lake.t")
    for number, row in enumerate(table):
        connection.execute("INSERT INTO lake.t VALUES (?, ?, ?, ?, ?)", [*row, f"file {number % 3}"])
    return table_checksum(connection, "t", COLUMNS)


def same_values(table: Rows) -> list[str]:
    """Return the rows in a form that is equal where every bit is."""
    return sorted(
        repr(tuple(v.hex() if isinstance(v, float) and not math.isnan(v) else v for v in row))
        for row in table
    )


@given(tables, st.randoms())
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_does_not_count(
    connection: duckdb.DuckDBPyConnection, table: Rows, random: Random
) -> None:
    shuffled = list(table)
    random.shuffle(shuffled)
    assert checksum_of(connection, table) == checksum_of(connection, shuffled)


@given(tables, tables)
@settings(max_examples=15, deadline=None)
def test_different_rows_have_different_checksums(
    connection: duckdb.DuckDBPyConnection, table: Rows, other: Rows
) -> None:
    is_same = same_values(table) == same_values(other)
    assert (checksum_of(connection, table) == checksum_of(connection, other)) is is_same


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ((1, 0.1, "a", None), (1, math.nextafter(0.1, 1), "a", None)),
        ((1, 0.0, "a", None), (1, -0.0, "a", None)),
        ((1, None, "a", None), (1, math.nan, "a", None)),
        ((None, None, "", None), (None, None, None, None)),
        ((None, None, "1|", []), (1, None, "", [])),
        ((1, None, None, ["a", "b"]), (1, None, None, ["a|1|b"])),
        ((1, None, None, ["a, b"]), (1, None, None, ["a", "b"])),
        ((1, None, None, [None]), (1, None, None, [""])),
        ((1, None, None, []), (1, None, None, None)),
    ],
)
def test_the_least_difference_counts(connection: duckdb.DuckDBPyConnection, row: Row, other: Row) -> None:
    assert checksum_of(connection, [row]) != checksum_of(connection, [other])


def test_two_equal_rows_are_not_none(connection: duckdb.DuckDBPyConnection) -> None:
    row = (1, 0.1, "a", None)
    assert len({checksum_of(connection, [row] * number) for number in range(4)}) == 4


def test_the_checksum_is_the_sum_of_md5_of_plain_text(connection: duckdb.DuckDBPyConnection) -> None:
    found = checksum_of(connection, [(7, 1.0, "żółw", ["a", None]), (None, None, None, None)])
    texts = ["7|4607182418800017408|7|żółw|2|1|a|-", "-|-|-||-"]
    digests = [hashlib.md5(text.encode()).digest() for text in texts]
    upper, lower = (sum(int.from_bytes(d[at : at + 8], "little") for d in digests) for at in (0, 8))
    assert found == Checksum(rows=2, digest=f"{((upper << 64) + lower) % 2**128:032x}")


def test_files_can_be_added_up_one_by_one(connection: duckdb.DuckDBPyConnection) -> None:
    whole = checksum_of(connection, [(number, number / 3, str(number), None) for number in range(30)])
    files = [f"file {number}" for number in range(3)]
    one_by_one = [file_checksums(connection, "t", COLUMNS, files=[file])[file] for file in files]
    assert total(one_by_one) == whole
    assert [each.rows for each in one_by_one] == [10, 10, 10]


@given(st.lists(records, max_size=9))
@settings(max_examples=15, deadline=None)
def test_a_database_file_is_the_sum_of_its_rows(
    tmp_path_factory: pytest.TempPathFactory, table: Rows
) -> None:
    def database(name: str, columns: str, of: Rows) -> Path:
        file = tmp_path_factory.mktemp("databases") / name
        with closing(sqlite3.connect(file)) as opened, opened:
            opened.execute(f"CREATE TABLE t ({columns})")
            opened.executemany("INSERT INTO t VALUES (?, ?, ?)", of)
        return file

    straight = database("a", "x INTEGER, y REAL, z TEXT", table)
    turned = database("b", "z TEXT, x INTEGER, y REAL", [(z, x, y) for x, y, z in reversed(table)])
    more = database("c", "x INTEGER, y REAL, z TEXT", [*table, (1, 0.5, "more")])
    assert database_checksums(straight) == database_checksums(turned)
    assert database_checksums(straight) != database_checksums(more)


def test_the_way_in_which_points_came_does_not_count(lake: Lake) -> None:
    rows = points(1, "ztf", n=60)
    sums = []
    for pieces in (1, 4):
        lake.store.replace_points(1, "ztf", rows.clear(), batch=new_batch("test", "ztf"))
        size = len(rows) // pieces
        for start in range(0, len(rows), size):
            lake.store.append_points(rows.slice(start, size), batch=new_batch("test", "ztf"))
        schema = {"mjd": "DOUBLE", "mag": "DOUBLE", "source_ref": "VARCHAR", "target_id": "BIGINT"}
        with closing(lake.store.backend.connect(read_only=True)) as connection:
            sums.append(table_checksum(connection, "photometry", schema))
            files = file_checksums(connection, "photometry", schema)
        assert len(files) >= pieces
    assert sums[0] == sums[1]
    assert sums[0].rows == len(pl.concat([rows]))
