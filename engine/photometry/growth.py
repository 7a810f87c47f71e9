"""How much of a star's light a circle misses, all over the frame, from the growth of bright stars' light."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.frame import Frame
from engine.photometry.apertures import measure_circles
from engine.photometry.detect import Detection
from engine.photometry.ground import DEFAULT_FWHM_PIX, SIGMA_PER_MAD, sky_ring_pix

Array = NDArray[np.float64]

ALL_LIGHT_FWHM = 4.0  # a Moffat star of beta = 3 has 99.7 % of its light within
MOFFAT_BETA = 3.0
GROWTH_SNR = 30.0
GROWTH_STARS = 60  # the brightest: neighbours disturb them least
MIN_GROWTH_STARS = 3
STARS_FOR_TERMS = ((6, 40), (4, 16), (3, 10), (1, 0))  # any bowl; a slope and a round bowl; a slope; none
WORTH = 6.0  # of the change over the frame, in units of its own uncertainty (both squared)
CLIP_SIGMA = 3.0
CLIP_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLight:
    """Magnitudes that a circle misses, as a polynomial over the frame."""

    radius_pix: float
    shape: tuple[int, int]
    coefficients: tuple[float, ...]

    def at(self, x: Array, y: Array) -> Array:
        """Return the missing magnitudes at pixel positions."""
        ny, nx = self.shape
        inside_x, inside_y = np.clip(x, 0, nx - 1), np.clip(y, 0, ny - 1)
        terms = _terms(inside_x, inside_y, self.shape)[:, : len(self.coefficients)]
        return np.asarray(terms @ np.array(self.coefficients))


def lost_light(frame: Frame, detection: Detection, radii_pix: tuple[float, ...]) -> tuple[LostLight, ...]:
    """Return what each circle misses of all the light, from bright stars step by step.

    What the widest circle misses, beyond its rim and by the wings in the ring of its sky, is a Moffat star's.
    Each step outwards is told by the stars that are alone in the larger circle; where fewer than three are,
    by a Moffat star. With more stars it may change over the frame, as the stars' shape does.

    References
    ----------
    Stetson 1990, PASP 102, 932.
    """
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    bright = detection.sources.filter(pl.col("snr") > GROWTH_SNR, pl.col("flags") == 0).head(GROWTH_STARS)
    steps_pix = (*radii_pix, max(ALL_LIGHT_FWHM * fwhm_pix, 1.01 * radii_pix[-1]))
    tables = measure_circles(frame, bright, detection=detection, radii_pix=steps_pix)
    total = np.zeros(6)
    total[0] = _beyond_mag(steps_pix[-1], fwhm_pix)
    found = []
    for step in range(len(radii_pix) - 1, -1, -1):
        inner_pix, outer_pix = steps_pix[step : step + 2]
        usual_mag = _moffat_loss_mag(inner_pix, fwhm_pix) - _moffat_loss_mag(outer_pix, fwhm_pix)
        total = total + _step(tables[step], tables[step + 1], frame.shape, usual_mag=usual_mag)
        found.append(LostLight(radius_pix=inner_pix, shape=frame.shape, coefficients=tuple(total.tolist())))
    return tuple(reversed(found))


def _step(inner: pl.DataFrame, outer: pl.DataFrame, shape: tuple[int, int], *, usual_mag: float) -> Array:
    """Return the polynomial of what the inner circle misses of the outer one."""
    stars = outer.select("x", "y", "inst_mag_err", "flags").with_columns(
        step_mag=inner["inst_mag"] - outer["inst_mag"]
    )
    stars = stars.filter(pl.col("flags") == 0, pl.col("inst_mag_err") < 1 / GROWTH_SNR).drop_nulls()
    coefficients = np.zeros(6)
    if len(stars) < MIN_GROWTH_STARS:
        coefficients[0] = usual_mag
        return coefficients
    step_mag = stars["step_mag"].to_numpy()
    terms = _terms(stars["x"].to_numpy(), stars["y"].to_numpy(), shape)
    used = _terms_for(len(stars))
    solution, is_worth = _clipped_fit(terms[:, :used], step_mag)
    if is_worth:
        coefficients[:used] = solution
    else:
        coefficients[0] = np.median(step_mag)
    return coefficients


def _clipped_fit(terms: Array, values: Array) -> tuple[Array, bool]:
    """Return the coefficients, and whether what they change over the stars is more than their noise."""
    good = np.ones(len(values), dtype=np.bool_)
    for _ in range(CLIP_ROUNDS):
        solution = np.linalg.lstsq(terms[good], values[good], rcond=None)[0]
        misses = values - terms @ solution
        middle = np.median(misses[good])
        spread = SIGMA_PER_MAD * float(np.median(np.abs(misses[good] - middle)))
        good = np.abs(misses - middle) <= max(CLIP_SIGMA * spread, 1e-4)
    change = float(np.var(terms[good] @ solution))
    noise = spread**2 * (terms.shape[1] - 1) / max(int(good.sum()), 1)
    return np.asarray(solution), bool(terms.shape[1] > 1 and change > WORTH * noise)


def _terms_for(stars: int) -> int:
    return next(terms for terms, needed in STARS_FOR_TERMS if stars >= needed)


def _terms(x: Array, y: Array, shape: tuple[int, int]) -> Array:
    ny, nx = shape
    half = max(ny, nx) / 2
    u, v = (x - (nx - 1) / 2) / half, (y - (ny - 1) / 2) / half
    return np.column_stack([np.ones_like(u), u, v, u * u + v * v, u * v, u * u - v * v])


def _moffat_loss_mag(radius_pix: float, fwhm_pix: float) -> float:
    return float(-2.5 * np.log10(_inside(radius_pix, fwhm_pix)))


def _beyond_mag(radius_pix: float, fwhm_pix: float) -> float:
    """Return what a circle misses of a Moffat star whose own wings were taken for sky."""
    inner_pix, outer_pix = sky_ring_pix(fwhm_pix)
    in_ring = _inside(outer_pix, fwhm_pix) - _inside(inner_pix, fwhm_pix)
    as_sky = in_ring * radius_pix**2 / (outer_pix**2 - inner_pix**2)
    return float(-2.5 * np.log10(_inside(radius_pix, fwhm_pix) - as_sky))


def _inside(radius_pix: float, fwhm_pix: float) -> float:
    alpha_pix = fwhm_pix / 2 / np.sqrt(2 ** (1 / MOFFAT_BETA) - 1)
    return float(1 - (1 + (radius_pix / alpha_pix) ** 2) ** (1 - MOFFAT_BETA))
