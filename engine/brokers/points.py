"""From an archive's rows to a light curve: what every archive module does in the same way."""

from typing import TypeVar

import numpy as np
import polars as pl

from engine.brokers.protocol import BrokerInfo, Query
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, MAG_ERR_PER_RELATIVE_FLUX_ERR, empty, light_curve
from engine.times import bjd_tdb

Mag = TypeVar("Mag", float, pl.Expr)
UJY_PER = {"nJy": 1e-3, "mJy": 1e3, "Jy": 1e6}
DETECTED_SNR = 3.0
LIMIT_SIGMAS = 5.0


def archive_points(
    rows: pl.DataFrame, query: Query, info: BrokerInfo, *, calib_version: str, facility: str = ""
) -> pl.DataFrame:
    """Return rows with ``source_ref``, ``mjd``, ``band`` and a brightness as the light curve of an archive.

    What an archive's rows share is filled in where the rows do not have it: target, source, facility and
    observer (the archive's facility, or its title), ``calib_version``, and ``bjd_tdb`` from ``mjd``. Of rows
    with the same ``source_ref`` the first is kept.

    Raises
    ------
    Rejected
        ``bad-point``
    """
    if rows.is_empty():
        return empty()
    name = facility or info.title
    shared = {
        "target_id": pl.lit(query.target_id),
        "source": pl.lit(info.key),
        "facility": pl.lit(name),
        "observer": pl.lit(name),
        "calib_version": pl.lit(calib_version),
    }
    rows = rows.unique("source_ref", keep="first", maintain_order=True)
    rows = rows.with_columns(**{key: value for key, value in shared.items() if key not in rows.columns})
    if "bjd_tdb" not in rows.columns:
        mjd = rows["mjd"].cast(pl.Float64).to_numpy()
        rows = rows.with_columns(
            pl.Series("bjd_tdb", bjd_tdb(np.asarray(mjd), ra_deg=query.ra_deg, dec_deg=query.dec_deg))
        )
    return light_curve(rows)


def brightness(flux: pl.Expr, flux_err: pl.Expr, *, zero_point_mag: float) -> dict[str, pl.Expr]:
    """Return ``mag``, ``mag_err``, ``limit_mag`` of fluxes: magnitudes from 3 sigma on, else 5 sigma limits.

    Parameters
    ----------
    zero_point_mag
        Magnitude of a flux of one: 23.9 for AB and uJy, 31.4 for nJy, 16.4 for mJy, 8.9 for Jy.

    A row without a positive error gives neither.
    """
    sound = flux.is_finite() & flux_err.is_finite() & (flux_err > 0)
    seen = sound & (flux >= DETECTED_SNR * flux_err)
    return {
        "mag": pl.when(seen).then(zero_point_mag - 2.5 * flux.log10()),
        "mag_err": pl.when(seen).then(MAG_ERR_PER_RELATIVE_FLUX_ERR * flux_err / flux),
        "limit_mag": pl.when(sound & ~seen).then(zero_point_mag - 2.5 * (LIMIT_SIGMAS * flux_err).log10()),
    }


def flux_of(mag: Mag, *, zero_point_mag: float = AB_ZERO_POINT_UJY_MAG) -> Mag:
    """Return the flux of a magnitude, or of a column of them: in uJy of AB, or by the zero point given."""
    flux: Mag = 10.0 ** (0.4 * (zero_point_mag - mag))
    return flux


def flux_and_error(mag: pl.Expr, mag_err: pl.Expr, *, zero_point_mag: float) -> tuple[pl.Expr, pl.Expr]:
    """Return flux and its error of magnitudes, so that ``brightness`` tells detections from limits."""
    flux = flux_of(mag, zero_point_mag=zero_point_mag)
    return flux, flux * mag_err * (np.log(10.0) / 2.5)
