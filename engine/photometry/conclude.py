"""What every way to a verdict ends with: a calibration told, a refusal, or the target's number."""

from dataclasses import replace

import polars as pl

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.calibration import Calibration
from engine.photometry.measure import TargetMeasurement
from engine.photometry.sentences import FEW_STARS, STANDARD_COLOUR_TERM, about_calibration, about_target
from engine.photometry.verdict import Reduction, Status


def calibrated(known: Reduction, calibration: Calibration, stars: pl.DataFrame) -> Reduction:
    """Return what is known after the calibration, with its flags and words."""
    flags = known.flags
    if calibration.stars < FEW_STARS:
        flags |= int(Flag.FEW_REFERENCE_STARS)
    if abs(calibration.colour_term or 0.0) > STANDARD_COLOUR_TERM:
        flags |= int(Flag.NON_STANDARD_BAND)
    return replace(
        known,
        band=calibration.band,
        zero_point_mag=calibration.zero_point_mag,
        zero_point_err_mag=calibration.zero_point_err_mag,
        scatter_mag=calibration.scatter_mag,
        stars=calibration.stars,
        calibration=calibration,
        stars_table=stars,
        flags=flags,
        sentences=(*known.sentences, *about_calibration(calibration)),
    )


def refused(known: Reduction, refusal: Rejected) -> Reduction:
    """Return the verdict of a way that ended early, with all that was known by then."""
    return replace(
        known,
        status=Status.REJECTED,
        code=refusal.code,
        reason=refusal.reason,
        sentences=(*known.sentences, refusal.reason),
    )


def concluded(known: Reduction, measurement: TargetMeasurement) -> Reduction:
    """Return the verdict with the target's magnitude or limit."""
    status = Status.LIMIT if measurement.mag is None else Status.MEASURED
    words = about_target(measurement, exptime_s=known.exptime_s, band=known.band or "")
    return replace(
        known,
        status=status,
        code=str(status),
        reason=words[0],
        sentences=(*known.sentences, *words),
        mag=measurement.mag,
        mag_err=measurement.mag_err,
        stat_err_mag=measurement.stat_err_mag,
        sys_err_mag=measurement.sys_err_mag,
        limit_mag=measurement.limit_mag,
        flags=known.flags | measurement.flags,
    )
