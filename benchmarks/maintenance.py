"""Maintenance: its memory at the lake's size, and how many files ten thousand small batches leave."""

import multiprocessing
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.build import Pair
from benchmarks.figures import Report, seconds
from benchmarks.writes import news, replace_in_lake
from lake.opening import Lake, open_lake
from lake.settings import Settings
from lake.upkeep.maintain import Scope, maintain

BATCHES_AN_HOUR = 417  # 10,000 a day
_LIVE_FILES = (
    "SELECT (SELECT count(*) FROM ducklake_data_file WHERE end_snapshot IS NULL)"
    " + (SELECT count(*) FROM ducklake_delete_file WHERE end_snapshot IS NULL)"
)


def measured(pair: Pair, report: Report) -> None:
    """Report the memory and time of one whole maintenance, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_maintain_and_tell, args=(pair.settings, answers))
    process.start()
    peak_mb, took_s = answers.get(timeout=36_000)
    process.join()
    report.limited("nightly maintenance of all that came: peak memory", peak_mb, "MB", bar=1024.0)
    clustered = f"CLUSTER {report.numbers['pg_cluster_s']:.3g} s"
    report.limited("nightly maintenance of all that came: time", took_s, "s", theirs=clustered)
    report.numbers |= {"maintenance_mb": peak_mb, "maintenance_s": took_s}


def small_batches(pair: Pair, targets: int, report: Report, *, batches: int) -> None:
    """Report the live files after a day of small batches: light maintenance hourly, at last a full one."""
    most = 0
    for number, new in enumerate(news(targets, look=200, count=batches), start=1):
        replace_in_lake(pair.lake.store, new)
        if number % BATCHES_AN_HOUR == 0:
            most = max(most, live_files(pair.lake))
            maintain(pair.lake, Scope.LIGHT, tell=_silently)
    most = max(most, live_files(pair.lake))
    maintain(pair.lake, Scope.FULL, tell=_silently)
    left = live_files(pair.lake)
    report.limited(f"live files after {batches:,} small batches and maintenance", left, "files", bar=200)
    report.limited("live files at most between two maintenances", most, "files")
    report.numbers["live_files"] = left


def live_files(lake: Lake) -> int:
    """Return how many data and delete files the newest version has."""
    return int(lake.store.backend.catalog.rows(_LIVE_FILES)[0][0])


@contextmanager
def busy(pair: Pair, targets: int) -> Iterator[Callable[[], bool]]:
    """Keep one process writing and compacting; what is given tells whether it still has work to do."""
    context = multiprocessing.get_context("spawn")
    started, done = context.Event(), context.Event()
    process = context.Process(target=_write_and_compact, args=(pair.settings, targets, started, done))
    process.start()
    try:
        started.wait(timeout=300)
        yield lambda: not done.is_set() and process.is_alive()
    finally:
        process.kill()
        process.join()


def _write_and_compact(settings: Settings, targets: int, started: Event, done: Event) -> None:
    lake = open_lake(settings)
    waiting = list(news(targets, look=300, count=120))
    replace_in_lake(lake.store, waiting.pop())
    started.set()
    for number, new in enumerate(waiting, start=1):
        replace_in_lake(lake.store, new)
        if number % 40 == 0:
            maintain(lake, Scope.FULL, tell=_silently)
    done.set()
    lake.close()


def _silently(_what: str, _part: float) -> None:
    """Tell nobody how far the work is."""


def _maintain_and_tell(settings: Settings, answers: "multiprocessing.Queue[tuple[float, float]]") -> None:
    lake = open_lake(settings)
    took_s = seconds(lambda: maintain(lake, Scope.FULL, tell=_silently))
    lake.close()
    answers.put((_peak_mb(), took_s))


def _peak_mb() -> float:
    """Return the most memory that this process ever held; unlike getrusage, without what its parent held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return float(found[1]) / 1024 if found else 0.0
