"""Upkeep as a whole: others go on meanwhile, a paper stays the same for ever, and kills do no harm."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from installations import needs_folder
from small_batches import append, content, disordered_files, make_older, points, replace

from lake.opening import Lake
from lake.provenance import new_batch
from lake.snapshots import create_snapshot, version_of
from lake.upkeep.live import live_files
from lake.upkeep.maintain import Scope, maintain
from lake.upkeep.orphans import known_names, remove_orphans, stored_files

ROOT = Path(__file__).resolve().parents[3]
KILLS = 3
UPKEEP = """
import sys
from lake.opening import open_lake
from lake.settings import read_settings
from lake.upkeep.maintain import Scope, maintain

lake = open_lake(read_settings({"TOMLAKE_DATA": sys.argv[1]}))
def tell(step, fraction):
    sys.stdout.write(step + "\\n")
    sys.stdout.flush()
maintain(lake, Scope.FULL, tell=tell)
"""


def silent(_step: str, _fraction: float) -> None:
    """Hear how far it is, and say nothing."""


def file_count(lake: Lake) -> int:
    return sum(1 + (file.delete_file_bytes > 0) for file in live_files(lake.store))


def test_a_paper_reads_the_same_bits_after_everything_that_upkeep_does(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.upkeep.maintain.KEEP_FILES_D", 0.0)
    append(lake, 8)
    replace(lake, [1, 2], seed=1)
    paper = create_snapshot(lake, "paper-2026a")
    curves = {target_id: lake.store.light_curve(target_id) for target_id in range(1, 9)}
    whole = content(lake)

    for night in range(2):
        append(lake, 3)
        replace(lake, list(range(1, 9)), seed=10 + night)
        lake.store.delete_target_points([1 + night], batch=new_batch("test", "ztf"))
        make_older(lake, lake.store.version())
        append(lake, 1)
        assert maintain(lake, Scope.FULL, tell=silent).is_complete

    as_of = lake.store.at(version_of(lake, "paper-2026a"))
    for target_id, curve in curves.items():
        assert as_of.light_curve(target_id).equals(curve)
    assert content(lake, paper.version).equals(whole)
    assert not content(lake).equals(whole)
    versions = lake.store.read("SELECT snapshot_id FROM ducklake_snapshots('lake') ORDER BY ALL")[
        "snapshot_id"
    ]
    assert versions[0] == paper.version
    assert len(versions) < 12  # the others of the first nights are gone


def test_many_small_batches_leave_few_files(lake: Lake) -> None:
    for number in range(20):
        append(lake, 1, targets=1)
        replace(lake, [1 + number % 12, 20 + number % 5], seed=number, n=4)
        if number % 8 == 7:
            maintain(lake, Scope.LIGHT, tell=silent)
    rows = content(lake)
    buckets = {file.group for file in live_files(lake.store) if file.table == "photometry"}

    outcome = maintain(lake, Scope.FULL, tell=silent)

    assert outcome.is_complete
    assert file_count(lake) <= len(buckets) + 2
    assert content(lake).equals(rows)
    assert not disordered_files(lake)
    assert maintain(lake, Scope.FULL, tell=silent).done.made == 0


def test_a_crowd_of_files_with_deleted_rows_is_thinned_out_by_the_light_part(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(4):
        replace(lake, list(range(1, 17)), seed=seed, source=f"s{seed}")
        replace(lake, [1 + seed], seed=10 + seed, source=f"s{seed}")
    rows = content(lake)
    maintain(lake, Scope.LIGHT, tell=silent)
    before = file_count(lake)

    monkeypatch.setattr("lake.upkeep.maintain.CROWD_FILES", 3)
    maintain(lake, Scope.LIGHT, tell=silent)

    assert file_count(lake) < before
    assert not [file for file in live_files(lake.store) if file.deleted_rows]
    assert content(lake).equals(rows)


def test_writers_get_their_turn_between_two_steps_and_readers_always(lake: Lake) -> None:
    append(lake, 12)
    rows, waited_s, read = content(lake), [], []

    def write(step: str, _fraction: float) -> None:
        with lake.store.backend.writer_turn(timeout_s=1.0):
            waited_s.append(step)

    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            read.append(content(lake).equals(rows))

    reader = threading.Thread(target=look)
    reader.start()
    maintain(lake, Scope.FULL, tell=write)
    ended.set()
    reader.join()

    assert len(waited_s) > 4
    assert read
    assert all(read)


def test_a_writer_at_work_loses_nothing_to_upkeep(lake: Lake) -> None:
    append(lake, 6)
    done = threading.Event()

    def keep_house() -> None:
        while not done.is_set():
            maintain(lake, Scope.FULL, tell=silent)

    upkeep = threading.Thread(target=keep_house)
    upkeep.start()
    for number in range(8):
        target_id = 101 + number % 4
        lake.store.replace_points(
            target_id, "ztf", points(target_id, 5 + number, seed=number), batch=new_batch("test", "ztf")
        )
    done.set()
    upkeep.join()

    assert [len(lake.store.light_curve(101 + each)) for each in range(4)] == [9, 10, 11, 12]
    assert not disordered_files(lake)


def test_when_its_time_is_over_upkeep_ends_after_the_step(lake: Lake) -> None:
    append(lake, 5)
    rows = content(lake)
    outcome = maintain(lake, Scope.FULL, tell=silent, budget_s=0.0)
    assert not outcome.is_complete
    assert outcome.sentence.endswith("More is left to do.")
    assert content(lake).equals(rows)
    assert maintain(lake, Scope.FULL, tell=silent, budget_s=60.0).is_complete


@needs_folder
@pytest.mark.alone
def test_killed_upkeep_loses_nothing_and_leaves_only_orphans(lake: Lake) -> None:
    moments = random.Random(3)
    for seed in range(KILLS):
        append(lake, 6)
        replace(lake, list(range(1, 9)), seed=seed)
        rows = content(lake)
        upkeep = subprocess.Popen(
            [sys.executable, "-c", UPKEEP, str(lake.settings.data_dir)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert upkeep.stdout is not None
        upkeep.stdout.readline()  # it is at work now
        time.sleep(moments.uniform(0.0, 0.3))
        upkeep.kill()
        upkeep.communicate()
        assert content(lake).equals(rows)

    maintain(lake, Scope.FULL, tell=silent)
    assert content(lake).equals(rows)
    list(remove_orphans(lake.store, lake.store.backend, older_than_s=-60))
    assert {file.name for file in stored_files(lake.store.backend)} == known_names(lake.store)
