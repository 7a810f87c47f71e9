"""The lake beside PostgreSQL, the same points in both, measured in turn in one run.

``python benchmarks/bench_lake.py`` takes 10 million points, ``--quick`` one, ``--on-demand`` a hundred.
"""

import argparse
import json
import os
import platform
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import maintenance, reads, writes
from benchmarks.build import compare_disk, empty_pair, fill
from benchmarks.data import POINTS_PER_TARGET
from benchmarks.figures import Report

QUICK, ROUTINE, ON_DEMAND = 10**6, 10**7, 10**8
RUNS = 200


def run(points: int, *, batches: int, time_s: float, folder: Path) -> Report:
    """Return the whole table for a lake of this size; it is built in a folder that is gone afterwards."""
    report = Report()
    targets = points // POINTS_PER_TARGET
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place:
        Path(place).chmod(0o755)  # PostgreSQL runs as another user
        with empty_pair(Path(place)) as pair:
            count = fill(pair, points, report)
            maintenance.measured(pair, report)
            compare_disk(pair, count, report)
            reads.check_equal(pair, range(0, targets, max(1, targets // 20)))
            reads.light_curves(pair, targets, report, runs=RUNS)
            reads.scans(pair, report)
            reads.exports(pair, targets, report)
            writes.replaces(pair, targets, report, runs=RUNS // 2)
            writes.crowds(pair, targets, report, time_s=time_s)
            with maintenance.busy(pair, targets) as still:
                reads.under_load(pair, targets, report, runs=RUNS, load=still)
            maintenance.small_batches(pair, targets, report, batches=batches)
    return report


def main() -> None:
    """Print the table; keep its numbers where told."""
    told = _arguments()
    points = int(told.points or (QUICK if told.quick else ON_DEMAND if told.on_demand else ROUTINE))
    batches = told.batches or (500 if told.quick else 10_000)
    print(f"{points:,} points; {os.cpu_count()} cores, Python {platform.python_version()}\n")
    report = run(points, batches=batches, time_s=told.time_s, folder=told.folder)
    print(f"\nMissed: {'; '.join(report.missed) or 'nothing'}")
    if told.json is not None:
        kept = {"numbers": report.numbers, "rows": [asdict(row) for row in report.rows]}
        told.json.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="one million points")
    size.add_argument("--on-demand", action="store_true", help="a hundred million points: 40 GB of disk")
    size.add_argument("--points", type=float, help="any other number of points")
    parser.add_argument("--batches", type=int, help="small batches written at the end (10,000; quick 500)")
    parser.add_argument("--time-s", type=float, default=15.0, help="how long sixteen writers write")
    parser.add_argument("--folder", type=Path, help="where the stores are built")
    parser.add_argument("--json", type=Path, help="file for the numbers, read by growth.py")
    return parser.parse_args()


if __name__ == "__main__":
    main()
