"""The columns that every complete format has: one row for a point, nothing hidden in another column."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from engine.bands import BANDS, Band
from engine.brokers.protocol import BrokerInfo
from engine.brokers.registry import BROKERS
from engine.formats.curve import FRAME_SCHEMA, AnyCurve
from engine.lightcurve import flag_words

UPLOAD = "upload"  # the source of points that people's frames gave


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a light curve as it is given away."""

    name: str
    dtype: pl.DataType
    unit: str = ""  # as the VOUnit standard writes it
    ucd: str = ""
    description: str


def _text(name: str, description: str, ucd: str = "") -> Column:
    return Column(name=name, dtype=pl.String(), ucd=ucd, description=description)


def _number(name: str, unit: str, ucd: str, description: str) -> Column:
    return Column(name=name, dtype=pl.Float64(), unit=unit, ucd=ucd, description=description)


def _whole(name: str, ucd: str, description: str) -> Column:
    return Column(name=name, dtype=pl.Int64(), ucd=ucd, description=description)


COLUMNS: tuple[Column, ...] = (
    _whole("point_id", "meta.id;meta.main", "stable number of the point"),
    _text("target", "name of the target", "meta.id;src"),
    _number("ra_deg", "deg", "pos.eq.ra", "right ascension of the target, ICRS"),
    _number("dec_deg", "deg", "pos.eq.dec", "declination of the target, ICRS"),
    _number("mjd_utc", "d", "time.epoch", "MJD in UTC, mid-exposure, at the observer"),
    _number("bjd_tdb", "d", "time.epoch", "Julian date in TDB at the barycentre"),
    _number("exptime_s", "s", "time.duration;obs.exposure", "exposure time"),
    _number("mag", "mag", "phot.mag", "magnitude in the system of mag_system"),
    _number("mag_err", "mag", "stat.error;phot.mag", "error of the magnitude, 1 sigma"),
    _number("limit_mag", "mag", "phot.mag;stat.max", "limiting magnitude, 5 sigma"),
    _text("mag_system", "AB, Vega or none", "meta.code"),
    _number("flux_uJy", "uJy", "phot.flux.density", "flux density"),
    _number("flux_err_uJy", "uJy", "stat.error;phot.flux.density", "error of the flux density, 1 sigma"),
    _text("filter", "band with its survey, such as V(GaiaSP)", "instr.bandpass"),
    _text("filter_standard", "the band alone, such as V", "instr.bandpass"),
    _text("survey", "whose band it is", "meta.dataset"),
    _text("facility", "telescope or mission", "meta.id;instr.tel"),
    _text("camera", "camera", "meta.id;instr"),
    _text("observer", "observers, separated by a comma", "obs.observer"),
    _text("orcid", "ORCID of the observers, where they gave it", "meta.id.PI"),
    _number("airmass", "", "obs.airMass", "airmass of the target at mid-exposure"),
    _number("fwhm_arcsec", "arcsec", "instr.obsty.seeing", "width of the stars"),
    _number("zp", "mag", "phot.mag;arith.zp", "zero point: magnitude of 1 ADU/s"),
    _number("zp_err", "mag", "stat.error;phot.mag", "error of the zero point"),
    _whole("n_ref_stars", "meta.number", "stars that the zero point rests on"),
    _text("ref_catalogue", "catalogue of these stars", "meta.ref"),
    _text("calib_version", "code and parameters that measured the point", "meta.version"),
    _whole("quality_flags", "meta.code.qual", "bits, 0 for a clean point"),
    _text("quality_text", "the bits in words", "meta.code.qual"),
    _text("image_sha256", "the image that the point was measured on", "meta.id"),
    _text("source_url", "home page of the archive", "meta.ref.url"),
    _text("bibcode", "what to cite", "meta.bib.bibcode"),
    _text("licence", "licence of the point, where it is known", "meta.note"),
    _text("source", "archive key, or upload", "meta.id"),
    _text("source_ref", "identity of the point at its source", "meta.id"),
    _text("batch_id", "papers of the act that made the row", "meta.id"),
    _whole("snapshot", "meta.version", "version of the lake"),
)
NAMES = tuple(column.name for column in COLUMNS)


def _of_band(word: Callable[[Band], str]) -> pl.Expr:
    return _told("band", {key: word(band) for key, band in BANDS.items()})


def _of_archive(word: Callable[[BrokerInfo], str]) -> pl.Expr:
    return _told("source", {known.info.key: word(known.info) for known in BROKERS})


def _told(name: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(name).replace_strict(words, default=None, return_dtype=pl.String())


_KNOWN: dict[str, pl.Expr] = {  # what is the same for every light curve
    "mjd_utc": pl.col("mjd"),
    "mag_system": _of_band(lambda band: str(band.system)),
    "flux_uJy": pl.col("flux_ujy"),
    "flux_err_uJy": pl.col("flux_err_ujy"),
    "filter": pl.col("band"),
    "filter_standard": _of_band(lambda band: band.filter),
    "survey": _of_band(lambda band: band.survey),
    "orcid": pl.lit(None),
    "quality_flags": pl.col("flags"),
    "source_url": _of_archive(lambda info: info.homepage),
    "bibcode": _of_archive(lambda info: info.citation),
    "licence": pl.lit(None),
}
_OF_CURVE = ("target", "ra_deg", "dec_deg", "quality_text", "snapshot")
_OF_FRAMES = frozenset(FRAME_SCHEMA) - {"source_ref"}


def _as_column(column: Column, told: pl.Expr) -> pl.Expr:
    return told.cast(column.dtype).alias(column.name)


_BY_NAME = {column.name: column for column in COLUMNS}
_EXPRESSIONS = {  # made once: a short light curve takes less time than these
    name: _as_column(column, _KNOWN.get(name, pl.col(name)))
    for name, column in _BY_NAME.items()
    if name not in _OF_CURVE
}
_WITHOUT_FRAMES = _EXPRESSIONS | {name: _as_column(_BY_NAME[name], pl.lit(None)) for name in _OF_FRAMES}


def rows_of(curve: AnyCurve, points: pl.DataFrame) -> pl.DataFrame:
    """Return points of a light curve with the columns of ``COLUMNS``, in their order."""
    target = curve.target
    flags = points["flags"].unique().to_list()
    of_curve = {
        "target": pl.lit(target.name),
        "ra_deg": pl.lit(target.ra_deg),
        "dec_deg": pl.lit(target.dec_deg),
        "quality_text": pl.col("flags").replace_strict(
            {bits: flag_words(bits) for bits in flags}, default="", return_dtype=pl.String()
        ),
        "snapshot": pl.lit(curve.version),
    }
    told = _WITHOUT_FRAMES if curve.frames.is_empty() else _EXPRESSIONS
    rows = points if curve.frames.is_empty() else _with_frames(curve, points)
    return rows.select(
        told[name] if name in told else _as_column(column, of_curve[name])
        for name, column in _BY_NAME.items()
    )


def _with_frames(curve: AnyCurve, points: pl.DataFrame) -> pl.DataFrame:
    facts = curve.frames.with_columns(source=pl.lit(UPLOAD)).select("source", *FRAME_SCHEMA)
    facts = facts.unique(["source", "source_ref"], keep="first")
    return points.join(facts, on=["source", "source_ref"], how="left", maintain_order="left")
