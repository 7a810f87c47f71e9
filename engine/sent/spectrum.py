"""Spectra that observers send: columns of text, or FITS with one row of flux or a table."""

import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from astropy import units
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.times import mjd_of

Array = NDArray[np.float64]

LEAST_ROWS = 5
MOST_ROWS = 2_000_000
_FITS_BEGINS = b"SIMPLE  ="
_WAVES = ("wavelength", "wave", "lambda", "lam", "wl")
_LOG_WAVES = ("loglam", "log_lambda")
_FLUXES = ("flux", "flux_reduced", "f_lambda", "spec", "data")
_COMMENT = re.compile(r"^#?\s*([A-Za-z][A-Za-z-]*)\s*[:=]\s*(.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Flux by wavelength, as the file has it; the flux keeps the file's own unit."""

    wavelength_angstrom: Array  # rising
    flux: Array
    flux_unit: str = "erg/cm2/s/Angstrom"
    mjd: float | None = None  # as the file says, its start
    facility: str = ""

    @property
    def words(self) -> str:
        """Return in one sentence what this is."""
        first, last = self.wavelength_angstrom[0], self.wavelength_angstrom[-1]
        return f"A spectrum of {len(self.flux):,} points from {first:.0f} to {last:.0f} Å was read."


def read_spectrum(path: Path) -> Spectrum:
    """Return the spectrum in a file.

    Raises
    ------
    Rejected
        ``not-a-spectrum``: says what is missing.
    """
    with path.open("rb") as file:
        is_fits = file.read(len(_FITS_BEGINS)) == _FITS_BEGINS
    return _of_fits(path) if is_fits else _of_text(path)


def _of_text(path: Path) -> Spectrum:
    text = path.read_bytes().decode("utf-8-sig", "replace")
    if "\x00" in text:
        raise _no_spectrum("it is neither text nor FITS")
    said: dict[str, str] = {}
    rows: list[tuple[float, float]] = []
    for line in text.splitlines():
        words = re.split(r"[\s,;]+", line.strip())
        try:
            rows.append((float(words[0]), float(words[1])))
        except (ValueError, IndexError) as error:
            found = _COMMENT.match(line.strip())
            if found:
                said[found[1].upper()] = found[2].strip()
            elif rows and line.strip() and not line.lstrip().startswith("#"):
                raise _no_spectrum(f"the line {line.strip()!r:.40} has no two numbers") from error
    return _checked(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        mjd=_mjd(said.get("DATE-OBS")) or _number(said.get("MJD")),
        facility=said.get("FACILITY", ""),
    )


def _of_fits(path: Path) -> Spectrum:
    try:
        with warnings.catch_warnings(), path.open("rb") as opened:
            warnings.simplefilter("ignore", AstropyWarning)
            file = fits.open(opened, memmap=False)
            header = file[0].header
            table = next((hdu for hdu in file if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)), None)
            image = next((hdu for hdu in file if hdu.is_image and hdu.data is not None), None)
            if table is not None:
                wavelength, flux = _of_columns(table)
            elif image is not None:
                wavelength, flux = _of_row(image)
            else:
                raise _no_spectrum("the FITS file has neither a row of flux nor a table")
            unit = str(header.get("BUNIT") or "")
    except (OSError, ValueError, TypeError, KeyError, IndexError, fits.VerifyError) as error:
        raise _no_spectrum("the FITS file cannot be read") from error
    return _checked(
        wavelength,
        flux,
        mjd=_mjd(header.get("DATE-OBS")) or _number(header.get("MJD-OBS", header.get("MJD"))),
        facility=str(header.get("TELESCOP") or header.get("OBSERVAT") or "").strip(),
        flux_unit=unit,
    )


def _of_columns(table: fits.BinTableHDU) -> tuple[Array, Array]:
    names = {name.lower(): name for name in table.columns.names}
    wave = next((names[name] for name in (*_WAVES, *_LOG_WAVES) if name in names), None)
    light = next((names[name] for name in _FLUXES if name in names), None)
    if wave is None or light is None:
        raise _no_spectrum("its table has no columns wavelength and flux")
    values = np.asarray(table.data[wave], dtype=np.float64).ravel()
    values = 10.0**values if wave.lower() in _LOG_WAVES else values
    unit = table.columns[wave].unit
    return _in_angstrom(values, unit), np.asarray(table.data[light], dtype=np.float64).ravel()


def _of_row(image: fits.ImageHDU) -> tuple[Array, Array]:
    """Return the first row of an image whose header tells the wavelength of each pixel."""
    data = np.asarray(image.data, dtype=np.float64)
    flux = data.reshape(-1, data.shape[-1])[0]
    header = image.header
    if data.ndim > 1 and data.shape[-2] > 5:  # IRAF keeps flux, raw flux, sky and error above each other
        raise _no_spectrum("the FITS file is an image, not one row of flux")
    step = header.get("CDELT1", header.get("CD1_1"))
    if step is None or "CRVAL1" not in header:
        raise _no_spectrum("its header has no CRVAL1 and CDELT1 that tell the wavelengths")
    pixels = np.arange(1, len(flux) + 1, dtype=np.float64)
    values = float(header["CRVAL1"]) + (pixels - float(header.get("CRPIX1", 1.0))) * float(step)
    if header.get("DC-FLAG") == 1 or "LOG" in str(header.get("CTYPE1", "")).upper():
        values = 10.0**values
    return _in_angstrom(values, header.get("CUNIT1")), flux


def _in_angstrom(values: Array, unit: object) -> Array:
    words = str(unit or "").strip()
    if not words:
        return values
    known = units.Unit(words, parse_strict="silent")
    if not known.is_equivalent(units.AA):
        return values
    return np.asarray((values * known).to_value(units.AA), dtype=np.float64)


def _checked(
    wavelength: Array, flux: Array, *, mjd: float | None, facility: str, flux_unit: str = ""
) -> Spectrum:
    if len(wavelength) != len(flux) or not LEAST_ROWS <= len(flux) <= MOST_ROWS:
        raise _no_spectrum(f"it has {len(flux)} points of flux for {len(wavelength)} wavelengths")
    good = np.isfinite(wavelength) & np.isfinite(flux)
    wavelength, flux = wavelength[good], flux[good]
    order = np.argsort(wavelength, kind="stable")
    if len(flux) < LEAST_ROWS or wavelength[order[0]] <= 0 or wavelength[order[0]] == wavelength[order[-1]]:
        raise _no_spectrum("its wavelengths are not positive numbers that rise")
    return Spectrum(
        wavelength_angstrom=wavelength[order],
        flux=flux[order],
        flux_unit=flux_unit or "erg/cm2/s/Angstrom",
        mjd=mjd,
        facility=facility[:100],
    )


def _mjd(words: object) -> float | None:
    try:
        return mjd_of(datetime.fromisoformat(str(words).strip()))
    except ValueError:
        return None


def _number(words: object) -> float | None:
    try:
        value = float(str(words))
    except ValueError:
        return None
    return value if 15_000 < value < 100_000 else None


def _no_spectrum(why: str) -> Rejected:
    return Rejected(
        f"The file is no spectrum, {why}: send columns wavelength (Å) and flux as text, or a 1-D FITS file.",
        code="not-a-spectrum",
    )
