"""Where jobs run: which kinds go to a cluster, and settings with which none could ever run."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from jobs.executor import CLUSTER_KINDS, check_executor, left_to_cluster
from jobs.harvester import WORK
from jobs.supervisor import programs_of, run
from jobs.tasks import TASKS
from jobs.worker import run_worker
from lake.operations import open_operations
from lake.queue import JobState, Kinds, claim, due_jobs, enqueue, get_job
from lake.settings import Executor, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data", TOMLAKE_EXECUTOR="dask", TOMLAKE_SCHEDULER="tcp://127.0.0.1:1")


@pytest.fixture
def operations(settings: Settings) -> Iterator[Engine]:
    opened = open_operations(settings.operations_url)
    yield opened
    opened.dispose()


def test_every_kind_that_goes_to_a_cluster_has_a_task() -> None:
    assert set(TASKS) >= CLUSTER_KINDS


def test_local_workers_take_every_kind_unless_there_is_a_cluster(settings: Settings) -> None:
    assert left_to_cluster(settings) == {"reduce", "recalibrate", "harvest", "references"}
    assert left_to_cluster(replace(settings, executor=Executor.LOCAL)) == set()


def test_a_local_worker_leaves_heavy_jobs_to_the_cluster_and_does_the_others(
    settings: Settings, operations: Engine
) -> None:
    heavy, light = enqueue(operations, "reduce", {}, priority=0), enqueue(operations, "other", {})
    run_worker(settings, once=True, tasks={"other": lambda *_: "Done.", "reduce": lambda *_: "Wrong."})
    assert get_job(operations, light).state == JobState.DONE
    assert (get_job(operations, heavy).state, get_job(operations, heavy).attempts) == (JobState.WAITING, 0)


def test_a_worker_claims_only_the_kinds_that_it_wants(operations: Engine) -> None:
    first, second, third = (enqueue(operations, kind, {}) for kind in ("a", "b", "c"))
    assert [job.job_id for job in due_jobs(operations, kinds=Kinds(only={"b", "c"}))] == [second, third]
    taken = claim(operations, "w", kinds=Kinds(only={"c"}))
    assert taken is not None
    assert taken.job_id == third
    assert claim(operations, "w", kinds=Kinds(only={"c"})) is None
    other = claim(operations, "w", kinds=Kinds(never={"a"}))
    assert other is not None
    assert other.job_id == second
    assert claim(operations, "w", kinds=Kinds(never={"a"})) is None
    assert get_job(operations, first).state == JobState.WAITING


def test_a_job_whose_lock_is_held_is_not_due_and_one_left_by_the_dead_is(operations: Engine) -> None:
    held, waiting = (enqueue(operations, "a", {}, lock="one") for _ in range(2))
    assert claim(operations, "w", lease_s=0.0) is not None
    assert [job.job_id for job in due_jobs(operations, kinds=Kinds(only={"b"}))] == [held]
    assert waiting not in [job.job_id for job in due_jobs(operations)]


@pytest.mark.parametrize("scheduler", ["", "host:8786", "http://host:8786"])
def test_a_scheduler_without_a_proper_address_is_refused_before_anything_starts(
    settings: Settings, scheduler: str
) -> None:
    with pytest.raises(Rejected, match="tcp://host:8786") as refusal:
        run(replace(settings, scheduler=scheduler))
    assert refusal.value.code == "no-scheduler"
    assert not settings.data_dir.exists()


def test_a_cluster_without_dask_is_refused_with_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Rejected, match=r"tomlake\[dask\]") as refusal:
        check_executor(settings)
    assert refusal.value.code == "no-dask"


def test_an_installation_with_a_cluster_keeps_a_dispatcher_beside_its_workers(settings: Settings) -> None:
    titles = [program.title for program in programs_of(replace(settings, workers=2), with_web=True)]
    assert titles == ["portal", "dispatcher", "worker", "worker"]
    local = replace(settings, executor=Executor.LOCAL)
    assert [program.title for program in programs_of(local, with_web=False)] == ["harvester", "worker"]


def test_workers_beside_a_cluster_do_what_neither_it_nor_a_harvester_takes(settings: Settings) -> None:
    settings = replace(settings, workers=1)
    (worker,) = (each for each in programs_of(settings, with_web=False) if each.title == "worker")
    assert "--never" not in worker.command
    local = replace(settings, executor=Executor.LOCAL)
    (worker,) = (each for each in programs_of(local, with_web=False) if each.title == "worker")
    assert set(WORK) <= set(worker.command)
