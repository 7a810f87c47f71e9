"""A real night: how well the magnitudes of the same stars repeat from frame to frame, by each method.

``python benchmarks/bench_night.py FOLDER`` with a folder of frames of one field in one filter, such as a
night of MicroObservatory; ``--references`` names a catalogue to place them by. No truth is known: every
method's frames are brought to one level by the median of all stars, and each star's scatter is what counts.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from benchmarks.star_fields import StarField
from benchmarks.star_methods import Measured, absent, peers, timed
from benchmarks.star_methods import Method as StarMethod
from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.apertures import measure_apertures
from engine.photometry.burnt import found_stars
from engine.photometry.detect import Detection
from engine.photometry.exposures import read_exposures
from engine.photometry.pipeline import reduce_frame
from engine.photometry.psf.light import psf_light
from engine.photometry.rays import without_rays
from engine.photometry.references import read_references
from engine.photometry.verdict import TARGET_REF_ID
from engine.target import Target

Array = NDArray[np.float64]

FRAMES = 24
CIRCLES_PIX = (3.0, 4.5)
SAME_PIX = 1.5
SEEN_SHARE = 0.8  # of the frames on which a star must be, by every method
ROUNDS = 5
SPOILT = int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE)
TOO_SLOW = ("stdpipe, PSFEx in groups",)  # a quarter of a minute a frame
BINS = ((100, 1e9), (50, 100), (20, 50))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One frame, with its sources and where they stand on the sky [arcsec from the first one]."""

    frame: Frame
    detection: Detection
    sky_arcsec: Array
    pixel_scale_arcsec: float


Method = Callable[[Shot], pl.DataFrame]


def circle(radius_pix: float) -> Method:
    """Return the method that measures tomlake's sources in one circle."""

    def measured(shot: Shot) -> pl.DataFrame:
        places = shot.detection.sources.select("x", "y")
        return measure_apertures(shot.frame, places, detection=shot.detection, radius_pix=radius_pix)

    return measured


def fitted(shot: Shot) -> pl.DataFrame:
    """Return tomlake's sources by the PSF."""
    places = shot.detection.sources.select("x", "y")
    light = psf_light(shot.frame, shot.detection, places, places.clear(), known_sigma_pix=0.1)
    if light is None:
        raise SystemExit("a frame of the night has no PSF")
    return light.table


def placed(method: StarMethod) -> Method:
    """Return what a peer gives at tomlake's sources, from the same cleaned frame."""

    def measured(shot: Shot) -> pl.DataFrame:
        found = method(StarField(frame=shot.frame, truth=pl.DataFrame()))
        known = pl.all_horizontal(pl.col("x", "y", "flux_adu").is_finite())
        found = found.filter(known, pl.col("flux_adu") > 0)
        sources = shot.detection.sources.select("x", "y").to_numpy()
        distance, row = cKDTree(found.select("x", "y").to_numpy()).query(sources)
        flux = np.where(distance < SAME_PIX, found["flux_adu"].to_numpy()[row], np.nan)
        return pl.DataFrame({"flux_adu": flux})

    return measured


def methods() -> dict[str, Method]:
    """Return all that can be run here."""
    found = {f"tomlake, circle of {radius:g} px": circle(radius) for radius in CIRCLES_PIX}
    found["tomlake, PSF"] = fitted
    return found | {
        name: placed(method) for name, method in peers(circle_pix=10).items() if name not in TOO_SLOW
    }


def shots_of(paths: Sequence[Path], target: Target, references: pl.DataFrame) -> list[Shot]:
    """Return the frames that could be placed on the sky."""
    shots = []
    for path in paths:
        raw = read_exposures(path)[0]
        solution = reduce_frame(raw, target, references).solution if isinstance(raw, Frame) else None
        if solution is None or not isinstance(raw, Frame):
            continue
        frame, detection = without_rays(*found_stars(raw))
        x, y = (detection.sources[name].to_numpy() for name in ("x", "y"))
        ra_deg, dec_deg = solution.wcs.all_pix2world(x, y, 0)
        east = (ra_deg - target.ra_deg) * np.cos(np.radians(target.dec_deg))
        sky_arcsec = 3600 * np.column_stack([east, dec_deg - target.dec_deg])
        shots.append(
            Shot(
                frame=frame,
                detection=detection,
                sky_arcsec=sky_arcsec,
                pixel_scale_arcsec=solution.pixel_scale_arcsec,
            )
        )
    return shots


def rows_of_stars(shots: Sequence[Shot]) -> NDArray[np.int64]:
    """Return, for each frame and each star of the first one, the source that it is; -1 for none."""
    first = shots[0]
    rows = np.full((len(shots), len(first.sky_arcsec)), -1)
    for number, shot in enumerate(shots):
        distance, row = cKDTree(shot.sky_arcsec).query(first.sky_arcsec)
        spoilt = (shot.detection.sources["flags"].to_numpy()[row] & SPOILT) > 0
        rows[number] = np.where((distance < SAME_PIX * shot.pixel_scale_arcsec) & ~spoilt, row, -1)
    return rows


def levelled(mag: Array) -> Array:
    """Return magnitudes of shape (frames, stars) without what whole frames and the stars' own light do."""
    for _ in range(ROUNDS):
        mag = mag - np.nanmedian(mag, axis=0)
        mag = mag - np.nanmedian(mag, axis=1, keepdims=True)
    return mag


def repeatability(mag: Array) -> Array:
    """Return each star's robust scatter [mag]."""
    rest = levelled(mag)
    return np.asarray(1.4826 * np.nanmedian(np.abs(rest - np.nanmedian(rest, axis=0)), axis=0))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--references", type=Path)
    parser.add_argument("--ra", type=float, default=31.0427625)  # HAT-P-32
    parser.add_argument("--dec", type=float, default=46.6878514)
    told = parser.parse_args()
    if told.folder is None or told.references is None:
        print("No night of frames and catalogue was named: not measured.")
        return
    target = Target(name=TARGET_REF_ID, ra_deg=told.ra, dec_deg=told.dec)
    paths = sorted(told.folder.iterdir())
    paths = paths[:: max(1, len(paths) // FRAMES)]
    shots = shots_of(paths, target, read_references(told.references))
    rows = rows_of_stars(shots)
    snr = shots[0].detection.sources["snr"].to_numpy()
    print(absent())
    measured = {
        name: [timed(lambda: method(shot)) for shot in shots]  # noqa: B023 - used at once
        for name, method in methods().items()
    }
    print_table(measured, rows, snr)


def print_table(measured: dict[str, list[Measured]], rows: NDArray[np.int64], snr: Array) -> None:
    """Print how much the stars that are on all methods' lists scatter, and what a frame cost."""
    mags = {name: magnitudes(frames, rows) for name, frames in measured.items()}
    common = np.all([np.mean(np.isfinite(mag), axis=0) >= SEEN_SHARE for mag in mags.values()], axis=0)
    heads = [f"S/N {low:g} to {high:g}" if high < 1e9 else f"S/N above {low:g}" for low, high in BINS]
    print(f"{len(rows)} frames, {int(common.sum())} stars on all methods' lists; scatter of a star in mmag\n")
    print(f"| method | CPU s a frame | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 2)}")
    for name, mag in mags.items():
        scatter = repeatability(mag[:, common])
        cells = [f"{np.mean([frame.cpu_s for frame in measured[name]]):.2f}"]
        cells += [
            f"{1e3 * np.median(scatter[inside]):.1f} ({int(inside.sum())} stars)"
            for low, high in BINS
            if (inside := (snr[common] >= low) & (snr[common] < high)).any()
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def magnitudes(frames: Sequence[Measured], rows: NDArray[np.int64]) -> Array:
    """Return magnitudes of shape (frames, stars), NaN where a star was not measured."""
    flux = [frame.stars["flux_adu"].to_numpy() for frame in frames]
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = [-2.5 * np.log10(one[row]) for one, row in zip(flux, rows, strict=True)]
    return np.where((rows >= 0) & np.isfinite(mag), mag, np.nan)


if __name__ == "__main__":
    main()
