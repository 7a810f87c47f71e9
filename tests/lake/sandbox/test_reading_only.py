"""The operator's way to the real lake: everything that reads, in any version, and nothing that changes it."""

import threading
from collections.abc import Iterator

import polars as pl
import pytest

from engine.errors import Rejected
from engine.lightcurve import light_curve
from lake.opening import Lake
from lake.provenance import new_batch
from lake.sandbox.sources import RealLake, is_complete

READING = (
    "SELECT count(*) FROM photometry",
    "FROM lake.batches",
    "DESCRIBE photometry",
    "SHOW TABLES",
    "SUMMARIZE batches",
    "PRAGMA table_info('photometry')",
    "EXPLAIN SELECT * FROM photometry",
    "EXPLAIN ANALYZE SELECT count(*) FROM photometry",
    "SELECT * FROM ducklake_snapshots('lake')",
    "SELECT * FROM ducklake_table_info('lake')",
    "SET threads = 2",
    "SELECT 1 AS a; SELECT 2 AS a;",
)
CHANGING = (
    "DELETE FROM photometry",
    "INSERT INTO batches SELECT * FROM batches",
    "UPDATE photometry SET mag = 0",
    "DROP TABLE photometry",
    "CREATE TABLE t AS SELECT 1",
    "COPY (SELECT 1) TO 'x.csv'",
    "ATTACH 'other.sqlite' (TYPE sqlite)",
    "DETACH lake",
    "INSTALL httpfs",
    "CHECKPOINT",
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "CALL lake.set_commit_message('a', 'b')",
    "SELECT * FROM ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "FROM ducklake_delete_orphaned_files('lake', cleanup_all => true)",
    "SELECT * FROM DuckLake_Merge_Adjacent_Files('lake')",
    "WITH a AS (FROM ducklake_rewrite_data_files('lake')) FROM a",
    "EXPLAIN ANALYZE SELECT * FROM ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "EXPLAIN ANALYZE DELETE FROM photometry",
    "SELECT * FROM sqlite_query('__ducklake_metadata_lake', 'DELETE FROM ducklake_snapshot')",
    "SELECT * FROM sqlite_scan('operations.sqlite', 'tokens')",
    "SELECT * FROM postgres_query('__ducklake_metadata_lake', 'DELETE FROM ducklake_snapshot')",
    "SELECT * FROM query('SELECT * FROM ducklake_cleanup_old_files(''lake'', cleanup_all => true)')",
    "SELECT 1; DELETE FROM photometry",
)


@pytest.fixture
def real(lake: Lake) -> Iterator[RealLake]:
    opened = RealLake(lake)
    yield opened
    opened.close()


def asked(source: RealLake, text: str) -> list[dict[str, object]]:
    return [row for answer in source.answers(text) for batch in answer.batches for row in batch.to_pylist()]


@pytest.mark.parametrize("text", READING)
def test_whatever_reads_is_answered(real: RealLake, text: str) -> None:
    asked(real, text)


@pytest.mark.parametrize("text", CHANGING)
def test_whatever_changes_is_refused_and_the_lake_is_as_it_was(real: RealLake, lake: Lake, text: str) -> None:
    version = lake.store.version()
    with pytest.raises(Rejected) as caught:
        asked(real, text)
    assert caught.value.code in {"not-a-select", "bad-sql"}
    assert lake.store.version() == version
    assert asked(real, "SELECT count(*) AS n FROM batches")[0]["n"] is not None


def test_the_attachment_itself_refuses_to_write(lake: Lake) -> None:
    connection = lake.store.backend.connect(read_only=True)
    with pytest.raises(Exception, match="read-only"):
        connection.execute("DELETE FROM lake.photometry")
    connection.close()


def test_an_older_version_and_the_newest_are_a_command_apart(lake: Lake) -> None:
    before = lake.store.version()
    one = {"source_ref": "1", "mjd": 60000.0, "band": "ZTF(zg)", "mag": 17.0, "mag_err": 0.1}
    points = light_curve(pl.DataFrame([one | {"target_id": 7, "source": "ztf"}]))
    lake.store.append_points(points, batch=new_batch("test", source="ztf"))
    real = RealLake(lake, as_of=str(before))
    count = "SELECT count(*) AS n FROM photometry WHERE target_id = 7"
    assert asked(real, count) == [{"n": 0}]
    assert real.look_at("") == "newest version"
    assert asked(real, count) == [{"n": 1}]
    with pytest.raises(Rejected) as caught:
        real.look_at("no-such-name")
    assert caught.value.code == "unknown-version"
    assert asked(real, count) == [{"n": 1}]
    real.close()


def test_a_statement_that_runs_can_be_cancelled_and_the_next_one_works(real: RealLake) -> None:
    timer = threading.Timer(0.2, real.cancel)
    timer.start()
    with pytest.raises(Rejected, match="INTERRUPT"):
        asked(real, "SELECT count(*) FROM range(100000000000) t(i) WHERE sin(cos(tan(i))) > 2")
    timer.join()
    assert asked(real, "SELECT 1 AS a") == [{"a": 1}]


def test_tables_and_columns_are_listed(real: RealLake) -> None:
    assert {"photometry", "frames", "batches"} <= set(real.tables())
    assert ("mag", "DOUBLE") in real.columns("photometry")
    assert real.columns("nothing") == []


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("SELECT 1;", True),
        ("SELECT 1", False),
        ("SELECT 1; -- done", True),
        ("SELECT ';", False),
        ("SELECT 'a;b'", False),
        ("SELECT 'é';", True),
        ("-- SELECT 1;", False),
        ("SELECT 1; SELECT 2", False),
        ("", False),
    ],
)
def test_a_statement_is_complete_with_its_semicolon(text: str, complete: bool) -> None:
    assert is_complete(text) is complete
