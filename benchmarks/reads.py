"""Reading: one light curve, whole-table scans, and exports as CSV."""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.build import Pair
from benchmarks.caches import drop_caches
from benchmarks.data import POINTS_PER_TARGET
from benchmarks.figures import Report, Sample, in_turn, seconds
from benchmarks.postgres import COLUMNS

LIGHT_CURVE = f"SELECT {COLUMNS} FROM photometry WHERE target_id = %s ORDER BY mjd, point_id"
SCANS = {
    "count": "SELECT count(*) FROM {table}",
    "mean by source": "SELECT source, count(*), avg(mag) FROM {table} GROUP BY source",
    "histogram": "SELECT floor(mag * 10) AS bin, count(*) FROM {table} GROUP BY bin",
}
PAUSE_S = 0.02  # between two readings beside a writer, so that they see all of its work
EXPORTED_TARGETS = 1000  # about a million points


def check_equal(pair: Pair, target_ids: Sequence[int]) -> None:
    """Stop where the two stores do not give the same points."""
    for target_id in target_ids:
        ours = pair.lake.store.light_curve(target_id)["point_id"].to_list()
        place = COLUMNS.split(", ").index('"point_id"')
        theirs = [row[place] for row in pair.sql.execute(LIGHT_CURVE, (target_id,)).fetchall()]
        if sorted(ours) != sorted(theirs):  # type: ignore[type-var]
            raise SystemExit(f"the stores differ in target {target_id}")


def light_curves(pair: Pair, targets: int, report: Report, *, runs: int) -> None:
    """Report one light curve of another target each time, and of the same one again and again."""
    drop_caches(pair)
    first, *cases = _mixed(targets)[: _asked(targets, runs) + 1]
    check_equal(pair, [first])  # opens the connections as well
    fresh = in_turn(cases, pair.lake.store.light_curve, lambda each: _rows(pair, each))
    report.at_most("light curve, new target", fresh, bar=1.0)
    again = in_turn([cases[0]] * runs, pair.lake.store.light_curve, lambda each: _rows(pair, each))
    report.at_most("light curve, same target again", again, bar=2.0)
    for name, (ours, theirs) in {"new": fresh, "again": again}.items():
        report.numbers |= {f"light_curve_{name}_ms": ours.p50_ms, f"pg_light_curve_{name}_ms": theirs.p50_ms}


def scans(pair: Pair, report: Report, *, runs: int = 5) -> None:
    """Report statements that read every point."""
    for name, sql in SCANS.items():
        ours_sql, theirs_sql = sql.format(table="lake.photometry"), sql.format(table="photometry")
        ours, theirs = in_turn(
            range(runs),
            lambda _: pair.lake.store.scan(ours_sql),  # noqa: B023 - used at once
            lambda _: pair.sql.execute(theirs_sql).fetchall(),  # noqa: B023
        )
        report.faster(f"scan: {name}", (ours.p50_ms / 1e3, theirs.p50_ms / 1e3), bar=5.0)
        key = name.replace(" ", "_")
        report.numbers |= {f"scan_{key}_s": ours.p50_ms / 1e3, f"pg_scan_{key}_s": theirs.p50_ms / 1e3}


def exports(pair: Pair, targets: int, report: Report, *, runs: int = 3) -> None:
    """Report exports of a million points as CSV into a file, sorted by target and time."""
    count = min(EXPORTED_TARGETS, targets // 2)
    scattered = np.random.default_rng(5).permutation(targets)[:count]
    choices = {"contiguous": range(targets // 4, targets // 4 + count), "scattered": sorted(scattered)}
    for name, chosen in choices.items():
        ids = [int(each) for each in chosen]
        ours, theirs = in_turn(range(runs), lambda _: _our_csv(pair, ids), lambda _: _their_csv(pair, ids))  # noqa: B023
        millions = count * POINTS_PER_TARGET / 1e6
        what = f"CSV of {millions:g} M points, {name} over {count:,} targets"
        report.faster(what, (ours.p50_ms / 1e3, theirs.p50_ms / 1e3), bar=3.0)
        report.numbers |= {f"csv_{name}_s": ours.p50_ms / 1e3, f"pg_csv_{name}_s": theirs.p50_ms / 1e3}


def under_load(pair: Pair, targets: int, report: Report, *, runs: int, load: Callable[[], bool]) -> None:
    """Report how much slower light curves are while another process writes and compacts."""
    cases = iter(_mixed(targets)[_asked(targets, runs) + 1 :])
    alone = _paced(pair, islice(cases, _asked(targets, runs)), lambda: True)
    busy = _paced(pair, cases, load)
    share = busy.p95_ms / alone.p95_ms
    what = "light curve, new target, p95 beside a writer and compaction, of p95 alone"
    report.limited(f"{what} ({busy.p95_ms:.2f} of {alone.p95_ms:.2f} ms)", share, "×", bar=1.5)
    report.numbers |= {"light_curve_p95_ms": alone.p95_ms, "light_curve_busy_p95_ms": busy.p95_ms}


def _mixed(targets: int) -> list[int]:
    """Return every target once: nobody has read the next one before."""
    return [int(each) for each in np.random.default_rng(3).permutation(targets)]


def _asked(targets: int, runs: int) -> int:
    return min(runs, targets // 4)


def _paced(pair: Pair, cases: Iterable[int], go_on: Callable[[], bool]) -> Sample:
    times_s = []
    for each in cases:
        if not go_on():
            break
        times_s.append(seconds(lambda: pair.lake.store.light_curve(each)))  # noqa: B023 - used at once
        time.sleep(PAUSE_S)
    return Sample(times_s=tuple(times_s))


def _rows(pair: Pair, target_id: int) -> object:
    return pair.sql.execute(LIGHT_CURVE, (target_id,)).fetchall()


def _our_csv(pair: Pair, ids: Sequence[int]) -> None:
    store = pair.lake.store
    store.at(store.version()).write_csv(ids, pair.folder / "ours.csv")


def _their_csv(pair: Pair, ids: Sequence[int]) -> None:
    sql = f"SELECT {COLUMNS} FROM photometry WHERE target_id = ANY(%s) ORDER BY target_id, mjd"
    place = Path(pair.folder / "theirs.csv")
    with (
        place.open("wb") as file,
        pair.sql.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)", (list(ids),)) as copying,
    ):
        for block in copying:
            file.write(block)
