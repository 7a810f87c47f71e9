"""Instrumental photometry made elsewhere: SExtractor and BANZAI tables become one table of stars."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from astropy.io import fits

from engine.errors import Rejected
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, Flag
from engine.photometry.catalogue.reference_columns import DEC, RA, find_column
from engine.photometry.catalogue.table_files import read_carried_header, read_table
from engine.times import SECONDS_PER_DAY, mjd_of

INSTRUMENTAL_SCHEMA: dict[str, pl.DataType] = {
    "x": pl.Float64(),  # pixels from 0
    "y": pl.Float64(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "inst_mag": pl.Float64(),
    "inst_mag_err": pl.Float64(),
    "flags": pl.UInt32(),
}
MAX_INST_MAG = 50.0  # SExtractor writes 99 for "not measured"
MAX_INST_MAG_ERR = 1.0

# name, error; BHTOM's order of preference, then what other programs write
_MAGNITUDES = (
    ("MAG_BEST", "MAGERR_BEST"),
    ("MAG_AUTO", "MAGERR_AUTO"),
    ("MAG_APER", "MAGERR_APER"),
    ("MAG_PSF", "MAGERR_PSF"),
    ("inst_mag", "inst_mag_err"),
    ("mag_inst", "mag_error"),
    ("MAG", "MAGERR"),
)
_FLUXES = (
    ("FLUX_BEST", "FLUXERR_BEST"),
    ("FLUX_AUTO", "FLUXERR_AUTO"),
    ("FLUX_APER", "FLUXERR_APER"),
    ("fluxaper3", "fluxerr3"),  # BANZAI; its Kron-like flux scatters twice as much
    ("flux", "fluxerr"),
    ("aperture_net_flux", "flux_error"),
)
_X = ("XWIN_IMAGE", "X_IMAGE", "XPSF_IMAGE", "xwin", "x")
_Y = ("YWIN_IMAGE", "Y_IMAGE", "YPSF_IMAGE", "ywin", "y")
_X_FROM_0, _Y_FROM_0 = ("xcenter", "xcentroid"), ("ycenter", "ycentroid")
_FLAGS = ("FLAGS", "FLAG")
_FRAME = ("file", "filename", "date-obs", "date_obs", "bjd", "jd", "mjd")
# SExtractor's bits 1 and 2: neighbours; 4: saturated; 8 and 16: cut by the edge
_SEXTRACTOR_FLAGS = ((3, Flag.BLENDED), (4, Flag.SATURATED), (24, Flag.NEAR_EDGE))
_ASCII_HEAD = re.compile(r"^#\s*(\d+)\s+(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentalTable:
    """The stars of one frame as another program measured them, and what the file says of the frame."""

    stars: pl.DataFrame  # INSTRUMENTAL_SCHEMA
    magnitude_column: str
    frame_name: str = ""
    filter_name: str = ""
    mjd: float | None = None  # start plus half of the exposure, where a FITS header came along
    exptime_s: float | None = None
    dropped: int = 0  # rows without a usable magnitude or position


def read_instrumental(path: Path) -> InstrumentalTable:
    """Return the stars of a SExtractor ASCII_HEAD, FITS, FITS_LDAC, BANZAI or CSV table of one frame.

    Raises
    ------
    Rejected
        ``not-a-table``, ``no-positions``, ``no-magnitudes``, ``no-stars``, or ``several-frames``.
    """
    frames = read_instrumental_frames(path)
    if len(frames) > 1:
        raise Rejected(
            f"{path.name} holds {len(frames)} frames: send one table per frame, with its time.",
            code="several-frames",
        )
    return frames[0]


def read_instrumental_frames(path: Path) -> list[InstrumentalTable]:
    """Return one table per frame of a file that may hold many frames, in the order of the file."""
    table = read_ascii_head(path) if _is_ascii_head(path) else read_table(path)
    frame_column = find_column(table.columns, _FRAME)
    ids = table[frame_column].cast(pl.String) if frame_column else None
    if ids is None or ids.n_unique() < 2 or ids.n_unique() == len(ids):
        return [_with_header(_of_table(table, path, frame_name=""), read_carried_header(path))]
    frames = [(str(name), table.filter(ids == name)) for name in ids.drop_nulls().unique(maintain_order=True)]
    return [_with_header(_of_table(rows, path, frame_name=name), _first_row(rows)) for name, rows in frames]


def _first_row(rows: pl.DataFrame) -> fits.Header:
    """Return time and exposure of a frame, of which every row repeats them, as a header says them."""
    found = {"DATE-OBS": ("date-obs", "date_obs"), "EXPTIME": ("exposure", "exptime")}
    columns = {keyword: find_column(rows.columns, names) for keyword, names in found.items()}
    return fits.Header({keyword: rows[name][0] for keyword, name in columns.items() if name})


def _with_header(table: InstrumentalTable, header: fits.Header) -> InstrumentalTable:
    """Return the table with time and filter of the image's header, where the file carries it."""
    exptime_s = _number(header, "EXPTIME", "EXPOSURE")
    start_mjd = _start_mjd(header)
    if start_mjd is not None and exptime_s is not None:
        table = replace(table, mjd=start_mjd + 0.5 * exptime_s / SECONDS_PER_DAY, exptime_s=exptime_s)
    return replace(table, filter_name=table.filter_name or str(header.get("FILTER", "")).strip())


def _number(header: fits.Header, *keywords: str) -> float | None:
    for keyword in keywords:
        try:
            return float(header[keyword])
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _start_mjd(header: fits.Header) -> float | None:
    try:
        return mjd_of(datetime.fromisoformat(str(header["DATE-OBS"])))
    except (KeyError, ValueError):
        return _number(header, "MJD-OBS", "MJD")


def _is_ascii_head(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _ASCII_HEAD.match(file.read(200).decode("latin-1").lstrip()) is not None
    except OSError as error:
        raise Rejected(f"The file {path.name} cannot be opened.", code="not-a-table") from error


def read_ascii_head(path: Path) -> pl.DataFrame:
    """Return a SExtractor table whose ``#`` lines number and name the columns; a gap belongs to its left."""
    lines = path.read_text(encoding="latin-1").splitlines()
    named = [found for line in lines if (found := _ASCII_HEAD.match(line))]
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    places = {found.group(2): int(found.group(1)) - 1 for found in named}
    width = len(rows[0]) if rows else 0
    bad = next((number for number, row in enumerate(rows, 1) if len(row) != width), None)
    if bad is not None or any(place >= width for place in places.values()):
        where = f"row {bad}" if bad else "the header"
        raise Rejected(
            f"In {path.name} {where} does not fit the columns named in the header.", code="not-a-table"
        )
    try:
        return pl.DataFrame(
            {name: [float(row[place]) for row in rows] for name, place in places.items()},
            schema=dict.fromkeys(places, pl.Float64),
        )
    except ValueError as error:
        raise Rejected(f"{path.name} has a word where a number must be.", code="not-a-table") from error


def _of_table(table: pl.DataFrame, path: Path, *, frame_name: str) -> InstrumentalTable:
    mag_column, mag, mag_err = _magnitudes(table, path)
    x, y = _pixel(table, _X, _X_FROM_0), _pixel(table, _Y, _Y_FROM_0)
    ra_name, dec_name = find_column(table.columns, RA), find_column(table.columns, DEC)
    missing = pl.Series(values=[None] * len(table), dtype=pl.Float64)
    ra_deg = table[ra_name].cast(pl.Float64, strict=False) if ra_name else missing
    dec_deg = table[dec_name].cast(pl.Float64, strict=False) if dec_name else missing
    if (ra_name is None or dec_name is None) and (x is None or y is None):
        raise Rejected(
            f"{path.name} gives no positions: it needs ALPHA_J2000 and DELTA_J2000, or X_IMAGE and Y_IMAGE.",
            code="no-positions",
        )
    rows = pl.DataFrame(
        {
            "x": missing if x is None else x,
            "y": missing if y is None else y,
            "ra_deg": ra_deg,
            "dec_deg": dec_deg,
            "inst_mag": mag,
            "inst_mag_err": mag_err,
            "flags": _flags(table),
        },
        schema=INSTRUMENTAL_SCHEMA,
        strict=False,
    ).with_columns(pl.selectors.float().fill_nan(None))
    stars = _usable(rows)
    if not len(stars):
        raise Rejected(f"{path.name} has no star with a magnitude and a position.", code="no-stars")
    filters = find_column(table.columns, ("filter",))
    return InstrumentalTable(
        stars=stars,
        magnitude_column=mag_column,
        frame_name=frame_name,
        filter_name=str(table[filters][0]) if filters else "",
        dropped=len(rows) - len(stars),
    )


def _usable(rows: pl.DataFrame) -> pl.DataFrame:
    has_pixel = pl.col("x").is_finite() & pl.col("y").is_finite()
    has_sky = pl.col("ra_deg").is_between(0, 360) & pl.col("dec_deg").is_between(-90, 90)
    measured = (pl.col("inst_mag").abs() < MAX_INST_MAG) & pl.col("inst_mag").is_finite()
    precise = pl.col("inst_mag_err").is_null() | pl.col("inst_mag_err").is_between(0, MAX_INST_MAG_ERR)
    return rows.filter(measured & precise & (has_pixel.fill_null(False) | has_sky.fill_null(False)))


def _magnitudes(table: pl.DataFrame, path: Path) -> tuple[str, pl.Series, pl.Series]:
    missing = pl.Series(values=[None] * len(table), dtype=pl.Float64)
    for mag_name, err_name in _MAGNITUDES:
        mag_column, err_column = _column(table, mag_name), _column(table, err_name)
        if mag_column is not None and (err_column is not None or mag_name == mag_name.lower()):
            err = table[err_column].cast(pl.Float64, strict=False) if err_column else missing
            return mag_column, table[mag_column].cast(pl.Float64, strict=False), err
    for flux_name, err_name in _FLUXES:
        flux_column, err_column = _column(table, flux_name), _column(table, err_name)
        if flux_column is not None:
            flux = table[flux_column].cast(pl.Float64, strict=False).to_numpy()
            with np.errstate(divide="ignore", invalid="ignore"):
                mag = pl.Series(-2.5 * np.log10(np.where(flux > 0, flux, np.nan)))
                flux_err = table[err_column].cast(pl.Float64).to_numpy() if err_column else flux * np.nan
                err = pl.Series(MAG_ERR_PER_RELATIVE_FLUX_ERR * flux_err / flux)
            return flux_column, mag.fill_nan(None), err.fill_nan(None)
    raise Rejected(
        f"{path.name} has no magnitudes: it needs MAG_BEST, MAG_AUTO or MAG_APER with its MAGERR, or a flux.",
        code="no-magnitudes",
    )


def _column(table: pl.DataFrame, name: str) -> str | None:
    """Return the column of that name in any case, also where a filter is appended: mag_inst_R."""
    exact = find_column(table.columns, (name,))
    if exact is not None or name != "mag_inst":
        return exact
    return next((column for column in table.columns if re.fullmatch(r"mag_inst_\w{1,2}", column)), None)


def _pixel(table: pl.DataFrame, from_1: tuple[str, ...], from_0: tuple[str, ...]) -> pl.Series | None:
    first, zeroth = find_column(table.columns, from_1), find_column(table.columns, from_0)
    if first is not None:
        return table[first].cast(pl.Float64, strict=False) - 1.0
    return None if zeroth is None else table[zeroth].cast(pl.Float64, strict=False)


def _flags(table: pl.DataFrame) -> pl.Series:
    name = find_column(table.columns, _FLAGS)
    if name is None:
        return pl.Series(values=[0] * len(table), dtype=pl.UInt32)
    theirs = table[name].cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    ours = np.zeros(len(theirs), dtype=np.uint32)
    for bits, flag in _SEXTRACTOR_FLAGS:
        ours |= np.where(theirs & bits, int(flag), 0).astype(np.uint32)
    return pl.Series(ours)
