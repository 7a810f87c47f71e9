"""Whole frames, from 4 to 67 million pixels: time and memory of every step, and what a second core is worth.

``python benchmarks/bench_frames.py`` (some minutes). Each frame is measured in a process of its own, so that
its peak memory is known; nothing is written to a lake.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.star_fields import StarField, star_field
from engine.photometry.burnt import found_stars
from engine.photometry.measure import climb
from engine.photometry.psf.light import psf_light
from engine.photometry.rays import without_rays
from engine.photometry.satellites import without_trails

TILE_PIX, TILE_STARS = 2048, 5000  # as dense as 20,000 stars on 4096 pixels squared
SIDES = (1, 2, 4)  # tiles
FRAMES_AT_ONCE = 6
STEPS = ("find", "rays", "fit", "circles")
HEADER = (
    "frame", "stars", *(f"{step}, CPU s" for step in STEPS), "all, CPU s", "frames an hour and core",
    "peak, MB", "beyond an idle program, bytes a pixel",
)  # fmt: skip


def tiled(field: StarField, tiles: int) -> StarField:
    """Return the field beside itself, as often as wanted in both directions."""
    data = np.ascontiguousarray(np.tile(field.frame.data, (tiles, tiles)))
    steps = [(row, column) for row in range(tiles) for column in range(tiles)]
    truth = [
        field.truth.with_columns(x=pl.col("x") + TILE_PIX * column, y=pl.col("y") + TILE_PIX * row)
        for row, column in steps
    ]
    frame = replace(field.frame, data=data, mask=np.zeros(data.shape, dtype=np.bool_))
    return StarField(frame=frame, truth=pl.concat(truth))


def measured(field: StarField) -> dict[str, float]:
    """Return the processor's seconds for every step of measuring all stars of a frame."""
    ends_s = [time.process_time()]
    frame, detection = found_stars(field.frame)
    ends_s.append(time.process_time())
    frame, detection = without_rays(*without_trails(frame, detection))
    ends_s.append(time.process_time())
    places = detection.sources.select("x", "y")
    light = psf_light(frame, detection, places, field.truth.select("x", "y"), known_sigma_pix=0.1)
    ends_s.append(time.process_time())
    climb(frame, places, detection, light, radius_pix=None)
    ends_s.append(time.process_time())
    return {step: end_s - start_s for step, (start_s, end_s) in zip(STEPS, pairwise(ends_s), strict=True)}


def one_frame(tile: Path, tiles: int) -> None:
    """Measure one frame, and print its steps and its memory."""
    measured(star_field(0, side_pix=512, stars=300))  # compiles the loops
    idle_mb = _peak_mb()
    field = tiled(kept_field(tile), tiles)
    told = measured(field)
    facts = {"steps": told, "idle_mb": idle_mb, "peak_mb": _peak_mb(), "pixels": field.frame.data.size}
    sys.stdout.write(json.dumps(facts | {"stars": len(field.truth)}))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "."}
    return subprocess.Popen(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, env=environment
    )


def table(tile: Path) -> None:
    """Print time and memory of frames of all sizes."""
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    for tiles in SIDES:
        told = json.loads(_child("--tile", str(tile), "--tiles", str(tiles)).communicate()[0])
        all_s = sum(told["steps"].values())
        cells = (
            f"{tiles * TILE_PIX}²",
            f"{told['stars']:,}",
            *(f"{told['steps'][step]:.1f}" for step in STEPS),
            f"{all_s:.1f}",
            f"{3600 / all_s:,.0f}",
            f"{told['peak_mb']:,.0f}",
            f"{(told['peak_mb'] - told['idle_mb']) * 1024**2 / told['pixels']:.0f}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def many_frames(tile: Path, count: int) -> None:
    """Measure frames one after the other, and print the seconds after the first one."""
    field = kept_field(tile)
    measured(field)
    began_s = time.perf_counter()
    for _ in range(count):
        measured(field)
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - began_s}))


def kept_field(tile: Path) -> StarField:
    """Return the field that was kept in a file."""
    small = star_field(0, side_pix=64, stars=1)
    data = np.load(tile, allow_pickle=False)
    frame = replace(small.frame, data=data, mask=np.zeros(data.shape, dtype=np.bool_))
    return StarField(frame=frame, truth=pl.read_parquet(tile.with_suffix(".parquet")))


def two_cores(tile: Path) -> None:
    """Print by how much two processes are quicker than one with the same frames."""
    words = ("--tile", str(tile), "--many")
    alone = json.loads(_child(*words, str(FRAMES_AT_ONCE)).communicate()[0])["seconds"]
    pair = [_child(*words, str(FRAMES_AT_ONCE // 2)) for _ in range(2)]
    together = max(json.loads(each.communicate()[0])["seconds"] for each in pair)
    print(f"\nTwo processes measure {FRAMES_AT_ONCE} frames {alone / together:.2f} times as quickly as one.")


def main() -> None:
    """Print the tables, or measure what a parent process asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tile", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tiles", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--many", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tiles:
        one_frame(given.tile, given.tiles)
    elif given.many:
        many_frames(given.tile, given.many)
    else:
        with tempfile.TemporaryDirectory() as folder:
            tile = Path(folder) / "tile.npy"
            field = star_field(1, side_pix=TILE_PIX, stars=TILE_STARS)
            np.save(tile, field.frame.data)
            field.truth.write_parquet(tile.with_suffix(".parquet"))
            table(tile)
            two_cores(tile)


if __name__ == "__main__":
    main()
