"""Take the trails of satellites and aeroplanes out of a frame: they make no stars and spoil no sky."""

from dataclasses import replace

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.cleaning.trails import FoundTrails, Trail, find_trails
from engine.photometry.detect import Detection, detect, saturated_pixels
from engine.photometry.ground import DEFAULT_FWHM_PIX, flat_of
from engine.photometry.slabs import slabs

CORE_FWHM = 0.7
CLEAR_STAR = 3.0  # of the trail's light: what is fainter may be what the trail left
CLEAR_SIGMA = 10.0
OVER_FWHM = 1.5


def without_trails(frame: Frame, detection: Detection) -> tuple[Frame, Detection]:
    """Return the frame with trails taken off and masked, and the detection without what they had made.

    Stars that stand on a trail are flagged ``BAD_PIXEL``; those that do not outshine it are left out.
    """
    saturated = saturated_pixels(frame)
    found = find_trails(
        _signal(frame, detection, saturated),
        saturated=saturated,
        fwhm_pix=detection.fwhm_pix,
        star_trail_pix=detection.trail_pix,
    )
    if found is None:
        return frame, detection
    light_adu = found.light_sigma * detection.rms.part()
    dark = replace(frame, data=np.where(saturated, frame.data, frame.data - light_adu).astype(np.float32))
    again = detect(dark)
    cleaned = replace(dark, mask=frame.mask | found.mask)
    return cleaned, _without_remains(again, found, light_adu)


def _signal(frame: Frame, detection: Detection, saturated: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the light over its noise, not a number where nothing is known."""
    signal = np.empty_like(frame.data)
    for slab in slabs(len(signal), margin_pix=0):
        rows = slab.at
        signal[rows] = flat_of(frame, detection, rows) / detection.rms.part(rows)
        unknown = (frame.mask[rows] | ~np.isfinite(frame.data[rows])) & ~saturated[rows]
        signal[rows][unknown] = np.nan
    return signal


def target_trails(detection: Detection, place: tuple[float, float]) -> tuple[Trail, ...]:
    """Return the trails that run over a star at a place."""
    reach_pix = OVER_FWHM * (detection.fwhm_pix or DEFAULT_FWHM_PIX)
    return tuple(
        trail for trail in detection.trails if trail.distance_pix(*place) < trail.half_width_pix + reach_pix
    )


def _without_remains(detection: Detection, found: FoundTrails, light_adu: NDArray[np.float32]) -> Detection:
    sources = detection.sources
    x, y = sources["x"].to_numpy(), sources["y"].to_numpy()
    ny, nx = found.mask.shape
    at = np.clip(np.rint(y).astype(int), 0, ny - 1), np.clip(np.rint(x).astype(int), 0, nx - 1)
    clear_adu = np.maximum(CLEAR_STAR * light_adu[at], CLEAR_SIGMA * detection.noise_adu)
    core_pix = max(1.5, CORE_FWHM * (detection.fwhm_pix or DEFAULT_FWHM_PIX))
    touched, _, _ = sep.sum_circle(found.mask, x, y, core_pix, subpix=1)
    kept = ~found.mask[at] | (sources["peak_adu"].to_numpy() > clear_adu)
    flags = sources["flags"].to_numpy() | np.where(touched > 0, np.uint32(Flag.BAD_PIXEL), np.uint32(0))
    flagged = sources.with_columns(flags=pl.Series(flags, dtype=pl.UInt32))
    return replace(detection, sources=flagged, trails=found.trails).only(kept)
