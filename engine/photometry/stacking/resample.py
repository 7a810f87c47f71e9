"""A frame on the grid of its stack: its sky taken off, its light on the common scale, nothing lost."""

from dataclasses import replace

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from engine.frame import Frame
from engine.photometry.clean import clean
from engine.photometry.cleaning.hot_pixels import fill_from_neighbours
from engine.photometry.detect import sky_mesh_pix
from engine.photometry.stacking.grid import PixelMap, is_on

Image = NDArray[np.float32]

BAD = np.float32(np.nan)  # of a pixel that tells nothing
FULL = np.float32(np.inf)  # of a saturated one
STRIP_PIX = 1_000_000  # that are brought over at a time
TOUCHED = 0.01  # of a pixel
ORDER = 3


def cleaned(frame: Frame, *, saturation_adu: float | None) -> Frame:
    """Return a frame as its reduction saw it: bad pixels marked, saturation where its stars showed it."""
    return clean(frame if saturation_adu is None else replace(frame, saturation_adu=saturation_adu))


def sky_of_frame(frame: Frame) -> Image:
    """Return the smooth sky of a cleaned frame."""
    ignored = frame.mask | ~np.isfinite(frame.data)
    mesh_pix = sky_mesh_pix(frame.shape)
    data = np.where(np.isfinite(frame.data), frame.data, np.float32(0))
    return np.asarray(sep.Background(data, mask=ignored, bw=mesh_pix, bh=mesh_pix).back(dtype=np.float32))


def resampled(
    frame: Frame, sky_adu: Image, way: PixelMap, into: Image, *, light_scale: float, is_first: bool = False
) -> None:
    """Write a cleaned frame's light on the stack's grid; pixels are ``BAD`` or ``FULL`` where it tells none.

    Cubic splines keep stars sharp and the noise nearly white; what correlation they leave is seen later in
    the scatter at empty places.

    Parameters
    ----------
    into
        Shape of the stack.
    is_first
        Whether the grid is the frame's own, and its pixels go over as they are.
    """
    full = frame.data >= frame.saturation_adu
    bad = (frame.mask & ~full) | ~np.isfinite(frame.data)
    light = frame.data - sky_adu
    light = fill_from_neighbours(light, bad, unusable=full)  # else bad pixels would ring
    if is_first:
        into[:] = np.where(full, FULL, np.where(bad, BAD, light * np.float32(light_scale)))
        return
    spline = spline_filter(light, order=ORDER, output=np.float32, mode="mirror")
    ny, nx = into.shape
    step = max(1, STRIP_PIX // nx)
    for start in range(0, ny, step):
        stop = min(ny, start + step)
        x, y, area = way.rows(start, stop, nx)
        places = np.stack([y, x])
        strip = map_coordinates(spline, places, order=ORDER, prefilter=False, mode="mirror")
        strip = strip * area.astype(np.float32) * np.float32(light_scale)
        touched = [
            map_coordinates(marks.astype(np.float32), places, order=1, mode="nearest") > TOUCHED
            for marks in (bad, full)
        ]
        strip[touched[0] | ~is_on(x, y, frame.shape)] = BAD
        strip[touched[1] & is_on(x, y, frame.shape)] = FULL
        into[start:stop] = strip
