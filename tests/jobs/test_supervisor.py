import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine

from jobs.supervisor import EARLY_DEATHS, Family, Program
from lake.operations import open_operations
from lake.queue import JobState, enqueue, get_job
from lake.settings import Settings, child_environment, read_settings

pytestmark = pytest.mark.alone

SCRIPT = Path(__file__).parent / "worker_for_tests.py"
ROOT = SCRIPT.parent.parent.parent
# A portal that ignores SIGTERM and has a child of its own; it writes both process ids down.
DEAF_PORTAL = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
SUPERVISE = """
import sys
from jobs.supervisor import Program, supervise
from lake.settings import read_settings
programs = [
    Program(title="portal", command=(sys.executable, "-c", sys.argv[1], sys.argv[2]), is_essential=True),
    Program(title="worker", command=(sys.executable, sys.argv[3], "--child"), is_worker=True),
]
sys.exit(supervise(read_settings(), programs))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "data")


@pytest.fixture
def operations(settings: Settings) -> Iterator[Engine]:
    opened = open_operations(settings.operations_url)
    yield opened
    opened.dispose()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _waited_s(pid: int) -> float:
    """Return how long a process waited for a processor so far, where the system tells."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0


def test_sigterm_stops_everything_within_five_seconds_without_orphans(
    tmp_path: Path, settings: Settings, operations: Engine
) -> None:
    pids_file = tmp_path / "pids"
    job_id = enqueue(operations, "stubborn", {})
    environment = {**child_environment(settings), "PYTHONPATH": str(ROOT), "GRACE_S": "0.5"}
    command = [sys.executable, "-c", SUPERVISE, DEAF_PORTAL, str(pids_file), str(SCRIPT)]
    supervisor = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        deadline_s = time.monotonic() + 40
        while not (pids_file.exists() and get_job(operations, job_id).state == JobState.RUNNING):
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        time.sleep(0.05)
        pids = [int(pid) for pid in pids_file.read_text().split()]
        began_s = time.monotonic() - _waited_s(supervisor.pid)
        supervisor.terminate()
        os.waitid(os.P_PID, supervisor.pid, os.WEXITED | os.WNOWAIT)
        took_s = time.monotonic() - _waited_s(supervisor.pid) - began_s
        assert supervisor.wait(20) == 0
        assert took_s < 5.0  # without what others on the machine took
    finally:
        supervisor.kill()
        supervisor.wait()
    assert not [pid for pid in pids if _lives(pid)]
    job = get_job(operations, job_id)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)


def test_a_program_that_dies_is_started_again(settings: Settings, operations: Engine) -> None:
    sleeper = Program(title="sleeper", command=("sleep", "600"))
    family = Family(operations, [sleeper], child_environment(settings))
    try:
        family.tend()
        (first,) = family.processes("sleeper").values()
        os.kill(first, signal.SIGKILL)
        deadline_s = time.monotonic() + 10
        while list(family.processes("sleeper").values()) in ([first], []):
            family.tend()
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        assert not family.has_failed
    finally:
        family.stop()
    assert family.processes("sleeper") == {}


def test_an_essential_program_that_cannot_start_ends_everything(
    settings: Settings, operations: Engine
) -> None:
    broken = Program(title="portal", command=("false",), is_essential=True)
    family = Family(operations, [broken], child_environment(settings))
    deadline_s = time.monotonic() + 20
    began_s = time.monotonic()
    while not family.has_failed:
        family.tend()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    family.stop()
    assert time.monotonic() - began_s > 0.4 * (EARLY_DEATHS - 2)  # it did not spin


def test_settings_reach_the_programs_that_are_started(settings: Settings) -> None:
    again = read_settings(child_environment(settings))
    for name in ("data_dir", "operations_url", "catalog_url", "store_url", "raw_url", "port", "index_dir"):
        assert getattr(again, name) == getattr(settings, name), name
