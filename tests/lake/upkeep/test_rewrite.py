"""Rewriting leaves out deleted rows; older versions and the order of rows stay."""

import polars as pl
from small_batches import content, disordered_files, points, replace

from lake.opening import Lake
from lake.provenance import new_batch
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.live import LiveFile, live_files
from lake.upkeep.merge import merge_small_files
from lake.upkeep.rewrite import DELETED_SHARE, refresh_small_files, rewrite_deletes
from lake.upkeep.turns import Turns

TARGETS = list(range(1, 41))


def run(lake: Lake, work: object) -> Done:
    turns = Turns(lake.store.backend)
    try:
        return sum(work(lake.store, turns), NOTHING)  # type: ignore[operator]
    finally:
        turns.close()


def photometry(lake: Lake) -> list[LiveFile]:
    return [file for file in live_files(lake.store) if file.table == "photometry"]


def test_files_with_many_deleted_rows_are_rewritten_and_older_versions_stay(lake: Lake) -> None:
    first = replace(lake, TARGETS, seed=1)
    second = replace(lake, TARGETS[:20], seed=2)
    before = {version: content(lake, version) for version in (first, second)}
    worst = max(file.deleted_share for file in photometry(lake))
    assert worst > DELETED_SHARE

    done = run(lake, rewrite_deletes)

    assert done.rewritten > 0
    assert all(file.deleted_share < DELETED_SHARE for file in photometry(lake))
    assert all(content(lake, version).equals(rows) for version, rows in before.items())
    assert content(lake).equals(before[second])
    assert not disordered_files(lake)
    assert run(lake, rewrite_deletes) == NOTHING


def test_a_file_with_few_deleted_rows_is_left_alone(lake: Lake) -> None:
    replace(lake, TARGETS, seed=1, n=40)
    lake.store.append_points(
        points(1, 1, seed=1001).with_columns(mag=pl.lit(18.5)), batch=new_batch("test", "ztf")
    )
    assert [file.deleted_rows for file in photometry(lake) if file.deleted_rows] == [1]
    assert run(lake, rewrite_deletes) == NOTHING


def test_small_files_with_few_deleted_rows_no_longer_hinder_merging(lake: Lake) -> None:
    for seed in range(3):
        replace(lake, TARGETS, seed=seed, source=f"source {seed}", n=10)
        version = replace(lake, [TARGETS[seed]], seed=50 + seed, source=f"source {seed}", n=10)
    before, hindered = content(lake), [file for file in photometry(lake) if file.deleted_rows]
    assert hindered

    assert run(lake, refresh_small_files).rewritten == len(hindered)  # all have others to merge with

    assert not [file for file in photometry(lake) if file.deleted_rows]
    assert not disordered_files(lake)
    run(lake, lambda store, turns: merge_small_files(store, turns, below_bytes=1_000_000))
    assert len(photometry(lake)) == len({file.group for file in photometry(lake)})
    assert content(lake).equals(before)
    assert content(lake, version).equals(before)
