"""Artificial exposures with known truth: they feed tests, benchmarks and the demo, and always say so."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from engine.frame import SIMULATED_NOTE, Camera, Frame
from engine.photometry.compiled import compiled
from engine.times import SECONDS_PER_DAY, datetime_of, julian_year

PIVOT_BP_RP_MAG = 0.8  # colour at which the zero point holds
MOFFAT_BETA = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where an artificial telescope looks, through what, and with which faults."""

    ra_deg: float
    dec_deg: float
    shape: tuple[int, int] = (700, 700)  # (ny, nx)
    pixel_scale_arcsec: float = 1.5
    rotation_deg: float = 0.0
    is_mirrored: bool = False
    distortion: float = 0.0  # radial shift at the corner as a fraction of the radius
    is_wcs_known: bool = True
    mjd: float = 60000.0  # mid-exposure
    exptime_s: float = 60.0
    band: str = "r(GaiaSP)"
    filter_name: str = "r"
    zero_point_mag: float = 21.0  # of 1 ADU/s at BP-RP = 0.8
    colour_term: float = 0.0  # mag per mag of BP-RP
    star_scatter_mag: float = 0.0  # what no colour explains: flat field, metals
    fwhm_pix: float = 3.0
    fwhm_growth: float = 0.1  # from the centre to a corner
    ellipticity: float = 0.05
    sky_adu: float = 600.0
    sky_gradient: float = 0.1  # rise over the frame as a fraction of the sky
    gain_e_adu: float = 1.5
    read_noise_e: float = 8.0
    saturation_adu: float = 60000.0
    hot_pixels: int = 0
    cosmic_rays: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyExposure:
    """An artificial frame and what is true of it.

    ``truth`` has one row per star on the frame: ref_id, ra_deg, dec_deg (at the exposure), bp_rp_mag,
    mag (standard, true), x, y, flux_adu (in all its light), inst_mag, fwhm_pix.
    """

    frame: Frame
    truth: pl.DataFrame
    wcs: WCS
    scene: Scene


def simulate_exposure(stars: pl.DataFrame, *, rng: np.random.Generator, scene: Scene) -> SkyExposure:
    """Return an exposure of the stars, drawn round their catalogue magnitudes within ``mag_err``.

    Parameters
    ----------
    stars
        Reference stars in the schema of ``references``; those without the scene's band are not drawn.
    """
    wcs = scene_wcs(scene)
    truth = _truth(stars, wcs=wcs, rng=rng, scene=scene)
    light_adu = _sky(scene)
    for x, y, flux_adu, fwhm_pix in truth.select("x", "y", "flux_adu", "fwhm_pix").iter_rows():
        _add_star(light_adu, x=x, y=y, flux_adu=flux_adu, axes_pix=_axes(fwhm_pix, scene))
    data = _expose(light_adu, rng=rng, scene=scene)
    frame = Frame(
        data=data,
        mask=np.zeros(scene.shape, dtype=np.bool_),
        gain_e_adu=scene.gain_e_adu,
        read_noise_e=scene.read_noise_e,
        saturation_adu=scene.saturation_adu,
        exptime_s=scene.exptime_s,
        mjd=scene.mjd,
        filter_name=scene.filter_name,
        pointing_ra_deg=scene.ra_deg,
        pointing_dec_deg=scene.dec_deg,
        pixel_scale_arcsec=scene.pixel_scale_arcsec,
        wcs=wcs if scene.is_wcs_known else None,
        camera=Camera(name="Simulator", facility="Simulator"),
        telescope="Simulator",
        notes=(SIMULATED_NOTE,),
    )
    return SkyExposure(frame=frame, truth=truth, wcs=wcs, scene=scene)


def write_fits(exposure: SkyExposure, path: Path, *, object_name: str = "") -> None:
    """Write the frame as a camera would, with ``SIMULATE = T`` so that nobody takes it for real."""
    frame, scene = exposure.frame, exposure.scene
    header = exposure.wcs.to_header() if scene.is_wcs_known else fits.Header()
    start = datetime_of(scene.mjd - scene.exptime_s / 2 / SECONDS_PER_DAY)
    header.update(
        {
            "SIMULATE": (True, "artificial exposure, not observed"),
            "DATE-OBS": (start.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3], "UTC, start of exposure"),
            "EXPTIME": (scene.exptime_s, "[s]"),
            "FILTER": scene.filter_name,
            "OBJECT": object_name,
            "RA": (scene.ra_deg, "[deg] centre"),
            "DEC": (scene.dec_deg, "[deg] centre"),
            "PIXSCALE": (scene.pixel_scale_arcsec, "[arcsec]"),
            "GAIN": (scene.gain_e_adu, "[e-/ADU]"),
            "RDNOISE": (scene.read_noise_e, "[e-]"),
            "SATURATE": (scene.saturation_adu, "[ADU]"),
            "TELESCOP": frame.telescope,
            "INSTRUME": frame.camera.name,
        }
    )
    pixels = np.clip(frame.data, 0, 65535).astype(np.uint16)
    fits.PrimaryHDU(pixels, header=header).writeto(path, overwrite=True)


def scene_wcs(scene: Scene) -> WCS:
    """Return the tangential projection of a scene, without its distortion."""
    ny, nx = scene.shape
    angle_rad = np.radians(scene.rotation_deg)
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    parity = 1.0 if scene.is_mirrored else -1.0
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [scene.ra_deg, scene.dec_deg]
    wcs.wcs.crpix = [(nx + 1) / 2, (ny + 1) / 2]
    wcs.wcs.cd = scene.pixel_scale_arcsec / 3600.0 * np.array([[parity * cos, -parity * sin], [sin, cos]])
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def _truth(stars: pl.DataFrame, *, wcs: WCS, rng: np.random.Generator, scene: Scene) -> pl.DataFrame:
    in_band = stars.filter(pl.col("band") == scene.band)
    years = julian_year(scene.mjd) - pl.col("epoch")
    in_band = in_band.with_columns(
        ra_deg=pl.col("ra_deg")
        + years * pl.col("pm_ra_mas_yr").fill_null(0.0) / 3.6e6 / pl.col("dec_deg").radians().cos(),
        dec_deg=pl.col("dec_deg") + years * pl.col("pm_dec_mas_yr").fill_null(0.0) / 3.6e6,
    )
    x, y = wcs.all_world2pix(in_band["ra_deg"].to_numpy(), in_band["dec_deg"].to_numpy(), 0)
    ny, nx = scene.shape
    dx, dy = x - (nx - 1) / 2, y - (ny - 1) / 2
    radius = np.hypot(dx, dy) / np.hypot(nx / 2, ny / 2)
    x, y = x + scene.distortion * radius**2 * dx, y + scene.distortion * radius**2 * dy
    changes = rng.normal(0.0, 0.3, len(in_band)) * in_band["variable"].to_numpy()
    mag = in_band["mag"].to_numpy() + rng.normal(0.0, 1.0, len(in_band)) * in_band["mag_err"].to_numpy()
    mag = mag + changes
    colour = np.nan_to_num(in_band["bp_rp_mag"].to_numpy(), nan=PIVOT_BP_RP_MAG) - PIVOT_BP_RP_MAG
    oddity = scene.star_scatter_mag * rng.normal(0.0, 1.0, len(in_band))
    inst_mag = mag - scene.zero_point_mag - scene.colour_term * colour + oddity
    margin = 10 * scene.fwhm_pix
    return (
        in_band.select("ref_id", "ra_deg", "dec_deg", "bp_rp_mag")
        .with_columns(
            mag=pl.Series(mag),
            x=pl.Series(x),
            y=pl.Series(y),
            flux_adu=pl.Series(scene.exptime_s * 10 ** (-0.4 * inst_mag)),
            inst_mag=pl.Series(inst_mag),
            fwhm_pix=pl.Series(scene.fwhm_pix * (1 + scene.fwhm_growth * radius**2)),
        )
        .filter(pl.col("x").is_between(-margin, nx + margin), pl.col("y").is_between(-margin, ny + margin))
    )


def _sky(scene: Scene) -> NDArray[np.float64]:
    ny, nx = scene.shape
    row, column = np.mgrid[0.0 : 1.0 : ny * 1j, 0.0 : 1.0 : nx * 1j]
    tilt = 0.7 * column + 0.3 * row - 0.5
    bowl = (column - 0.5) ** 2 + (row - 0.5) ** 2
    light_adu: NDArray[np.float64] = scene.sky_adu * (1 + scene.sky_gradient * (tilt + bowl))
    return light_adu


def _axes(fwhm_pix: float, scene: Scene) -> tuple[float, float]:
    stretch = np.sqrt(1 - scene.ellipticity)
    return float(fwhm_pix / stretch), float(fwhm_pix * stretch)


def _add_star(
    light_adu: NDArray[np.float64], *, x: float, y: float, flux_adu: float, axes_pix: tuple[float, float]
) -> None:
    """Add a pixel-integrated elliptical Moffat star to an image under construction."""
    ny, nx = light_adu.shape
    fwhm_pix = max(axes_pix)
    reach = int(np.clip(fwhm_pix * (5 + 1.5 * np.log10(max(flux_adu, 1.0))), 6, 80))
    column, row = round(x), round(y)
    fine = 5 if fwhm_pix < 2.5 else 3
    offsets = (np.arange(fine * (2 * reach + 1)) + 0.5) / fine - 0.5 - reach
    alpha = np.array(axes_pix) / 2 / np.sqrt(2 ** (1 / MOFFAT_BETA) - 1)
    stamp = _stamp(((offsets + row - y) / alpha[1]) ** 2, ((offsets + column - x) / alpha[0]) ** 2, fine)
    stamp *= flux_adu / stamp.sum()
    bottom, left = max(0, row - reach), max(0, column - reach)
    top, right = min(ny, row + reach + 1), min(nx, column + reach + 1)
    if bottom < top and left < right:
        cut = stamp[bottom - row + reach : top - row + reach, left - column + reach : right - column + reach]
        light_adu[bottom:top, left:right] += cut


@compiled
def _stamp(square_y: NDArray[np.float64], square_x: NDArray[np.float64], fine: int) -> NDArray[np.float64]:
    """Return a Moffat profile in pixels of so many places each way."""
    stamp = np.zeros((len(square_y) // fine, len(square_x) // fine))
    for row in range(len(square_y)):
        for column in range(len(square_x)):
            away = 1.0 + square_y[row] + square_x[column]
            stamp[row // fine, column // fine] += 1.0 / away**MOFFAT_BETA
    return stamp


def _expose(light_adu: NDArray[np.float64], *, rng: np.random.Generator, scene: Scene) -> NDArray[np.float32]:
    electrons = rng.poisson(np.maximum(light_adu * scene.gain_e_adu, 0.0)).astype(np.float64)
    electrons += rng.normal(0.0, scene.read_noise_e, scene.shape)
    adu = electrons / scene.gain_e_adu
    ny, nx = scene.shape
    rows, columns = rng.integers(0, ny, scene.hot_pixels), rng.integers(0, nx, scene.hot_pixels)
    adu[rows, columns] += rng.exponential(0.1 * scene.saturation_adu, scene.hot_pixels)
    for _ in range(scene.cosmic_rays):
        _add_cosmic_ray(adu, rng=rng)
    return np.ascontiguousarray(np.clip(np.round(adu), None, scene.saturation_adu), dtype=np.float32)


def _add_cosmic_ray(adu: NDArray[np.float64], *, rng: np.random.Generator) -> None:
    ny, nx = adu.shape
    steps = np.arange(rng.integers(1, 12))
    angle_rad = rng.uniform(0.0, 2 * np.pi)
    rows = np.round(rng.uniform(0, ny) + steps * np.sin(angle_rad)).astype(int) % ny
    columns = np.round(rng.uniform(0, nx) + steps * np.cos(angle_rad)).astype(int) % nx
    adu[rows, columns] += rng.exponential(1500.0)
