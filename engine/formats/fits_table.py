"""FITS: one binary table; missing numbers are NaN, missing whole numbers -1, missing text is empty."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from astropy.io import fits

from engine.formats.columns import COLUMNS, Column, rows_of
from engine.formats.curve import AnyCurve

_BLOCK_BYTES = 2880
_NO_NUMBER = -1


def fits_pieces(curve: AnyCurve) -> Iterator[bytes]:
    """Give the file piece by piece; only how wide each text column is must be known before."""
    widths = _widths(curve)
    dtype = np.dtype([(column.name, _numpy_type(column, widths)) for column in COLUMNS])
    yield fits.PrimaryHDU().header.tostring().encode("ascii")
    yield _header(curve, widths, dtype.itemsize).tostring().encode("ascii")
    for points in curve.slices():
        yield _records(rows_of(curve, points), dtype).tobytes()
    yield bytes(-(curve.total * dtype.itemsize) % _BLOCK_BYTES)


def _widths(curve: AnyCurve) -> dict[str, int]:
    names = [column.name for column in COLUMNS if column.dtype == pl.String()]
    widths = dict.fromkeys(names, 1)
    for points in curve.slices():
        longest = rows_of(curve, points).select(pl.col(names).str.len_bytes().max()).row(0, named=True)
        widths = {name: max(widths[name], longest[name] or 0) for name in names}
    return widths


def _numpy_type(column: Column, widths: dict[str, int]) -> str:
    if column.dtype == pl.String():
        return f"S{widths[column.name]}"
    return ">f8" if column.dtype == pl.Float64() else ">i8"


def _header(curve: AnyCurve, widths: dict[str, int], row_bytes: int) -> fits.Header:
    header = fits.Header()
    fixed = (
        ("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", row_bytes),
        ("NAXIS2", curve.total), ("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", len(COLUMNS)),
    )  # fmt: skip
    for name, value in fixed:
        header[name] = value
    for number, column in enumerate(COLUMNS, 1):
        header[f"TTYPE{number}"] = (column.name, column.description[:40])
        header[f"TFORM{number}"] = _form(column, widths)
        if column.unit:
            header[f"TUNIT{number}"] = column.unit
        if column.dtype == pl.Int64():
            header[f"TNULL{number}"] = _NO_NUMBER
        if column.ucd:
            header[f"TUCD{number}"] = column.ucd
    header["EXTNAME"] = "LIGHTCURVE"
    header["OBJECT"] = curve.target.name
    header["TIMESYS"] = ("UTC", "of mjd_utc")
    header["LAKEVER"] = (curve.version, "version of the lake")
    return header


def _form(column: Column, widths: dict[str, int]) -> str:
    if column.dtype == pl.String():
        return f"{widths[column.name]}A"
    return "D" if column.dtype == pl.Float64() else "K"


def _records(rows: pl.DataFrame, dtype: np.dtype[np.void]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    records = np.empty(len(rows), dtype=dtype)
    for column in COLUMNS:
        values = rows[column.name]
        if column.dtype == pl.String():
            records[column.name] = [(text or "").encode("ascii", "replace") for text in values]
        elif column.dtype == pl.Float64():
            records[column.name] = values.fill_null(float("nan")).to_numpy()
        else:
            records[column.name] = values.fill_null(_NO_NUMBER).to_numpy()
    return records
