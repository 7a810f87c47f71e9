"""A Dask cluster of real processes does real jobs once each, whoever is killed meanwhile."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import select

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'tomlake[dask]'")

from dask_for_tests import LIMITS, TASKS, Processes, until
from installations import opened_in
from worker_for_tests import EFFECTS

from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.target import Target
from jobs.loop import work
from lake.inbox.accepting import UploadRequest, UploadStatus, accept, uploads
from lake.opening import Lake
from lake.operations import reading
from lake.people.accounts import create_user
from lake.provenance import new_batch
from lake.queue import JobState, cancel, enqueue, get_job
from lake.references import put_stars
from lake.rights import SYSTEM
from lake.settings import child_environment
from lake.targets import create_target

pytestmark = pytest.mark.alone

RA_DEG, DEC_DEG, MJD = 120.0, 20.0, 61000.0
FRAMES, EFFECTS_WANTED = 3, 24


def _lake(folder: Path) -> Lake:
    """Return a lake with a target, simulated reference stars and nothing else."""
    lake = opened_in(folder, TOMLAKE_EXECUTOR="dask")
    EFFECTS.create(lake.operations)
    create_user(lake.operations, "ada", "a long enough one", full_name="Ada")
    target = Target(name="Sim", ra_deg=RA_DEG, dec_deg=DEC_DEG, simulated=True)
    create_target(lake.operations, target, by="ada")
    put_stars(lake.store, _stars(), batch=new_batch("demo", "simulated"))
    return lake


def _stars() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return gaia_like_stars(rng, ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=0.15, density_per_deg2=4000.0)


def _send_frames(lake: Lake) -> None:
    sky = pl.concat([_stars(), one_star("target", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=13.5)])
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FRAMES):
            path = Path(folder) / f"{number}.fits"
            scene = Scene(ra_deg=RA_DEG, dec_deg=DEC_DEG, shape=(300, 300), mjd=MJD + number)
            write_fits(simulate_exposure(sky, rng=np.random.default_rng(number), scene=scene), path)
            with lake.raw.receive() as reception:
                reception.write(path.read_bytes())
                raw_file = reception.finish()
            request = UploadRequest(target="Sim", filename=path.name, uploaded_by="ada", simulated=True)
            accept(lake, raw_file, request)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = _lake(tmp_path_factory.mktemp("dask") / "data")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def processes(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    started = Processes(tmp_path_factory.mktemp("processes"), child_environment(lake.settings))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def port(processes: Processes) -> int:
    """Return the port of a cluster of two workers that a dispatcher keeps busy."""
    free = _free_port()
    processes.scheduler(free)
    for name in ("one", "two"):
        processes.worker(name, free)
    processes.dispatcher(free)
    return free


def _effect(lake: Lake, number: str, task: str = "effect") -> int:
    return enqueue(lake.operations, "harvest", {"task": task, "number": number})


def _numbers(lake: Lake) -> list[str]:
    with reading(lake.operations) as connection:
        return list(connection.execute(select(EFFECTS.c.number)).scalars())


def _has_state(lake: Lake, state: JobState, *job_ids: int) -> bool:
    return all(get_job(lake.operations, job_id).state == state for job_id in job_ids)


def _pid(worker: str) -> int:
    return int(worker.split("-")[-2])


def _papers(lake: Lake) -> dict[str, list[dict[str, object]]]:
    """Return the rows that a reduction made, without what tells one run from another: times and ids."""
    wanted = {
        "batches": "SELECT * FROM lake.batches WHERE task = 'reduce' ORDER BY raw_sha256",
        "frames": "SELECT * FROM lake.frames ORDER BY raw_sha256",
        "photometry": "SELECT * FROM lake.photometry ORDER BY mjd",
    }
    of_one_run = {"batch_id", "made_mjd", "frame_id", "point_id", "created_mjd", "stages_s"}
    return {
        table: lake.store.read(sql).drop(of_one_run, strict=False).to_dicts() for table, sql in wanted.items()
    }


def test_two_dask_workers_do_every_job_once_with_the_papers_of_a_local_run(
    lake: Lake, port: int, tmp_path: Path
) -> None:
    effects = [_effect(lake, str(number)) for number in range(EFFECTS_WANTED)]
    _send_frames(lake)
    local = _lake(tmp_path / "local")
    _send_frames(local)
    work(local, TASKS, name="local", limits=LIMITS, once=True)
    sent = uploads(lake.operations, SYSTEM)
    reductions = [each.job_id or 0 for each in sent]
    until(lambda: _has_state(lake, JobState.DONE, *effects, *reductions))
    assert sorted(_numbers(lake), key=int) == [str(number) for number in range(EFFECTS_WANTED)]
    ended = [get_job(lake.operations, job_id) for job_id in [*effects, *reductions]]
    assert {job.attempts for job in ended} == {1}
    assert len({job.worker for job in ended}) == 2
    assert {each.status for each in uploads(lake.operations, SYSTEM)} == {UploadStatus.MEASURED}
    assert _papers(lake) == _papers(local)
    assert len(_papers(lake)["photometry"]) == FRAMES
    local.close()


def test_the_job_of_a_killed_dask_worker_is_done_by_the_other(lake: Lake, port: int) -> None:
    job_id = _effect(lake, "kill", "slow_effect")
    until(lambda: get_job(lake.operations, job_id).step == "Thinking")
    victim = get_job(lake.operations, job_id).worker
    os.kill(_pid(victim), signal.SIGKILL)
    until(lambda: _has_state(lake, JobState.DONE, job_id))
    job = get_job(lake.operations, job_id)
    assert (job.attempts, job.worker == victim) == (2, False)
    assert _numbers(lake).count("kill") == 1


def test_a_job_on_the_cluster_is_cancelled_as_any_other(lake: Lake, port: int) -> None:
    job_id = _effect(lake, "never", "telling")
    until(lambda: get_job(lake.operations, job_id).step.startswith("Step"))
    cancel(lake.operations, job_id)
    until(lambda: _has_state(lake, JobState.CANCELLED, job_id))


def test_a_dask_worker_that_is_told_to_stop_gives_its_job_back_at_no_cost(lake: Lake, port: int) -> None:
    job_id = _effect(lake, "stop", "telling")
    until(lambda: get_job(lake.operations, job_id).step.startswith("Step"))
    victim = get_job(lake.operations, job_id).worker
    os.kill(os.getpgid(_pid(victim)), signal.SIGTERM)
    until(lambda: get_job(lake.operations, job_id).worker != victim)
    assert get_job(lake.operations, job_id).attempts == 1
    cancel(lake.operations, job_id)
    until(lambda: _has_state(lake, JobState.CANCELLED, job_id))


def test_jobs_go_on_when_the_dispatcher_is_killed(lake: Lake, processes: Processes, port: int) -> None:
    begun = _effect(lake, "begun", "slow_effect")
    until(lambda: get_job(lake.operations, begun).step == "Thinking")
    processes.kill("dispatcher")
    waiting = _effect(lake, "waiting")
    until(lambda: _has_state(lake, JobState.DONE, begun))
    assert get_job(lake.operations, begun).attempts == 1
    processes.dispatcher(port)
    until(lambda: _has_state(lake, JobState.DONE, waiting))
    assert sorted(set(_numbers(lake)) & {"begun", "waiting"}) == ["begun", "waiting"]


def test_jobs_wait_for_a_scheduler_that_does_not_answer(lake: Lake, processes: Processes, port: int) -> None:
    for name in ("one", "two", "scheduler"):
        processes.kill(name)
    until(lambda: "does not answer" in processes.log("dispatcher"))
    job_id = _effect(lake, "patient")
    complaints = [line for line in processes.log("dispatcher").splitlines() if line.startswith("ERROR")]
    assert complaints == [
        f"ERROR:jobs.dask_dispatch:The Dask scheduler at tcp://127.0.0.1:{port} does not answer: "
        "its jobs wait, and it is asked again until it does."
    ]
    job = get_job(lake.operations, job_id)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    processes.scheduler(port)
    processes.worker("one", port)
    until(lambda: _has_state(lake, JobState.DONE, job_id))
    assert _numbers(lake).count("patient") == 1


def test_a_dask_worker_of_another_lake_gets_nothing_to_do(
    lake: Lake, processes: Processes, port: int, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        processes.kill(name)
    job_id = _effect(lake, "loyal")
    elsewhere = f"sqlite:///{tmp_path / 'operations.sqlite'}"
    processes.worker("stranger", port, TOMLAKE_OPERATIONS_URL=elsewhere)
    until(lambda: "It works on another lake" in processes.log("dispatcher"))
    assert get_job(lake.operations, job_id).attempts == 0
