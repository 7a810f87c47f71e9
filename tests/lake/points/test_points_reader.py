"""The fast path to a light curve: what it must notice, and what it must leave to the plain query."""

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from deeds import (
    CLEAN,
    MERGE,
    REMAKE_COLUMN,
    REWRITE,
    SWAP_NAMES,
    called,
    do,
    expire,
    insert,
    plain,
    points_of,
    replace,
    said,
)
from installations import needs_folder

from engine.errors import Rejected
from lake.opening import Lake, open_lake
from lake.points.buckets import bucket_of
from lake.points.reader import PointReader
from lake.settings import Settings
from lake.tables import PHOTOMETRY

NEW_TARGETS = count(10**6)


@pytest.fixture
def separate_lake(settings: Settings) -> Iterator[Lake]:
    opened = open_lake(settings)
    yield opened
    opened.close()


def targets_of_two_buckets() -> tuple[int, int]:
    first, second = next(NEW_TARGETS), next(NEW_TARGETS)
    while bucket_of(first, 16) == bucket_of(second, 16):
        second = next(NEW_TARGETS)
    return first, second


def assert_same(lake: Lake, reader: PointReader, target_id: int, version: int | None = None) -> None:
    expected = plain(lake, [target_id], version)
    assert reader.light_curve(target_id, version=version).equals(expected)
    assert reader.light_curves([target_id], version=version).equals(expected)


def test_a_light_curve_has_every_column_in_order(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    do(lake, insert(points_of(target_id, [17.0, None, 18.5, 16.25, 15.0, 14.0])))

    found = reader.light_curve(target_id)

    assert found.schema == pl.Schema(PHOTOMETRY.schema)
    assert found.equals(found.sort("mjd", "point_id"))
    assert len(found) == 6
    assert_same(lake, reader, target_id)


def test_flags_of_every_size_are_read(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    flags = pl.Series("flags", [0, 2**31, 2**32 - 1], dtype=pl.UInt32())
    do(lake, insert(points_of(target_id, [17.0, 18.0, 19.0]).with_columns(flags)))

    assert set(reader.light_curve(target_id)["flags"]) == set(flags)
    assert_same(lake, reader, target_id)


def test_a_target_without_points_has_an_empty_light_curve(reader: PointReader) -> None:
    assert reader.light_curve(-5).equals(PHOTOMETRY.empty())
    assert reader.light_curves([]).equals(PHOTOMETRY.empty())
    assert reader.light_curves([-5, 2**63 - 1]).equals(PHOTOMETRY.empty())


def test_many_light_curves_come_by_target_and_time_with_the_columns_asked_for(
    lake: Lake, reader: PointReader
) -> None:
    targets = [next(NEW_TARGETS) for _ in range(12)]
    do(lake, insert(pl.concat([points_of(each, [17.0, 18.0, 16.0]) for each in targets])))
    asked = [targets[7], targets[2], targets[7], targets[11], -1]

    found = reader.light_curves(asked, columns=["mag", "target_id"])

    assert found.equals(plain(lake, asked).select("mag", "target_id"))
    assert found.columns == ["mag", "target_id"]


def test_a_commit_of_another_connection_shows_at_once(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    for n in range(1, 6):
        version = do(lake, replace(points_of(target_id, [17.0] * n)))
        assert reader.newest_version() == version
        assert len(reader.light_curve(target_id)) == n


def test_a_commit_shows_at_once_while_somebody_reads_for_long(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    long_reader = lake.store.backend.connect(read_only=True)
    long_reader.execute("BEGIN")
    long_reader.execute(
        "SELECT count(*) FROM lake.batches"
    ).fetchall()  # the catalog's files stay as they are
    for n in range(1, 6):
        version = do(lake, replace(points_of(target_id, [17.0] * n)))
        assert reader.newest_version() == version
        assert len(reader.light_curve(target_id)) == n
    long_reader.close()


def test_writing_another_table_changes_the_version_and_no_light_curve(
    lake: Lake, reader: PointReader
) -> None:
    target_id = next(NEW_TARGETS)
    do(lake, insert(points_of(target_id, [17.0])))
    before = reader.light_curve(target_id)

    version = do(lake, said("INSERT INTO lake.reference_cells (cell) VALUES (1)"))

    assert reader.newest_version() == version
    assert reader.light_curve(target_id).equals(before)


def test_what_a_caller_does_to_a_light_curve_stays_with_the_caller(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    do(lake, insert(points_of(target_id, [17.0])))

    reader.light_curve(target_id).drop_in_place("mag")

    assert reader.light_curve(target_id)["mag"].to_list() == [17.0]


def test_a_merged_file_still_shows_each_version_its_own_points(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    versions = [do(lake, insert(points_of(target_id, [float(n)]))) for n in range(1, 5)]

    do(lake, MERGE)
    do(lake, CLEAN)

    assert [len(reader.light_curve(target_id, version=each)) for each in versions] == [1, 2, 3, 4]
    for version in (None, *versions):
        assert_same(lake, reader, target_id, version)


def test_deletions_that_were_joined_still_show_each_version_its_own(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    versions = [do(lake, insert(points_of(target_id, [10.0, 11.0, 12.0, 13.0])))]
    for mag in (11, 13, 10):
        deed = said(f"DELETE FROM lake.photometry WHERE target_id = {target_id} AND mag = {mag}")
        versions.append(do(lake, deed))

    assert [len(reader.light_curve(target_id, version=each)) for each in versions] == [4, 3, 2, 1]
    do(lake, REWRITE)
    for version in (None, *versions):
        assert_same(lake, reader, target_id, version)


@pytest.mark.parametrize("deed", [REMAKE_COLUMN, SWAP_NAMES])
def test_columns_are_told_by_their_numbers(
    lake: Lake, reader: PointReader, deed: Callable[..., None]
) -> None:
    target_id = next(NEW_TARGETS)
    old = do(lake, insert(points_of(target_id, [17.0, 18.0, 19.0])))
    do(lake, deed)
    do(lake, insert(points_of(target_id, [14.0, 15.0])))

    assert_same(lake, reader, target_id)
    assert_same(lake, reader, target_id, old)
    do(lake, MERGE)
    assert_same(lake, reader, target_id)
    assert_same(lake, reader, target_id, old)


@pytest.mark.parametrize("partition", ["PARTITIONED BY (bucket(3, target_id))", "PARTITIONED BY (source)"])
def test_files_of_other_partitions_are_read_too(lake: Lake, reader: PointReader, partition: str) -> None:
    target_id = next(NEW_TARGETS)
    do(lake, insert(points_of(target_id, [17.0, 18.0])))

    do(lake, said(f"ALTER TABLE lake.photometry SET {partition}"))
    do(lake, insert(points_of(target_id, [14.0])))
    do(lake, said(f"ALTER TABLE lake.photometry SET PARTITIONED BY ({PHOTOMETRY.partitioned_by})"))

    assert len(reader.light_curve(target_id)) == 3
    assert_same(lake, reader, target_id)


def test_a_version_that_is_not_or_no_longer_there_is_refused(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    old = do(lake, insert(points_of(target_id, [17.0])))
    do(lake, insert(points_of(target_id, [18.0])))
    assert len(reader.light_curve(target_id, version=old)) == 1

    do(lake, expire(old))

    for version in (old, 10**6, -1):
        with pytest.raises(Rejected) as refused:
            reader.light_curve(target_id, version=version)
        assert refused.value.code == "unknown-version"
        assert refused.value.reason == f"The lake has no version {version}."


def test_a_file_that_was_cleaned_away_is_looked_for_anew(lake: Lake, reader: PointReader) -> None:
    target_id = next(NEW_TARGETS)
    do(lake, insert(points_of(target_id, [17.0])))
    knowing, fresh = PointReader(lake.store.backend), PointReader(lake.store.backend)
    found_before = knowing._versions.newest()
    fresh._versions.newest()
    columns = list(PHOTOMETRY.schema)
    assert len(knowing._rows.of([target_id], found_before, columns)) == 1
    do(lake, insert(points_of(target_id, [18.0])))
    do(lake, MERGE)
    do(lake, CLEAN)

    for each in (knowing, fresh):
        with pytest.raises(FileNotFoundError):
            each._rows.of([target_id], found_before, columns)
        assert_same(lake, each, target_id)
        assert each.plain_answers == 0
        each.close()


def test_rows_that_stand_in_the_catalog_are_left_to_the_plain_query(lake: Lake) -> None:
    target_id = next(NEW_TARGETS)
    reader = PointReader(lake.store.backend)
    do(lake, insert(points_of(target_id, [17.0, 18.0, 19.0])))
    assert len(reader.light_curve(target_id)) == 3
    limit = "CALL lake.set_option('data_inlining_row_limit', {}, table_name => 'photometry')"

    do(lake, called(limit.format(50)))
    do(lake, insert(points_of(target_id, [14.0])))
    assert_same(lake, reader, target_id)
    do(lake, said(f"DELETE FROM lake.photometry WHERE target_id = {target_id} AND mag = 18"))
    assert len(reader.light_curve(target_id)) == 3
    assert_same(lake, reader, target_id)
    helped = reader.plain_answers

    do(lake, called(limit.format(0)))
    do(lake, called("CALL ducklake_flush_inlined_data('lake')"))
    assert_same(lake, reader, target_id)
    assert helped > 0
    assert reader.plain_answers == helped
    reader.close()


def test_what_is_remembered_is_bounded(lake: Lake) -> None:
    targets = [next(NEW_TARGETS) for _ in range(30)]
    do(lake, insert(pl.concat([points_of(each, [17.0] * 5) for each in targets])))
    reader = PointReader(lake.store.backend, most_bytes=20_000)

    for target_id in targets:
        assert len(reader.light_curve(target_id)) == 5

    assert 0 < reader.remembered_bytes <= 20_000
    reader.close()


@needs_folder
def test_a_broken_file_leaves_the_light_curves_of_others_readable(separate_lake: Lake) -> None:
    lake, (whole, broken) = separate_lake, targets_of_two_buckets()
    do(lake, insert(pl.concat([points_of(each, [17.0]) for each in (whole, broken)])))
    reader = PointReader(lake.store.backend)
    path = Path(lake.store.backend.data_url) / reader._versions.newest().of(broken)[0].path
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(Rejected) as refused:
        reader.light_curve(broken)
    assert refused.value.code == "lake-damaged"

    assert reader.light_curve(whole)["mag"].to_list() == [17.0]
    assert reader.light_curves([whole])["mag"].to_list() == [17.0]
    reader.close()


def test_threads_share_one_reader(lake: Lake, reader: PointReader) -> None:
    targets = [next(NEW_TARGETS) for _ in range(4)]
    do(lake, insert(pl.concat([points_of(each, [17.0] * 3) for each in targets])))
    lengths: list[int] = []

    def read() -> None:
        lengths.extend(len(reader.light_curve(each)) for each in targets * 5)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lengths == [3] * 120
