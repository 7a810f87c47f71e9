"""An asteroid that moves during the exposure keeps its light: on simulated frames, by fit and by strip."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.measure import PSF_FIT
from engine.photometry.pipeline import reduce_frame
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Reduction, Status
from engine.target import Target
from engine.times import SECONDS_PER_DAY
from engine.track import Track, track_of

RA_DEG, DEC_DEG, MJD = 120.0, 30.0, 60000.0
BAND = "r(GaiaSP)"
ANGLE_DEG = 37.0  # from north to east
SEEDS = 10  # the mean light of so many is known to 0.4 per cent
FAINT_SEEDS = 16  # 32 pulls tell their scatter to an eighth
CLEAR_ARCSEC = 14.0
BRIGHT_G_MAG, FAINT_G_MAG = 13.5, 15.5
PIECES_PER_FWHM = 12


def moved(along_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places on the asteroid's way."""
    east, north = np.sin(np.radians(ANGLE_DEG)), np.cos(np.radians(ANGLE_DEG))
    return RA_DEG + along_deg * east / np.cos(np.radians(DEC_DEG)), DEC_DEG + along_deg * north


def asteroid(scene: Scene, *, fwhms: float, g_mag: float = BRIGHT_G_MAG) -> tuple[pl.DataFrame, float, Track]:
    """Return a trail as many stars, the magnitude of all of them, and the ephemeris."""
    length_deg = fwhms * scene.fwhm_pix * scene.pixel_scale_arcsec / 3600.0
    count = max(1, round(fwhms * PIECES_PER_FWHM))
    ra_deg, dec_deg = moved(((np.arange(count) + 0.5) / count - 0.5) * length_deg)
    star = one_star("piece", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=g_mag).filter(pl.col("band") == BAND)
    true_mag = float(star["mag"][0])
    times = MJD + np.linspace(-0.1, 0.1, 9)
    track = track_of(times, *moved((times - MJD) * SECONDS_PER_DAY / scene.exptime_s * length_deg))
    pieces = pl.concat([star] * count).with_columns(
        ra_deg=pl.Series(ra_deg), dec_deg=pl.Series(dec_deg), mag=pl.col("mag") + 2.5 * np.log10(count)
    )
    return pieces, true_mag, track


@cache
def exposed(
    seed: int, *, fwhms: float, covered_g_mag: float | None = None, g_mag: float = BRIGHT_G_MAG
) -> tuple[Frame, pl.DataFrame, Track, float]:
    """Return a frame with an asteroid that moves by so many FWHM, its stars, and the truth."""
    rng = np.random.default_rng(seed)
    scene = Scene(
        ra_deg=RA_DEG, dec_deg=DEC_DEG, shape=(300, 300), mjd=MJD, band=BAND, rotation_deg=rng.uniform(0, 360)
    )
    drawn, true_mag, track = asteroid(scene, fwhms=fwhms, g_mag=g_mag)
    stars = gaia_like_stars(
        rng,
        ra_deg=RA_DEG,
        dec_deg=DEC_DEG,
        radius_deg=0.12,
        density_per_deg2=3000.0,
        g_mag_range=(11.5, 16.0),
    )
    away = [
        np.hypot((stars["ra_deg"] - ra_deg) * np.cos(np.radians(DEC_DEG)), stars["dec_deg"] - dec_deg)
        for ra_deg, dec_deg in drawn.select("ra_deg", "dec_deg").iter_rows()
    ]
    clear = np.min(away, axis=0) * 3600.0 > CLEAR_ARCSEC
    stars = stars.filter(pl.Series(clear), ~pl.col("variable"), pl.col("band") == BAND)
    stars = stars.with_columns(mag_err=pl.lit(0.0))
    if covered_g_mag is not None:
        covered = one_star("covered", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=covered_g_mag)
        stars = pl.concat([stars, covered.filter(pl.col("band") == BAND)])
    exposure = simulate_exposure(pl.concat([stars, drawn]), rng=rng, scene=scene)
    return exposure.frame, stars, track, true_mag


def reduced(seed: int, *, radius_pix: float | None = None, **sky: float) -> tuple[float, Reduction]:
    """Return the true magnitude of the asteroid, and the verdict on it."""
    frame, stars, track, true_mag = exposed(seed, **sky)
    target = Target(name="asteroid", ra_deg=1.0, dec_deg=2.0, track=track)
    return true_mag, reduce_frame(frame, target, stars, requested=BAND, radius_pix=radius_pix)


@pytest.mark.parametrize("fwhms", [0.0, 2.0, 10.0])
@pytest.mark.parametrize("radius_pix", [PSF_FIT, 5.0])
def test_an_asteroid_keeps_its_light_however_fast_it_moves(fwhms: float, radius_pix: float) -> None:
    light = []
    for seed in range(SEEDS):
        true_mag, verdict = reduced(seed, fwhms=fwhms, radius_pix=radius_pix)
        assert verdict.mag is not None, verdict.reason
        light.append(10 ** (0.4 * (true_mag - verdict.mag)))
    assert np.mean(light) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("radius_pix", [PSF_FIT, 5.0])
def test_the_errors_of_a_faint_asteroid_are_honest(radius_pix: float) -> None:
    pulls = []
    for seed in range(FAINT_SEEDS):
        for fwhms in (2.0, 10.0):
            true_mag, verdict = reduced(seed, fwhms=fwhms, radius_pix=radius_pix, g_mag=FAINT_G_MAG)
            assert verdict.mag is not None, verdict.reason
            pulls.append((verdict.mag - true_mag) / (verdict.mag_err or 1e-9))
    assert 0.7 < np.std(pulls) < 1.35
    assert abs(np.mean(pulls)) < 0.5


def test_a_trail_is_told_and_a_slow_target_is_a_star() -> None:
    told = [" ".join(reduced(1, fwhms=fwhms)[1].sentences) for fwhms in (0.2, 3.0)]
    assert "moved by" not in told[0]
    assert "moved by 9.0 pixels" in told[1]


def test_a_star_that_it_covers_is_told() -> None:
    true_mag, verdict = reduced(2, fwhms=4.0, covered_g_mag=14.5, radius_pix=PSF_FIT)
    assert verdict.flags & Flag.BLENDED
    assert verdict.mag == pytest.approx(true_mag, abs=0.05)  # the star was fitted with it
    assert not reduced(2, fwhms=4.0)[1].flags & Flag.BLENDED


def test_a_frame_outside_of_the_ephemeris_is_refused() -> None:
    rng = np.random.default_rng(0)
    scene = Scene(ra_deg=RA_DEG, dec_deg=DEC_DEG, shape=(300, 300), mjd=MJD + 1.0, band=BAND)
    stars = gaia_like_stars(rng, ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=0.12)
    _, _, track = asteroid(scene, fwhms=2.0)
    target = Target(name="asteroid", ra_deg=RA_DEG, dec_deg=DEC_DEG, track=track)
    verdict = reduce_frame(simulate_exposure(stars, rng=rng, scene=scene).frame, target, stars)
    assert (verdict.status, verdict.code) == (Status.REJECTED, "outside-ephemeris")
