"""The harvester: one process that asks many archives at once, each within what it bears.

``python -m jobs.harvester`` takes the jobs that ask archives from the queue and does each in a thread: they
wait for the network nearly all the time. An archive has at most two of them at a time, and none while it
rests after failures, so that a slow or dead one takes nothing from the others. All share one HTTP client,
which keeps every host's pace.
"""

import argparse
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from engine.brokers.asking.client import HttpClient, Limits
from engine.brokers.protocol import Http
from engine.errors import Rejected
from engine.times import mjd_now
from jobs.canary import canary_by
from jobs.ephemeris import find_ephemeris_by
from jobs.executor import CANARY, EPHEMERIS, HARVEST, WATCH
from jobs.harvest import harvest_by
from jobs.loop import end_with
from jobs.progress import Stopped
from jobs.watch import used_memory_mb
from jobs.watch_streams import watch_streams_by
from jobs.worker import EXIT_REFUSED, new_name
from lake.archives import ILL_FAILURES, list_archive_health, lock_start
from lake.opening import Lake, open_lake
from lake.queue import Job, Kinds, claim, heartbeat, release
from lake.settings import read_settings

logger = logging.getLogger(__name__)

WORK = {HARVEST: harvest_by, CANARY: canary_by, WATCH: watch_streams_by, EPHEMERIS: find_ephemeris_by}
AT_ONCE = 64
ARCHIVE_AT_ONCE = 2
LEASE_S, BEAT_S = 60.0, 10.0
HEALTH_S = 2.0  # between two looks which archives rest
POLL_S = 0.2
GRACE_S = 3.0  # for jobs to end by themselves when the program is stopped
ANSWER_MAX_BYTES = 24 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class _Running:
    job: Job
    stopped: threading.Event = field(default_factory=threading.Event)
    step: str = ""
    progress: float = 0.0

    def tell(self, step: str, fraction: float) -> None:
        """Take note of how far the job is; end it here when it was cancelled."""
        if self.stopped.is_set():
            raise Stopped("The job was cancelled or taken away.", code="stopped")
        self.step, self.progress = step, fraction


class Harvester:
    """Does harvest jobs in threads, until it is stopped."""

    def __init__(self, lake: Lake, http: Http, *, name: str, memory_mb: float = 1500.0) -> None:
        self._lake = lake
        self._http = http
        self._name = name
        self._memory_mb = memory_mb  # more than it had at its start: then it ends, and is started anew
        self._at_start_mb = used_memory_mb()
        self._running: dict[int, _Running] = {}
        self._bell = threading.Event()
        self._is_stopping = False
        self._beat_s = self._looked_s = 0.0
        self._ill: Mapping[str, bool] = {}  # archive: whether it rests; else it is tried by one job at a time

    def stop(self) -> None:
        """Let ``run`` end soon; what is under way is given back if it does not end within a few seconds."""
        self._is_stopping = True
        self._bell.set()

    def run(self, *, once: bool = False) -> None:
        """Work until it is stopped or grew too large; or, with ``once``, until nothing is due any more."""
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="harvest")  # "with" would wait for its end
        try:
            while not self._is_stopping:
                self._beat()
                job = None if self._is_full() else self._claim()
                if job is not None:
                    self._begin(threads, job)
                elif not self._running and (once or self._is_large()):
                    break
                else:
                    self._bell.wait(POLL_S)
                    self._bell.clear()
            self._end()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _is_large(self) -> bool:
        return used_memory_mb() - self._at_start_mb > self._memory_mb

    def _is_full(self) -> bool:
        return len(self._running) >= AT_ONCE or self._is_large()

    def _claim(self) -> Job | None:
        busy = Counter(each.job.args.get("source", "") for each in self._running.values())
        avoided = {archive for archive, count in busy.items() if count >= ARCHIVE_AT_ONCE}
        avoided |= {archive for archive, rests in self._ill.items() if rests or busy[archive]}
        kinds = Kinds(only=tuple(WORK), avoid=[lock_start(archive) for archive in avoided])
        return claim(self._lake.operations, self._name, lease_s=LEASE_S, kinds=kinds)

    def _begin(self, threads: ThreadPoolExecutor, job: Job) -> None:
        running = self._running[job.job_id] = _Running(job=job)
        threads.submit(self._carry_out, running).add_done_callback(lambda done: self._ended(job, done))

    def _ended(self, job: Job, done: "Future[None]") -> None:
        self._running.pop(job.job_id, None)
        if not done.cancelled() and (error := done.exception()) is not None:
            logger.error("job %d could not be ended", job.job_id, exc_info=error)
        self._bell.set()

    def _carry_out(self, running: _Running) -> None:
        job = running.job
        work = partial(WORK[job.kind], self._http, self._lake, job, running.tell)
        if not end_with(self._lake.operations, job, work):
            self._looked_s = 0.0  # the archive may rest from now on

    def _beat(self) -> None:
        """Keep the leases of what is under way, and look which archives rest."""
        now_s = time.monotonic()
        if now_s - self._beat_s > BEAT_S:
            self._beat_s = now_s
            for each in list(self._running.values()):
                if not heartbeat(
                    self._lake.operations, each.job, progress=each.progress, step=each.step, lease_s=LEASE_S
                ):
                    each.stopped.set()
        if now_s - self._looked_s > HEALTH_S:
            self._looked_s = now_s
            self._ill = {
                health.archive: (health.rests_until_mjd or 0.0) > mjd_now()
                for health in list_archive_health(self._lake.operations)
                if health.failures >= ILL_FAILURES
            }

    def _end(self) -> None:
        """Wait a little for what is under way, then give it back."""
        until_s = time.monotonic() + GRACE_S
        while self._running and time.monotonic() < until_s:
            self._bell.wait(POLL_S)
            self._bell.clear()
        for each in list(self._running.values()):
            each.stopped.set()
            release(self._lake.operations, each.job)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the harvester with the settings of the environment."""
    parser = argparse.ArgumentParser(prog="python -m jobs.harvester", description="Ask archives.")
    parser.add_argument("--name", default="", help="name of the harvester, unique")
    parser.add_argument("--once", action="store_true", help="end when nothing is due any more")
    parser.add_argument("--child", action="store_true", help="end when the parent process ends")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = read_settings()
        lake = open_lake(settings)
    except Rejected as refusal:
        logger.error("%s", refusal, exc_info=refusal.__cause__)
        raise SystemExit(EXIT_REFUSED) from refusal
    http = HttpClient(Limits(size_max_bytes=ANSWER_MAX_BYTES), secrets=settings.secrets)
    harvester = Harvester(lake, http, name=given.name or new_name())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: harvester.stop())
    if given.child:
        _stop_with_parent(harvester, os.getppid())
    try:
        harvester.run(once=given.once)
    except SQLAlchemyError:
        logger.exception("the operational database went away")
    os._exit(0)  # threads that still wait for an archive are not waited for; nothing is lost by that


def _stop_with_parent(harvester: Harvester, parent_pid: int) -> None:
    def look() -> None:
        while os.getppid() == parent_pid:
            time.sleep(1.0)
        harvester.stop()

    threading.Thread(target=look, name="parent", daemon=True).start()


if __name__ == "__main__":
    main()
