"""Mark the pixels that do not tell the light, and take hot pixels out, before anything is measured."""

from dataclasses import replace

import numpy as np
import sep
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.cleaning.bad_columns import find_bad_columns
from engine.photometry.cleaning.hot_pixels import fill_from_neighbours, find_lone_pixels
from engine.photometry.mesh import Mesh, mesh_of
from engine.photometry.slabs import slabs

_MESH_PIX = 64
_SMALLEST_NOISE = 0.3  # of the step between two values: a quantised sky is not noiseless
_BLEEDING = 0.9  # of saturation: charge runs along a column a little below it
_SHARPEST_STAR = 0.15  # of the peak in the second neighbour; 0.24 at FWHM 1.2 pixels
_SHARPEST_STAR_IN_PLANE = 0.04  # a colour plane sees every second pixel only
_LOOK_PIX = 4  # as far as a lone pixel's neighbours, and theirs, matter

Pixels = NDArray[np.float32]


def clean(frame: Frame) -> Frame:
    """Return the frame with hot and dead pixels replaced by their neighbours, and these, bad columns,
    saturated pixels and those that are no numbers masked.

    Simulated stars lose a core pixel in 0.1 % of cases at a FWHM of 1.5 pixels, in 1 % at 1.2, in none above.
    """
    broken = ~np.isfinite(frame.data)
    data = np.where(broken, np.float32(0), frame.data) if broken.any() else frame.data
    saturated = ~broken & (data >= frame.saturation_adu)
    mask = frame.mask | broken
    sky, noise = _sky(data, mask | saturated)
    excess = sky.part()
    np.subtract(data, excess, out=excess)
    lone = _lone(frame, excess, noise, data >= _BLEEDING * frame.saturation_adu) & ~mask
    excess[mask | saturated] = 0
    columns = find_bad_columns(excess, noise.usual)
    del excess
    filled = fill_from_neighbours(data, lone | broken, unusable=mask | columns)
    return replace(frame, data=filled, mask=mask | columns | lone | saturated)


def _sky(data: Pixels, ignored: NDArray[np.bool_]) -> tuple[Mesh, Mesh]:
    """Return the sky and its noise."""
    mesh_pix = int(np.clip(min(data.shape) // 4, 8, _MESH_PIX))
    sky = sep.Background(np.ascontiguousarray(data, dtype=np.float32), mask=ignored, bw=mesh_pix, bh=mesh_pix)
    least_adu = _SMALLEST_NOISE * _step(data)
    level = mesh_of(sky.back(dtype=np.float32), side_pix=mesh_pix)
    return level, mesh_of(sky.rms(dtype=np.float32), side_pix=mesh_pix, least=least_adu)


def _lone(frame: Frame, excess: Pixels, noise: Mesh, saturated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return True at hot and dead pixels."""
    ratio = _SHARPEST_STAR_IN_PLANE if frame.plane else _SHARPEST_STAR
    lone = np.zeros(excess.shape, dtype=np.bool_)
    for slab in slabs(len(lone), margin_pix=_LOOK_PIX):
        rows = slab.rows
        found = find_lone_pixels(
            excess[rows], noise.part(rows), saturated=saturated[rows], sharpest_ratio=ratio
        )
        lone[slab.at] = found[slab.own]
    return lone


def _step(data: Pixels) -> float:
    values = np.unique(data.reshape(-1)[:: max(1, data.size // 20_000)])
    return float(np.median(np.diff(values))) if values.size > 1 else 1.0
