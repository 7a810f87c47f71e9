"""Fits a tangential projection, with SIP distortion where the residuals ask for it, to matched stars."""

import numpy as np
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ARCSEC = 3600.0
_STARS_FOR_SIP_ORDER = {2: 40, 3: 90}
_MIN_GAIN = 0.07  # of the cross-validated residual, for distortion terms to be kept
_FOLDS = 4
_STARS_FOR_AFFINE = 8


def project(ra_deg: Array, dec_deg: Array, centre: tuple[float, float]) -> tuple[Array, Array]:
    """Return (xi, eta) in arcsec on the plane tangent at a centre; NaN for the far half of the sky."""
    ra0, dec0 = np.radians(centre)
    ra, dec = np.radians(ra_deg) - ra0, np.radians(dec_deg)
    depth = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(ra)
    depth = np.where(depth > 0.05, depth, np.nan)
    xi = np.cos(dec) * np.sin(ra) / depth
    eta = (np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(ra)) / depth
    return np.degrees(xi) * _ARCSEC, np.degrees(eta) * _ARCSEC


def deproject(xi_arcsec: float, eta_arcsec: float, centre: tuple[float, float]) -> tuple[float, float]:
    """Return (ra_deg, dec_deg) of a point on the plane tangent at a centre."""
    ra0, dec0 = np.radians(centre)
    xi, eta = np.radians(xi_arcsec / _ARCSEC), np.radians(eta_arcsec / _ARCSEC)
    depth = np.cos(dec0) - eta * np.sin(dec0)
    ra = ra0 + np.arctan2(xi, depth)
    dec = np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, depth))
    return float(np.degrees(ra) % 360.0), float(np.degrees(dec))


def linear_wcs(
    matrix_arcsec: Array, centre: tuple[float, float], reference_pixel: tuple[float, float]
) -> WCS:
    """Return a TAN WCS from arcsec per pixel, shape (2, 2), that puts a pixel (from 0) at a sky position."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = list(centre)
    wcs.wcs.crpix = [reference_pixel[0] + 1.0, reference_pixel[1] + 1.0]
    wcs.wcs.cd = np.asarray(matrix_arcsec) / _ARCSEC
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def fit_wcs(
    x: Array, y: Array, ra_deg: Array, dec_deg: Array, *, shape: tuple[int, int], start: tuple[float, float]
) -> WCS:
    """Return the WCS through matched stars; the frame's centre is its reference pixel.

    With fewer than eight stars a rotation, a scale and a handedness are fitted, else any linear map; SIP
    terms of order 2 or 3 are added when they predict left-out stars clearly better.
    """
    ny, nx = shape
    middle = ((nx - 1) / 2.0, (ny - 1) / 2.0)
    u, v = x - middle[0], y - middle[1]
    order = _sip_order(u, v, ra_deg, dec_deg, start)
    centre, coefficients = start, np.zeros((3, 2))
    for _ in range(4):
        xi, eta = project(ra_deg, dec_deg, centre)
        coefficients = _fit_plane(u, v, np.column_stack((xi, eta)), order)
        centre = deproject(float(coefficients[0, 0]), float(coefficients[0, 1]), centre)
    wcs = linear_wcs(coefficients[1:3].T, centre, middle)
    return wcs if order == 1 else _with_sip(wcs, coefficients, order)


def _fit_plane(u: Array, v: Array, plane: Array, order: int) -> Array:
    """Return coefficients of shape (terms, 2): constant, u, v, then the higher terms."""
    if len(u) < _STARS_FOR_AFFINE:
        return _fit_similarity(u, v, plane)
    terms = _terms(u, v, order)
    size = np.max(np.abs(terms), axis=0)
    size[size == 0] = 1.0
    solved = np.linalg.lstsq(terms / size, plane, rcond=None)[0]
    return np.asarray(solved / size[:, None], dtype=np.float64)


def _fit_similarity(u: Array, v: Array, plane: Array) -> Array:
    pixels, aim = u + 1j * v, plane[:, 0] + 1j * plane[:, 1]
    best: tuple[float, Array] | None = None
    for is_mirrored in (False, True):
        source = np.conj(pixels) if is_mirrored else pixels
        centred = source - source.mean()
        factor = np.sum(np.conj(centred) * (aim - aim.mean())) / np.sum(np.abs(centred) ** 2)
        shift = aim.mean() - factor * source.mean()
        misfit = float(np.sum(np.abs(aim - factor * source - shift) ** 2))
        sign = -1.0 if is_mirrored else 1.0
        rows = np.array(
            [[shift.real, shift.imag], [factor.real, factor.imag], [-sign * factor.imag, sign * factor.real]]
        )
        if best is None or misfit < best[0]:
            best = (misfit, rows)
    assert best is not None  # noqa: S101 - both handednesses were tried
    return best[1]


def _powers(order: int) -> list[tuple[int, int]]:
    return [(degree - j, j) for degree in range(order + 1) for j in range(degree + 1)]


def _terms(u: Array, v: Array, order: int) -> Array:
    return np.column_stack([u**i * v**j for i, j in _powers(order)])


def _sip_order(u: Array, v: Array, ra_deg: Array, dec_deg: Array, centre: tuple[float, float]) -> int:
    if len(u) < min(_STARS_FOR_SIP_ORDER.values()):
        return 1
    plane = np.column_stack(project(ra_deg, dec_deg, centre))
    best, best_loss = 1, _left_out_residual(u, v, plane, 1)
    for order, needed in _STARS_FOR_SIP_ORDER.items():
        if len(u) >= needed:
            loss = _left_out_residual(u, v, plane, order)
            if loss < best_loss * (1 - _MIN_GAIN):
                best, best_loss = order, loss
    return best


def _left_out_residual(u: Array, v: Array, plane: Array, order: int) -> float:
    folds = np.arange(len(u)) % _FOLDS
    residuals = []
    for fold in range(_FOLDS):
        kept, left_out = folds != fold, folds == fold
        coefficients = _fit_plane(u[kept], v[kept], plane[kept], order)
        used = min(order, 1) if len(coefficients) == 3 else order
        predicted = _terms(u[left_out], v[left_out], used) @ coefficients
        residuals.append(np.hypot(*(plane[left_out] - predicted).T))
    return float(np.median(np.concatenate(residuals)))


def _with_sip(wcs: WCS, coefficients: Array, order: int) -> WCS:
    """Return the WCS with the higher terms moved before the linear map, as SIP wants them.

    References
    ----------
    Shupe et al. 2005, ASP Conf. Ser. 347, 491.
    """
    in_pixels = np.linalg.solve(coefficients[1:3].T, coefficients[3:].T)
    a, b = np.zeros((order + 1, order + 1)), np.zeros((order + 1, order + 1))
    for (i, j), dx, dy in zip(_powers(order)[3:], in_pixels[0], in_pixels[1], strict=True):
        a[i, j], b[i, j] = dx, dy
    distorted = wcs.deepcopy()
    distorted.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    distorted.sip = Sip(a, b, None, None, wcs.wcs.crpix)
    distorted.wcs.set()
    return distorted
