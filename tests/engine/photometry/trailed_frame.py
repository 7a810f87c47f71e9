"""Draw a satellite's trail over a frame of known stars, and what only looks like one."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from engine.frame import Frame
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars

Place = tuple[float, float]
SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(420, 440), band="G(GaiaDR3)")
NOISE_ADU = float(np.sqrt(SCENE.sky_adu * SCENE.gain_e_adu + SCENE.read_noise_e**2)) / SCENE.gain_e_adu
TRAIL_FWHM_PIX = 3.0


def exposure_of(seed: int, *, scene: Scene = SCENE, stars_per_deg2: float = 4000.0) -> SkyExposure:
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(
        rng,
        ra_deg=scene.ra_deg,
        dec_deg=scene.dec_deg,
        radius_deg=0.75 * max(scene.shape) * scene.pixel_scale_arcsec / 3600.0,
        density_per_deg2=stars_per_deg2,
        g_mag_range=(9.0, 18.0),
    )
    return simulate_exposure(stars, rng=rng, scene=scene)


def way(seed: int, *, is_whole: bool = True) -> tuple[Place, Place]:
    """Return two places between which a trail runs: outside of the frame, or from within it outwards."""
    rng = np.random.default_rng(1000 + seed)
    ny, nx = SCENE.shape
    middle = np.array([nx, ny]) * rng.uniform(0.4, 0.6, 2)
    angle_rad = rng.uniform(0.0, 2 * np.pi)
    step = 2.0 * max(nx, ny) * np.array([np.cos(angle_rad), np.sin(angle_rad)])
    start = middle - step if is_whole else middle
    return (float(start[0]), float(start[1])), (float(middle[0] + step[0]), float(middle[1] + step[1]))


def beside(
    shape: tuple[int, int], ends: tuple[Place, Place]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each pixel how far along and across the line through two places it is."""
    (x0, y0), (x1, y1) = ends
    length = np.hypot(x1 - x0, y1 - y0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    return (x - x0) * dx + (y - y0) * dy, (y - y0) * dx - (x - x0) * dy


def with_trail(
    frame: Frame,
    ends: tuple[Place, Place],
    *,
    sigma: float = 3.0,
    fwhm_pix: float = TRAIL_FWHM_PIX,
    blink_pix: float | None = None,
) -> Frame:
    """Return the frame with a trail so bright in its middle, in units of the noise of a pixel."""
    along, across = beside(frame.shape, ends)
    length = np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])
    shape = np.exp(-0.5 * (across / (fwhm_pix / 2.3548)) ** 2) * ((along >= 0) & (along <= length))
    if blink_pix is not None:
        shape *= (along / blink_pix) % 1 < 0.5
    rng = np.random.default_rng(round(1e3 * abs(ends[0][0])))
    return brighter(frame, rng.poisson(sigma * NOISE_ADU * shape * frame.gain_e_adu) / frame.gain_e_adu)


def brighter(frame: Frame, light_adu: NDArray[np.float64]) -> Frame:
    data = np.minimum(frame.data + light_adu, frame.saturation_adu)
    return replace(frame, data=np.ascontiguousarray(data, dtype=np.float32))


def lures(exposure: SkyExposure, seed: int) -> dict[str, Frame]:
    """Return frames with long lights that are no trails."""
    frame, rng = exposure.frame, np.random.default_rng(seed)
    ny, nx = frame.shape
    angle_rad, x0, y0 = rng.uniform(0.1, 1.4), rng.uniform(100, nx - 100), rng.uniform(100, ny - 100)
    ends = (x0, y0), (x0 + np.cos(angle_rad), y0 + np.sin(angle_rad))
    along, across = beside(frame.shape, ends)
    y, x = np.mgrid[:ny, :nx]
    star = 3e7 * (1 + (np.hypot(along, across) / 3) ** 2) ** -2.5
    spikes = sum(
        np.exp(-0.5 * (offset / 1.5) ** 2) * 3e5 / (np.hypot(along, across) + 10) ** 1.2
        for offset in (along, across)
    )
    bled = np.where((x >= 200) & (x < 203) & (np.abs(y - 200) < 120), 6e4, 0.0)
    found = {
        "spikes": brighter(frame, star + spikes),
        "bad columns": brighter(frame, np.where((x >= 100) & (x < 104), 400.0, 0.0)),
        "bleeding": brighter(frame, bled + 3e6 * (1 + ((x - 201) ** 2 + (y - 200) ** 2) / 9) ** -2.5),
        "edge of a galaxy": brighter(frame, np.where(across > 0, 80.0 * np.exp(-across / 60), 0.0)),
        "edge of an amplifier": brighter(frame, np.where(x + 0.3 * y > 250, 60.0, 0.0)),
    }
    for peak_adu, scale_pix in ((300, 40), (100, 80), (2000, 60)):
        disc = peak_adu * np.exp(-np.abs(along) / scale_pix - np.abs(across) / 5)
        found[f"galaxy of {peak_adu} ADU seen from its side"] = brighter(frame, disc)
    for length in (25, 60, 120):
        data = np.ascontiguousarray(uniform_filter1d(frame.data, length, axis=1))
        found[f"stars trailed over {length} pixels"] = replace(frame, data=data)
    return found
