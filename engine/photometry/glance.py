"""A first look at a frame, before anything is measured."""

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from engine.frame import Frame
from engine.photometry.looked import Glance
from engine.photometry.preview import averaged, block_pix

BRIGHTEST_STARS = 20
_STAR_SIGMA = 5.0
_STAR_BLOCKS = 3  # so many pixels of the picture at least
_MESH = 32
_NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)


def glance_at(frame: Frame) -> Glance:
    """Return what a first look at a frame shows."""
    block = block_pix(frame.shape)
    places = _stars(averaged(frame.data, block))
    burnt = frame.data >= frame.saturation_adu
    ny, nx = frame.shape
    return Glance(
        plane=frame.plane,
        width_pix=nx,
        height_pix=ny,
        mjd=frame.mjd,
        exptime_s=frame.exptime_s,
        filter_name=frame.filter_name,
        ra_deg=frame.pointing_ra_deg,
        dec_deg=frame.pointing_dec_deg,
        stars=len(places),
        saturated_share=float(burnt.mean()),
        saturated_stars=_burnt_stars(burnt, places[:BRIGHTEST_STARS] * block, reach=2 * block + 1),
    )


def _stars(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the places (x, y) of what stands out of a picture's sky, the brightest first."""
    known = np.nan_to_num(picture, nan=float(np.nanmedian(picture)))
    # a hot pixel stands alone, a star does not
    plain = np.minimum(known, maximum_filter(known, footprint=_NEIGHBOURS)).astype(np.float32)
    try:
        sky = sep.Background(plain, bw=_MESH, bh=_MESH)
        noise = max(float(sky.globalrms), 1e-6)
        found = sep.extract(plain - sky.back(), _STAR_SIGMA, err=noise, minarea=_STAR_BLOCKS)
    except Exception:  # noqa: BLE001 - sep knows no other kind; a look must not stop a measurement
        return np.empty((0, 2))
    order = np.argsort(-found["flux"])
    return np.stack([found["x"], found["y"]], axis=-1)[order]


def _burnt_stars(burnt: NDArray[np.bool_], places: NDArray[np.float64], *, reach: int) -> float:
    if len(places) == 0:
        return 0.0
    hits = 0
    for x, y in places.astype(int):
        rows, columns = slice(max(y - reach, 0), y + reach + 1), slice(max(x - reach, 0), x + reach + 1)
        hits += bool(burnt[rows, columns].any())
    return hits / len(places)
