"""The health of a lake: numbers that are true, and a sentence for everything that somebody should do."""

import time
from dataclasses import replace as changed

import pytest
from installations import needs_folder, opened_in
from small_batches import append, replace

from engine.times import mjd_now
from lake.files import filesystem_of
from lake.job_rows import JobState
from lake.opening import Lake
from lake.queue import enqueue
from lake.snapshots import create_snapshot
from lake.upkeep.health import Health, health
from lake.upkeep.maintain import Scope, maintain
from lake.upkeep.orphans import stored_files
from lake.upkeep.problems import problems
from lake.upkeep.runs import Run, due_scope, last_run, record_run


def run_of(*, state: JobState = JobState.DONE, days_ago: float = 0.0) -> Run:
    return Run(scope=Scope.FULL, state=state, reason="It broke.", finished_mjd=mjd_now() - days_ago)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Health:
    """Return the health of a lake with a few rows and all well."""
    made = opened_in(tmp_path_factory.mktemp("health") / "data")
    append(made, 4)
    healthy = changed(health(made), last_run=run_of())
    made.close()
    return changed(healthy, disk_free_bytes=healthy.disk_bytes)


def test_the_numbers_are_those_of_the_newest_version(lake: Lake) -> None:
    append(lake, 6, targets=2, n=5)
    replace(lake, [1, 2], seed=1, n=4)
    create_snapshot(lake, "paper")
    lake.raw.put(b"an answer")
    enqueue(lake.operations, "x", {})

    found = health(lake)

    tables = {table.name: table for table in found.tables}
    assert tables["photometry"].rows == 8
    assert tables["batches"].rows == 7
    assert found.live_files == sum(table.files + table.delete_files for table in found.tables)
    assert tables["photometry"].size_bytes >= tables["photometry"].median_file_bytes > 0
    assert tables["photometry"].bytes_per_row == tables["photometry"].size_bytes / 8
    assert (found.version, found.versions) == (lake.store.version(), lake.store.version() + 1)
    assert (found.raw.files, found.raw.is_estimate, found.waiting_jobs) == (1, False, 1)
    assert [each.name for each in found.snapshots] == ["paper"]
    assert found.oldest_mjd == pytest.approx(mjd_now(), abs=0.01)
    assert (found.orphans, found.missing, found.lock_is_held, found.last_run) == (0, (), False, None)
    assert found.catalog_bytes > 10_000


def test_a_writer_at_work_is_seen(lake: Lake) -> None:
    with lake.store.backend.writer_turn():
        assert health(lake).lock_is_held


def test_a_healthy_lake_has_no_problem(found: Health) -> None:
    assert problems(found) == []


def test_a_missing_file_is_named(lake: Lake) -> None:
    append(lake, 2)
    filesystem, _ = filesystem_of(lake.settings, lake.settings.store_url)
    file = next(each for each in stored_files(lake.store.backend) if "photometry" in each.path)
    filesystem.rm_file(file.path)

    found = health(lake)

    assert found.missing == (file.name,)
    assert any(file.name in sentence and "restore" in sentence for sentence in problems(found))


@needs_folder
def test_health_takes_less_than_a_second_of_work(lake: Lake) -> None:
    append(lake, 12)
    began_s = time.process_time()
    health(lake)
    assert time.process_time() - began_s < 1.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"disk_free_bytes": 5, "disk_bytes": 100}, "free on the disk"),
        ({"orphans": 3}, "--full"),
        ({"waiting_jobs": 5000}, "TOMLAKE_WORKERS"),
        ({"last_run": None}, "tomlake work"),
        ({"last_run": run_of(days_ago=3.0)}, "tomlake work"),
        ({"last_run": run_of(state=JobState.DEAD)}, "It broke."),
    ],
)
def test_each_problem_says_what_to_do(found: Health, change: dict[str, object], words: str) -> None:
    (sentence,) = problems(changed(found, **change))  # type: ignore[arg-type]
    assert words in sentence
    assert "\n" not in sentence


def test_too_many_files_and_deleted_rows_are_problems(found: Health) -> None:
    crowded = changed(found.tables[0], files=6000, deleted_share=0.5)
    assert len(problems(changed(found, tables=(crowded,)))) == 2


def test_a_run_by_hand_is_remembered_and_the_full_part_is_due_once_a_day(lake: Lake) -> None:
    assert last_run(lake.operations) is None
    assert due_scope(lake.operations, quiet_hour=2) == Scope.FULL
    outcome = maintain(lake, Scope.FULL, tell=lambda _step, _fraction: None)

    record_run(lake.operations, Scope.FULL, outcome, seconds=2.0, by="command line")

    run = last_run(lake.operations)
    assert run is not None
    assert (run.scope, run.state, run.reason) == (Scope.FULL, JobState.DONE, "There was nothing to do.")
    assert {due_scope(lake.operations, quiet_hour=hour) for hour in range(24)} == {Scope.LIGHT}
