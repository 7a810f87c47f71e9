"""The weighted mean of a stack's pixels, without what one frame shows and the others do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, maximum_filter, uniform_filter

from engine.photometry.detect import FWHM_PER_SIGMA

Image = NDArray[np.float32]
Marks = NDArray[np.bool_]

SIGMA = 5.0
FAINT_SIGMA = 6.0  # of the mean of nine pixels: a faint trail
SAME_LIGHT = 0.25  # of a star's light that frames may differ by: tracking, focus, sub-pixel place
SHARPER = 1.3  # times what a sharper frame's peaks should stand out
GROWN_PIX = 2  # beyond what stands out: wings of a trail
FULL_SHARE = 0.3  # of saturation in the other frames: one frame's full pixel may be a cosmic ray
MARGIN_PIX = 12  # that a strip needs of its neighbours
LEAST_WEIGHT = 0.5  # of all frames', below which a pixel is not told


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one frame's pixels are worth, on the common scale."""

    weight: float
    noise_adu: float
    gain_e_adu: float
    fwhm_pix: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """A strip of a stack; where too few frames tell a pixel, its light is a guess."""

    light_adu: Image
    is_told: Marks
    is_full: Marks
    rejected: int  # pixels of single frames


def combine(pixels: Image, layers: Sequence[Layer], *, full_adu: float) -> Combined:
    """Return the clipped weighted mean of a strip of all frames.

    A pixel is left out where it stands out of the median of all frames by more than its noise and what the
    frames' different seeing makes of a star; of two frames the fainter pixel is believed.

    Parameters
    ----------
    pixels
        Shape (frames, ny, nx); NaN where a frame tells nothing, infinite where it is saturated.
    full_adu
        The light of a saturated pixel above the sky, infinite where nothing saturates.
    """
    is_full = np.isposinf(pixels)
    middle = _middle(pixels, full_adu)
    known = np.isfinite(pixels)
    if len(layers) > 1:
        for number in range(len(layers)):
            known[number] &= ~_stands_out(pixels[number], middle, layers, number)
    weights = np.array([layer.weight for layer in layers], dtype=np.float32)[:, None, None]
    total = np.where(known, weights, 0).sum(axis=0)
    light = np.where(known, pixels * weights, 0).sum(axis=0) / np.maximum(total, np.float32(1e-30))
    light = np.where(total > 0, light, middle)
    burnt = is_full.any(axis=0) & (middle > FULL_SHARE * full_adu)
    rejected = int(np.count_nonzero(np.isfinite(pixels) & ~known))
    is_told = (total > LEAST_WEIGHT * 0.999 * weights.sum()) & ~burnt
    return Combined(light_adu=light.astype(np.float32), is_told=is_told, is_full=burnt, rejected=rejected)


def _middle(pixels: Image, full_adu: float) -> Image:
    """Return the median of the frames that tell a pixel, of two the fainter, zero where none does."""
    ordered = np.sort(np.where(np.isposinf(pixels), np.float32(full_adu), pixels), axis=0)  # NaN comes last
    count = np.count_nonzero(~np.isnan(ordered), axis=0)
    lower = np.where(count == 2, 0, np.maximum(count - 1, 0) // 2)
    upper = np.where(count == 2, 0, np.minimum(count // 2, len(pixels) - 1))
    pair = [np.take_along_axis(ordered, which[None], axis=0)[0] for which in (lower, upper)]
    return np.where(count > 0, (pair[0] + pair[1]) / 2, 0).astype(np.float32)


def _stands_out(frame: Image, middle: Image, layers: Sequence[Layer], number: int) -> Marks:
    """Return where one frame shows what the others do not, or misses what they show."""
    layer, widths = layers[number], np.array([each.fwhm_pix for each in layers])
    narrow, wide = (widths.min(), widths.max()) if len(layers) == 2 else (np.median(widths),) * 2
    expected = middle
    if layer.fwhm_pix > narrow:  # its stars have wider wings
        blur_pix = float(np.sqrt(layer.fwhm_pix**2 - narrow**2)) / FWHM_PER_SIGMA
        expected = gaussian_filter(middle, blur_pix, mode="nearest", truncate=3.0)
    brightest = np.maximum(maximum_filter(np.maximum(middle, expected), size=3), 0)
    noise = np.sqrt(np.float32(layer.noise_adu**2) + brightest / np.float32(layer.gain_e_adu))
    sharper = SHARPER * max(0.0, (wide / layer.fwhm_pix) ** 2 - 1)
    excess = np.where(np.isfinite(frame), frame - expected, 0).astype(np.float32)
    more = (SAME_LIGHT + sharper) * brightest
    out = excess > SIGMA * noise + more
    out |= excess < -(SIGMA * noise + brightest)
    out |= uniform_filter(excess, size=3) > FAINT_SIGMA / 3 * noise + more
    return np.asarray(binary_dilation(out, iterations=GROWN_PIX)) if out.any() else out
