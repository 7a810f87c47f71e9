"""Writing: the points of one source of one target replaced, by one writer and by sixteen in their turn."""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl

from benchmarks import postgres
from benchmarks.build import Pair
from benchmarks.data import SOURCES, points_of_one
from benchmarks.figures import Report, Sample, in_turn, spread
from lake.opening import open_lake
from lake.provenance import new_batch
from lake.settings import Settings
from lake.store import Store

WRITERS = 16
Answers: TypeAlias = "multiprocessing.Queue[Sequence[float]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """New points of one source of one target."""

    target_id: int
    source: str
    points: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What sixteen writers, each for itself, did in the same time."""

    calls_s: tuple[tuple[float, ...], ...]  # of each writer
    wall_s: float

    @property
    def service_ms(self) -> float:
        """Return the time between two finished replaces."""
        return 1e3 * self.wall_s / sum(len(each) for each in self.calls_s)

    @property
    def worst_of_mean(self) -> float:
        """Return the longest call in units of the mean one."""
        every = np.concatenate([np.asarray(each) for each in self.calls_s])
        return float(every.max() / every.mean())


def news(targets: int, *, look: int, count: int) -> Iterator[New]:
    """Give new points for mixed targets and sources; another look gives other ones."""
    rng = np.random.default_rng([11, look])
    for number in range(count):
        target_id, source = int(rng.integers(0, targets)), SOURCES[int(rng.integers(0, len(SOURCES)))].key
        points = points_of_one(target_id, source, look=1 + look * count + number)
        yield New(target_id=target_id, source=source, points=points)


def replace_in_lake(store: Store, new: New) -> None:
    """Replace in the lake, as a harvest does."""
    batch = new_batch("bench", new.source, target_id=new.target_id)
    store.replace_points(new.target_id, new.source, new.points, batch=batch)


def replaces(pair: Pair, targets: int, report: Report, *, runs: int) -> None:
    """Report one replace after another by a single writer."""
    waiting = list(news(targets, look=100, count=runs + 1))
    replace_in_lake(pair.lake.store, waiting.pop())  # opens the connection
    texts = {id(new): postgres.csv_of(new.points) for new in waiting}
    samples = in_turn(
        waiting,
        lambda new: replace_in_lake(pair.lake.store, new),
        lambda new: postgres.replace_points(pair.sql, new.target_id, new.source, texts[id(new)]),
    )
    report.at_most("replace of one (target, source), one writer", samples)
    report.numbers |= {"replace_ms": samples[0].p50_ms, "pg_replace_ms": samples[1].p50_ms}


def crowds(pair: Pair, targets: int, report: Report, *, time_s: float) -> None:
    """Report sixteen processes that replace as fast as they are let: in the lake, then in PostgreSQL."""
    ours = _crowd(_lake_writer, (pair.settings, targets), time_s)
    theirs = _crowd(_postgres_writer, (pair.server.folder, targets), time_s)
    what = f"replace, {WRITERS} writers at once"
    report.limited(
        f"{what}: between two finished", ours.service_ms, "ms", bar=30.0, theirs=f"{theirs.service_ms:.3g} ms"
    )
    waits = Sample(times_s=tuple(np.concatenate([np.asarray(each) for each in ours.calls_s])))
    report.limited(f"{what}: p95 of a call with its wait", waits.p95_ms, "ms")
    report.limited(f"{what}: longest call, of the mean", ours.worst_of_mean, "×", bar=3.0)
    fair = spread([len(each) for each in ours.calls_s])
    report.at_least(f"{what}: fairness (Jain)", fair, bar=0.95)
    report.numbers |= {
        "crowd_replace_ms": ours.service_ms,
        "pg_crowd_replace_ms": theirs.service_ms,
        "crowd_fairness": fair,
    }


def _crowd(writer: Callable[..., None], told: tuple[object, ...], time_s: float) -> Crowd:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(WRITERS + 1)
    answers = context.Queue()
    processes = [
        context.Process(target=writer, args=(*told, look, time_s, start, answers)) for look in range(WRITERS)
    ]
    for process in processes:
        process.start()
    try:
        start.wait(timeout=300)
        calls = [answers.get(timeout=time_s + 300) for _ in processes]
        start.wait(timeout=300)
    finally:
        for process in processes:
            process.join(timeout=30)
            process.kill()
    return Crowd(calls_s=tuple(tuple(each) for each in calls), wall_s=time_s)


def _lake_writer(
    settings: Settings,
    targets: int,
    look: int,
    time_s: float,
    start: Barrier,
    answers: Answers,
) -> None:
    lake = open_lake(settings)
    waiting = list(news(targets, look=look, count=int(time_s * 10)))
    replace_in_lake(lake.store, waiting.pop())
    start.wait(timeout=300)
    answers.put(_calls(waiting, lambda new: replace_in_lake(lake.store, new), time_s))
    start.wait(timeout=300)  # a process that ends takes a second of processor time from those still at work
    lake.close()


def _postgres_writer(
    folder: Path,
    targets: int,
    look: int,
    time_s: float,
    start: Barrier,
    answers: Answers,
) -> None:
    waiting = list(news(targets, look=look, count=50))
    texts = {id(new): postgres.csv_of(new.points) for new in waiting}
    with postgres.connect(folder) as sql:
        start.wait(timeout=300)
        done = _calls(
            cycle(waiting),
            lambda new: postgres.replace_points(sql, new.target_id, new.source, texts[id(new)]),
            time_s,
        )
        answers.put(done)
        start.wait(timeout=300)


def _calls(waiting: Iterable[New], replace: Callable[[New], None], time_s: float) -> list[float]:
    """Return how long each call took, until the time is over or nothing waits any more."""
    end = time.perf_counter() + time_s
    calls = []
    for new in waiting:
        began = time.perf_counter()
        if began >= end:
            break
        replace(new)
        calls.append(time.perf_counter() - began)
    return calls
