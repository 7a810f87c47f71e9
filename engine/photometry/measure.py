"""Choose the aperture that suits the frame, and measure the target in it: a magnitude, or a limit."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.frame import Frame
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from engine.photometry.apertures import (
    DEFAULT_FWHM_PIX,
    SIGMA_PER_MAD,
    measure_apertures,
    with_magnitudes,
)
from engine.photometry.detect import Detection

RADII_FWHM = (0.8, 1.0, 1.3, 1.6, 2.0, 2.5)
MIN_RADIUS_PIX = 1.5
ALL_LIGHT_FWHM = 4.0  # a Moffat star of beta = 3 has 99.7 % of its light within
MOFFAT_BETA = 3.0
GROWTH_SNR = 50.0
MIN_GROWTH_STARS = 3
LIMIT_SIGMA = 5.0
CENTROID_SNR = 10.0  # a fainter centre is drawn to noise peaks and would brighten the target
FLOOR_MAG = 0.005  # of one star on one frame: flat field and shape of the stars


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The same positions measured in several circles; each table is brought to the whole light of a star."""

    radii_pix: tuple[float, ...]
    tables: tuple[pl.DataFrame, ...]

    def table(self, radius_pix: float) -> pl.DataFrame:
        """Return the table of one radius."""
        return self.tables[self.radii_pix.index(radius_pix)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What brings the target's instrumental magnitude to the standard one, and how far it may be off."""

    offset_mag: float  # zero point, colour and place on the frame together
    err_mag: float  # of the offset, and of one star against the others beyond its noise


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMeasurement:
    """The target on one frame: a magnitude with its error, or None where only the limit holds."""

    mag: float | None
    mag_err: float | None
    stat_err_mag: float | None
    sys_err_mag: float
    limit_mag: float  # 5 sigma
    snr: float
    flags: int


def climb(frame: Frame, positions: pl.DataFrame, detection: Detection) -> Ladder:
    """Return the positions measured in circles of several radii, from tight ones to generous ones."""
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    radii_pix = tuple(max(MIN_RADIUS_PIX, round(fwhm_pix * factor, 2)) for factor in RADII_FWHM)
    radii_pix = tuple(sorted(set(radii_pix)))
    losses_mag = lost_light_mag(frame, detection, radii_pix)
    tables = [
        _whole_light(
            measure_apertures(frame, positions, detection=detection, radius_pix=radius_pix),
            lost_mag,
            exptime_s=frame.exptime_s,
        )
        for radius_pix, lost_mag in zip(radii_pix, losses_mag, strict=True)
    ]
    return Ladder(radii_pix=radii_pix, tables=tuple(tables))


def lost_light_mag(frame: Frame, detection: Detection, radii_pix: tuple[float, ...]) -> tuple[float, ...]:
    """Return how many magnitudes each circle misses, from bright lone stars; from a Moffat star if none."""
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    wide_pix = ALL_LIGHT_FWHM * fwhm_pix
    bright = detection.sources.filter(pl.col("snr") > GROWTH_SNR, pl.col("flags") == 0).head(100)
    whole = measure_apertures(frame, bright, detection=detection, radius_pix=wide_pix)
    lone = (whole["flags"] == 0) & (whole["inst_mag_err"] < 1 / GROWTH_SNR).fill_null(value=False)
    losses_mag = []
    for radius_pix in radii_pix:
        part = measure_apertures(frame, bright, detection=detection, radius_pix=radius_pix)
        losses = (part["inst_mag"] - whole["inst_mag"]).filter(lone).drop_nulls().to_numpy()
        enough = len(losses) >= MIN_GROWTH_STARS
        losses_mag.append(float(np.median(losses)) if enough else _moffat_loss_mag(radius_pix, fwhm_pix))
    return tuple(losses_mag)


def choose_radius(ladder: Ladder, offsets_mag: dict[float, NDArray[np.float64]]) -> float:
    """Return the radius where calibrators scatter least, weighed against the noise of the last position.

    A bright target gets the circle that treats all stars alike, a faint one the circle with the least sky.

    Parameters
    ----------
    offsets_mag
        Per radius, reference minus instrumental magnitude of the calibrators, free of their colours; the
        same stars in the same order.
    """
    scatters_mag = {radius: robust_scatter(offsets) for radius, offsets in offsets_mag.items()}
    brightness_adu = _brightness(ladder)

    def total(radius_pix: float) -> float:
        noise_adu = ladder.table(radius_pix)["flux_err_adu"][-1]
        noise_mag = MAG_ERR_PER_RELATIVE_FLUX_ERR * noise_adu / brightness_adu
        return float(np.hypot(scatters_mag[radius_pix], noise_mag))

    return min(ladder.radii_pix, key=total)


def measure_target(
    light: pl.DataFrame, standard: Standard, *, gain_e_adu: float, sky_factor: float, exptime_s: float
) -> TargetMeasurement:
    """Return the target's magnitude, or its limit where its light is below five times the noise.

    Parameters
    ----------
    light
        One row of aperture photometry at the target's place.
    sky_factor
        By how much the sky scatters more than its pixels tell.
    """
    row = light.row(0, named=True)
    flux_adu, flags = float(row["flux_adu"]), int(row["flags"])
    photon_var = max(flux_adu, 0.0) / gain_e_adu
    sky_var = max(float(row["flux_err_adu"]) ** 2 - photon_var, 0.0) * sky_factor**2
    noise_adu = float(np.sqrt(sky_var + photon_var))
    limit_mag = standard.offset_mag - 2.5 * float(np.log10(LIMIT_SIGMA * np.sqrt(sky_var) / exptime_s))
    snr = flux_adu / noise_adu
    sys_err_mag = float(np.hypot(standard.err_mag, FLOOR_MAG))
    if snr < LIMIT_SIGMA:
        return TargetMeasurement(
            mag=None, mag_err=None, stat_err_mag=None, sys_err_mag=sys_err_mag, limit_mag=limit_mag, snr=snr,
            flags=flags,
        )  # fmt: skip
    stat_err_mag = MAG_ERR_PER_RELATIVE_FLUX_ERR / snr
    return TargetMeasurement(
        mag=standard.offset_mag - 2.5 * float(np.log10(flux_adu / exptime_s)),
        mag_err=float(np.hypot(stat_err_mag, sys_err_mag)),
        stat_err_mag=stat_err_mag,
        sys_err_mag=sys_err_mag,
        limit_mag=limit_mag,
        snr=snr,
        flags=flags,
    )


def forced_place(x: float, y: float, detection: Detection, *, tolerance_pix: float) -> tuple[float, float]:
    """Return the centre of a well seen source at the expected place, else the expected place itself."""
    near = detection.sources.filter(
        pl.col("snr") >= CENTROID_SNR, ((pl.col("x") - x) ** 2 + (pl.col("y") - y) ** 2) < tolerance_pix**2
    )
    if not len(near):
        return x, y
    best = near.row(0, named=True)  # the brightest
    return float(best["x"]), float(best["y"])


def robust_scatter(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of the good values."""
    return float(SIGMA_PER_MAD * np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def _brightness(ladder: Ladder) -> float:
    """Return the target's light in the circle that tells it best, at least that of a 5 sigma star."""
    fluxes = np.array([table["flux_adu"][-1] for table in ladder.tables], dtype=np.float64)
    noises = np.array([table["flux_err_adu"][-1] for table in ladder.tables], dtype=np.float64)
    return float(max(fluxes[np.argmax(fluxes / noises)], LIMIT_SIGMA * np.min(noises)))


def _whole_light(table: pl.DataFrame, lost_mag: float, *, exptime_s: float) -> pl.DataFrame:
    factor = 10 ** (0.4 * lost_mag)
    return with_magnitudes(
        table.with_columns(pl.col("flux_adu", "flux_err_adu") * factor), exptime_s=exptime_s
    )


def _moffat_loss_mag(radius_pix: float, fwhm_pix: float) -> float:
    alpha_pix = fwhm_pix / 2 / np.sqrt(2 ** (1 / MOFFAT_BETA) - 1)
    inside = 1 - (1 + (radius_pix / alpha_pix) ** 2) ** (1 - MOFFAT_BETA)
    return float(-2.5 * np.log10(inside))
