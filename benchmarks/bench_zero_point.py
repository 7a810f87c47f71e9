"""The zero point and the band against the truth: bias, honesty of the stated errors, and who is sure of what.

``python benchmarks/bench_zero_point.py`` (five minutes of one processor): first frames from pixels to
verdict, then matched stars without pixels, many more of them. ``--frames`` and ``--nights`` say how many.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from benchmarks.zero_point_frames import JudgedFrame, judged_frame
from benchmarks.zero_point_nights import SIDE_PIX, Night, Sky, night, with_wrong_matches
from engine.errors import Rejected
from engine.photometry.calibrate import calibrate
from engine.photometry.calibration import Calibration
from engine.photometry.field import Field
from engine.photometry.sentences import SURE
from engine.photometry.sky_stars import G_MINUS_BAND
from engine.photometry.target_mag import standard_at

Array = NDArray[np.float64]

CAMERA_BANDS = tuple(band for band in G_MINUS_BAND if band not in ("BP(GaiaDR3)", "RP(GaiaDR3)"))
STAR_COUNTS = ((6, 14), (15, 29), (30, 59), (60, 149), (150, 400))
WRONG_SHARES = (0.3, 0.45)
WRONG_STARS = (60, 60)
FAR_MAG = 0.05  # beyond it the zero point was not found
BINS = (0.0, 0.5, 0.7, 0.9, 0.99, 1.01)
HEADER = (
    "what", "number", "zero point: bias", "scatter / stated", "pull", "target: pull", "right band",
    f"sure (≥ {SURE:.0%})", "right where sure",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One calibration against the truth; misses and errors in the true band."""

    band: str
    chosen: str
    probability: float
    miss_mag: float
    err_mag: float
    target_pull: float

    @property
    def is_right(self) -> bool:
        """Return whether the band was found."""
        return self.band == self.chosen


def judged_pixels(told: JudgedFrame) -> Judged | None:
    """Return the verdict on a frame against its truth, or None where it was refused."""
    verdict, calibration = told.verdict, told.verdict.calibration
    if calibration is None or verdict.mag is None or verdict.mag_err is None:
        return None
    is_right = calibration.band == told.exposure.scene.band
    return Judged(
        band=told.exposure.scene.band,
        chosen=calibration.band,
        probability=calibration.probability,
        miss_mag=told.zero_point_miss_mag if is_right else np.nan,
        err_mag=calibration.zero_point_err_mag if is_right else np.nan,
        target_pull=(verdict.mag - told.target_mag) / verdict.mag_err if is_right else np.nan,
    )


def judged_night(told: Night, *, is_colour_known: bool, meant: str | None = None) -> Judged | None:
    """Return the calibration of matched stars against its truth, or None where it was refused."""
    try:
        chosen = calibrate(told.pairs, meant=meant)
        in_truth = (
            chosen if chosen.band == told.band else calibrate(told.pairs, requested=told.band, meant=meant)
        )
    except Rejected:
        return None
    middle = (SIDE_PIX - 1) / 2
    return Judged(
        band=told.band,
        chosen=chosen.band,
        probability=chosen.probability,
        miss_mag=in_truth.standard_mag(0.0, x=middle, y=middle) - told.zero_point_mag,
        err_mag=in_truth.zero_point_err_mag,
        target_pull=_target_pull(told, in_truth, is_colour_known=is_colour_known),
    )


def _target_pull(told: Night, calibration: Calibration, *, is_colour_known: bool) -> float:
    field = Field(
        calibrators=pl.DataFrame(),
        near_target=pl.DataFrame(),
        target_position=SkyCoord(0.0, 0.0, unit="deg"),
        target_bp_rp_mag=told.target_bp_rp_mag if is_colour_known else None,
    )
    standard = standard_at(calibration, field, x=told.x, y=told.y)
    miss_mag = told.target_inst_mag + standard.offset_mag - told.target_mag
    return float(miss_mag / np.hypot(standard.err_mag, told.target_inst_err_mag))


def rms(values: Array) -> float:
    """Return the root of the mean square of what is known."""
    return float(np.sqrt(np.nanmean(values**2)))


def scored(name: str, judged: Sequence[Judged]) -> str:
    """Return one line of the table."""
    misses, errors, pulls = (
        np.array([getattr(one, what) for one in judged]) for what in ("miss_mag", "err_mag", "target_pull")
    )
    right = np.array([one.is_right for one in judged])
    sure = np.array([one.probability >= SURE for one in judged])
    bias_mag, known = np.nanmean(misses), int(np.isfinite(misses).sum())
    cells = (
        name,
        str(len(judged)),
        f"{1e3 * bias_mag:+.1f} ± {1e3 * np.nanstd(misses) / np.sqrt(known):.1f} mmag",
        f"{1e3 * rms(misses):.1f} / {1e3 * rms(errors):.1f} mmag",
        f"{rms(misses / errors):.2f}",
        f"{rms(pulls):.2f}",
        f"{np.mean(right):.1%}",
        f"{np.mean(sure):.0%}",
        f"{np.mean(right[sure]):.1%}",
    )
    return "| " + " | ".join(cells) + " |"


def nights(count: int, sky: Sky, *, first_seed: int, with_header: bool = False) -> list[Judged]:
    """Return judged nights; half of the targets have a known colour."""
    drawn = [(seed, night(np.random.default_rng(first_seed + seed), sky=sky)) for seed in range(count)]
    judged = (
        judged_night(told, is_colour_known=bool(seed % 2), meant=told.band if with_header else None)
        for seed, told in drawn
    )
    return [one for one in judged if one is not None]


def print_probabilities(judged: Sequence[Judged]) -> None:
    """Print how often the band is right among those of about one stated probability."""
    print("\n| stated probability of the band | number | mean of it | right |\n|---|---|---|---|")
    told = np.array([one.probability for one in judged])
    right = np.array([one.is_right for one in judged])
    for low, high in pairwise(BINS):
        inside = (told >= low) & (told < high)
        if inside.any():
            words = f"{low:.2f} to {min(high, 1.0):.2f} | {inside.sum()}"
            print(f"| {words} | {np.mean(told[inside]):.3f} | {np.mean(right[inside]):.3f} |")


def print_wrong_matches(count: int) -> None:
    """Print what wrong matches do to the zero point of the same stars."""
    print("\n| wrong matches, 60 stars | zero point moves: rms, most | not found |\n|---|---|---|")
    clean = Sky(stars=WRONG_STARS, wrong_share=(0.0, 0.0))
    for share in WRONG_SHARES:
        moves = []
        for seed in range(count):
            rng = np.random.default_rng(90_000 + seed)
            told = night(rng, sky=clean)
            spoilt = with_wrong_matches(told, rng, share=share)
            moves.append(_zero_point(spoilt) - _zero_point(told))
        moved = np.array(moves)
        found = np.abs(moved) < FAR_MAG
        most = f"{1e3 * np.nanmax(np.abs(moved[found])):.1f}"
        print(f"| {share:.0%} | {1e3 * rms(moved[found]):.1f}, {most} mmag | {np.mean(~found):.1%} |")


def _zero_point(told: Night) -> float:
    try:
        in_band = told.pairs.filter(pl.col("band") == told.band)
        return calibrate(in_band).zero_point_mag
    except Rejected:
        return float("nan")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--nights", type=int, default=300)
    told = parser.parse_args()
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    frames = [judged_pixels(judged_frame(seed)) for seed in range(told.frames)]
    if any(frames):
        print(scored("frames, half with a header's filter", [one for one in frames if one]), flush=True)
    everything: list[Judged] = []
    for stars in STAR_COUNTS:
        judged = nights(told.nights, Sky(stars=stars, bands=CAMERA_BANDS), first_seed=1000 * stars[0])
        print(scored(f"{stars[0]} to {stars[1]} matched stars, no header", judged), flush=True)
        everything += judged
    headed = nights(
        told.nights, Sky(stars=(30, 150), bands=CAMERA_BANDS), first_seed=500_000, with_header=True
    )
    print(scored("30 to 150 matched stars, filter in the header", headed), flush=True)
    print_probabilities(everything)
    print_wrong_matches(told.nights // 3)


if __name__ == "__main__":
    main()
