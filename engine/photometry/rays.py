"""Take cosmic rays out of a frame whose stars are known: what was a ray is no source."""

from dataclasses import replace

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.cleaning.cosmic_rays import MARGIN_PIX, NARROWEST_PIX, find_cosmic_rays
from engine.photometry.cleaning.hot_pixels import fill_from_neighbours
from engine.photometry.detect import Detection, saturated_pixels
from engine.photometry.ground import circle_sums, flat_of
from engine.photometry.slabs import slabs

CORE_FWHM = 0.7
REMAINING_SHARE = 0.3  # of a source's light in its core, below which it was the ray
REMAINING_SIGMA = 4.0


def without_rays(frame: Frame, detection: Detection) -> tuple[Frame, Detection]:
    """Return the frame with rays filled and masked, and the detection without the sources that they were.

    Where stars are narrower than 2.2 pixels, or only every second pixel belongs to a colour, rays look like
    stars and stay; single pixels are gone by then.
    """
    if detection.fwhm_pix is None or detection.fwhm_pix < NARROWEST_PIX or frame.plane:
        return frame, detection
    burnt = maximum_filter(saturated_pixels(frame), size=3)  # the edge of a cut-off core is sharp as well
    unusable = frame.mask | burnt | ~np.isfinite(frame.data)
    rays = np.zeros(frame.shape, dtype=np.bool_)
    for slab in slabs(len(rays), margin_pix=MARGIN_PIX):
        found = find_cosmic_rays(
            flat_of(frame, detection, slab.rows),
            detection.rms.part(slab.rows),
            gain_e_adu=frame.gain_e_adu,
            fwhm_pix=detection.fwhm_pix,
            unusable=unusable[slab.rows],
        )
        rays[slab.at] = found[slab.own]
    if not rays.any():
        return frame, detection
    filled = fill_from_neighbours(frame.data, rays, unusable=unusable)
    cleaned = replace(frame, data=filled, mask=frame.mask | rays)
    del unusable, burnt
    return cleaned, _without_ray_sources(cleaned, detection, rays)


def _without_ray_sources(frame: Frame, detection: Detection, rays: NDArray[np.bool_]) -> Detection:
    sources = detection.sources
    x, y = sources["x"].to_numpy(), sources["y"].to_numpy()
    core_pix = max(1.5, CORE_FWHM * (detection.fwhm_pix or 0.0))
    touched, _, _ = sep.sum_circle(rays, x, y, core_pix, subpix=1)
    light_adu = circle_sums(frame, detection, x, y, (core_pix,), subpix=5)[0]
    noise_adu = detection.noise_adu * np.sqrt(np.pi) * core_pix
    remains = (light_adu > REMAINING_SIGMA * noise_adu) & (
        light_adu > REMAINING_SHARE * sources["flux_adu"].to_numpy()
    )
    hit = np.where(touched > 0, np.uint32(Flag.BAD_PIXEL), np.uint32(0))
    kept = (touched == 0) | remains
    flags = pl.Series("flags", sources["flags"].to_numpy() | hit, dtype=pl.UInt32)
    return replace(detection, sources=sources.with_columns(flags)).only(kept)
