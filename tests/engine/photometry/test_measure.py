"""The aperture suits the frame and the target; the target is a magnitude or a limit."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.photometry.apertures import with_magnitudes
from engine.photometry.detect import detect
from engine.photometry.growth import lost_light
from engine.photometry.measure import (
    Ladder,
    Standard,
    choose_radius,
    climb,
    forced_place,
    measure_target,
    robust_scatter,
)
from engine.photometry.noise import with_gain_of_noise
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars

FIELD = Scene(ra_deg=150.0, dec_deg=30.0, shape=(400, 400), fwhm_growth=0.0, ellipticity=0.0)


def exposure_of(scene: Scene, *, radius_deg: float = 0.15) -> SkyExposure:
    rng = np.random.default_rng(7)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=radius_deg, density_per_deg2=2000.0)
    return simulate_exposure(stars, rng=rng, scene=scene)


def light(flux_adu: float, flux_err_adu: float, flags: int = 0) -> pl.DataFrame:
    row = {"x": [5.0], "y": [6.0], "flux_adu": [flux_adu], "flux_err_adu": [flux_err_adu], "sky_adu": [10.0]}
    return with_magnitudes(pl.DataFrame(row).with_columns(flags=pl.lit(flags)), exptime_s=10.0)


def ladder_of(errors_adu: list[float], flags: list[int]) -> Ladder:
    tables = tuple(light(1000.0, error, flag) for error, flag in zip(errors_adu, flags, strict=True))
    return Ladder(
        radii_pix=(2.0, 4.0, 6.0)[: len(tables)],
        tables=tables,
        usual_scatter_mag=(0.006, 0.005, 0.006)[-len(tables) :],
        light=None,
    )


@pytest.mark.parametrize("fwhm_pix", [1.8, 3.0, 5.0])
def test_all_radii_give_the_whole_light_of_a_star(fwhm_pix: float) -> None:
    exposure = exposure_of(replace(FIELD, fwhm_pix=fwhm_pix))
    bright = exposure.truth.filter(
        pl.col("mag") < 14.5, pl.col("x").is_between(30, 370), pl.col("y").is_between(30, 370)
    )
    ladder = climb(exposure.frame, bright, detect(exposure.frame), None)
    for table in ladder.tables[1:]:
        clean = table.with_columns(true_mag=bright["inst_mag"]).filter(pl.col("flags") == 0)
        assert len(clean) >= 4
        assert (clean["inst_mag"] - clean["true_mag"]).median() == pytest.approx(0.0, abs=0.02)


def test_without_bright_stars_the_loss_is_that_of_a_moffat_star() -> None:
    exposure = exposure_of(FIELD)
    detection = detect(exposure.frame)
    blind = replace(detection, sources=detection.sources.clear())
    middle = np.array([200.0])
    measured, assumed = (
        [float(lost.at(middle, middle)[0]) for lost in lost_light(exposure.frame, seen, (3.0, 6.0))]
        for seen in (detection, blind)
    )
    assert measured == pytest.approx(assumed, abs=0.08)


def test_the_light_lost_follows_the_shape_of_the_stars_over_the_frame() -> None:
    exposure = exposure_of(replace(FIELD, fwhm_growth=0.4, shape=(800, 800)), radius_deg=0.3)
    (lost,) = lost_light(exposure.frame, detect(exposure.frame), (4.0,))
    middle, corner = lost.at(np.array([400.0, 120.0]), np.array([400.0, 120.0]))
    assert 0.03 < corner - middle < 0.2


def test_a_bright_target_takes_the_circle_in_which_stars_scatter_least() -> None:
    ladder = ladder_of([1.0, 1.0, 1.0], [0, 0, 0])
    spread = np.linspace(-1.0, 1.0, 11)
    assert choose_radius(ladder, {2.0: spread, 4.0: 0.5 * spread, 6.0: 0.1 * spread}) == 6.0


def test_a_faint_target_takes_the_circle_with_the_least_sky() -> None:
    ladder = ladder_of([100.0, 300.0, 900.0], [0, 0, 0])
    spread = np.linspace(-0.02, 0.02, 11)
    assert choose_radius(ladder, {2.0: spread, 4.0: 0.5 * spread, 6.0: 0.1 * spread}) == 2.0


def test_a_circle_without_trouble_is_preferred() -> None:
    ladder = ladder_of([1.0, 1.0, 1.0], [0, 8, 8])
    spread = np.linspace(-0.02, 0.02, 11)
    assert choose_radius(ladder, {2.0: spread, 4.0: 0.5 * spread, 6.0: 0.1 * spread}) == 2.0


@given(snr=st.floats(5.01, 1e4), offset_mag=st.floats(10.0, 30.0), err_mag=st.floats(0.0, 0.5))
def test_the_error_of_a_magnitude_holds_all_its_parts(snr: float, offset_mag: float, err_mag: float) -> None:
    standard = Standard(offset_mag=offset_mag, err_mag=err_mag)
    result = measure_target(
        light(100.0, 100.0 / snr), standard, gain_e_adu=1e9, sky_factor=1.0, exptime_s=10.0
    )
    assert result.mag == pytest.approx(offset_mag - 2.5)
    assert result.stat_err_mag == pytest.approx(1.0857 / snr, rel=1e-3)
    assert result.sys_err_mag == err_mag
    assert result.mag_err == pytest.approx(np.hypot(1.0857 / snr, result.sys_err_mag), rel=1e-3)


@given(snr=st.floats(-50.0, 4.9))
def test_faint_light_is_a_limit_that_depends_on_the_noise_alone(snr: float) -> None:
    result = measure_target(
        light(snr, 1.0),
        Standard(offset_mag=20.0, err_mag=0.01),
        gain_e_adu=1e9,
        sky_factor=1.0,
        exptime_s=10.0,
    )
    assert result.mag is None
    assert result.limit_mag == pytest.approx(20.0 - 2.5 * np.log10(5.0 / 10.0))


def test_an_uneven_sky_makes_the_limit_brighter() -> None:
    limits = [
        measure_target(
            light(0.0, 1.0), Standard(offset_mag=20.0, err_mag=0.01), gain_e_adu=1.0, sky_factor=factor,
            exptime_s=10.0,
        ).limit_mag
        for factor in (1.0, 2.0)
    ]  # fmt: skip
    assert limits[0] - limits[1] == pytest.approx(2.5 * np.log10(2.0))


def test_a_bright_target_is_centred_and_a_faint_one_is_forced() -> None:
    detection = detect(exposure_of(FIELD).frame)
    bright = detection.sources.row(0, named=True)
    place = forced_place(bright["x"] + 0.5, bright["y"], detection, tolerance_pix=1.0)
    assert place == pytest.approx((bright["x"], bright["y"]))
    faint = replace(detection, sources=detection.sources.with_columns(snr=pl.lit(6.0)))
    expected = (bright["x"] + 0.5, bright["y"])
    assert forced_place(*expected, faint, tolerance_pix=1.0) == expected


def test_a_quiet_sky_tells_the_least_gain_where_the_header_told_none() -> None:
    frame = replace(exposure_of(FIELD).frame, gain_e_adu=1.0, read_noise_e=5.0)
    assert with_gain_of_noise(frame, noise_adu=1.0) is frame
    unknown = replace(frame, notes=("No usable gain: 1.0 e-/ADU was assumed.",))
    told = with_gain_of_noise(unknown, noise_adu=1.0)
    assert told.gain_e_adu == pytest.approx(5.0)
    assert "at least 5.0 e-/ADU" in told.notes[-1]
    assert with_gain_of_noise(unknown, noise_adu=20.0).gain_e_adu == 1.0


def test_one_wild_value_does_not_change_the_scatter() -> None:
    values = np.random.default_rng(1).normal(0.0, 0.01, 200)
    assert robust_scatter(np.append(values, 50.0)) == pytest.approx(0.01, rel=0.2)
