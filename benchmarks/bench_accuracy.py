"""The live accuracy of a camera: time and memory from 10,000 frames of 500 stars, and how both grow.

``python -m benchmarks.bench_accuracy`` (a minute). Each size is asked in a process of its own, whose lake
was written by another one: nothing is warm but the machine's own cache of files.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from engine.accuracy.simulated import SimulatedCamera, simulated_frames, simulated_references, simulated_stars
from lake.accuracy import Wanted, accuracy_of
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import read_settings

SIZES = (1_000, 5_000, 10_000)  # frames
STARS = 500  # of each
CHUNK = 1_000  # frames that are written at once
CAMERA = SimulatedCamera(facility="Bench", camera="Bench")
WANTED = Wanted(facility="Bench", camera="Bench", simulated=True)


def fill(folder: Path, frames: int) -> None:
    """Write a lake with the frames of one camera, their stars, and the catalogue."""
    rng = np.random.default_rng(1)
    lake = _opened(folder)
    references = simulated_references(rng, stars=20 * STARS)
    lake.store.append("reference_stars", references, batch=new_batch("bench", "simulated"))
    for first in range(0, frames, CHUNK):
        taken = simulated_frames(rng, CAMERA, count=min(CHUNK, frames - first), first=first)
        stars = simulated_stars(rng, taken, references, stars=STARS)
        batch = new_batch("bench", "upload")
        lake.store.append("frames", taken, batch=batch)
        lake.store.append("frame_stars", stars, batch=batch)
    lake.close()


def ask(folder: Path) -> None:
    """Print how long the answer takes when nothing is known yet, and when it is."""
    lake = _opened(folder)
    lake.store.version()
    seen = pl.DataFrame({"upload_id": range(max(SIZES))}).with_columns(received_mjd=pl.lit(60000.0))
    before_mb = _peak_mb()
    times_s, cpu_s = [], []
    for attempt in range(3):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        found = accuracy_of(lake.store, WANTED, seen, lake=attempt)  # a number that nobody asked with
        times_s.append(time.perf_counter() - start_s)
        cpu_s.append(time.process_time() - start_cpu_s)  # of all threads: a busy machine does not change it
    told = {"frames": found.frames, "stars": found.stars, "cold_s": times_s[0], "again_s": min(times_s[1:])}
    told |= {"cold_cpu_s": cpu_s[0]}
    print(json.dumps(told | {"before_mb": before_mb, "peak_mb": _peak_mb()}))
    lake.close()


def main() -> None:
    """Fill lakes of growing size and print a table of what asking them costs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fill", type=int)
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.fill:
        fill(options.folder, options.fill)
    elif options.ask:
        ask(options.folder)
    else:
        _all_sizes(options.folder)


def _all_sizes(folder: Path | None) -> None:
    print("| frames | stars | cold, s | cold, CPU s | again, s | peak beyond an open lake, MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for size in SIZES:
            at = Path(place) / str(size)
            _child("--fill", str(size), "--folder", str(at))
            told = json.loads(_child("--ask", "--folder", str(at)))
            grown_mb = told["peak_mb"] - told["before_mb"]
            print(
                f"| {told['frames']:,} | {told['stars']:,} | {told['cold_s']:.2f} | {told['cold_cpu_s']:.2f} "
                f"| {told['again_s']:.2f} | {grown_mb:.0f} |",
                flush=True,
            )


def _child(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_accuracy", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _opened(folder: Path) -> Lake:
    return open_lake(read_settings({**os.environ, "TOMLAKE_DATA": str(folder)}))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
