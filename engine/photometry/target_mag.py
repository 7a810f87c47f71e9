"""The target's magnitude on a calibrated frame, or its limit; what may be wrong with it is in its error."""

from dataclasses import replace

import numpy as np
import polars as pl
import sep

from engine.errors import Rejected
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, Flag
from engine.photometry.apertures import contamination, empty_aperture_factor
from engine.photometry.calibration import Calibration
from engine.photometry.field import Field, neighbours_share
from engine.photometry.ground import DEFAULT_FWHM_PIX
from engine.photometry.measure import PSF_FIT, Standard, TargetMeasurement, measure_target
from engine.photometry.psf.host import Underlying, underlying_light
from engine.photometry.psf.light import StarLight, noise_factor
from engine.photometry.satellites import target_trails
from engine.photometry.standard import SolvedFrame

BLEND_SHARE = 0.02  # of the light in the circle
MOST_BLEND_SHARE = 0.9
MAX_MASKED_SHARE = 0.1  # of the circle's area
FLOOR_MAG = 0.005  # of one star on one frame: flat field and shape of the stars
UNKNOWN_COLOUR_ERR_MAG = 0.05  # of a camera's band against the standard one, where no colour term is known
HOST_SIGMA = 5.0
HOST_SHARE = 0.03  # of the target's light, below which what it stands on does not matter


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
        ``saturated``, ``target-on-edge``, ``satellite-trail`` or ``bad-pixels``: the target's light cannot be
        trusted.
    """
    frame, field = solved.frame, solved.field
    is_fitted = radius_pix == PSF_FIT
    core_pix = solved.detection.fwhm_pix or DEFAULT_FWHM_PIX
    _refuse_spoilt_light(solved, light, core_pix if is_fitted else radius_pix)
    under = _underlying(light, star_light) if is_fitted else None
    measurement = measure_target(
        light if under is None else _without(light, under),
        standard_at(calibration, field, x=light["x"][0], y=light["y"][0]),
        gain_e_adu=frame.gain_e_adu,
        sky_factor=_sky_factor(solved, star_light, radius_pix=radius_pix),
        exptime_s=frame.exptime_s,
    )
    if is_fitted:  # the neighbours are fitted as well
        return measurement if under is None else _on_host(measurement, light, under)
    return _with_neighbours(measurement, solved, light, band=calibration.band, radius_pix=radius_pix)


def _underlying(light: pl.DataFrame, star_light: StarLight | None) -> Underlying | None:
    """Return the light under the target where there is enough to matter."""
    if star_light is None:
        return None
    under = underlying_light(star_light, float(light["x"][0]), float(light["y"][0]))
    is_sure = under.flux_adu > HOST_SIGMA * under.err_adu
    return under if is_sure and under.flux_adu > HOST_SHARE * light["flux_adu"][0] else None


def _without(light: pl.DataFrame, under: Underlying) -> pl.DataFrame:
    return light.with_columns(
        flux_adu=pl.col("flux_adu") - under.flux_adu,
        flux_err_adu=(pl.col("flux_err_adu") ** 2 + under.err_adu**2).sqrt(),
    )


def _on_host(measurement: TargetMeasurement, light: pl.DataFrame, under: Underlying) -> TargetMeasurement:
    """Return the measurement with a third of what was taken off in its error: no ring tells the middle."""
    left_adu = max(float(light["flux_adu"][0]) - under.flux_adu, under.flux_adu)
    share = under.flux_adu / left_adu
    told = replace(measurement, flags=measurement.flags | int(Flag.BLENDED), host_share=share)
    if told.mag is None or told.mag_err is None:
        return told
    doubt_mag = MAG_ERR_PER_RELATIVE_FLUX_ERR * share / 3
    return replace(
        told,
        sys_err_mag=float(np.hypot(told.sys_err_mag, doubt_mag)),
        mag_err=float(np.hypot(told.mag_err, doubt_mag)),
    )


def _sky_factor(solved: SolvedFrame, star_light: StarLight | None, *, radius_pix: float) -> float:
    if radius_pix == PSF_FIT and star_light is not None:
        return noise_factor(star_light, solved.detection)
    return empty_aperture_factor(solved.frame, solved.detection, radius_pix=radius_pix)


def _refuse_spoilt_light(solved: SolvedFrame, light: pl.DataFrame, radius_pix: float) -> None:
    frame, flags = solved.frame, int(light["flags"][0])
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
        if target_trails(solved.detection, (x[0], y[0])):
            raise Rejected(
                "A satellite's trail covers the target: expose again, this frame cannot tell its light.",
                code="satellite-trail",
            )
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
