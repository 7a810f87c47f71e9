import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine, delete, select
from worker_for_tests import EFFECTS

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY
from jobs.supervisor import Family, Program
from jobs.watch import EXIT_LIMIT, EXIT_STOPPED, Limits
from jobs.worker import load_tasks, run_worker
from lake.operations import jobs, open_operations, writing
from lake.queue import Job, JobState, cancel, claim, counts, enqueue, get_job, list_jobs
from lake.settings import Settings, child_environment

pytestmark = pytest.mark.alone

SCRIPT = Path(__file__).parent / "worker_for_tests.py"
ROOT = SCRIPT.parent.parent.parent
KILLS, JOBS = 20, 40


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("worker") / "data")


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    operations = open_operations(settings.operations_url)
    EFFECTS.create(operations)
    yield operations
    operations.dispose()


@pytest.fixture
def operations(engine: Engine) -> Engine:
    with writing(engine) as connection:
        connection.execute(delete(jobs))
        connection.execute(delete(EFFECTS))
    return engine


def _environment(settings: Settings, **more: str) -> dict[str, str]:
    return {**child_environment(settings), "PYTHONPATH": str(ROOT), **more}


def _until(condition: Callable[[], bool], *, within_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts a worker; what lives at the end is killed."""
    started = []

    def begin(**environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(SCRIPT), "--name", "w1"]
        process = subprocess.Popen(command, env=_environment(settings, **environment))
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def _is_running(operations: Engine, job_id: int) -> Callable[[], bool]:
    return lambda: get_job(operations, job_id).state == JobState.RUNNING


def test_twenty_kills_during_forty_jobs_lose_nothing_and_double_nothing(
    settings: Settings, operations: Engine
) -> None:
    ids = [enqueue(operations, "effect", {"number": str(number)}) for number in range(JOBS)]
    worker = Program(title="worker", command=(sys.executable, str(SCRIPT), "--child"), is_worker=True)
    family = Family(operations, [worker] * 4, _environment(settings))
    rng, kills = random.Random(22), 0
    try:
        deadline_s = time.monotonic() + 240
        while kills < KILLS or counts(operations)[JobState.DONE] < JOBS:
            assert time.monotonic() < deadline_s, counts(operations)
            family.tend()
            running = list_jobs(operations, state=JobState.RUNNING)
            if running and kills < KILLS:
                victim = rng.choice(running).worker
                time.sleep(rng.uniform(0, 0.08))
                os.kill(family.processes("worker")[victim], signal.SIGKILL)
                kills += 1
                while victim in family.processes("worker"):
                    family.tend()
            time.sleep(0.01)
    finally:
        family.stop()
    with operations.connect() as connection:
        numbers = connection.execute(select(EFFECTS.c.number)).scalars().all()
    assert sorted(numbers, key=int) == [str(number) for number in range(JOBS)]
    ended = [get_job(operations, job_id) for job_id in ids]
    assert {job.state for job in ended} == {JobState.DONE}
    assert sum(job.attempts for job in ended) >= JOBS + KILLS / 2  # the kills hit work


def test_a_job_that_runs_too_long_is_stopped_and_said_so(operations: Engine, start: Start) -> None:
    job_id = enqueue(operations, "stubborn", {})
    worker = start(WALL_CLOCK_S="0.3")
    assert worker.wait(30) == EXIT_LIMIT
    job = get_job(operations, job_id)
    assert (job.state, job.code, job.attempts) == (JobState.WAITING, "too-long", 1)
    assert job.reason == "The job ran longer than 0.3 s and was stopped."


def test_a_job_that_takes_too_much_memory_is_stopped_and_said_so(operations: Engine, start: Start) -> None:
    job_id = enqueue(operations, "greedy", {})
    assert start().wait(30) == EXIT_LIMIT
    job = get_job(operations, job_id)
    assert (job.state, job.code) == (JobState.WAITING, "too-much-memory")


def test_sigterm_lets_a_short_job_end(operations: Engine, start: Start) -> None:
    job_id, later = enqueue(operations, "short", {}), enqueue(operations, "short", {})
    worker = start()
    _until(_is_running(operations, job_id))
    worker.terminate()
    assert worker.wait(10) == 0
    assert get_job(operations, job_id).reason == "It ended by itself."
    assert get_job(operations, later).attempts == 0


def test_sigterm_gives_a_long_job_back_at_no_cost(operations: Engine, start: Start) -> None:
    job_id = enqueue(operations, "stubborn", {})
    worker = start(GRACE_S="0.3")
    _until(_is_running(operations, job_id))
    worker.terminate()
    assert worker.wait(10) == 0
    job = get_job(operations, job_id)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)


def test_a_cancelled_job_stops_at_its_next_step_and_its_worker_goes_on(
    operations: Engine, start: Start
) -> None:
    job_id = enqueue(operations, "telling", {})
    worker = start()
    _until(lambda: get_job(operations, job_id).step.startswith("Step"))
    cancel(operations, job_id)
    _until(lambda: get_job(operations, job_id).state == JobState.CANCELLED)
    after = enqueue(operations, "effect", {"number": "1"})
    _until(lambda: get_job(operations, after).state == JobState.DONE)
    assert worker.poll() is None


def test_a_silent_job_keeps_its_lease_and_ends_with_its_process_when_cancelled(
    operations: Engine, start: Start
) -> None:
    job_id = enqueue(operations, "stubborn", {})
    worker = start(LEASE_S="0.8", GRACE_S="0.2")
    _until(_is_running(operations, job_id))
    first_mjd = get_job(operations, job_id).lease_until_mjd or 0.0
    _until(lambda: (get_job(operations, job_id).lease_until_mjd or 0.0) > first_mjd + 1.0 / SECONDS_PER_DAY)
    assert claim(operations, "thief") is None
    assert get_job(operations, job_id).attempts == 1
    cancel(operations, job_id)
    assert worker.wait(10) == EXIT_STOPPED
    assert get_job(operations, job_id).state == JobState.CANCELLED


def _run_once(settings: Settings, **tasks: Callable[..., str]) -> None:
    run_worker(settings, once=True, tasks=tasks)


def test_a_worker_tells_how_each_job_ended_and_works_until_nothing_is_due(
    settings: Settings, operations: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> str:
        raise Rejected("The header has no EXPTIME.", code="no-exptime")

    def break_down(*_: object) -> str:
        raise ZeroDivisionError("division by zero")

    def succeed(_: object, job: Job, progress: Callable[[str, float], None]) -> str:
        progress("Half way", 0.5)
        return f"All of {job.args['what']}."

    ids = [
        enqueue(operations, kind, {"what": "it"}) for kind in ("refuse", "break_down", "succeed", "strange")
    ]
    with caplog.at_level(logging.INFO):
        _run_once(settings, refuse=refuse, break_down=break_down, succeed=succeed)
    refused, broken, done, strange = (get_job(operations, job_id) for job_id in ids)
    assert (refused.state, refused.code) == (JobState.REJECTED, "no-exptime")
    assert (broken.state, broken.code) == (JobState.WAITING, "bug")
    assert (done.state, done.reason) == (JobState.DONE, "All of it.")
    assert (strange.state, strange.code) == (JobState.REJECTED, "unknown-task")
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text


def test_signals_belong_to_their_owner_again_after_a_worker(settings: Settings) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    _run_once(settings)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_worker_whose_parent_died_ends(settings: Settings, operations: Engine) -> None:
    began_s = time.monotonic()
    limits = Limits(wall_clock_s=60, memory_mb=3000, parent_pid=os.getppid() + 1)
    run_worker(settings, tasks={}, limits=limits)
    assert time.monotonic() - began_s < 10


@pytest.mark.parametrize(
    "place", ["no_such_module:TASKS", "jobs.loop:NOTHING", "jobs.loop:POLL_S", "nonsense", ""]
)
def test_tasks_that_are_not_there_are_refused(place: str) -> None:
    with pytest.raises(Rejected) as refusal:
        load_tasks(place)
    assert refusal.value.code == "bad-tasks"


def test_tasks_of_ones_own_are_found_by_name() -> None:
    assert set(load_tasks("worker_for_tests:TASKS")) >= {"effect", "stubborn"}
