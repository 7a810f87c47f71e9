"""The whole way of a table that another program measured: no pixels, the same kind of verdict."""

from dataclasses import replace

import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from engine.photometry.calibrate import calibrate
from engine.photometry.calibration import Calibration
from engine.photometry.conclude import calibrated, concluded, refused
from engine.photometry.field import Field, field_of, sky_of
from engine.photometry.instrumental import InstrumentalTable
from engine.photometry.match import match
from engine.photometry.measure import LIMIT_SIGMA, TargetMeasurement
from engine.photometry.sentences import about_calibration, about_solution
from engine.photometry.solution import Solution
from engine.photometry.solve import solve
from engine.photometry.target_mag import standard_at
from engine.photometry.verdict import Reduction, Status, stars_table
from engine.target import Target

MATCH_RADIUS_ARCSEC = 2.0
GAIA_EPOCH_MJD = 57388.5  # J2016.0: where stars stand in a table without a time
BORDER_PIX = 1.0  # beyond the outermost stars
LEAST_ERR_MAG = 1e-4  # programs write 0.0000 for bright stars
FAINT_ERR_MAG = MAG_ERR_PER_RELATIVE_FLUX_ERR / LIMIT_SIGMA


def reduce_table(
    table: InstrumentalTable,
    target: Target | None,
    references: pl.DataFrame,
    *,
    requested: str = "any",
    mjd: float | None = None,
    match_radius_arcsec: float = MATCH_RADIUS_ARCSEC,
) -> Reduction:
    """Return the verdict on one table of stars; it is never raised.

    Parameters
    ----------
    target
        None: the frame is calibrated only, and the verdict has the code ``calibrated`` and no magnitude.
    mjd
        UTC, mid-exposure; None: as the table says.
    match_radius_arcsec
        Within which a star of the table is the target; else the verdict is a limit.
    """
    known = _begun(table, mjd=table.mjd if mjd is None else mjd)
    when = GAIA_EPOCH_MJD if known.mjd is None else known.mjd
    try:
        solution = _solved(table.stars, target, references, mjd=when)
        known = _with_solution(known, solution)
        stars = _on_sky(table.stars, solution)
        field = field_of(references, target, mjd=when) if target else None
        row = _nearest(stars, field, radius_arcsec=match_radius_arcsec) if field else None
        light = None if row is None else stars[row : row + 1]
        others = stars.filter(pl.int_range(pl.len()) != (-1 if row is None else row))
        pairs = match(others, references if field is None else field.calibrators, None, mjd=when)
        known = replace(known, stars_table=stars_table(pairs, None, light))
        calibration = calibrate(pairs, requested=requested)
        known = calibrated(known, calibration, stars_table(pairs, calibration, light))
    except Rejected as refusal:
        return refused(known, refusal)
    if field is None:
        return replace(
            known, status=Status.MEASURED, code="calibrated", reason=about_calibration(calibration)[0]
        )
    return concluded(known, _measurement(stars, light, calibration, field))


def _begun(table: InstrumentalTable, *, mjd: float | None) -> Reduction:
    words = (f"{len(table.stars)} stars with {table.magnitude_column} were read.",)
    return Reduction(
        status=Status.REJECTED,
        file=table.frame_name,
        filter_name=table.filter_name,
        mjd=mjd,
        exptime_s=table.exptime_s,
        sentences=words,
        notes=() if mjd is not None else ("The table tells no time: give the MJD of mid-exposure with it.",),
    )


def _solved(
    stars: pl.DataFrame, target: Target | None, references: pl.DataFrame, *, mjd: float
) -> Solution | None:
    """Return the place on the sky of a table that has pixels only, None where it has positions."""
    if stars["ra_deg"].is_not_null().all():
        return None
    placed = stars.filter(pl.col("x").is_not_null()).with_columns(flux_adu=10 ** (-0.4 * pl.col("inst_mag")))
    width, height = (float(np.max(placed[name].to_numpy(), initial=0.0)) + BORDER_PIX for name in ("x", "y"))
    return solve(
        placed,
        shape=(int(np.ceil(height)), int(np.ceil(width))),
        pointing=(target.ra_deg, target.dec_deg) if target else None,
        pixel_scale_arcsec=None,
        wcs_hint=None,
        references=references,
        mjd=mjd,
    )


def _with_solution(known: Reduction, solution: Solution | None) -> Reduction:
    if solution is None:
        return known
    words = about_solution(solution, seeing_arcsec=None)
    return replace(known, solution=solution, sentences=(*known.sentences, *words))


def _on_sky(stars: pl.DataFrame, solution: Solution | None) -> pl.DataFrame:
    if solution is None:
        return stars
    placed = stars.filter(pl.col("x").is_not_null())
    ra_deg, dec_deg = solution.wcs.all_pix2world(placed["x"].to_numpy(), placed["y"].to_numpy(), 0)
    return placed.with_columns(ra_deg=pl.Series(ra_deg % 360.0), dec_deg=pl.Series(dec_deg))


def _nearest(stars: pl.DataFrame, field: Field, *, radius_arcsec: float) -> int | None:
    separation = sky_of(stars).separation(field.target_position).arcsec
    row = int(np.argmin(separation))
    return row if separation[row] < radius_arcsec else None


def _measurement(
    stars: pl.DataFrame, light: pl.DataFrame | None, calibration: Calibration, field: Field
) -> TargetMeasurement:
    """Return the target as the table has it; where it is missing, the faintest good star is the limit."""
    good = stars.filter(pl.col("inst_mag_err").fill_null(0.0) < FAINT_ERR_MAG)["inst_mag"].to_numpy()
    x, y = (None, None) if light is None else (light["x"][0], light["y"][0])
    standard = standard_at(calibration, field, x=x, y=y)
    limit_mag = standard.offset_mag + float(np.max(good, initial=-99.0))
    if light is None:
        return TargetMeasurement(
            mag=None, mag_err=None, stat_err_mag=None, sys_err_mag=standard.err_mag, limit_mag=limit_mag,
            snr=0.0, flags=0,
        )  # fmt: skip
    error_mag = light["inst_mag_err"][0]
    stat_err_mag = float(calibration.scatter_mag if error_mag is None else max(error_mag, LEAST_ERR_MAG))
    return TargetMeasurement(
        mag=standard.offset_mag + float(light["inst_mag"][0]),
        mag_err=float(np.hypot(stat_err_mag, standard.err_mag)),
        stat_err_mag=stat_err_mag,
        sys_err_mag=standard.err_mag,
        limit_mag=limit_mag,
        snr=MAG_ERR_PER_RELATIVE_FLUX_ERR / stat_err_mag,
        flags=int(light["flags"][0]),
    )
