"""The stars of a field as one night knows them: where they are, and how bright by its good frames."""

from collections.abc import Sequence

import polars as pl
from astropy.coordinates import SkyCoord

from engine.lightcurve import Flag
from engine.photometry.field import position_of
from engine.photometry.references import REFERENCE_SCHEMA, STAR_COLUMNS
from engine.photometry.verdict import TARGET_REF_ID, Reduction
from engine.target import Target
from engine.times import J2000_MJD, julian_year

CATALOGUE = "this night"
BRIGHT_SNR = 25.0
MAX_FIELD_STARS = 150
APART_PIX = 2.0  # from any star that the catalogue has
MANY_MEASUREMENTS = 3  # of a star: its own spread tells its error
FLOOR_MAG = 0.003
FEW_MEASUREMENTS_ERR_MAG = 0.02
_UNSOUND = int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE)


def field_stars(group: Sequence[Reduction], references: pl.DataFrame, target: Target) -> pl.DataFrame:
    """Return the bright sources of the best placed frame that no catalogue has, without magnitudes."""
    best = max(group, key=lambda each: (each.solution.matched if each.solution else 0, -(each.mjd or 0.0)))
    solution = best.solution
    if solution is None or best.sources.is_empty():
        return pl.DataFrame(schema=REFERENCE_SCHEMA)
    bright = best.sources.filter(pl.col("snr") > BRIGHT_SNR, pl.col("flags") == 0)
    if bright.is_empty():
        return pl.DataFrame(schema=REFERENCE_SCHEMA)
    ra_deg, dec_deg = solution.wcs.all_pix2world(bright["x"].to_numpy(), bright["y"].to_numpy(), 0)
    places = SkyCoord(ra_deg, dec_deg, unit="deg")
    itself = position_of(target, best.mjd or J2000_MJD)
    known = SkyCoord(
        [*references["ra_deg"], itself.ra.deg], [*references["dec_deg"], itself.dec.deg], unit="deg"
    )
    is_new = places.match_to_catalog_sky(known)[1].arcsec > APART_PIX * solution.pixel_scale_arcsec
    year = julian_year(best.mjd or J2000_MJD)
    stars = (
        pl.DataFrame({"ra_deg": ra_deg, "dec_deg": dec_deg}).filter(pl.Series(is_new)).head(MAX_FIELD_STARS)
    )
    return (
        stars.head(MAX_FIELD_STARS)
        .with_row_index("number")
        .with_columns(ref_id=pl.format("night-{}", "number"), epoch=pl.lit(year), catalogue=pl.lit(CATALOGUE))
        .select(
            (pl.col(name) if name in ("ref_id", "ra_deg", "dec_deg", "epoch", "catalogue") else pl.lit(None))
            .cast(dtype)
            .alias(name)
            for name, dtype in REFERENCE_SCHEMA.items()
        )
    )


def standardised_stars(sound: Sequence[Reduction], stars: pl.DataFrame, band: str) -> pl.DataFrame:
    """Return the stars with the median of what the well calibrated frames say of their magnitudes in a band.

    A star that fewer than three frames measured well keeps its place, without a magnitude, where there are
    so many frames.
    """
    measured = [
        each.stars_table.filter(
            pl.col("ref_id") != TARGET_REF_ID,
            (pl.col("flags") & _UNSOUND) == 0,
            pl.col("inst_mag").is_finite(),
        ).select("ref_id", mag=pl.col("inst_mag") + (each.zero_point_mag or 0.0))
        for each in sound
    ]
    spread_mag = 1.4826 * (pl.col("mag") - pl.col("mag").median()).abs().median()
    known = (
        pl.concat(measured)
        .group_by("ref_id")
        .agg(
            count=pl.len(),
            mag_err=pl.when(pl.len() >= MANY_MEASUREMENTS)
            .then((spread_mag / pl.len().sqrt()).clip(FLOOR_MAG))
            .otherwise(FEW_MEASUREMENTS_ERR_MAG),
            mag=pl.col("mag").median(),
        )
        .filter(pl.col("count") >= min(MANY_MEASUREMENTS, len(sound)))
    )
    return (
        stars.unique("ref_id", keep="first", maintain_order=True)
        .select(STAR_COLUMNS)
        .join(known, on="ref_id", how="left", maintain_order="left")
        .with_columns(
            catalogue=pl.lit(CATALOGUE),
            band=pl.when(pl.col("mag").is_not_null()).then(pl.lit(band)),
        )
        .select(stars.columns)
    )
