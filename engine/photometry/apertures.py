"""Sum the light of stars in circles over a local sky, with the errors that photons and pixels make."""

import numpy as np
import polars as pl
import sep
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import erfc

from engine.frame import Frame
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR, Flag
from engine.photometry.detect import Detection, saturated_pixels
from engine.photometry.ground import DEFAULT_FWHM_PIX, SIGMA_PER_MAD, circle_sums, local_sky

APERTURE_SCHEMA: dict[str, pl.DataType] = {
    "x": pl.Float64(),
    "y": pl.Float64(),
    "flux_adu": pl.Float64(),  # null where the centre is not on the frame
    "flux_err_adu": pl.Float64(),
    "sky_adu": pl.Float64(),  # per pixel
    "inst_mag": pl.Float64(),  # of 1 ADU/s = 0; null where the flux is not positive
    "inst_mag_err": pl.Float64(),
    "flags": pl.UInt32(),
}
MAX_BAD_SHARE = 0.1  # of a circle
BLEND_FRACTION = 0.02  # of a star's own light that may come from neighbours
EMPTY_APERTURES = 400
MIN_EMPTY_APERTURES = 30


def measure_apertures(
    frame: Frame, positions: pl.DataFrame, *, detection: Detection, radius_pix: float
) -> pl.DataFrame:
    """Return the light in one circle round each position (``x``, ``y``), row for row.

    Bad pixels count with the value that cleaning gave them; they are flagged where they matter.
    """
    return measure_circles(frame, positions, detection=detection, radii_pix=(radius_pix,))[0]


def measure_circles(
    frame: Frame, positions: pl.DataFrame, *, detection: Detection, radii_pix: tuple[float, ...]
) -> list[pl.DataFrame]:
    """Return for each radius the light in circles round the positions, as :func:`measure_apertures` does."""
    x, y = positions["x"].to_numpy().astype(np.float64), positions["y"].to_numpy().astype(np.float64)
    on_frame = _is_on(frame, x, y)
    x_safe, y_safe = np.where(on_frame, x, 0.0), np.where(on_frame, y, 0.0)
    sky_adu, sky_var = local_sky(frame, detection, x_safe, y_safe)
    rms_adu = detection.rms.at(x_safe, y_safe)
    told_adu = sky_adu + detection.background.at(x_safe, y_safe)
    fluxes_adu = circle_sums(frame, detection, x_safe, y_safe, radii_pix)
    core_pix = max(1.0, 0.7 * (detection.fwhm_pix or DEFAULT_FWHM_PIX))
    spoilt = _flags(frame, x_safe, y_safe, radii_pix=radii_pix, core_pix=core_pix)
    tables = []
    for radius_pix, sum_adu, spoils in zip(radii_pix, fluxes_adu, spoilt, strict=True):
        area_pix = np.pi * radius_pix**2
        flux_adu = sum_adu - area_pix * sky_adu
        photon_var = np.maximum(flux_adu, 0.0) / frame.gain_e_adu
        flux_var = area_pix * rms_adu**2 + photon_var + area_pix**2 * sky_var
        blends = contamination(detection, x, y, radius_pix=radius_pix)
        is_blended = blends > BLEND_FRACTION * np.maximum(flux_adu, np.sqrt(flux_var))
        cut = np.where(_is_on(frame, x, y, margin_pix=radius_pix), np.uint32(0), np.uint32(Flag.NEAR_EDGE))
        blended = np.where(is_blended, np.uint32(Flag.BLENDED), np.uint32(0))
        table = pl.DataFrame(
            {
                "x": x,
                "y": y,
                "flux_adu": np.where(on_frame, flux_adu, np.nan),
                "flux_err_adu": np.where(on_frame, np.sqrt(flux_var), np.nan),
                "sky_adu": told_adu,
                "flags": spoils | cut | blended,
            }
        )
        tables.append(with_magnitudes(table, exptime_s=frame.exptime_s))
    return tables


def with_magnitudes(fluxes: pl.DataFrame, *, exptime_s: float) -> pl.DataFrame:
    """Return the fluxes with instrumental magnitudes, null where there is no positive flux."""
    positive = pl.when(pl.col("flux_adu").fill_nan(None) > 0)
    relative_err = pl.col("flux_err_adu") / pl.col("flux_adu")
    return (
        fluxes.with_columns(
            inst_mag=positive.then(-2.5 * (pl.col("flux_adu") / exptime_s).log10()),
            inst_mag_err=positive.then(MAG_ERR_PER_RELATIVE_FLUX_ERR * relative_err),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in APERTURE_SCHEMA.items())
        .with_columns(pl.selectors.float().fill_nan(None))
    )


def contamination(
    detection: Detection, x: NDArray[np.float64], y: NDArray[np.float64], *, radius_pix: float
) -> NDArray[np.float64]:
    """Return the neighbours' light within each circle [ADU]; the nearest source in its core is the star."""
    sources = detection.sources
    strangers_adu = np.zeros(len(x))
    if not len(sources):
        return strangers_adu
    fwhm_pix = detection.trail_pix or detection.fwhm_pix or DEFAULT_FWHM_PIX
    area_pix = fwhm_pix * min(fwhm_pix, detection.fwhm_pix or DEFAULT_FWHM_PIX)
    covered = min(1.0, radius_pix**2 / area_pix)  # a small circle never holds a whole star
    tree = cKDTree(sources.select("x", "y").to_numpy())
    fluxes_adu = sources["flux_adu"].to_numpy()
    places = np.column_stack([x, y])
    own_distance, own = tree.query(places)
    for row, near in enumerate(tree.query_ball_point(places, radius_pix + 2 * fwhm_pix)):
        others = np.array([index for index in near if index != own[row] or own_distance[row] > fwhm_pix], int)
        distance = np.hypot(*(tree.data[others] - places[row]).T)
        strangers_adu[row] = covered * np.sum(
            fluxes_adu[others] * _share_inside(distance, radius_pix, fwhm_pix)
        )
    return strangers_adu


def empty_aperture_factor(frame: Frame, detection: Detection, *, radius_pix: float) -> float:
    """Return by how much empty circles scatter more than their pixels' noise tells; 1 where unknown.

    Correlated pixels, unseen stars and an uneven sky make it exceed 1.
    """
    ny, nx = frame.shape
    step = max(2 * radius_pix + 1, np.sqrt(ny * nx / EMPTY_APERTURES))
    y, x = (grid.ravel() for grid in np.mgrid[step : ny - step : step, step : nx - step : step])
    taken = (detection.segments > 0) | frame.mask
    covered, _, _ = sep.sum_circle(taken, x, y, radius_pix + 2, subpix=1)
    x, y = x[covered == 0].astype(np.float64), y[covered == 0].astype(np.float64)
    if len(x) < MIN_EMPTY_APERTURES:
        return 1.0
    sums_adu = circle_sums(frame, detection, x, y, (radius_pix,))[0]
    sky_adu, sky_var = local_sky(frame, detection, x, y)
    area_pix = np.pi * radius_pix**2
    expected = np.sqrt(area_pix * detection.rms.at(x, y) ** 2 + area_pix**2 * sky_var)
    pulls = (sums_adu - area_pix * sky_adu) / expected
    scatter = SIGMA_PER_MAD * np.median(np.abs(pulls - np.median(pulls)))
    return float(max(1.0, scatter))


def _share_inside(distance: NDArray[np.float64], radius_pix: float, fwhm_pix: float) -> NDArray[np.float64]:
    """Return about how much of what a circle can hold of a star falls into one that is so far away."""
    return np.asarray(0.5 * erfc((distance - radius_pix) / (0.7 * fwhm_pix)))


def _flags(
    frame: Frame,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    radii_pix: tuple[float, ...],
    core_pix: float,
) -> list[NDArray[np.uint32]]:
    """Return what spoils each circle: saturation anywhere, bad pixels in its core or in much of it.

    A bad pixel in the wings was replaced by its neighbours in cleaning and does no harm.
    """
    saturated = saturated_pixels(frame)
    bad = frame.mask & ~saturated
    found = []
    for radius_pix in radii_pix:
        touched, _, _ = sep.sum_circle(saturated, x, y, radius_pix, subpix=1)
        bad_pix, _, _ = sep.sum_circle(bad, x, y, radius_pix, subpix=1)
        bad_core_pix, _, _ = sep.sum_circle(bad, x, y, min(core_pix, radius_pix), subpix=1)
        is_bad = (bad_core_pix > 0) | (bad_pix > MAX_BAD_SHARE * np.pi * radius_pix**2)
        flags = np.where(touched > 0, np.uint32(Flag.SATURATED), np.uint32(0))
        flags |= np.where(is_bad, np.uint32(Flag.BAD_PIXEL), np.uint32(0))
        found.append(flags)
    return found


def _is_on(
    frame: Frame, x: NDArray[np.float64], y: NDArray[np.float64], *, margin_pix: float = 0.0
) -> NDArray[np.bool_]:
    ny, nx = frame.shape
    first, last_x, last_y = margin_pix - 0.5, nx - 0.5 - margin_pix, ny - 0.5 - margin_pix
    return np.asarray((x > first) & (x < last_x) & (y > first) & (y < last_y))
