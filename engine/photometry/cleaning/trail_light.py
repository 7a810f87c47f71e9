"""Whether the light along a line is a trail's: even, as wide as a star or wider, and long."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

LEAST_BLOCK_PIX, MOST_BLOCKS = 8, 160
LIT_SIGMA = 4.0
LEAST_LIT = 0.4  # of a blinking trail
LONGEST_GAP = 0.15  # of the line
STEEPEST = 5.0  # bright parts against faint ones
MOST_FALLING, MOST_FALLING_INSIDE = 1.6, 1.35  # near the brightest place against far: as spikes and galaxies
LEAST_OPEN = 0.5  # of the light with sky on both sides: along a border nothing is sure
UNBROKEN = 0.9  # lit, where stars are short trails themselves and make chains
STARS_LONG = 3.0  # a trail against the trails of stars
WIDEST_FWHM, WIDEST_PIX = 5.0, 25.0
NARROWEST_FWHM = 0.5
WIDEST_FOOT = 0.55  # of the strip, at a fifth of the middle
DEEPEST = 0.25  # a ditch beside it, against the trail: an edge makes one
MOST_STEP = 0.4  # between both sides, against the trail: more is an edge
FAINTEST_WING_SIGMA = 0.15
FAINTEST_WING = 0.003  # of the middle

Strip = NDArray[np.float32]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """The light of a trail in units of the noise of one pixel."""

    first_pix: float  # along the line
    last_pix: float
    half_width_pix: float
    peak_sigma: float
    block_pix: int
    along: Values  # the level of each block
    across: Values  # the profile, its middle 1

    def at(self, along_pix: Values, across_pix: Values) -> Values:
        """Return the light at places along and across the line."""
        middles = (np.arange(len(self.along)) + 0.5) * self.block_pix
        reach = len(self.across) // 2
        shape = np.interp(across_pix, np.arange(-reach, reach + 1), self.across)
        return np.asarray(np.interp(along_pix, middles, self.along) * shape)


def light_along(strip: Strip, *, fwhm_pix: float, star_trail_pix: float | None) -> Light | None:
    """Return the light of the trail in the middle row of a strip, None where there is something else.

    Parameters
    ----------
    strip
        Light over noise, shape (2 reach + 1, length); not a number where nothing is known.
    star_trail_pix
        How long the stars are where they are not round.
    """
    block_pix = max(LEAST_BLOCK_PIX, strip.shape[1] // MOST_BLOCKS)
    blocks = _blocks(strip, block_pix)
    levels, doubts = _levels(blocks, core_pix=max(1, round(fwhm_pix / 3)))
    lit = levels > LIT_SIGMA * doubts
    ends = _longest(lit, known=np.isfinite(levels), may_blink=star_trail_pix is None)
    if ends is None or (ends[1] - ends[0]) * block_pix < STARS_LONG * (star_trail_pix or 0.0):
        return None
    first, last = ends
    on = np.flatnonzero(lit[first:last]) + first
    has_both_sides = np.isfinite(blocks[0]).any(axis=1) & np.isfinite(blocks[-1]).any(axis=1)
    if np.mean(has_both_sides[on]) < LEAST_OPEN:
        return None
    across, half_width_pix = _across(blocks[:, on], fwhm_pix=fwhm_pix)
    core = blocks[len(blocks) // 2 - 1 : len(blocks) // 2 + 2, on]
    is_whole = first == 0 and last == len(levels)
    summit = _brightest(core) if is_whole else int(np.argmax(median_filter(levels[on], 5, mode="constant")))
    falling = MOST_FALLING if is_whole else MOST_FALLING_INSIDE
    if half_width_pix is None or not _is_even(levels[on], np.abs(on - on[summit]), falling=falling):
        return None
    return Light(
        first_pix=float(first * block_pix),
        last_pix=float(strip.shape[1] if last == len(levels) else last * block_pix),
        half_width_pix=half_width_pix,
        peak_sigma=float(np.median(levels[on])),
        block_pix=block_pix,
        along=np.where(np.isfinite(levels), levels, 0.0),
        across=across,
    )


def _blocks(strip: Strip, block_pix: int) -> Strip:
    """Return the strip in blocks along the line, shape (rows, blocks, pixels)."""
    count = strip.shape[1] // block_pix
    return strip[:, : count * block_pix].reshape(strip.shape[0], count, block_pix)


def _levels(blocks: Strip, *, core_pix: int) -> tuple[Values, float]:
    """Return how much brighter than both its sides the line is in each block, and the noise of that.

    The noise is that of lines beside it: in a crowd, or where pixels hang together, it exceeds the photons'.
    """
    rows = len(blocks)
    reach, core = rows // 2, slice(-core_pix, core_pix + 1)
    flank = max(core_pix + 1, round(0.6 * reach))
    left, right = _median(blocks[: reach - flank + 1]), _median(blocks[reach + flank :])
    left, right = np.where(np.isnan(left), right, left), np.where(np.isnan(right), left, right)
    sky = 0.5 * (left + right)
    levels = _median(blocks[reach + core.start : reach + core.stop]) - sky
    at = (reach + flank) // 2
    beside = np.concatenate(
        [
            _median(blocks[middle + core.start : middle + core.stop]) - sky
            for middle in (reach - at, reach + at)
        ]
    )
    beside = beside[np.isfinite(beside)]
    photons = 1.2533 / np.sqrt((2 * core_pix + 1) * blocks.shape[2])
    scatter = 1.4826 * float(np.median(np.abs(beside - np.median(beside)))) if len(beside) else np.inf
    return levels, max(photons, scatter)


def _median(part: Strip) -> Values:
    """Return the median of each block over rows and pixels; not a number where half of it is unknown."""
    values = np.sort(part.transpose(1, 0, 2).reshape(part.shape[1], -1), axis=1)  # what is no number is last
    count = np.isfinite(values).sum(axis=1)
    every = np.arange(len(values))
    upper = np.minimum(count // 2, values.shape[1] - 1)
    middle = 0.5 * (values[every, np.maximum(count - 1, 0) // 2] + values[every, upper])
    return np.where(2 * count >= values.shape[1], middle, np.nan).astype(np.float64)


def _longest(lit: NDArray[np.bool_], *, known: NDArray[np.bool_], may_blink: bool) -> tuple[int, int] | None:
    """Return the first block and the one after the last of the longest part that is lit, or blinks."""
    on = np.flatnonzero(lit)
    if len(on) < 3:
        return None
    gap = max(3.0, LONGEST_GAP * len(lit) if may_blink else 0.0)
    groups = np.split(on, np.flatnonzero(np.diff(on) > gap) + 1)
    group = max(groups, key=len)
    first, last = int(group[0]), int(group[-1]) + 1
    if len(group) < (LEAST_LIT if may_blink else UNBROKEN) * max(1, int(np.sum(known[first:last]))):
        return None
    # the blocks at its ends may be lit in part; near the border it may but blink
    near = max(2.0, LONGEST_GAP * len(lit))
    first = 0 if first <= near or not known[:first].any() else first - 1
    return first, (len(lit) if last >= len(lit) - near or not known[last:].any() else last + 1)


def _across(blocks: Strip, *, fwhm_pix: float) -> tuple[Values, float | None]:
    """Return the profile across the line, and half its width; None where it is no band of light."""
    count, reach = len(blocks), len(blocks) // 2
    rows = np.nan_to_num(_median(blocks.transpose(1, 0, 2)))
    flank = round(0.6 * reach)
    left, right = float(np.median(rows[: reach - flank + 1])), float(np.median(rows[reach + flank :]))
    across = rows - 0.5 * (left + right)
    smooth = uniform_filter1d(across, 3)
    peak = float(np.max(smooth[reach - 1 : reach + 2]))
    if peak <= 0 or abs(left - right) > MOST_STEP * peak:
        return across, None
    doubt = 1.2533 / np.sqrt(3.0 * blocks.shape[1] * blocks.shape[2])
    width_pix = sum(_run(across > 0.5 * peak)) + 1.0
    foot_pix = max(_run(smooth > max(0.2 * peak, 4.0 * doubt)))
    if foot_pix > WIDEST_FOOT * reach or np.min(smooth) < -max(DEEPEST * peak, 5.0 * doubt):
        return across, None
    if not NARROWEST_FWHM * fwhm_pix <= width_pix <= max(WIDEST_FWHM * fwhm_pix, WIDEST_PIX):
        return across, None
    wing = _run(smooth > max(FAINTEST_WING_SIGMA, 4.0 * doubt, FAINTEST_WING * peak))
    half_pix = min(float(max(wing)) + 1.0, float(reach))
    inside = np.abs(np.arange(count) - reach) <= half_pix
    return np.where(inside, across, 0.0) / peak, half_pix


def _run(above: NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many rows before and after the middle one stay true without a break."""
    reach = len(above) // 2
    before, after = (
        reach if side.all() else int(np.argmin(side)) - 1 for side in (above[reach::-1], above[reach:])
    )
    return before, after


def _brightest(core: Strip) -> int:
    """Return the block that holds the brightest pixel."""
    return int(np.argmax(np.nan_to_num(core).max(axis=(0, 2))))


def _is_even(levels: Values, distance: NDArray[np.int64], *, falling: float) -> bool:
    """Return whether the lit parts are about equally bright, and do not fall off from one place."""
    bright, faint = np.quantile(levels, (0.9, 0.3))
    is_near = distance <= np.median(distance)
    near, far = (float(np.median(levels[part])) if part.any() else 0.0 for part in (is_near, ~is_near))
    return bool(bright < STEEPEST * faint and near < falling * far)
