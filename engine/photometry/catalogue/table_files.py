"""Opens a table from any usual file as polars: FITS, Parquet, VOTable, ECSV, CSV; the content decides."""

import warnings
from pathlib import Path

import numpy as np
import polars as pl
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.utils.exceptions import AstropyWarning

from engine.errors import Rejected

_GZIP_MAGIC = b"\x1f\x8b"


def read_table(path: Path) -> pl.DataFrame:
    """Return the first table of a file, scalar columns only, missing values as nulls.

    Raises
    ------
    Rejected
        ``not-a-table``: the file is of no known kind, holds no table, or is damaged.
    """
    head = _first_bytes(path)
    try:
        if head.startswith(b"PAR1"):
            return pl.read_parquet(path)
        if head.startswith((b"SIMPLE", _GZIP_MAGIC)):
            return read_fits_table(path)
        if b"<VOTABLE" in head:
            return _of_astropy(_quiet_read(path, "votable"))
        if head.startswith(b"# %ECSV"):
            return _of_astropy(_quiet_read(path, "ascii.ecsv"))
        return _read_csv(path)
    except (OSError, ValueError, TypeError, KeyError, IndexError, pl.exceptions.PolarsError) as error:
        raise Rejected(
            f"{path.name} cannot be read as a table: send CSV, ECSV, FITS, Parquet or VOTable.",
            code="not-a-table",
        ) from error


def read_fits_table(path: Path) -> pl.DataFrame:
    """Return the largest binary or ASCII table of a FITS file; an LDAC header block is passed over."""
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore", AstropyWarning)  # odd units and headers do not matter here
        with fits.open(file, memmap=False) as hdus:
            tables = [hdu for hdu in hdus if _is_star_table(hdu)]
            if not tables:
                raise Rejected(f"{path.name} is a FITS file without a table.", code="not-a-table")
            return _of_astropy(Table.read(max(tables, key=lambda hdu: len(hdu.data))))


def read_carried_header(path: Path) -> fits.Header:
    """Return the image's header that a FITS_LDAC or FITS table carries; an empty one for other files."""
    if not _first_bytes(path).startswith((b"SIMPLE", _GZIP_MAGIC)):
        return fits.Header()
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore", AstropyWarning)
        with fits.open(file, memmap=False) as hdus:
            carried = hdus[0].header.copy()
            for hdu in hdus[1:]:
                if hdu.name == "LDAC_IMHEAD":
                    carried.update(fits.Header.fromstring("".join(_cards(hdu.data[0][0]))))
                else:
                    carried.update(hdu.header)
            return carried


def _cards(block: object) -> list[str]:
    """Return 80-character cards from the array of cards, or the one long string, that LDAC writers make."""
    lines = [str(item) for item in np.ravel(np.asarray(block))]
    text = "".join(line.ljust(80) for line in lines) if len(lines) > 1 else lines[0]
    return [text[start : start + 80].ljust(80) for start in range(0, len(text), 80)]


def _is_star_table(hdu: object) -> bool:
    is_table = isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU)
    return is_table and hdu.name != "LDAC_IMHEAD" and hdu.data is not None  # type: ignore[attr-defined]


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(2048).lstrip()
    except OSError as error:
        raise Rejected(f"The file {path.name} cannot be opened.", code="not-a-table") from error


def _quiet_read(path: Path, kind: str) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        return Table.read(path, format=kind)


def _read_csv(path: Path) -> pl.DataFrame:
    text = path.read_text(encoding="utf-8-sig")
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t|", key=first.count)
    table = pl.read_csv(
        text.encode(), separator=separator, comment_prefix="#", null_values=["", "nan", "NaN", "null", "--"]
    )
    if separator not in first or not len(table):
        raise Rejected(f"{path.name} is not a table with named columns and rows.", code="not-a-table")
    return table.rename({name: name.strip() for name in table.columns})


def _of_astropy(table: Table) -> pl.DataFrame:
    columns = {name: _series(table[name]) for name in table.colnames if table[name].ndim == 1}
    return pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))


def _series(column: MaskedColumn) -> pl.Series:
    values = np.asarray(column)
    if values.dtype.kind in "SUO":
        text = [item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in values.tolist()]
        series = pl.Series(values=[item.strip() for item in text], dtype=pl.String)
    else:
        series = pl.Series(values=np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")))
    mask = np.asarray(getattr(column, "mask", np.zeros(len(values), dtype=bool)))
    return series.zip_with(pl.Series(~mask), pl.Series(values=[None] * len(values), dtype=series.dtype))
