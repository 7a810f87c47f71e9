"""Reference stars: one schema, and a reader that understands the files observers and archives have."""

from pathlib import Path

import polars as pl

from engine.bands import BANDS, band_label
from engine.errors import Rejected
from engine.photometry.catalogue.reference_columns import (
    COLOUR,
    DEC,
    EPOCH,
    NAMED_BP_RP,
    PM_DEC,
    PM_RA,
    RA,
    STAR_ID,
    VARIABLE,
    MagColumn,
    find_column,
    find_magnitudes,
    motions_are_magnitudes,
)
from engine.photometry.catalogue.table_files import read_table

REFERENCE_SCHEMA: dict[str, pl.DataType] = {
    "ref_id": pl.String(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "epoch": pl.Float64(),  # Julian year of the position
    "pm_ra_mas_yr": pl.Float64(),  # includes cos(dec)
    "pm_dec_mas_yr": pl.Float64(),
    "bp_rp_mag": pl.Float64(),  # Gaia colour, null where unknown
    "variable": pl.Boolean(),
    "catalogue": pl.String(),
    "band": pl.String(),  # engine.bands id; null for a star of which only the position is known
    "mag": pl.Float64(),
    "mag_err": pl.Float64(),
}
STAR_COLUMNS = tuple(name for name in REFERENCE_SCHEMA if name not in ("band", "mag", "mag_err"))
_EPOCHS = {"GaiaSP": 2016.0, "GaiaDR3": 2016.0, "Refcat2": 2015.5}
_OLD_EPOCH = 2000.0
_REFERENCE_MAG_RANGE = (-5.0, 30.0)  # outside: -999 or 99, meaning "none"
_POSITION_ID = pl.format("J{}_{}", pl.col("ra_deg").round(6), pl.col("dec_deg").round(6))


def read_references(path: Path) -> pl.DataFrame:
    """Return the reference stars of a local file in ``REFERENCE_SCHEMA``, one row per star and band.

    Recognised are our own schema, Gaia (archive and VizieR names), Gaia synthetic photometry, ATLAS-Refcat2,
    2MASS, and bare positions. Columns named ``pmra`` and ``pmdec`` that are really BP and RP magnitudes are
    taken as such, never as motions.

    Raises
    ------
    Rejected
        ``not-a-table``, ``no-positions``, or ``no-stars``: no row has a usable position.
    """
    table = read_table(path)
    if {"ra_deg", "dec_deg", "band", "mag"} <= set(table.columns):
        return _checked(reference_table(table), path)
    return _checked(_of_wide_table(table, path), path)


def reference_table(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with every column of ``REFERENCE_SCHEMA``, sorted; bands that are unknown become null."""
    table = rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype, strict=False).alias(name)
        for name, dtype in REFERENCE_SCHEMA.items()
    ).with_columns(pl.selectors.float().fill_nan(None), variable=pl.col("variable").fill_null(False))
    is_magnitude = pl.col("mag").is_between(*_REFERENCE_MAG_RANGE) & (pl.col("mag") != 0.0)  # 0.0 is a filler
    usable = is_magnitude & pl.col("band").is_in(list(BANDS))
    table = table.with_columns(
        pl.when(usable.fill_null(False)).then(pl.col(name)).otherwise(None).alias(name)
        for name in ("band", "mag", "mag_err")
    )
    good_position = pl.col("ra_deg").is_between(0, 360) & pl.col("dec_deg").is_between(-90, 90)
    positions_once = pl.struct("ref_id", "band").is_first_distinct() | pl.col("ref_id").is_null()
    table = table.filter(good_position).with_columns(ref_id=pl.coalesce("ref_id", _POSITION_ID))
    table = table.filter(positions_once)
    has_magnitude = pl.col("band").is_not_null().any().over("ref_id")
    return table.filter(pl.col("band").is_not_null() | ~has_magnitude).sort("ref_id", "band")


def _checked(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    if not len(table):
        raise Rejected(f"{path.name} holds no star with a usable position in degrees.", code="no-stars")
    return table


def _of_wide_table(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    names = table.columns
    ra, dec = find_column(names, RA), find_column(names, DEC)
    if ra is None or dec is None:
        raise Rejected(
            f"{path.name} has no columns of right ascension and declination: name them ra and dec.",
            code="no-positions",
        )
    magnitudes = find_magnitudes(names)
    if motions_are_magnitudes(table):
        magnitudes = (*magnitudes, *NAMED_BP_RP)
        names = [name for name in names if name not in ("pmra", "pmdec")]
    stars = _stars(table, names, ra=ra, dec=dec).with_columns(
        catalogue=pl.lit(_catalogue_of(magnitudes)), _row=pl.int_range(pl.len())
    )
    stars = _with_default_epoch(_with_colour(stars, table, magnitudes))
    per_band = [_one_band(stars, table, magnitude) for magnitude in magnitudes]
    return reference_table(pl.concat([stars, *per_band], how="diagonal"))


def _stars(table: pl.DataFrame, names: list[str], *, ra: str, dec: str) -> pl.DataFrame:
    def optional(candidates: tuple[str, ...], dtype: type[pl.DataType]) -> pl.Expr:
        name = find_column(names, candidates)
        return (pl.lit(None) if name is None else pl.col(name)).cast(dtype, strict=False)

    position = [pl.col(ra).cast(pl.Float64, strict=False), pl.col(dec).cast(pl.Float64, strict=False)]
    variable = find_column(names, VARIABLE)
    is_variable = pl.lit(False) if variable is None else _truth(table[variable])
    star_id = optional(STAR_ID, pl.String)
    return table.select(
        ref_id=pl.when(star_id.is_duplicated()).then(None).otherwise(star_id),
        ra_deg=position[0],
        dec_deg=position[1],
        epoch=optional(EPOCH, pl.Float64),
        pm_ra_mas_yr=optional(PM_RA, pl.Float64),
        pm_dec_mas_yr=optional(PM_DEC, pl.Float64),
        bp_rp_mag=optional(COLOUR, pl.Float64),
        variable=is_variable,
    ).with_columns(ref_id=pl.coalesce("ref_id", _POSITION_ID))


def _truth(series: pl.Series) -> pl.Expr:
    if series.dtype == pl.String:
        return pl.col(series.name).str.to_lowercase().is_in(["variable", "true", "t", "1", "yes"])
    return pl.col(series.name).cast(pl.Boolean, strict=False).fill_null(False)


def _catalogue_of(magnitudes: tuple[MagColumn, ...]) -> str:
    surveys = {magnitude.survey for magnitude in magnitudes}
    return next((name for name in ("GaiaSP", "Refcat2", "GaiaDR3", "2MASS") if name in surveys), "positions")


def _with_default_epoch(stars: pl.DataFrame) -> pl.DataFrame:
    default = pl.col("catalogue").replace_strict(_EPOCHS, default=_OLD_EPOCH, return_dtype=pl.Float64)
    return stars.with_columns(epoch=pl.coalesce("epoch", default))


def _with_colour(stars: pl.DataFrame, table: pl.DataFrame, magnitudes: tuple[MagColumn, ...]) -> pl.DataFrame:
    by_filter = {magnitude.filter: magnitude.mag for magnitude in magnitudes}
    bp, rp = by_filter.get("BP"), by_filter.get("RP")
    if bp is None or rp is None:
        bp, rp = find_column(table.columns, ("BPmag",)), find_column(table.columns, ("RPmag",))
    if bp is None or rp is None:
        return stars
    bp_mag, rp_mag = (pl.col(name).cast(pl.Float64, strict=False) for name in (bp, rp))
    known = bp_mag.is_between(*_REFERENCE_MAG_RANGE) & (bp_mag != 0.0) & (rp_mag != 0.0)
    colour = table.select(pl.when(known).then(bp_mag - rp_mag).alias("_colour"))
    return stars.with_columns(bp_rp_mag=pl.coalesce("bp_rp_mag", colour["_colour"]))


def _one_band(stars: pl.DataFrame, table: pl.DataFrame, magnitude: MagColumn) -> pl.DataFrame:
    mag = table[magnitude.mag].cast(pl.Float64, strict=False)
    inside = magnitude.in_range(table)
    return stars.with_columns(
        band=pl.lit(band_label(magnitude.survey, magnitude.filter)),
        mag=mag.zip_with(inside, pl.Series(values=[None] * len(mag), dtype=pl.Float64)),
        mag_err=magnitude.error_mag(table),
    ).filter(pl.col("mag").is_not_null())
