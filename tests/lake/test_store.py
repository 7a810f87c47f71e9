"""The science lake keeps every acknowledged batch whole, once, and shows it to everybody at once."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.lightcurve import SCHEMA, Flag, light_curve
from lake.changes import Change
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import Settings, child_environment
from lake.store import Replacement, Store
from lake.tables import BATCHES, PHOTOMETRY

ROOT = Path(__file__).resolve().parents[2]
POINTS_PER_BATCH = 500
KILLS = 6
WRITERS = 2  # at the same time
NEW_TARGETS = count(1)  # a target of its own for every example

# Writes batches of one target each, and acknowledges each on its standard output.
WRITER = """
import sys
import polars as pl
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.store import Store

first_target, batches, points = map(int, sys.argv[1:4])
store = Store(read_settings())
for target_id in range(first_target, first_target + batches):
    rows = pl.DataFrame({"source_ref": [str(n) for n in range(points)]}).with_columns(
        target_id=target_id, source=pl.lit("ztf"), mjd=pl.int_range(points) + 60000.5,
        band=pl.lit("ZTF(zg)"), mag=pl.lit(17.5), mag_err=pl.lit(0.05),
    )
    store.append_points(rows, batch=new_batch("test", "ztf", target_id=target_id))
    sys.stdout.write(f"{target_id}\\n")
    sys.stdout.flush()
"""

magnitudes = st.floats(5, 23).map(lambda mag: round(mag, 3))
rows = st.fixed_dictionaries(
    {
        "source_ref": st.integers(0, 30).map(str),
        "mjd": st.floats(55000, 61000).map(lambda mjd: round(mjd, 5)),
        "band": st.sampled_from(["ZTF(zg)", "ZTF(zr)", "g(GaiaSP)"]),
        "mag": st.none() | magnitudes,
        "limit_mag": magnitudes,
        "mag_err": st.none() | st.floats(0.001, 0.5),
        # an archive knows not what people hid; what they hid stays hidden
        "flags": st.integers(0, 2**32 - 1).map(lambda flags: flags & ~int(Flag.HIDDEN)),
    }
)


def points_of(target_id: int, given_rows: list[dict[str, object]], *, source: str = "ztf") -> pl.DataFrame:
    table = pl.DataFrame(
        given_rows, schema_overrides={name: SCHEMA[name] for name in ("mag", "mag_err", "flags")}
    )
    return table.unique("source_ref", keep="first", maintain_order=True).with_columns(
        target_id=pl.lit(target_id), source=pl.lit(source)
    )


def few_points(target_id: int, n: int, *, source: str = "ztf", mag: float = 17.0) -> pl.DataFrame:
    numbers = pl.int_range(n, eager=True)
    return pl.DataFrame({"source_ref": numbers.cast(pl.String), "mjd": 60000.0 + numbers}).with_columns(
        target_id=pl.lit(target_id), source=pl.lit(source), band=pl.lit("ZTF(zg)"), mag=pl.lit(mag)
    )


def content(points: pl.DataFrame) -> pl.DataFrame:
    return points.drop("batch_id")


@given(given_rows=st.lists(rows, min_size=1, max_size=12))
@settings(max_examples=12, deadline=None)
def test_what_goes_in_comes_out_sorted_and_equal(lake: Lake, given_rows: list[dict[str, object]]) -> None:
    target_id = next(NEW_TARGETS)
    points = points_of(target_id, given_rows)
    batch = new_batch("test", "ztf")

    lake.store.append_points(points, batch=batch)
    found = lake.store.light_curve(target_id)

    assert found.schema == pl.Schema(SCHEMA)
    assert content(found).equals(content(light_curve(points)))
    assert found["mjd"].is_sorted()
    assert set(found["batch_id"]) == {batch.batch_id}


@given(earlier=st.lists(rows, min_size=1, max_size=8), later=st.lists(rows, min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)
def test_replacing_twice_is_replacing_once(
    lake: Lake, earlier: list[dict[str, object]], later: list[dict[str, object]]
) -> None:
    target_id = next(NEW_TARGETS)
    points = points_of(target_id, later)
    other = few_points(target_id, 3, source="atlas")
    lake.store.append_points(other, batch=new_batch("test", "atlas"))
    lake.store.replace_points(target_id, "ztf", points_of(target_id, earlier), batch=new_batch("test", "ztf"))

    once = lake.store.replace_points(target_id, "ztf", points, batch=new_batch("test", "ztf"))
    twice = lake.store.replace_points(target_id, "ztf", points, batch=new_batch("test", "ztf"))

    found = lake.store.light_curve(target_id)
    assert once == twice
    assert content(found.filter(pl.col("source") == "ztf")).equals(content(light_curve(points)))
    assert content(found.filter(pl.col("source") == "atlas")).equals(content(light_curve(other)))


@given(data=st.data(), batches=st.lists(st.lists(rows, min_size=1, max_size=5), min_size=2, max_size=4))
@settings(max_examples=6, deadline=None)
def test_batches_in_any_order_and_again_give_the_same_points(
    lake: Lake, data: st.DataObject, batches: list[list[dict[str, object]]]
) -> None:
    # an identity always means the same row here: a row that changes belongs to a later batch by right
    same: dict[object, dict[str, object]] = {row["source_ref"]: row for batch in batches for row in batch}
    batches = [[same[row["source_ref"]] for row in batch] for batch in batches]
    order = [*data.draw(st.permutations(batches)), data.draw(st.sampled_from(batches))]
    in_order, in_any_order = next(NEW_TARGETS), next(NEW_TARGETS)

    lake.store.append_points(points_of(in_order, list(same.values())), batch=new_batch("test", "ztf"))
    for batch in order:
        lake.store.append_points(points_of(in_any_order, batch), batch=new_batch("test", "ztf"))

    columns = pl.exclude("point_id", "target_id", "batch_id")
    expected = lake.store.light_curve(in_order).select(columns).sort("mjd", "source_ref")
    assert lake.store.light_curve(in_any_order).select(columns).sort("mjd", "source_ref").equals(expected)


def test_many_light_curves_are_replaced_in_one_version(lake: Lake) -> None:
    targets = [next(NEW_TARGETS) for _ in range(30)]
    before = lake.store.version()

    after = lake.store.replace_many(
        [Replacement(target_id=each, source="ztf", points=few_points(each, 5)) for each in targets],
        batch=new_batch("harvest", "ztf"),
    )

    assert after == lake.store.version() == before + 1
    assert [len(lake.store.light_curve(each)) for each in targets] == [5] * 30


def test_an_empty_answer_takes_the_points_away(lake: Lake) -> None:
    target_id = next(NEW_TARGETS)
    lake.store.replace_points(target_id, "ztf", few_points(target_id, 5), batch=new_batch("test", "ztf"))

    lake.store.replace_points(target_id, "ztf", few_points(target_id, 0), batch=new_batch("test", "ztf"))

    assert lake.store.light_curve(target_id).is_empty()


def test_points_of_another_target_or_source_cannot_slip_in(lake: Lake) -> None:
    with pytest.raises(ValueError, match="another target or source"):
        lake.store.replace_points(
            1, "atlas", few_points(1, 2, source="ztf"), batch=new_batch("test", "atlas")
        )


def test_an_earlier_version_shows_what_stood_then(lake: Lake) -> None:
    target_id = next(NEW_TARGETS)
    first = lake.store.append_points(few_points(target_id, 3), batch=new_batch("test", "ztf"))
    lake.store.append_points(few_points(target_id, 9, mag=18.0), batch=new_batch("test", "ztf"))

    assert lake.store.light_curve(target_id, as_of=first)["mag"].to_list() == [17.0] * 3
    assert lake.store.light_curve(target_id)["mag"].to_list() == [18.0] * 9
    with pytest.raises(Rejected) as refused:
        lake.store.light_curve(target_id, as_of=10**6)
    assert refused.value.code == "unknown-version"


def test_every_point_leads_to_its_batch_and_the_batch_to_the_version(lake: Lake) -> None:
    target_id = next(NEW_TARGETS)
    batch = new_batch(
        "harvest", "ztf", target_id=target_id, raw_sha256="ab" * 32, parameters={"radius": 2}, by="ada"
    )
    version = lake.store.append_points(few_points(target_id, 1), batch=batch)

    point = lake.store.light_curve(target_id).row(0, named=True)
    told = lake.store.read(
        "SELECT author, commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = $version",
        {"version": version},
    )

    assert lake.store.batch(str(point["batch_id"])) == batch
    assert told.row(0) == ("ada", f'{{"batch_id": "{batch.batch_id}"}}')
    with pytest.raises(Rejected) as refused:
        lake.store.batch("no such batch")
    assert refused.value.code == "unknown-batch"


def test_a_removed_target_leaves_no_row(lake: Lake) -> None:
    gone, stays = next(NEW_TARGETS), next(NEW_TARGETS)
    for target_id in (gone, stays):
        lake.store.append_points(few_points(target_id, 4), batch=new_batch("test", "ztf"))

    lake.store.delete_target_points([gone], batch=new_batch("test", "ztf"))

    assert lake.store.light_curve(gone).is_empty()
    assert len(lake.store.light_curve(stays)) == 4


def test_rows_of_one_batch_appended_twice_are_there_once(lake: Lake) -> None:
    cells = pl.DataFrame({"cell": [7, 8], "stars": [70, 80]})
    batch = new_batch("test", "test")

    for _ in range(2):
        lake.store.append("reference_cells", cells, batch=batch)

    found = lake.store.read(
        "SELECT cell FROM lake.reference_cells WHERE batch_id = $id", {"id": batch.batch_id}
    )
    assert sorted(found["cell"]) == [7, 8]


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(lake: Lake) -> None:
    target_id, version = next(NEW_TARGETS), lake.store.version()
    good = Change(
        table=PHOTOMETRY,
        rows=light_curve(few_points(target_id, 3)),
        keys=pl.DataFrame({"target_id": [target_id]}),
    )
    bad = Change(table=BATCHES, rows=BATCHES.empty(), keys=pl.DataFrame({"no_such_column": [1]}))

    with pytest.raises(duckdb.BinderException):
        lake.store.commit([good, bad], batch=new_batch("test", "ztf"))
    assert lake.store.version() == version
    assert lake.store.light_curve(target_id).is_empty()
    lake.store.commit([good], batch=new_batch("test", "ztf"))

    assert len(lake.store.light_curve(target_id)) == 3


def test_a_person_may_ask_but_not_write(lake: Lake) -> None:
    assert lake.store.query("SELECT $n + 1 AS n", {"n": 1})["n"].to_list() == [2]
    for statement in (
        "DELETE FROM photometry",
        "DROP TABLE batches",
        "SELECT no_such_column FROM photometry",
    ):
        with pytest.raises(Rejected) as refused:
            lake.store.query(statement)
        assert refused.value.code == "bad-sql"


def test_a_reader_in_another_thread_and_store_sees_the_new_version_at_once(lake: Lake) -> None:
    target_id = next(NEW_TARGETS)
    other = Store(lake.settings)
    assert other.light_curve(target_id).is_empty()
    seen: list[int] = []

    for n in (1, 2, 3):
        version = lake.store.append_points(few_points(target_id, n), batch=new_batch("test", "ztf"))
        thread = threading.Thread(target=lambda: seen.append(len(other.light_curve(target_id))))
        thread.start()
        thread.join()
        assert other.version() == version

    assert seen == [1, 2, 3]
    other.close()


def test_threads_may_write_and_read_one_store_together(lake: Lake) -> None:
    targets = [next(NEW_TARGETS) for _ in range(6)]
    lengths: list[int] = []

    def work(target_id: int) -> None:
        for n in (2, 4):
            lake.store.append_points(few_points(target_id, n), batch=new_batch("test", "ztf"))
            lengths.append(len(lake.store.light_curve(target_id)))

    threads = [threading.Thread(target=work, args=(target_id,)) for target_id in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(lengths) == [2] * 6 + [4] * 6


@pytest.fixture
def separate_lake(settings: Settings) -> Iterator[Lake]:
    opened = open_lake(settings)
    yield opened
    opened.close()


def start_writer(lake: Lake, *, first_target: int, batches: int, points: int) -> subprocess.Popen[str]:
    arguments = [str(first_target), str(batches), str(points)]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments],
        cwd=ROOT,
        env=child_environment(lake.settings),
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_write_at_once_and_nothing_is_lost(separate_lake: Lake) -> None:
    writer = start_writer(separate_lake, first_target=1, batches=12, points=5)
    assert writer.stdout is not None
    writer.stdout.readline()  # it is at work now

    for target_id in range(101, 113):
        separate_lake.store.append_points(few_points(target_id, 5), batch=new_batch("test", "ztf"))
    writer.communicate()

    assert writer.returncode == 0
    found = separate_lake.store.read(
        "SELECT target_id, count(*) AS n FROM lake.photometry GROUP BY target_id"
    )
    assert set(found.iter_rows()) == {
        (target, 5) for first in (1, 101) for target in range(first, first + 12)
    }


def test_a_killed_writer_leaves_every_acknowledged_batch_and_no_part_of_another(separate_lake: Lake) -> None:
    moments = random.Random(20261121)
    acknowledged: set[int] = set()
    for round_ in range(KILLS // WRITERS):
        first_targets = [1 + 1000 * (WRITERS * round_ + n) for n in range(WRITERS)]
        writers = [
            start_writer(separate_lake, first_target=first, batches=900, points=POINTS_PER_BATCH)
            for first in first_targets
        ]
        for writer in writers:
            assert writer.stdout is not None
            acknowledged.add(int(writer.stdout.readline()))  # its first write is through
            time.sleep(moments.uniform(0.0, 0.1))
            writer.kill()
        for writer in writers:
            acknowledged.update(int(line) for line in writer.communicate()[0].split())

    found = separate_lake.store.read(
        "SELECT target_id, count(*) AS n FROM lake.photometry GROUP BY target_id"
    )
    assert set(found["n"]) == {POINTS_PER_BATCH}
    assert acknowledged <= set(found["target_id"])
    assert len(set(found["target_id"]) - acknowledged) <= KILLS  # killed between commit and acknowledgement
    papers = separate_lake.store.read("SELECT target_id FROM lake.batches")
    assert sorted(papers["target_id"]) == sorted(found["target_id"])
