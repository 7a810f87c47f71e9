"""A folder as observers send it: raw exposures with bias, dark and vignetting, and frames of these."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from astropy.io import fits
from numpy.typing import NDArray

from engine.photometry.sky import Scene, SkyExposure, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.target import Target

Pixels = NDArray[np.float64]
SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(400, 420), band="r(GaiaSP)", filter_name="r", sky_adu=400.0)
TARGET = Target(
    name="target", ra_deg=150.066, dec_deg=30.062
)  # near a corner, where the vignetting is strong
BIAS_ADU, DARK_ADU_S, FLAT_ADU = 800.0, 2.0, 25000.0


def vignetting() -> Pixels:
    ny, nx = SCENE.shape
    y, x = np.mgrid[-1 : 1 : ny * 1j, -1 : 1 : nx * 1j]
    light = 1 - 0.25 * (x**2 + y**2)
    return np.asarray(light / np.median(light))


def bias() -> Pixels:
    return BIAS_ADU + np.linspace(0, 40, SCENE.shape[1])[None, :] + np.zeros(SCENE.shape)


def dark(exptime_s: float) -> Pixels:
    rates = np.random.default_rng(9).gamma(2.0, DARK_ADU_S / 2, SCENE.shape)
    return bias() + exptime_s * rates


def field() -> tuple[SkyExposure, pl.DataFrame]:
    rng = np.random.default_rng(2)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=4000.0)
    star = one_star("target", ra_deg=TARGET.ra_deg, dec_deg=TARGET.dec_deg, g_mag=13.0)
    return simulate_exposure(pl.concat([stars, star]), rng=rng, scene=SCENE), stars


def write_light(
    folder: Path, name: str = "light.fits", **cards: str | float
) -> tuple[SkyExposure, pl.DataFrame]:
    """Write a raw exposure; return the clean one and the field's stars."""
    exposure, stars = field()
    data = exposure.frame.data * vignetting() + dark(SCENE.exptime_s)
    raw = replace(exposure, frame=replace(exposure.frame, data=np.asarray(data, dtype=np.float32)))
    write_fits(raw, folder / name)
    with fits.open(folder / name, mode="update") as units:
        units[0].header.update({"IMAGETYP": "Light Frame", **cards})
    return exposure, stars


def write_shots(folder: Path, kind: str, truth: Pixels, *, count: int = 5, **cards: str | float) -> None:
    """Write calibration frames with the noise of a camera."""
    rng = np.random.default_rng(len(kind))
    for number in range(count):
        photons = rng.poisson(np.maximum(truth - BIAS_ADU, 0) * SCENE.gain_e_adu) / SCENE.gain_e_adu
        data = BIAS_ADU + photons + rng.normal(0, 5.0, truth.shape) + np.minimum(truth - BIAS_ADU, 0)
        pixels = np.clip(data.round(), 0, 65535).astype(np.uint16)
        header = fits.Header({"IMAGETYP": kind, **cards})
        name = f"{kind.replace(' ', '')}-{'-'.join(map(str, cards.values()))}-{number}.fits"
        fits.PrimaryHDU(pixels, header=header).writeto(folder / name)


def write_flats(folder: Path, *, filter_name: str = "r", level_adu: float = FLAT_ADU) -> None:
    truth = level_adu * vignetting() + dark(2.0)
    write_shots(folder, "Flat Field", truth, FILTER=filter_name, EXPTIME=2.0)
