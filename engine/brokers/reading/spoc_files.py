"""Light-curve files of the SPOC pipeline: FITS from outside, not trusted until every part is checked."""

import io
import warnings
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from engine.brokers.reading.answers import drift
from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY

_BLOCK_BYTES = 2880
_COLUMNS = ("TIME", "CADENCENO", "PDCSAP_FLUX", "PDCSAP_FLUX_ERR", "QUALITY")
_PLAIN_FORMATS = frozenset({"D", "E", "J", "I", "1D", "1E", "1J", "1I"})  # no arrays, no pointers into a heap
_FLUX_UNIT = "e-/s"
_DAYS = (1000.0, 10000.0)  # BTJD from 2017 to 2042
_ROWS_MAX = 400_000  # a sector of 20 second cadences has 120,000
_CADENCE_S = (10.0, 2000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """The good cadences of one star in one sector."""

    tic: int
    number: int
    camera: int
    exptime_s: float  # of one cadence
    cadence: NDArray[np.int64]
    btjd: NDArray[np.float64]  # BJD (TDB) - 2457000, mid-cadence
    flux: NDArray[np.float64]  # electrons per second
    flux_err: NDArray[np.float64]


def sector_of(body: bytes, *, title: str) -> Sector:
    """Return the good cadences of a light-curve file: QUALITY is 0, time, flux and error are there.

    Raises
    ------
    Rejected
        ``schema-drift``: no such file, or one that is cut off, or holds what it should not.
    """
    if body[:9] != b"SIMPLE  =" or len(body) % _BLOCK_BYTES:  # so that nothing compressed is ever opened
        raise drift(title, "no FITS file, or one that is cut off")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a truncated file is a warning to astropy
            with fits.open(
                io.BytesIO(body), memmap=False, lazy_load_hdus=False, disable_image_compression=True
            ) as file:
                return _read(file, title=title)
    except Rejected:
        raise
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        MemoryError,
    ) as error:
        raise drift(title, "a FITS file that cannot be read") from error
    except (Warning, fits.VerifyError) as error:
        raise drift(title, "a FITS file that breaks the standard") from error


def _read(file: fits.HDUList, *, title: str) -> Sector:
    primary, table = file[0].header, file[1]
    _check_columns(table, title=title)
    column = {name: np.asarray(table.data[name], dtype=np.float64) for name in _COLUMNS}
    good = (column["QUALITY"] == 0) & np.all([np.isfinite(values) for values in column.values()], axis=0)
    good &= column["PDCSAP_FLUX_ERR"] > 0
    btjd = column["TIME"][good]
    exptime_s = float(table.header["TIMEDEL"]) * SECONDS_PER_DAY
    if np.any((btjd < _DAYS[0]) | (btjd > _DAYS[1])) or not _CADENCE_S[0] <= exptime_s <= _CADENCE_S[1]:
        raise drift(title, "impossible times in a light curve")
    return Sector(
        tic=int(primary["TICID"]),
        number=int(primary["SECTOR"]),
        camera=int(primary["CAMERA"]),
        exptime_s=exptime_s,
        cadence=column["CADENCENO"][good].astype(np.int64),
        btjd=btjd,
        flux=column["PDCSAP_FLUX"][good],
        flux_err=column["PDCSAP_FLUX_ERR"][good],
    )


def _check_columns(table: object, *, title: str) -> None:
    if not isinstance(table, fits.BinTableHDU) or table.name != "LIGHTCURVE":
        raise drift(title, "a FITS file without a table LIGHTCURVE")
    if int(table.header["NAXIS2"]) > _ROWS_MAX:
        raise drift(title, "a light curve that is too long")
    for name in _COLUMNS:
        if name not in table.columns.names or str(table.columns[name].format) not in _PLAIN_FORMATS:
            raise drift(title, f"no plain column {name}")
    for name in ("PDCSAP_FLUX", "PDCSAP_FLUX_ERR"):
        if str(table.columns[name].unit) != _FLUX_UNIT:
            raise drift(title, f"{name} in {table.columns[name].unit}")
