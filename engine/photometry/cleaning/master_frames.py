"""Bias, dark and flat: many frames become one master each, and the masters are taken off an exposure.

The mean of what agrees with the median at each pixel: the median alone is noisier by a quarter (Howell 2006,
Handbook of CCD Astronomy, section 4.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.photometry.ground import SIGMA_PER_MAD
from engine.photometry.reading.header.kind import FrameKind
from engine.photometry.reading.header.setup import Setup

CLIP_SIGMA = 4.0
FEWEST_TO_CLIP = 3
DARKEST_FLAT = 0.3  # of its median: below it the light is not the sky's
MOST_DARK = 0.5  # of a flat's pixels
SAME_EXPTIME = 0.02
BURNT = 0.95  # of saturation
BAND_PIXELS = 4_000_000

Pixels = NDArray[np.float32]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Master:
    """What one kind of calibration frame tells of every pixel, shape (planes, ny, nx)."""

    setup: Setup
    data: Pixels
    frames: int
    noise_adu: float = 0.0  # of one pixel

    @property
    def words(self) -> str:
        """Return the master in words: kind, number of frames, exposure or filter."""
        if self.setup.kind is FrameKind.DARK:
            return f"dark ({self.frames} x {self.setup.exptime_s:g} s)"
        if self.setup.kind is FrameKind.FLAT:
            named = f", filter {self.setup.filter_name}" if self.setup.filter_name else ""
            return f"flat ({self.frames}{named})"
        return f"{self.setup.kind} ({self.frames} frames)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibrated:
    """An exposure without what the camera adds; pixels that the flat cannot tell are NaN."""

    data: Pixels
    pedestal_adu: float = 0.0  # that was taken off a typical pixel
    noise_adu: float = 0.0  # that the masters brought in
    notes: tuple[str, ...] = ()


def combined(stack: Sequence[Pixels]) -> tuple[Pixels, float]:
    """Return the clipped mean of frames of one shape, and its noise in a typical pixel.

    A pixel that is no number on any frame is none.
    """
    mean = np.empty(stack[0].size, dtype=np.float32)
    band = max(1, BAND_PIXELS // len(stack))
    noises = []
    for first in range(0, mean.size, band):
        part = slice(first, first + band)
        mean[part], noise = _clipped(np.stack([frame.reshape(-1)[part] for frame in stack]))
        noises.append(noise)
    return mean.reshape(stack[0].shape), float(np.median(noises))


def _clipped(values: Pixels) -> tuple[Pixels, float]:
    known = np.isfinite(values)
    number = len(values)
    middle = _middle(values, known)
    away = np.abs(values - middle)
    if number >= FEWEST_TO_CLIP and known.any():
        # few values agree by chance now and then: the frame's typical spread is the least
        typical = SIGMA_PER_MAD * float(np.median(away[known]))
        spread = SIGMA_PER_MAD * _middle(away, known)
        known &= away <= CLIP_SIGMA * np.maximum(spread, 1.5 * typical)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    scatter = float(np.sqrt(np.mean(away[known] ** 2))) if known.any() else 0.0
    noise = scatter / np.sqrt(max(number - 1, 1))
    return np.where(count > 0, mean, np.nan).astype(np.float32), noise


def _middle(values: Pixels, known: Marks) -> Pixels:
    """Return the median over the frames; not a number where none knows."""
    ordered = np.sort(np.where(known, values, np.nan), axis=0)  # what is no number is last
    count = known.sum(axis=0)
    lower, upper = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(values) - 1)
    pair = np.take_along_axis(ordered, np.stack([lower, upper]), axis=0)
    return np.asarray(0.5 * (pair[0] + pair[1]), dtype=np.float32)


def flat_master(setup: Setup, stack: Sequence[Pixels]) -> Master | None:
    """Return the master of flats freed of bias and dark, its median 1; None where it holds too little light.

    The colours of a Bayer mosaic are brought to 1 each: a lamp is no star.
    """
    even = [levelled for frame in stack if (levelled := _levelled(frame, setup.pattern)) is not None]
    if not even:
        return None
    data, _ = combined(even)
    levelled = _levelled(data, setup.pattern)
    if levelled is None:
        return None
    levelled[~(levelled >= DARKEST_FLAT)] = np.nan
    if np.mean(np.isnan(levelled)) > MOST_DARK:
        return None
    return Master(setup=setup, data=levelled, frames=len(even))


def _levelled(frame: Pixels, pattern: str) -> Pixels | None:
    even = frame.copy()
    steps = 2 if pattern else 1
    for row in range(steps):
        for column in range(steps):
            part = even[..., row::steps, column::steps]
            known = part[np.isfinite(part)]
            level = float(np.median(known)) if known.size else 0.0
            if level <= 0:
                return None
            part /= np.float32(level)
    return even


def taken_off(
    data: Pixels, *, setup: Setup, bias: Master | None, dark: Master | None
) -> tuple[Pixels, float, float]:
    """Return a frame without bias and dark, the typical level that went, and the noise that came [ADU].

    A dark of another exposure time is scaled, for which the bias must be known.
    """
    if dark is None:
        if bias is None:
            return data, 0.0, 0.0
        return data - bias.data, _level(bias.data), bias.noise_adu
    if same_exptime(setup, dark.setup) or bias is None:
        return data - dark.data, _level(dark.data), dark.noise_adu
    scale = setup.exptime_s / dark.setup.exptime_s
    level = bias.data + np.float32(scale) * (dark.data - bias.data)
    noise_adu = float(np.hypot(scale * dark.noise_adu, (1 - scale) * bias.noise_adu))
    return data - level, _level(level), noise_adu


def still_burnt(
    raw: Pixels, data: Pixels, *, saturation_adu: float, pedestal_adu: float
) -> tuple[Pixels, float]:
    """Return a calibrated frame and its saturation level: just the pixels burnt out before are so now."""
    with np.errstate(invalid="ignore"):
        burnt = raw >= BURNT * saturation_adu
        sound = data[~burnt & np.isfinite(data)]
    highest = float(sound.max()) if sound.size else 0.0
    level = max(saturation_adu - pedestal_adu, 1.001 * highest / BURNT)
    return np.where(burnt & np.isfinite(data), np.float32(level), data), level


def same_exptime(one: Setup, two: Setup) -> bool:
    """Return whether two frames were exposed equally long."""
    return abs(one.exptime_s - two.exptime_s) <= SAME_EXPTIME * max(one.exptime_s, two.exptime_s)


def _level(data: Pixels) -> float:
    known = data[np.isfinite(data)]
    return float(np.median(known)) if known.size else 0.0
