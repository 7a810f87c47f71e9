"""The level at which a frame's pixels stop telling the light, seen in the pixels themselves."""

import numpy as np
from numpy.typing import NDArray

FULL_16_BIT_ADU = 65535.0
_FEWEST_PILED = 3
_MARGIN = 0.99  # below an exact ceiling
_BINS = 10
_FEWEST_IN_TOP_BIN = 5
_TOP_EXCESS = 3.0
_TOP_MARGIN = 0.95
_ABOVE_SKY = 20.0

Pixels = NDArray[np.float32]


def guess_saturation(data: Pixels) -> tuple[float, str]:
    """Return the saturation level [ADU] of finite pixels, and a note when they pile up at a ceiling.

    Star profiles have ever fewer pixels at higher levels: many at exactly the maximum (a converter's ceiling
    of 12, 14 or 16 bits, or a full well) or too many in the uppermost twentieth (a ceiling divided by a flat
    field) are saturated. Without such a pile nothing in the frame is saturated below 16 bits.
    """
    peak = float(data.max())
    sample = data.reshape(-1)[:: max(1, data.size // 200_000)]
    sky = float(np.median(sample))
    spread = 1.4826 * float(np.median(np.abs(sample - np.float32(sky))))
    ceiling = max(FULL_16_BIT_ADU, peak)
    if peak <= 0 or peak - sky < _ABOVE_SKY * max(spread, 1.0):
        return ceiling, ""
    bright = data[data >= max(0.5 * peak, sky + 0.25 * (peak - sky))]
    level = _exact_ceiling(bright, peak) or _smeared_ceiling(bright, peak)
    if level is None:
        return ceiling, ""
    return level, f"Pixels pile up at {peak:.0f} ADU: saturation was set to {level:.0f} ADU."


def _exact_ceiling(bright: Pixels, peak: float) -> float | None:
    near = int(np.count_nonzero(bright >= 0.9 * peak))
    at_peak = int(np.count_nonzero(bright == np.float32(peak)))
    by_chance = 10.0 * (near - at_peak) / max(0.1 * peak, 1.0)
    return _MARGIN * peak if at_peak >= _FEWEST_PILED + by_chance else None


def _smeared_ceiling(bright: Pixels, peak: float) -> float | None:
    counts, _ = np.histogram(bright, bins=_BINS, range=(0.5 * peak, peak))
    below = float(np.median(counts[:-1]))
    top = int(counts[-1])
    return _TOP_MARGIN * peak if top >= max(_FEWEST_IN_TOP_BIN, _TOP_EXCESS * below) else None
