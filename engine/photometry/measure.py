"""Choose what suits the frame, a circle or the PSF, and tell the target by it: a magnitude, or a limit."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.frame import Frame
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, Flag
from engine.photometry.apertures import measure_circles, with_magnitudes
from engine.photometry.detect import Detection
from engine.photometry.ground import DEFAULT_FWHM_PIX, SIGMA_PER_MAD
from engine.photometry.growth import LostLight, lost_light
from engine.photometry.psf.light import StarLight

RADII_FWHM = (0.8, 1.0, 1.3, 1.6, 2.0, 2.5)
# what stars usually scatter in these circles, where too few calibrators tell it
USUAL_SCATTER_MAG = (0.03, 0.02, 0.01, 0.006, 0.005, 0.006)
PSF_FIT = 0.0  # in place of a circle's radius: the stars were fitted
USUAL_PSF_SCATTER_MAG = 0.008
UNDERSAMPLED_PIX = 2.0
UNDERSAMPLED_SCATTER_MAG = 0.02  # of stars narrower than that, fitted
MIN_SCATTER_STARS = 8
MIN_RADIUS_PIX = 1.5
LIMIT_SIGMA = 5.0
CENTROID_SNR = 10.0  # a fainter centre is drawn to noise peaks and would brighten the target


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The same positions measured in several circles and, at last, fitted; all tell a star's whole light."""

    radii_pix: tuple[float, ...]  # PSF_FIT for the fitted ones
    tables: tuple[pl.DataFrame, ...]
    usual_scatter_mag: tuple[float, ...]
    light: StarLight | None  # None where the stars could not be fitted

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
    host_share: float = 0.0  # of its light, that belongs to what it stands on and was taken off


def climb(
    frame: Frame,
    positions: pl.DataFrame,
    detection: Detection,
    light: StarLight | None,
    *,
    radius_pix: float | None = None,
) -> Ladder:
    """Return the positions measured in circles from tight ones to generous ones and fitted, or one of these.

    Parameters
    ----------
    radius_pix
        The only rung wanted; where that is the fit and there is none, all circles are measured.
    """
    if radius_pix == PSF_FIT and light is not None:
        return _fitted(light, detection)
    circles = _circles(frame, positions, detection, radius_pix=radius_pix or None)
    if light is None or radius_pix:
        return circles
    fitted = _fitted(light, detection)
    return Ladder(
        radii_pix=circles.radii_pix + fitted.radii_pix,
        tables=circles.tables + fitted.tables,
        usual_scatter_mag=circles.usual_scatter_mag + fitted.usual_scatter_mag,
        light=light,
    )


def _fitted(light: StarLight, detection: Detection) -> Ladder:
    is_narrow = (detection.fwhm_pix or DEFAULT_FWHM_PIX) < UNDERSAMPLED_PIX
    usual_mag = UNDERSAMPLED_SCATTER_MAG if is_narrow else USUAL_PSF_SCATTER_MAG
    return Ladder(radii_pix=(PSF_FIT,), tables=(light.table,), usual_scatter_mag=(usual_mag,), light=light)


def _circles(
    frame: Frame, positions: pl.DataFrame, detection: Detection, *, radius_pix: float | None
) -> Ladder:
    fwhm_pix = detection.fwhm_pix or DEFAULT_FWHM_PIX
    radii_pix = tuple(max(MIN_RADIUS_PIX, round(fwhm_pix * factor, 2)) for factor in RADII_FWHM)
    radii_pix = tuple(sorted(set(radii_pix))) if radius_pix is None else (radius_pix,)
    circles = measure_circles(frame, positions, detection=detection, radii_pix=radii_pix)
    missing = lost_light(frame, detection, radii_pix)
    tables = [
        _whole_light(table, lost, exptime_s=frame.exptime_s)
        for table, lost in zip(circles, missing, strict=True)
    ]
    return Ladder(
        radii_pix=radii_pix,
        tables=tuple(tables),
        usual_scatter_mag=USUAL_SCATTER_MAG[-len(radii_pix) :],
        light=None,
    )


def choose_radius(ladder: Ladder, offsets_mag: dict[float, NDArray[np.float64]]) -> float:
    """Return the rung where calibrators scatter least, weighed against the noise of the last position.

    A bright target gets the circle that treats all stars alike, a faint one the circle with the least sky,
    and one beside a neighbour, an edge or a bad pixel a circle without it where there is one.

    Parameters
    ----------
    offsets_mag
        Per radius, reference minus instrumental magnitude of the calibrators, free of their colours; the
        same stars in the same order.
    """
    scatters_mag = dict(zip(ladder.radii_pix, ladder.usual_scatter_mag, strict=True))
    for radius_pix, offsets in offsets_mag.items():
        if len(offsets) >= MIN_SCATTER_STARS:
            scatters_mag[radius_pix] = robust_scatter(offsets)
    brightness_adu = _brightness(ladder)

    def total(radius_pix: float) -> float:
        noise_adu = ladder.table(radius_pix)["flux_err_adu"][-1]
        noise_mag = MAG_ERR_PER_RELATIVE_FLUX_ERR * noise_adu / brightness_adu
        return float(np.hypot(scatters_mag[radius_pix], noise_mag))

    troubles = {radius: int(ladder.table(radius)["flags"][-1]).bit_count() for radius in ladder.radii_pix}
    least = min(troubles.values())
    return min((radius for radius in ladder.radii_pix if troubles[radius] == least), key=total)


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
    if snr < LIMIT_SIGMA:
        return TargetMeasurement(
            mag=None, mag_err=None, stat_err_mag=None, sys_err_mag=standard.err_mag, limit_mag=limit_mag,
            snr=snr, flags=flags,
        )  # fmt: skip
    stat_err_mag = MAG_ERR_PER_RELATIVE_FLUX_ERR / snr
    return TargetMeasurement(
        mag=standard.offset_mag - 2.5 * float(np.log10(flux_adu / exptime_s)),
        mag_err=float(np.hypot(stat_err_mag, standard.err_mag)),
        stat_err_mag=stat_err_mag,
        sys_err_mag=standard.err_mag,
        limit_mag=limit_mag,
        snr=snr,
        flags=flags,
    )


def forced_place(x: float, y: float, detection: Detection, *, tolerance_pix: float) -> tuple[float, float]:
    """Return the centre of a well seen source at the expected place, else the expected place itself."""
    near = detection.sources.filter(
        pl.col("snr") >= CENTROID_SNR,
        (pl.col("flags") & int(Flag.NEAR_EDGE)) == 0,  # a star cut by the edge has a wrong centre
        ((pl.col("x") - x) ** 2 + (pl.col("y") - y) ** 2) < tolerance_pix**2,
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


def _whole_light(table: pl.DataFrame, lost: LostLight, *, exptime_s: float) -> pl.DataFrame:
    factor = pl.Series(10 ** (0.4 * lost.at(table["x"].to_numpy(), table["y"].to_numpy())))
    whole = table.with_columns(pl.col("flux_adu", "flux_err_adu") * factor)
    return with_magnitudes(whole, exptime_s=exptime_s)
