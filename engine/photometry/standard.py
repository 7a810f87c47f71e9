"""From light to magnitudes: pick the circle or the fit that suits a frame, and calibrate the frame in it."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.calibrate import calibrate
from engine.photometry.calibrating.candidates import Expected
from engine.photometry.calibrating.header_band import band_of_header
from engine.photometry.calibrating.star_colours import MIN_COLOURED_STARS
from engine.photometry.calibration import Calibration
from engine.photometry.detect import Detection
from engine.photometry.field import Field
from engine.photometry.ground import DEFAULT_FWHM_PIX
from engine.photometry.match import match
from engine.photometry.measure import Ladder, choose_radius
from engine.photometry.sentences import about_header
from engine.photometry.solution import Solution

FIRST_RUNG = 3  # 1.6 FWHM: where the first calibration is made
CALIBRATORS_FOR_RADIUS = 8
# By how much all the light of a frame's stars is uncertain: nothing tells their wings beyond the widest
# circle, nor how much of them was taken for sky. Artificial frames of all kinds scatter so beyond noise.
WHOLE_LIGHT_ERR_MAG = 0.004
FREE_WORDS = ("", "any", "no", "auto", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedFrame:
    """A frame whose stars and place on the sky are known."""

    frame: Frame
    detection: Detection
    solution: Solution
    field: Field

    @property
    def seeing_arcsec(self) -> float:
        """Return the width of the stars, their length where they are trailed, a usual one if unknown."""
        width_pix = self.detection.trail_pix or self.detection.fwhm_pix or DEFAULT_FWHM_PIX
        return width_pix * self.solution.pixel_scale_arcsec


def standardise(solved: SolvedFrame, ladder: Ladder, *, requested: str) -> tuple[float, Calibration]:
    """Return the radius that suits the frame's stars and the target, and the frame's calibration in it.

    The radius does not depend on the band that was asked for: a request only chooses among results. Where
    too few stars have colours to tell the band, the header's filter chooses among the free ones.
    """
    first_pix = ladder.radii_pix[min(FIRST_RUNG, len(ladder.radii_pix) - 1)]
    pairs = pairs_of(solved, ladder, first_pix)
    meant = _band_of_header(solved.frame, pairs)
    if meant is not None and requested.rpartition("/")[2] in FREE_WORDS and _few_stars(pairs):
        requested = meant
    expected = _expected(solved.frame, meant)
    first = _first(pairs, requested=requested, expected=expected)
    radius_pix = choose_radius(ladder, _offsets(ladder, first, pairs))
    best = calibrate(pairs_of(solved, ladder, radius_pix), requested=requested, expected=expected)
    notes = (*best.notes, *about_header(best, solved.frame, meant=meant))
    return radius_pix, _of_whole_light(replace(best, notes=notes))


def _expected(frame: Frame, meant: str | None) -> Expected:
    """Return what the header, and earlier frames through the same filter, say of the band."""
    same = tuple(
        habit
        for habit in frame.camera.habits
        if (habit.filter_name, habit.plane) == (frame.filter_name, frame.plane)
    )
    return Expected(meant=meant, habits=same)


def _first(pairs: pl.DataFrame, *, requested: str, expected: Expected) -> Calibration:
    try:
        return calibrate(pairs, expected=expected)
    except Rejected:  # too few stars to tell the band: the one asked for may still do
        return calibrate(pairs, requested=requested, expected=expected)


def _of_whole_light(calibration: Calibration) -> Calibration:
    def doubted(error_mag: float) -> float:
        return float(np.hypot(error_mag, WHOLE_LIGHT_ERR_MAG))

    fits = tuple(replace(fit, zero_point_err_mag=doubted(fit.zero_point_err_mag)) for fit in calibration.fits)
    return replace(calibration, zero_point_err_mag=doubted(calibration.zero_point_err_mag), fits=fits)


def _band_of_header(frame: Frame, pairs: pl.DataFrame) -> str | None:
    available = set(pairs["band"].drop_nulls().to_list())
    return band_of_header(frame.filter_name, plane=frame.plane, available=available)


def _few_stars(pairs: pl.DataFrame) -> bool:
    usable = pairs.filter(pl.col("band").is_not_null(), (pl.col("flags") & int(Flag.SATURATED)) == 0)
    return usable["ref_id"].n_unique() < MIN_COLOURED_STARS


def pairs_of(solved: SolvedFrame, ladder: Ladder, radius_pix: float) -> pl.DataFrame:
    """Return the frame's stars, measured in one circle, with their reference magnitudes."""
    stars = ladder.table(radius_pix)[:-1]  # the target stands last
    return match(stars, solved.field.calibrators, solved.solution.wcs, mjd=solved.frame.mjd)


def _offsets(ladder: Ladder, first: Calibration, pairs: pl.DataFrame) -> dict[float, NDArray[np.float64]]:
    """Return per radius what each good calibrator says of the zero point, without colour or place."""
    good = first.residuals.filter(pl.col("used")).join(
        pairs.select("ref_id", "source").unique("ref_id"), on="ref_id"
    )
    good = good.sort("inst_mag_err", "ref_id").head(max(CALIBRATORS_FOR_RADIUS, len(good) // 2))
    rows = good["source"].to_list()
    level = (good["residual_mag"] + good["inst_mag"]).to_numpy()
    offsets = {
        radius_pix: level - table["inst_mag"][rows].to_numpy()
        for radius_pix, table in zip(ladder.radii_pix, ladder.tables, strict=True)
    }
    known = np.all([np.isfinite(values) for values in offsets.values()], axis=0)
    return {radius_pix: values[known] for radius_pix, values in offsets.items()}
