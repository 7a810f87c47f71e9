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
DEFAULT_FWHM_PIX = 3.0  # where too few stars tell it
ANNULUS_AREA_PIX = 400.0
MIN_SKY_PIX = 30
MAX_BAD_SHARE = 0.1  # of a circle
BLEND_FRACTION = 0.02  # of a star's own light that may come from neighbours
EMPTY_APERTURES = 400
MIN_EMPTY_APERTURES = 30
MEDIAN_VARIANCE = np.pi / 2  # of a median, in units of that of a mean
SIGMA_PER_MAD = 1.4826


def measure_apertures(
    frame: Frame, positions: pl.DataFrame, *, detection: Detection, radius_pix: float
) -> pl.DataFrame:
    """Return the light in one circle round each position (``x``, ``y``), row for row.

    Bad pixels count with the value that cleaning gave them; they are flagged where they matter.
    """
    x, y = positions["x"].to_numpy().astype(np.float64), positions["y"].to_numpy().astype(np.float64)
    on_frame = _is_on(frame, x, y)
    x_safe, y_safe = np.where(on_frame, x, 0.0), np.where(on_frame, y, 0.0)
    core_pix = max(1.0, 0.7 * (detection.fwhm_pix or DEFAULT_FWHM_PIX))
    flags = _flags(frame, x_safe, y_safe, radius_pix=radius_pix, core_pix=core_pix)
    flat = flat_of(frame, detection)
    flux_adu, _, _ = sep.sum_circle(flat, x_safe, y_safe, radius_pix, subpix=0)
    sky_adu, sky_var = local_sky(flat, x_safe, y_safe, frame=frame, detection=detection)
    area_pix = np.pi * radius_pix**2
    rms_adu = _at(detection.rms_adu, x_safe, y_safe)
    flux_adu = flux_adu - area_pix * sky_adu
    flux_var = area_pix * rms_adu**2 + np.maximum(flux_adu, 0.0) / frame.gain_e_adu + area_pix**2 * sky_var
    is_whole = _is_on(frame, x, y, margin_pix=radius_pix)
    flags |= np.where(is_whole, np.uint32(0), np.uint32(Flag.NEAR_EDGE))
    blends = contamination(detection, x, y, radius_pix=radius_pix)
    is_blended = blends > BLEND_FRACTION * np.maximum(flux_adu, np.sqrt(flux_var))
    flags |= np.where(is_blended, np.uint32(Flag.BLENDED), np.uint32(0))
    table = pl.DataFrame(
        {
            "x": x,
            "y": y,
            "flux_adu": np.where(on_frame, flux_adu, np.nan),
            "flux_err_adu": np.where(on_frame, np.sqrt(flux_var), np.nan),
            "sky_adu": sky_adu + _at(detection.background_adu, x_safe, y_safe),
            "flags": flags,
        }
    )
    return with_magnitudes(table, exptime_s=frame.exptime_s)


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


def flat_of(frame: Frame, detection: Detection) -> NDArray[np.float32]:
    """Return the frame without its sky; what is not finite is zero."""
    flat = frame.data - detection.background_adu
    flat[~np.isfinite(flat)] = 0.0
    return flat


def local_sky(
    flat: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    frame: Frame,
    detection: Detection,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the sky mesh missed round each position, and its variance, per pixel [ADU, ADU^2].

    The median of a ring clear of the star's own light, without the pixels of any source.
    """
    inner_pix, outer_pix = sky_ring_pix(detection.fwhm_pix or DEFAULT_FWHM_PIX)
    reach = int(np.ceil(outer_pix))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.hypot(dy, dx)
    in_ring = (distance >= inner_pix) & (distance <= outer_pix)
    rows = np.round(y).astype(int)[:, None] + dy[in_ring]
    columns = np.round(x).astype(int)[:, None] + dx[in_ring]
    ny, nx = frame.shape
    inside = (rows >= 0) & (rows < ny) & (columns >= 0) & (columns < nx)
    rows, columns = np.clip(rows, 0, ny - 1), np.clip(columns, 0, nx - 1)
    usable = inside & (detection.segments[rows, columns] == 0) & ~frame.mask[rows, columns]
    pixels = flat[rows, columns].astype(np.float64)
    middle = _row_medians(pixels, usable)[:, None]
    spread = SIGMA_PER_MAD * _row_medians(np.abs(pixels - middle), usable)[:, None]
    usable &= np.abs(pixels - middle) <= 3 * spread
    count = usable.sum(axis=1)
    is_known = count >= MIN_SKY_PIX
    sky_adu = np.where(is_known, _row_medians(pixels, usable), 0.0)
    variance = MEDIAN_VARIANCE * spread[:, 0] ** 2 / np.maximum(count, 1)
    return sky_adu, np.where(is_known, variance, 0.0)


def sky_ring_pix(fwhm_pix: float) -> tuple[float, float]:
    """Return the radii of the ring in which a star's sky is measured."""
    inner_pix = max(6.0, 4.0 * fwhm_pix)
    return inner_pix, float(np.sqrt(inner_pix**2 + ANNULUS_AREA_PIX / np.pi))


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
    flat = flat_of(frame, detection)
    taken = ((detection.segments > 0) | frame.mask).astype(np.float32)
    covered, _, _ = sep.sum_circle(taken, x, y, radius_pix + 2, subpix=1)
    x, y = x[covered == 0].astype(np.float64), y[covered == 0].astype(np.float64)
    if len(x) < MIN_EMPTY_APERTURES:
        return 1.0
    sums_adu, _, _ = sep.sum_circle(flat, x, y, radius_pix, subpix=0)
    sky_adu, sky_var = local_sky(flat, x, y, frame=frame, detection=detection)
    area_pix = np.pi * radius_pix**2
    expected = np.sqrt(area_pix * _at(detection.rms_adu, x, y) ** 2 + area_pix**2 * sky_var)
    pulls = (sums_adu - area_pix * sky_adu) / expected
    scatter = SIGMA_PER_MAD * np.median(np.abs(pulls - np.median(pulls)))
    return float(max(1.0, scatter))


def _row_medians(values: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the median of the usable values of each row, zero for a row without any."""
    ordered = np.sort(np.where(usable, values, np.inf), axis=1)
    count = usable.sum(axis=1)
    lower, upper = np.maximum(count - 1, 0) // 2, count // 2
    every = np.arange(len(values))
    middle = (ordered[every, lower] + ordered[every, np.minimum(upper, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, 0.0)


def _share_inside(distance: NDArray[np.float64], radius_pix: float, fwhm_pix: float) -> NDArray[np.float64]:
    """Return about how much of what a circle can hold of a star falls into one that is so far away."""
    return np.asarray(0.5 * erfc((distance - radius_pix) / (0.7 * fwhm_pix)))


def _flags(
    frame: Frame, x: NDArray[np.float64], y: NDArray[np.float64], *, radius_pix: float, core_pix: float
) -> NDArray[np.uint32]:
    """Return what spoils each circle: saturation anywhere, bad pixels in its core or in much of it.

    A bad pixel in the wings was replaced by its neighbours in cleaning and does no harm.
    """
    saturated = saturated_pixels(frame)
    touched, _, _ = sep.sum_circle(saturated.astype(np.float32), x, y, radius_pix, subpix=1)
    bad = (frame.mask & ~saturated).astype(np.float32)
    bad_pix, _, _ = sep.sum_circle(bad, x, y, radius_pix, subpix=1)
    bad_core_pix, _, _ = sep.sum_circle(bad, x, y, min(core_pix, radius_pix), subpix=1)
    is_bad = (bad_core_pix > 0) | (bad_pix > MAX_BAD_SHARE * np.pi * radius_pix**2)
    flags = np.where(touched > 0, np.uint32(Flag.SATURATED), np.uint32(0))
    flags |= np.where(is_bad, np.uint32(Flag.BAD_PIXEL), np.uint32(0))
    return flags


def _is_on(
    frame: Frame, x: NDArray[np.float64], y: NDArray[np.float64], *, margin_pix: float = 0.0
) -> NDArray[np.bool_]:
    ny, nx = frame.shape
    first, last_x, last_y = margin_pix - 0.5, nx - 0.5 - margin_pix, ny - 0.5 - margin_pix
    return np.asarray((x > first) & (x < last_x) & (y > first) & (y < last_y))


def _at(image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.clip(np.round(y).astype(int), 0, image.shape[0] - 1)
    columns = np.clip(np.round(x).astype(int), 0, image.shape[1] - 1)
    return np.asarray(image[rows, columns], dtype=np.float64)
