"""ASAS-SN's rows, which both of its archives share: a flux in mJy, a magnitude, and a limit of the image.

References
----------
Shappee et al. 2014, ApJ 788, 48; Kochanek et al. 2017, PASP 129, 104502.
"""

import polars as pl

from engine.brokers.points import DETECTED_SNR, UJY_PER, archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Query
from engine.lightcurve import Flag

SATURATED_MAG = 11.0
_ZERO_POINT_MAG = {"g": 16.400, "V": 16.460}  # of 1 mJy: AB, and Vega (3836 Jy); measured in its answers
_SENTINEL = 99.0  # 99.99 stands for what was not measured
ACKNOWLEDGEMENT = (
    "We thank the Las Cumbres Observatory and its staff for its continuing support of the ASAS-SN project. "
    "ASAS-SN is funded in part by the Gordon and Betty Moore Foundation through grants GBMF5490 and "
    "GBMF10501 to the Ohio State University, and also funded in part by the Alfred P. Sloan Foundation grant "
    "G-2021-14192."
)
METHOD = (
    "Flux and its error are kept. From 3 sigma on a row is a magnitude: the archive's, or that of the flux "
    "(1 mJy is 16.400 in g and 16.460 in V) where the archive writes 99.99; below, the flux's error gives "
    "the limit of 5 sigma. Values of 99 and more were not measured.",
    "Points brighter than 11 mag are flagged as saturated. The two bands differ by a zero point of their own "
    "and are never joined. Light of neighbours within 16 arcsec is in the aperture.",
)


def asassn_points(rows: pl.DataFrame, query: Query, info: BrokerInfo, *, calib_version: str) -> pl.DataFrame:
    """Return the light curve of rows with the columns below, numbers or null where not measured.

    Parameters
    ----------
    rows
        ``source_ref``, ``mjd``, ``filter`` (g or V), ``camera``, ``flags``, ``mag``, ``mag_err``, ``limit``,
        ``flux_mjy``, ``flux_err_mjy``.
    """
    zero_point_mag = pl.col("filter").replace_strict(_ZERO_POINT_MAG, return_dtype=pl.Float64())
    flux, flux_err = pl.col("flux_mjy"), pl.col("flux_err_mjy")
    has_flux = flux.is_finite() & flux_err.is_between(0.0, _SENTINEL, closed="none")
    has_mag = pl.col("mag").is_between(0.0, 30.0) & pl.col("mag_err").is_between(0.0, 1.0, closed="none")
    has_limit = pl.col("limit").is_between(0.0, 30.0)
    rows = rows.with_columns(
        has_flux=has_flux.fill_null(False), has_mag=has_mag.fill_null(False), zero_point_mag=zero_point_mag
    )
    parts = brightness(flux, flux_err, zero_point_mag=0.0)
    seen = pl.col("has_mag") & ~pl.col("has_flux") | pl.col("has_flux") & (flux >= DETECTED_SNR * flux_err)
    mag = pl.when("has_mag").then("mag").otherwise(parts["mag"] + pl.col("zero_point_mag"))
    mag_err = pl.when("has_mag").then("mag_err").otherwise(parts["mag_err"])
    limit_mag = pl.when("has_flux").then(parts["limit_mag"] + pl.col("zero_point_mag"))
    points = rows.select(
        "source_ref",
        "mjd",
        "camera",
        band=pl.format("ASASSN({})", "filter"),
        mag=pl.when(seen).then(mag),
        mag_err=pl.when(seen).then(mag_err),
        limit_mag=pl.when(~seen).then(limit_mag.otherwise(pl.when(has_limit).then("limit"))),
        flux_ujy=pl.when("has_flux").then(flux * UJY_PER["mJy"]),
        flux_err_ujy=pl.when("has_flux").then(flux_err * UJY_PER["mJy"]),
        flags=pl.col("flags") | pl.when(seen & (mag < SATURATED_MAG)).then(int(Flag.SATURATED)).otherwise(0),
    ).filter(pl.any_horizontal(pl.col("mag", "limit_mag", "flux_ujy").is_not_null()))
    return archive_points(points, query, info, calib_version=calib_version, facility="ASAS-SN")
