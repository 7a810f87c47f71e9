# ruff: noqa: E501 - a statement reads best on one line
"""What an honest query gets, what it costs when it is too much, and that nothing stays behind."""

import gc
import threading
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from sandbox_ground import ROWS, SMALL, Ground, rows_of

from engine.errors import Rejected, Transient
from lake.sandbox.publication import Publication
from lake.sandbox.run import Sandbox, run_select
from lake.sandbox.words import clean
from lake.sandbox.worker import Worker

FOREVER = "SELECT count(*) FROM range(100000000000) t(i) WHERE sin(cos(tan(i))) > 2"


def test_rows_come_in_batches_with_the_snapshot_they_were_read_from(sandbox: Sandbox, ground: Ground) -> None:
    sql = "SELECT band, count(*) AS points, avg(mag) AS mag FROM photometry GROUP BY band ORDER BY band"
    with sandbox.select(ground.publication, sql) as selection:
        rows = rows_of(selection)
    assert [(row["band"], row["points"]) for row in rows] == [("g", ROWS // 2), ("r", ROWS // 2)]
    assert str(selection.snapshot) == "paper-2026a (lake version 41)"
    assert selection.schema.metadata == {b"tomlake.published": b"paper-2026a", b"tomlake.snapshot": b"41"}
    assert not selection.truncated


HONEST = (
    "FROM photometry SELECT max(mag)",
    "TABLE targets",
    "VALUES (1), (2)",
    "(SELECT 1)",
    "SELECT 1;",
    "SELECT 1 -- a remark",
    "SELECT name, count(*) FROM photometry JOIN targets USING (target_id) GROUP BY ALL ORDER BY 2 DESC, 1",
    "SELECT * FROM PhotoMetry p, main.targets t WHERE p.target_id = t.target_id AND t.name = 'Star7'",
    "WITH bright AS (SELECT * FROM photometry WHERE mag < 15.2) SELECT count(*) FROM bright b JOIN BRIGHT c USING (mjd)",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT sum(i) FROM n",
    "SELECT target_id, mjd, mag - lag(mag) OVER (PARTITION BY target_id ORDER BY mjd) FROM photometry LIMIT 9",
    "SELECT * FROM photometry QUALIFY row_number() OVER (PARTITION BY target_id ORDER BY mag) = 1",
    "SELECT * FROM (FROM photometry WHERE target_id = 3) USING SAMPLE 5 ROWS",
    "PIVOT (FROM photometry WHERE target_id < 3) ON band IN ('g', 'r') USING avg(mag) GROUP BY target_id",
    "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
    "SELECT unnest([1, 2, 3]) AS i, range(3), {'a': 1, 'b': [2.5]}, map {'k': 1}",
    "SELECT * FROM generate_series(1, 3) g(i), unnest(['a', 'b']) u(s)",
    "SELECT * FROM json_each('{\"a\": 1}')",
    "SELECT list_transform([1, 2], x -> x * 2), [x + 1 FOR x IN [1, 2] IF x > 1]",
    "SELECT median(mag), quantile_cont(mag, 0.9), regr_slope(mag, mjd), histogram(band) FROM photometry",
    "SELECT table_name, column_name FROM information_schema.columns ORDER BY ALL",
    "SELECT NULL, 1::HUGEINT, 1.5::DECIMAL(9, 2), DATE '2026-11-21', TIMESTAMP '2026-11-21 10:00:00', "
    "INTERVAL 1 DAY, 'x'::BLOB, uuid(), '101'::BIT, 'a'::ENUM ('a', 'b')",
    "SELECT regexp_extract('Gaia22bpl', '\\d+'), strftime(now(), '%Y'), version()",
    "SELECT * FROM photometry a ASOF JOIN photometry b ON a.target_id = b.target_id AND a.mjd > b.mjd LIMIT 5",
    "SELECT 1 UNION ALL (SELECT 2 EXCEPT SELECT 3)",
    "SELECT mag FROM photometry WHERE target_id IN (SELECT target_id FROM targets WHERE name LIKE 'Star1%') LIMIT 3",
    "SELECT " + "(" * 900 + "1" + ")" * 900,
)


@pytest.mark.parametrize("sql", HONEST)
def test_an_honest_select_is_answered(sandbox: Sandbox, ground: Ground, sql: str) -> None:
    with sandbox.select(ground.publication, sql, limits=SMALL) as selection:
        assert rows_of(selection)


def test_a_result_has_so_many_rows_and_says_that_there_are_more(sandbox: Sandbox, ground: Ground) -> None:
    for wanted, truncated in ((4999, False), (5000, False), (5001, True), (1_000_000_000, True)):
        with sandbox.select(ground.publication, f"SELECT * FROM range({wanted})", limits=SMALL) as selection:
            rows = sum(batch.num_rows for batch in selection)
        assert (rows, selection.truncated) == (min(wanted, SMALL.rows), truncated)


def test_a_result_has_so_many_bytes_and_says_that_there_are_more(sandbox: Sandbox, ground: Ground) -> None:
    sql = "SELECT repeat('x', 1000) AS x FROM range(4000)"
    with sandbox.select(ground.publication, sql, limits=SMALL) as selection:
        size = sum(batch.nbytes for batch in selection)
    assert selection.truncated
    assert 1_900_000 < size <= 2_000_000


def test_a_row_that_is_larger_than_a_result_is_refused(sandbox: Sandbox, ground: Ground) -> None:
    with (
        pytest.raises(Rejected, match="One row alone") as caught,
        sandbox.select(ground.publication, "SELECT repeat('x', 3000000)", limits=SMALL) as selection,
    ):
        list(selection)
    assert caught.value.code == "too-large"


def test_no_row_is_an_empty_table_with_its_columns(sandbox: Sandbox, ground: Ground) -> None:
    with sandbox.select(ground.publication, "SELECT * FROM photometry WHERE mag > 99") as selection:
        assert rows_of(selection) == []
        assert selection.schema.names == ["target_id", "mjd", "mag", "band"]


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("SELEC 1", "bad-sql", "syntax error"),
        ("SELECT magn FROM photometry", "bad-sql", "magn"),
        ("SELECT * FROM photometries", "bad-sql", "the tables are photometry, targets"),
        ("SELECT mag / 'x' FROM photometry", "bad-sql", "x"),
        ("SELECT $1", "bad-sql", "parameter"),
        ("SELECT 1; SELECT 2", "not-a-select", "one SELECT"),
        ("DROP TABLE photometry", "not-a-select", "write a SELECT"),
        ("SELECT '" + "x" * 20_000 + "'", "bad-sql", "at most 20,000"),
    ],
)
def test_a_mistake_is_told_in_words(
    sandbox: Sandbox, ground: Ground, sql: str, code: str, words: str
) -> None:
    with pytest.raises(Rejected) as caught, sandbox.select(ground.publication, sql) as selection:
        list(selection)
    assert caught.value.code == code
    assert words in caught.value.reason
    assert "\n" not in caught.value.reason


def test_what_the_database_says_loses_its_paths() -> None:
    said = 'IO Error: Cannot open "/srv/tomlake/public/a.parquet": no\n\nLINE 2: SELECT a/b/c\n       ^'
    assert clean(said) == 'IO Error: Cannot open "...": no (line 2)'
    assert clean("Binder Error: mag/mag_err/2 is wrong") == "Binder Error: mag/mag_err/2 is wrong"


def test_a_slow_query_ends_in_time_also_when_nobody_reads_it(ground: Ground) -> None:
    limits = replace(SMALL, wall_clock_s=0.3)
    one = Sandbox(at_once=1, spares=0)
    with pytest.raises(Rejected) as caught, one.select(ground.publication, FOREVER, limits=limits):
        pass
    assert caught.value.code == "too-slow"
    with one.select(ground.publication, "SELECT * FROM range(4000)", limits=limits) as unread:
        worker = unread._worker
        wait_for(lambda: not worker.is_alive())
        with one.select(ground.publication, "SELECT 1") as next_one:  # its turn was given back
            assert rows_of(next_one) == [{"1": 1}]


def test_a_query_whose_rows_are_not_wanted_any_more_leaves_no_process(ground: Ground) -> None:
    with run_select(ground.publication, "SELECT * FROM range(1000000000)") as selection:
        next(iter(selection))
        number = selection._worker.process_id
        assert Path(f"/proc/{number}").exists()
    assert not Path(f"/proc/{number}").exists()


def test_only_so_many_run_at_once_and_the_next_is_told_to_come_back(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.sandbox.run.TURN_S", 0.05)
    one = Sandbox(at_once=1, spares=0)
    with one.select(ground.publication, "SELECT 1"):
        with pytest.raises(Transient) as caught, one.select(ground.publication, "SELECT 1"):
            pass
        assert (caught.value.code, caught.value.retry_after_s) == ("sandbox-busy", 5)
    with one.select(ground.publication, "SELECT 1") as selection:
        assert rows_of(selection)


def test_threads_share_a_sandbox(sandbox: Sandbox, ground: Ground) -> None:
    sums: list[object] = []

    def ask(number: int) -> None:
        with sandbox.select(ground.publication, f"SELECT {number} + count(*) AS n FROM targets") as selection:
            sums.append(rows_of(selection)[0]["n"])

    threads = [threading.Thread(target=ask, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, sums)) == ["120", "121", "122", "123"]


def test_a_waiting_process_that_died_is_replaced(ground: Ground) -> None:
    opened = Sandbox(at_once=1, spares=1)
    with opened.select(ground.publication, "SELECT 1") as selection:
        rows_of(selection)
    opened._spares[0].stop()
    with opened.select(ground.publication, "SELECT 2 AS a") as selection:
        assert rows_of(selection) == [{"a": 2}]
    opened.close()


def test_a_published_file_that_is_gone_or_damaged_is_an_outage_and_no_traceback(
    sandbox: Sandbox, ground: Ground, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 not really PAR1")
    for file in (broken, tmp_path / "missing.parquet"):
        publication = Publication(name="x", snapshot=1, tables={"photometry": [file]})
        with (
            pytest.raises(Transient) as caught,
            sandbox.select(publication, "SELECT 1 FROM photometry") as rows,
        ):
            list(rows)
        assert caught.value.code == "sandbox-down"
        assert str(tmp_path) not in caught.value.reason


def test_a_table_of_which_nothing_was_published_is_empty(sandbox: Sandbox) -> None:
    columns = {"frames": {"frame_id": "BIGINT", 'odd "name"': "DOUBLE"}}
    publication = Publication(name="x", snapshot=1, tables={"frames": []}, columns=columns)
    with sandbox.select(publication, "SELECT count(*) AS n, max(frame_id) AS top FROM frames") as selection:
        assert rows_of(selection) == [{"n": 0, "top": None}]


def test_a_result_can_be_written_as_an_arrow_stream(sandbox: Sandbox, ground: Ground) -> None:
    out = pa.BufferOutputStream()
    with sandbox.select(ground.publication, "FROM targets") as selection:
        stream = pa.ipc.new_stream(out, selection.schema)
        for batch in selection:
            stream.write_batch(batch)
        stream.close()
    table = pa.ipc.open_stream(out.getvalue()).read_all()
    assert table.num_rows == 120
    assert table.schema.metadata[b"tomlake.snapshot"] == b"41"


def wait_for(done: object) -> None:
    deadline_s = time.monotonic() + 5
    while not done() and time.monotonic() < deadline_s:  # type: ignore[operator]
        time.sleep(0.01)
    assert done()  # type: ignore[operator]


def test_a_sandbox_that_nobody_holds_leaves_no_process() -> None:
    sandbox = Sandbox()
    with sandbox._taking:
        sandbox._spares.append(Worker())
    process = sandbox._spares[0]._process
    del sandbox
    gc.collect()
    assert process.returncode is not None
