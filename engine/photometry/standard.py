"""From circles to magnitudes: pick the aperture, calibrate the frame in it, and standardise the target."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.apertures import DEFAULT_FWHM_PIX, contamination, empty_aperture_factor
from engine.photometry.calibrate import calibrate
from engine.photometry.calibrating.header_band import band_of_header
from engine.photometry.calibrating.star_colours import MIN_COLOURED_STARS
from engine.photometry.calibration import Calibration
from engine.photometry.detect import Detection
from engine.photometry.field import Field, neighbours_share
from engine.photometry.match import match
from engine.photometry.measure import (
    PSF_FIT,
    Ladder,
    Standard,
    TargetMeasurement,
    choose_radius,
    measure_target,
)
from engine.photometry.psf.light import StarLight, noise_factor
from engine.photometry.sentences import about_header
from engine.photometry.solve import Solution

FIRST_RUNG = 3  # 1.6 FWHM: where the first calibration is made
CALIBRATORS_FOR_RADIUS = 8
BLEND_SHARE = 0.02  # of the light in the circle
MOST_BLEND_SHARE = 0.9
MAX_MASKED_SHARE = 0.1  # of the circle's area
FLOOR_MAG = 0.005  # of one star on one frame: flat field and shape of the stars
UNKNOWN_COLOUR_ERR_MAG = 0.05  # of a camera's band against the standard one, where no colour term is known
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
        """Return the width of the stars, a usual one where they do not tell it."""
        return (self.detection.fwhm_pix or DEFAULT_FWHM_PIX) * self.solution.pixel_scale_arcsec


def standardise(solved: SolvedFrame, ladder: Ladder, *, requested: str) -> tuple[float, Calibration]:
    """Return the radius that suits the frame's stars and the target, and the frame's calibration in it.

    Where too few stars have colours to tell the band, the header's filter chooses among the free ones.
    """
    first_pix = ladder.radii_pix[min(FIRST_RUNG, len(ladder.radii_pix) - 1)]
    pairs = pairs_of(solved, ladder, first_pix)
    meant = _band_of_header(solved.frame, pairs)
    if meant is not None and requested.rpartition("/")[2] in FREE_WORDS and _few_stars(pairs):
        requested = meant
    first = calibrate(pairs, requested=requested)
    radius_pix = choose_radius(ladder, _offsets(ladder, first, pairs))
    best = calibrate(pairs_of(solved, ladder, radius_pix), requested=requested)
    return radius_pix, replace(best, notes=(*best.notes, *about_header(best, solved.frame, meant=meant)))


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


def standard_at(calibration: Calibration, field: Field, *, x: float | None, y: float | None) -> Standard:
    """Return the way to the standard system for a star of the target's colour at one place of the frame."""
    colour_mag = field.target_bp_rp_mag if calibration.colour_name == "BP-RP" else None
    errors_mag = (
        calibration.standard_err_mag(colour_mag=colour_mag),
        calibration.intrinsic_mag,
        UNKNOWN_COLOUR_ERR_MAG if calibration.colour_term is None else 0.0,
        FLOOR_MAG,
    )
    return Standard(
        offset_mag=calibration.standard_mag(0.0, colour_mag=colour_mag, x=x, y=y),
        err_mag=float(np.linalg.norm(errors_mag)),
    )


def standard_target(
    solved: SolvedFrame,
    light: pl.DataFrame,
    calibration: Calibration,
    *,
    radius_pix: float,
    star_light: StarLight | None = None,
) -> TargetMeasurement:
    """Return the target's standard magnitude or limit.

    Parameters
    ----------
    light
        One row of photometry at the target's place.
    star_light
        The fit that it comes from, where it was fitted.

    Raises
    ------
    Rejected
        ``saturated``, ``target-on-edge``, or ``bad-pixels``: the target's light cannot be trusted.
    """
    frame, field = solved.frame, solved.field
    is_fitted = radius_pix == PSF_FIT
    core_pix = solved.detection.fwhm_pix or DEFAULT_FWHM_PIX
    _refuse_spoilt_light(frame, light, core_pix if is_fitted else radius_pix)
    measurement = measure_target(
        light,
        standard_at(calibration, field, x=light["x"][0], y=light["y"][0]),
        gain_e_adu=frame.gain_e_adu,
        sky_factor=_sky_factor(solved, star_light, radius_pix=radius_pix),
        exptime_s=frame.exptime_s,
    )
    if is_fitted:  # the neighbours are fitted as well
        return measurement
    return _with_neighbours(measurement, solved, light, band=calibration.band, radius_pix=radius_pix)


def _sky_factor(solved: SolvedFrame, star_light: StarLight | None, *, radius_pix: float) -> float:
    if radius_pix == PSF_FIT and star_light is not None:
        return noise_factor(star_light, solved.detection)
    return empty_aperture_factor(solved.frame, solved.detection, radius_pix=radius_pix)


def _refuse_spoilt_light(frame: Frame, light: pl.DataFrame, radius_pix: float) -> None:
    flags = int(light["flags"][0])
    if flags & Flag.SATURATED:
        raise Rejected(
            f"The target is saturated in {frame.exptime_s:g} s: expose much shorter, or defocus.",
            code="saturated",
        )
    if flags & Flag.NEAR_EDGE:
        raise Rejected(
            "The target is cut by the edge of the frame: point so that it stands well inside.",
            code="target-on-edge",
        )
    x, y = light["x"].to_numpy(), light["y"].to_numpy()
    masked_pix, _, _ = sep.sum_circle(frame.mask.astype(np.float32), x, y, radius_pix, subpix=0)
    if masked_pix[0] > MAX_MASKED_SHARE * np.pi * radius_pix**2:
        raise Rejected(
            "The target stands on bad pixels of the camera: move it by some pixels and expose again.",
            code="bad-pixels",
        )


def _with_neighbours(
    measurement: TargetMeasurement,
    solved: SolvedFrame,
    light: pl.DataFrame,
    *,
    band: str,
    radius_pix: float,
) -> TargetMeasurement:
    """Return the measurement with the light of neighbours, seen or catalogued, in its flag and its error."""
    if measurement.mag is None or measurement.mag_err is None:
        return measurement
    x, y = light["x"].to_numpy(), light["y"].to_numpy()
    seen = contamination(solved.detection, x, y, radius_pix=radius_pix)[0] / light["flux_adu"][0]
    known = neighbours_share(
        solved.field,
        band=band,
        mag=measurement.mag,
        radius_arcsec=radius_pix * solved.solution.pixel_scale_arcsec,
        seeing_arcsec=solved.seeing_arcsec,
    )
    share = min(max(float(seen), known), MOST_BLEND_SHARE)
    if share < BLEND_SHARE:
        return replace(measurement, flags=measurement.flags & ~int(Flag.BLENDED))
    stolen_mag = -2.5 * float(np.log10(1 - share))
    return replace(
        measurement,
        flags=measurement.flags | int(Flag.BLENDED),
        sys_err_mag=float(np.hypot(measurement.sys_err_mag, stolen_mag)),
        mag_err=float(np.hypot(measurement.mag_err, stolen_mag)),
    )


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
