"""The celestial coordinate system of a header, rebuilt from clean numbers and kept only when plausible."""

import re
import warnings
from collections.abc import Mapping

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS, WcsError
from astropy.wcs.utils import proj_plane_pixel_scales

from engine.photometry.reading.header.cards import Header, number_of

_TEXTS = ("CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2", "RADESYS", "RADECSYS")
_NUMBERS = re.compile(
    r"^(CRVAL[12]|CRPIX[12]|CD[12]_[12]|PC[12]_[12]|CDELT[12]|CROTA[12]|PV[12]_\d{1,2}|LONPOLE|LATPOLE|EQUINOX"
    r"|[AB]P?_ORDER|[AB]P?_\d_\d)$"
)
_DISTORTION = re.compile(r"^[AB]P?_(\d)_(\d)$")
_OLDER_MATRIX = re.compile(r"^(CDELT|CROTA|PC[12]_)[12]$")
_ORDER = re.compile(r"^[AB]P?_ORDER$")
_SCALE_RANGE_ARCSEC = (0.01, 600.0)
_MOST_STRETCHED = 2.0  # one side of a pixel against the other
_LARGEST_FIELD_DEG = 60.0
_HIGHEST_ORDER = 9

WcsCards = Mapping[str, str | float | int]


def wcs_cards(header: Header) -> WcsCards:
    """Return the cards of a celestial system, empty when the axes are not right ascension and declination."""
    kinds = [header.text(f"CTYPE{axis}").upper() for axis in (1, 2)]
    if {kind[:4] for kind in kinds} != {"RA--", "DEC-"}:
        return {}
    cards: dict[str, str | float | int] = {key: header.text(key) for key in _TEXTS if header.text(key)}
    for keyword in ("CUNIT1", "CUNIT2"):
        if str(cards.get(keyword, "")).lower().startswith("deg"):
            cards[keyword] = "deg"  # some write "degrees", which is no unit to the library
    cards |= _numbers(header)
    if "A_ORDER" in cards and "B_ORDER" in cards:
        for axis in (1, 2):
            cards[f"CTYPE{axis}"] = kinds[axis - 1].removesuffix("-SIP") + "-SIP"
    return cards


def _numbers(header: Header) -> dict[str, float | int]:
    numbers: dict[str, float | int] = {}
    has_matrix = "CD1_1" in header or "CD1_2" in header
    for keyword, card in header.cards.items():
        value = number_of(card.text) if _NUMBERS.match(keyword) else None
        if value is None or (has_matrix and _OLDER_MATRIX.match(keyword)):
            continue
        is_order = bool(_ORDER.match(keyword))
        numbers[keyword] = min(max(int(value), 0), _HIGHEST_ORDER) if is_order else value
    return numbers


def half_size(cards: WcsCards) -> WcsCards:
    """Return the cards of the same sky on pixels twice as large, as the colour planes of a mosaic have."""
    halved: dict[str, str | float | int] = {}
    for keyword, value in cards.items():
        if not isinstance(value, float):
            halved[keyword] = value
        elif keyword.startswith("CRPIX"):
            halved[keyword] = (value - 0.5) / 2 + 0.5
        elif keyword.startswith(("CD1_", "CD2_", "CDELT")):
            halved[keyword] = value * 2
        elif term := _DISTORTION.match(keyword):
            halved[keyword] = value * 2.0 ** (int(term.group(1)) + int(term.group(2)) - 1)
        else:
            halved[keyword] = value
    return halved


def build_wcs(cards: WcsCards, *, shape: tuple[int, int]) -> tuple[WCS | None, str]:
    """Return the WCS of an image of (ny, nx) pixels, or None with a note that says why it was not kept."""
    if not cards:
        return None, ""
    if cards.get("CRVAL1", 0.0) == 0.0 and cards.get("CRVAL2", 0.0) == 0.0:
        return None, "The header's WCS has no reference position; not used."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            wcs = WCS(fits.Header(cards), naxis=2)
            wcs.wcs.set()
            if not _is_plausible(wcs, shape):
                return None, "The header's WCS is not plausible; not used."
        except (WcsError, ValueError, KeyError, TypeError, IndexError, MemoryError, np.linalg.LinAlgError):
            return None, "The header's WCS is broken; not used."
    wcs.pixel_shape = (shape[1], shape[0])
    return wcs, ""


def _is_plausible(wcs: WCS, shape: tuple[int, int]) -> bool:
    scales_arcsec = np.asarray(proj_plane_pixel_scales(wcs), dtype=np.float64) * 3600.0
    low, high = _SCALE_RANGE_ARCSEC
    if not np.all((scales_arcsec >= low) & (scales_arcsec <= high)):
        return False
    ny, nx = shape
    if scales_arcsec.max() > _MOST_STRETCHED * scales_arcsec.min():
        return False
    if max(ny, nx) * float(scales_arcsec.max()) > _LARGEST_FIELD_DEG * 3600.0:
        return False
    corners = np.array(
        [(0, 0), (nx - 1, 0), (0, ny - 1), (nx - 1, ny - 1), (nx / 2, ny / 2)], dtype=np.float64
    )
    sky = np.asarray(wcs.all_pix2world(corners, 0), dtype=np.float64)
    return bool(np.all(np.isfinite(sky)) and np.all(np.abs(sky[:, wcs.wcs.lat]) <= 90.0))


def wcs_centre(wcs: WCS, *, shape: tuple[int, int]) -> tuple[float, float]:
    """Return right ascension and declination [deg] of the middle of an image of (ny, nx) pixels."""
    sky = wcs.all_pix2world([((shape[1] - 1) / 2, (shape[0] - 1) / 2)], 0)[0]
    return float(sky[wcs.wcs.lng]) % 360.0, float(sky[wcs.wcs.lat])


def wcs_scale_arcsec(wcs: WCS) -> float:
    """Return the mean side of a pixel on the sky."""
    return float(np.sqrt(np.prod(proj_plane_pixel_scales(wcs)))) * 3600.0
