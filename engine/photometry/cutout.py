"""The pixels round the target, with the stars and the PSF that measured it, as a small FITS file."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import Sip

if TYPE_CHECKING:  # who reads a cut-out needs no compiler
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from engine.frame import Frame
    from engine.photometry.psf.light import StarLight

SIDE_PIX = 61
STAR_SCHEMA: dict[str, pl.DataType] = {
    "x": pl.Float64(),  # on the cut-out
    "y": pl.Float64(),
    "ref_id": pl.String(),
    "ref_mag": pl.Float64(),
    "residual_mag": pl.Float64(),
    "used": pl.Boolean(),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cutout:
    """A square of pixels with the target in its middle; beyond the frame they are not a number.

    Attributes
    ----------
    pixels
        Shape (SIDE_PIX, SIDE_PIX) in ADU.
    x, y
        Where the first pixel of the cut-out stands on the frame.
    psf
        The PSF at the target as the pixels see it, summing up to one, or None where the stars had none.
    """

    pixels: NDArray[np.float32]
    x: int
    y: int
    psf: NDArray[np.float32] | None = None


def cut_out(frame: Frame, place: tuple[float, float]) -> Cutout:
    """Return the pixels round a place (x, y)."""
    half = SIDE_PIX // 2
    x, y = round(place[0]) - half, round(place[1]) - half
    pixels = np.full((SIDE_PIX, SIDE_PIX), np.nan, dtype=np.float32)
    ny, nx = frame.shape
    rows, columns = slice(max(y, 0), min(y + SIDE_PIX, ny)), slice(max(x, 0), min(x + SIDE_PIX, nx))
    if rows.start < rows.stop and columns.start < columns.stop:
        inside = slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x)
        pixels[inside] = frame.data[rows, columns]
    return Cutout(pixels=pixels, x=x, y=y)


def with_psf(cutout: Cutout, light: StarLight | None, place: tuple[float, float]) -> Cutout:
    """Return the cut-out with the PSF at a place (x, y)."""
    if light is None:
        return cutout
    return replace(cutout, psf=light.psf.at(*place))


def cutout_fits(cutout: Cutout, stars: pl.DataFrame, wcs: WCS | None) -> bytes:
    """Return a FITS file: the pixels, the PSF, and the stars among them as the calibration used them.

    Parameters
    ----------
    stars
        In ``STARS_SCHEMA`` of the verdict.
    wcs
        Of the whole frame.
    """
    header = _header(cutout, wcs)
    header["BUNIT"] = "adu"
    header["LTV1"], header["LTV2"] = -cutout.x, -cutout.y  # where the cut-out's pixels stand on the frame
    units = [fits.PrimaryHDU(cutout.pixels, header)]
    if cutout.psf is not None:
        units.append(fits.ImageHDU(cutout.psf, name="PSF"))
    units.append(fits.BinTableHDU(Table(_inside(cutout, stars).to_dict(as_series=False)), name="STARS"))
    body = io.BytesIO()
    fits.HDUList(units).writeto(body)
    return body.getvalue()


def read_cutout(body: bytes) -> tuple[NDArray[np.float32], pl.DataFrame]:
    """Return the pixels of a FITS file made here, and its stars in ``STAR_SCHEMA``.

    Raises
    ------
    OSError
        These are no such bytes.
    """
    with fits.open(io.BytesIO(body)) as units:
        pixels = np.asarray(units[0].data, dtype=np.float32)
        stars = Table(units["STARS"].data)
        columns = {name: np.asarray(stars[name]).tolist() for name in stars.colnames}
    return pixels, pl.DataFrame(columns, schema=STAR_SCHEMA).with_columns(
        pl.col("ref_mag", "residual_mag").fill_nan(None)
    )


def _header(cutout: Cutout, wcs: WCS | None) -> fits.Header:
    if wcs is None:
        return fits.Header()
    own = wcs.deepcopy()
    own.wcs.crpix = own.wcs.crpix - np.array([cutout.x, cutout.y])
    if own.sip is not None:
        own.sip = Sip(own.sip.a, own.sip.b, own.sip.ap, own.sip.bp, own.wcs.crpix)
    return own.to_header(relax=True)


def _inside(cutout: Cutout, stars: pl.DataFrame) -> pl.DataFrame:
    size = len(cutout.pixels)
    return (
        stars.with_columns(x=pl.col("x") - cutout.x, y=pl.col("y") - cutout.y)
        .filter(pl.col("x").is_between(-0.5, size - 0.5), pl.col("y").is_between(-0.5, size - 0.5))
        .select(pl.col(name).cast(dtype) for name, dtype in STAR_SCHEMA.items())
        .with_columns(pl.col("ref_mag", "residual_mag").fill_null(float("nan")))
    )
