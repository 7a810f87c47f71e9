"""A light curve as text: BHTOM's six columns byte for byte, and our own columns that hide nothing."""

import csv
import io
from collections.abc import Iterator, Sequence

import polars as pl

from engine.bands import BANDS, Band
from engine.formats.curve import Curve, LongCurve
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, Flag, empty, flag_words, has_flag
from portal.spreadsheet import harmless_texts

BHTOM_HEADER = ("MJD", "Magnitude", "Error", "Facility", "Filter", "Observer")
RADIO_HEADER = ("MJD", "mJy", "Error", "Facility", "Filter", "Observer")
HIGH_ENERGY_HEADER = (
    "MJD", "COUNTS", "COUNTS_Error", "FLUX", "FLUX_Error", "Facility", "Band", "Observer",
)  # fmt: skip
_X_RAYS_NM = 10.0
_AB_MJY_MAG = AB_ZERO_POINT_UJY_MAG - 7.5  # AB magnitude of 1 mJy
_SYSTEMS = {band_id: str(band.system) for band_id, band in BANDS.items()}
_SURVEYS = {band_id: band.survey for band_id, band in BANDS.items()}
LIMIT_ERROR = -1.0  # BHTOM's clients read a negative error as a limit


def bhtom_csv(points: pl.DataFrame) -> str:
    """Return magnitudes and limits as BHTOM writes them: ``;``, ``\\n``, Python's floats, limits with -1.0.

    Rows that have a flux only are left out, as BHTOM leaves them out of this file. The format has no flags,
    so the facility of a simulated point says that it is one.
    """
    is_magnitude = pl.col("mag").is_not_null()
    is_simulated = has_flag(Flag.SIMULATED)
    facility = pl.col("facility").fill_null("")
    says_so = facility.str.to_lowercase().str.contains("simulated", literal=True)
    marked = (
        pl.when(says_so).then(facility).otherwise(pl.format("{} (simulated)", facility).str.strip_chars())
    )
    rows = (
        points.filter(is_magnitude | pl.col("limit_mag").is_not_null())
        .sort("mjd", maintain_order=True)
        .select(
            "mjd",
            pl.coalesce("mag", "limit_mag"),
            pl.when(is_magnitude).then("mag_err").otherwise(pl.lit(LIMIT_ERROR)),
            pl.when(is_simulated).then(marked).otherwise("facility"),
            "band",
            "observer",
        )
    )
    return _written(BHTOM_HEADER, rows)


def radio_csv(points: pl.DataFrame) -> str:
    """Return the fluxes of radio bands in mJy as BHTOM writes them; limits have an error of -1.0."""
    flux_mjy, limit_mjy = pl.col("flux_ujy") / 1000.0, 10.0 ** (0.4 * (_AB_MJY_MAG - pl.col("limit_mag")))
    rows = _fluxes(points, [band.band_id for band in BANDS.values() if band.unit == "mJy"])
    return _written(
        RADIO_HEADER,
        rows.select(
            "mjd",
            pl.coalesce(flux_mjy, limit_mjy),
            pl.when(pl.col("flux_ujy").is_null())
            .then(pl.lit(LIMIT_ERROR))
            .otherwise(pl.col("flux_err_ujy") / 1000.0),
            "facility",
            "band",
            "observer",
        ),
    )


def high_energy_csv(points: pl.DataFrame) -> str:
    """Return fluxes of gamma and X rays in what their field writes; tomlake keeps no counts."""
    units = {band.band_id: band.ujy_per_unit for band in BANDS.values() if _is_high_energy(band)}
    scale = pl.col("band").replace_strict(units, default=None, return_dtype=pl.Float64())
    rows = _fluxes(points, list(units)).filter(pl.col("flux_ujy").is_not_null())
    nothing = pl.lit(None, dtype=pl.Float64())
    return _written(
        HIGH_ENERGY_HEADER,
        rows.select(
            "mjd",
            nothing.alias("counts"),
            nothing.alias("counts_err"),
            pl.col("flux_ujy") / scale,
            pl.col("flux_err_ujy") / scale,
            "facility",
            "band",
            "observer",
        ),
    )


def _fluxes(points: pl.DataFrame, bands: list[str]) -> pl.DataFrame:
    measured = pl.any_horizontal(pl.col("flux_ujy", "limit_mag").is_not_null())
    return points.filter(pl.col("band").is_in(bands), measured).sort("mjd", maintain_order=True)


def _is_high_energy(band: Band) -> bool:
    return band.wavelength_nm < _X_RAYS_NM and band.ujy_per_unit is not None


def _written(header: Sequence[str], rows: pl.DataFrame) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows.iter_rows())
    return text.getvalue()


def tomlake_csv(curve: Curve | LongCurve) -> Iterator[bytes]:
    """Give every point with all that is known of it, piece by piece; commas, one header, no comment lines.

    People open it in spreadsheets: a text that begins like a formula has an apostrophe before it.
    """
    yield _rows(curve, empty()).write_csv().encode()
    for points in curve.slices():
        yield _rows(curve, points).write_csv(include_header=False).encode()


def _rows(curve: Curve | LongCurve, points: pl.DataFrame) -> pl.DataFrame:
    words = {bits: flag_words(bits) for bits in points["flags"].unique().to_list()}
    rows = points.select(
        "point_id",
        pl.lit(curve.target.name).alias("target"),
        pl.lit(curve.target.ra_deg).alias("ra_deg"),
        pl.lit(curve.target.dec_deg).alias("dec_deg"),
        pl.col("mjd").alias("mjd_utc"),
        "bjd_tdb",
        "exptime_s",
        "mag",
        "mag_err",
        "limit_mag",
        pl.col("band").replace_strict(_SYSTEMS, default=None, return_dtype=pl.String()).alias("mag_system"),
        pl.col("flux_ujy").alias("flux_uJy"),
        pl.col("flux_err_ujy").alias("flux_err_uJy"),
        pl.col("band").alias("filter"),
        pl.col("band").replace_strict(_SURVEYS, default=None, return_dtype=pl.String()).alias("survey"),
        "facility",
        "camera",
        "observer",
        "calib_version",
        pl.col("flags").alias("quality_flags"),
        pl.col("flags").replace_strict(words, return_dtype=pl.String()).alias("quality_text"),
        "source",
        "source_ref",
        "batch_id",
        pl.lit(curve.version).alias("snapshot"),
    )
    return harmless_texts(rows)
