"""Trails of satellites and aeroplanes: straight lights that run on through the frame.

Every straight line of the binned image is summed (the fast Radon transform, as for streaks in Nir, Zackay &
Ofek 2018, AJ 156, 229); the few lines that stand out are looked at in full. A trail is even, long, and as
wide as a star or wider. What falls off from a bright star (a spike) or from its middle (a galaxy), runs along
a column or a row (bleeding, a defect, smear), or is a step, is none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from engine.photometry.cleaning.radon import Line, brightest_line
from engine.photometry.cleaning.strips import Path, ridge_of, strip_along
from engine.photometry.cleaning.trail_light import Light, light_along

DEFAULT_FWHM_PIX = 3.0
MOST_TRIES = 5
LEAST_SIGNIFICANCE = 7.0
SHORTEST = 0.2  # of the frame's shorter side
MOST_STAR_SIGMA = 5.0  # a pixel counts no more than this: a star is no line
MOST_CELL_SIGMA = 3.0
SMALL_SIDE, LARGE_SIDE, LARGE_PIX = 128, 256, 1500  # cells along the longer side of small and large frames
FLAT_CELLS = 15
REACH_FWHM, MOST_REACH_PIX = 10.0, 80
LEAST_DRIFT_PIX = 1.0  # across columns or rows
LEAST_SLOPE = 0.02  # the same of a line through burnt-out pixels

Pixels = NDArray[np.float32]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A straight band of light that is no star's."""

    path: Path
    half_width_pix: float
    peak_sigma: float  # of the noise of one pixel

    def distance_pix(self, x: float, y: float) -> float:
        """Return how far a place is from the middle of the trail."""
        (x0, y0), (dx, dy) = self.path.start, self.path.step
        along = float(np.clip((x - x0) * dx + (y - y0) * dy, 0.0, self.path.length_pix))
        return float(np.hypot(x - x0 - along * dx, y - y0 - along * dy))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTrails:
    """The trails of a frame, the pixels they cover, and about how much light they put there [noise]."""

    trails: tuple[Trail, ...]
    mask: Marks
    light_sigma: Pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Image:
    """What is looked at: light over noise, not a number where nothing is known."""

    signal: Pixels
    saturated: Marks
    fwhm_pix: float
    star_trail_pix: float | None

    @property
    def shape(self) -> tuple[int, int]:
        return (self.signal.shape[0], self.signal.shape[1])

    @property
    def shortest_pix(self) -> float:
        return SHORTEST * min(self.shape)


_Found = tuple[Trail, Path, Light]


def find_trails(
    signal: Pixels, *, saturated: Marks, fwhm_pix: float | None, star_trail_pix: float | None = None
) -> FoundTrails | None:
    """Return the trails on an image, None without any.

    Parameters
    ----------
    signal
        The image less its sky over the noise of the sky, shape (ny, nx); not a number where nothing is known.
    saturated
        True where a pixel is bright without telling how bright.
    star_trail_pix
        How long the stars are where they are not round.
    """
    fwhm_pix = fwhm_pix or DEFAULT_FWHM_PIX
    image = _Image(signal=signal, saturated=saturated, fwhm_pix=fwhm_pix, star_trail_pix=star_trail_pix)
    step = _cell_pix(image.shape)
    cells = _cells(image, step)
    trails: list[_Found] = []
    for _ in range(MOST_TRIES):
        line = brightest_line(cells, shortest=max(3, int(image.shortest_pix / step)))
        if line is None or line.significance < LEAST_SIGNIFICANCE:
            break
        found = _looked_at(image, _path(line, step), step=step)
        if found is not None:
            trails.append(found)
        half_pix = max(1.5, (found[0].half_width_pix if found else fwhm_pix) / step + 0.5)
        cells = np.where(_beside(cells.shape, Path(start=line.start, end=line.end), half_pix), 0, cells)
    return _together(trails, image.shape) if trails else None


def _cell_pix(shape: tuple[int, ...]) -> int:
    side = LARGE_SIDE if max(shape) > LARGE_PIX else SMALL_SIDE
    return max(1, -(-max(shape) // side))


def _cells(image: _Image, step: int) -> Pixels:
    """Return the image in cells with a noise of 1, without what is wider than a trail."""
    ny, nx = (length // step * step for length in image.shape)
    cells = np.empty((ny // step, nx // step), dtype=np.float32)
    for row in range(len(cells)):
        rows = slice(row * step, (row + 1) * step)
        limited = np.clip(image.signal[rows, :nx], -MOST_STAR_SIGMA, MOST_STAR_SIGMA)
        limited[np.isnan(limited)] = 0.0
        limited[image.saturated[rows, :nx]] = MOST_STAR_SIGMA
        cells[row] = limited.reshape(step, nx // step, step).mean(axis=(0, 2), dtype=np.float32)
    cells -= uniform_filter(cells, FLAT_CELLS, mode="nearest")
    scatter = 1.4826 * float(np.median(np.abs(cells - np.median(cells))))
    if scatter <= 0:
        return np.zeros_like(cells)
    return np.asarray(np.clip(cells / np.float32(scatter), -MOST_CELL_SIGMA, MOST_CELL_SIGMA))


def _path(line: Line, step: int) -> Path:
    """Return the way of a line of cells over the frame's pixels."""
    (x0, y0), (x1, y1) = line.start, line.end
    middle = 0.5 * (step - 1)
    return Path(start=(x0 * step + middle, y0 * step + middle), end=(x1 * step + middle, y1 * step + middle))


def _looked_at(image: _Image, path: Path, *, step: int) -> _Found | None:
    """Return the trail along a way with its light, None where there is something else."""
    path = _on_ridge(image, path, step=step)
    if path.length_pix < image.shortest_pix:
        return None
    reach_pix = min(MOST_REACH_PIX, round(REACH_FWHM * image.fwhm_pix) + 8)
    strip = strip_along(image.signal, path, reach_pix=reach_pix)
    light = light_along(strip, fwhm_pix=image.fwhm_pix, star_trail_pix=image.star_trail_pix)
    if light is None:
        return None
    trail = Trail(
        path=path.part(light.first_pix, light.last_pix),
        half_width_pix=light.half_width_pix,
        peak_sigma=light.peak_sigma,
    )
    is_long = trail.path.length_pix >= image.shortest_pix
    return (trail, path, light) if is_long and not _is_of_detector(trail.path, image.saturated) else None


def _is_of_detector(path: Path, saturated: Marks) -> bool:
    """Return whether a line runs along a column or a row: a defect, or what a burnt-out star bled."""
    drift_pix = min(abs(path.end[axis] - path.start[axis]) for axis in (0, 1))
    if drift_pix > LEAST_SLOPE * path.length_pix + LEAST_DRIFT_PIX:
        return False
    return drift_pix < LEAST_DRIFT_PIX or bool(np.nansum(strip_along(saturated, path, reach_pix=2)))


def _on_ridge(image: _Image, path: Path, *, step: int) -> Path:
    """Return the way moved to where the light is brightest: a bright trail is flat where stars are cut."""
    width_pix, limit = max(1, round(image.fwhm_pix)), MOST_STAR_SIGMA
    for reach_pix in (2 * step + width_pix, 2 * width_pix + 2):
        strip = strip_along(image.signal, path, reach_pix=reach_pix)
        moved = ridge_of(np.clip(strip, -limit, limit), width_pix=width_pix)
        path = path.shifted(*moved, shape=image.shape)
        if path.length_pix < image.shortest_pix:
            break
        limit = max(limit, float(np.nanmedian(strip_along(image.signal, path, reach_pix=1))))
    return path


def _together(found: list[_Found], shape: tuple[int, ...]) -> FoundTrails:
    """Return the pixels of all trails, and the light that these put there."""
    mask = np.zeros(shape, dtype=np.bool_)
    light_sigma = np.zeros(shape, dtype=np.float32)
    for trail, path, light in found:
        beside = _beside(shape, trail.path, trail.half_width_pix)
        rows, columns = np.nonzero(beside)
        (x0, y0), (dx, dy) = path.start, path.step
        along = (columns - x0) * dx + (rows - y0) * dy
        across = (rows - y0) * dx - (columns - x0) * dy
        light_sigma[rows, columns] += light.at(along, across)
        mask |= beside
    return FoundTrails(trails=tuple(trail for trail, _, _ in found), mask=mask, light_sigma=light_sigma)


def _beside(shape: tuple[int, ...], path: Path, half_pix: float) -> Marks:
    """Return True where a pixel is no farther from a way than this."""
    (x0, y0), (dx, dy) = path.start, path.step
    x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(x0)
    y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(y0)
    along = x * np.float32(dx) + y * np.float32(dy)
    near: Marks = np.abs(y * np.float32(dx) - x * np.float32(dy)) <= half_pix
    return near & (along >= -half_pix) & (along <= path.length_pix + half_pix)
