"""Artificial exposures keep their own truth."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.frame import SIMULATED_NOTE
from engine.photometry.read import read_frames
from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.sky import Scene, scene_wcs, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star

QUIET = Scene(ra_deg=150.0, dec_deg=30.0, shape=(101, 101), sky_adu=0.0, read_noise_e=0.1, sky_gradient=0.0)


def test_stars_have_every_band_and_the_reference_schema() -> None:
    stars = gaia_like_stars(np.random.default_rng(1), ra_deg=0.05, dec_deg=60.0, radius_deg=0.2)
    assert dict(stars.schema) == REFERENCE_SCHEMA
    assert stars["ra_deg"].is_between(0, 360, closed="left").all()
    counts = stars.group_by("ref_id").len()["len"]
    assert counts.max() == 13


def test_red_stars_are_brighter_in_red_bands() -> None:
    stars = one_star("red", ra_deg=1.0, dec_deg=2.0, g_mag=14.0, bp_rp_mag=2.0)
    mags = dict(stars.select("band", "mag").iter_rows())
    order = [mags[f"{name}(GaiaSP)"] for name in ("U", "B", "V", "R", "I")]
    assert order == sorted(order, reverse=True)
    assert mags["BP(GaiaDR3)"] - mags["RP(GaiaDR3)"] == pytest.approx(2.0, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(g_mag=st.floats(9.0, 14.0), exptime_s=st.floats(1.0, 300.0))
def test_the_light_on_the_frame_is_the_flux_of_the_truth(g_mag: float, exptime_s: float) -> None:
    scene = Scene(
        ra_deg=150.0, dec_deg=30.0, shape=(101, 101), sky_adu=0.0, read_noise_e=0.1, exptime_s=exptime_s,
        band="G(GaiaDR3)", saturation_adu=1e12,
    )  # fmt: skip
    star = one_star("s", ra_deg=150.0, dec_deg=30.0, g_mag=g_mag)
    exposure = simulate_exposure(star, rng=np.random.default_rng(3), scene=scene)
    flux_adu = exposure.truth["flux_adu"][0]
    assert flux_adu == pytest.approx(exptime_s * 10 ** (0.4 * (scene.zero_point_mag - g_mag)), rel=1e-9)
    noise_adu = np.sqrt(flux_adu / scene.gain_e_adu) + 101 * 0.5
    assert abs(exposure.frame.data.sum(dtype=np.float64) - flux_adu) < 6 * noise_adu


def test_rotation_and_mirror_keep_the_scale() -> None:
    for is_mirrored in (False, True):
        wcs = scene_wcs(Scene(ra_deg=10.0, dec_deg=-20.0, rotation_deg=33.0, is_mirrored=is_mirrored))
        determinant = np.linalg.det(wcs.wcs.cd) * 3600**2
        assert abs(determinant) == pytest.approx(1.5**2)
        assert (determinant > 0) == is_mirrored


def test_a_colour_term_moves_stars_by_their_colour() -> None:
    scene = Scene(ra_deg=150.0, dec_deg=30.0, colour_term=0.1, shape=(101, 101))
    blue = one_star("blue", ra_deg=150.0, dec_deg=30.0, g_mag=14.0, bp_rp_mag=0.3)
    red = one_star("red", ra_deg=150.0, dec_deg=30.0, g_mag=14.0, bp_rp_mag=1.8)
    truth = simulate_exposure(pl.concat([blue, red]), rng=np.random.default_rng(1), scene=scene).truth
    offset = truth["mag"] - truth["inst_mag"]
    assert offset[1] - offset[0] == pytest.approx(0.15, abs=1e-9)


def test_bright_stars_saturate() -> None:
    star = one_star("s", ra_deg=150.0, dec_deg=30.0, g_mag=6.0)
    frame = simulate_exposure(star, rng=np.random.default_rng(1), scene=QUIET).frame
    assert frame.data.max() == frame.saturation_adu
    assert (frame.data == frame.saturation_adu).sum() > 5


def test_a_written_exposure_says_that_it_is_simulated(tmp_path: Path) -> None:
    star = one_star("s", ra_deg=150.0, dec_deg=30.0, g_mag=12.0)
    exposure = simulate_exposure(star, rng=np.random.default_rng(1), scene=QUIET)
    write_fits(exposure, tmp_path / "sim.fits", object_name="Sim1")
    header = fits.getheader(tmp_path / "sim.fits")
    assert header["SIMULATE"] is True
    assert header["OBJECT"] == "Sim1"
    assert header["DATE-OBS"].startswith("2023-02-24T23:59:30")
    assert fits.getdata(tmp_path / "sim.fits").dtype.kind == "u"


def test_a_simulation_that_comes_back_as_a_file_is_still_known_as_one(tmp_path: Path) -> None:
    stars = gaia_like_stars(np.random.default_rng(1), ra_deg=150.0, dec_deg=30.0, radius_deg=0.05)
    exposure = simulate_exposure(stars, rng=np.random.default_rng(2), scene=QUIET)
    write_fits(exposure, tmp_path / "sky.fits", object_name="T")
    assert SIMULATED_NOTE in read_frames(tmp_path / "sky.fits")[0].notes
