"""Aperture sums agree with the truth of artificial skies within the errors that they state."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.lightcurve import Flag
from engine.photometry.apertures import (
    APERTURE_SCHEMA,
    contamination,
    empty_aperture_factor,
    measure_apertures,
)
from engine.photometry.detect import detect
from engine.photometry.sky import Scene, SkyExposure, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star

FIELD = Scene(ra_deg=150.0, dec_deg=30.0, shape=(500, 500), fwhm_growth=0.0)
SMALL = replace(FIELD, shape=(151, 151))


def exposure_of(scene: Scene) -> SkyExposure:
    rng = np.random.default_rng(4)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.2, density_per_deg2=3000.0)
    return simulate_exposure(stars, rng=rng, scene=scene)


def with_neighbour(distance_arcsec: float, *, g_mag: float) -> SkyExposure:
    star = one_star("s", ra_deg=150.0, dec_deg=30.0, g_mag=13.0)
    neighbour = one_star("n", ra_deg=150.0, dec_deg=30.0 + distance_arcsec / 3600.0, g_mag=g_mag)
    return simulate_exposure(pl.concat([star, neighbour]), rng=np.random.default_rng(2), scene=SMALL)


@pytest.mark.parametrize("fwhm_pix", [1.7, 3.0, 5.0])
def test_errors_are_as_large_as_the_deviations_from_the_truth(fwhm_pix: float) -> None:
    exposure = exposure_of(replace(FIELD, fwhm_pix=fwhm_pix))
    detection = detect(exposure.frame)
    inside = exposure.truth.filter(pl.col("x").is_between(20, 479), pl.col("y").is_between(20, 479))
    measured = measure_apertures(exposure.frame, inside, detection=detection, radius_pix=2 * fwhm_pix)
    assert dict(measured.schema) == APERTURE_SCHEMA
    clean = measured.with_columns(true_mag=inside["inst_mag"]).filter(
        pl.col("flags") == 0, pl.col("inst_mag_err") < 0.2
    )
    missing_light_mag = (
        clean.filter(pl.col("inst_mag_err") < 0.02).select((pl.col("inst_mag") - pl.col("true_mag")).median())
    ).item()
    assert 0.0 < missing_light_mag < 0.1
    pulls = (clean["inst_mag"] - clean["true_mag"] - missing_light_mag) / clean["inst_mag_err"]
    assert len(clean) > 40
    assert 0.6 < 1.4826 * np.median(np.abs(pulls)) < 1.4


def test_the_local_sky_follows_a_steep_gradient() -> None:
    star = one_star("s", ra_deg=150.0, dec_deg=30.0, g_mag=14.0)
    flat, steep = (
        simulate_exposure(star, rng=np.random.default_rng(3), scene=replace(SMALL, sky_gradient=rise))
        for rise in (0.0, 1.0)
    )
    fluxes = [
        measure_apertures(e.frame, e.truth, detection=detect(e.frame), radius_pix=6.0) for e in (flat, steep)
    ]
    assert abs(fluxes[0]["inst_mag"][0] - fluxes[1]["inst_mag"][0]) < 0.02


def test_empty_circles_scatter_as_expected_on_a_simple_sky_and_more_on_a_correlated_one() -> None:
    frame = exposure_of(FIELD).frame
    detection = detect(frame)
    assert empty_aperture_factor(frame, detection, radius_pix=5.0) < 1.15
    wavy = np.random.default_rng(1).normal(0.0, 20.0, (125, 125)).repeat(4, axis=0).repeat(4, axis=1)
    wavy_frame = replace(frame, data=(frame.data + wavy).astype(np.float32))
    assert empty_aperture_factor(wavy_frame, detect(wavy_frame), radius_pix=5.0) > 1.5


def test_a_neighbour_in_the_circle_is_a_blend_and_one_far_off_is_not() -> None:
    for distance_arcsec, is_blended in ((8.0, True), (40.0, False)):
        exposure = with_neighbour(distance_arcsec, g_mag=13.5)
        star = exposure.truth.filter(pl.col("ref_id") == "s")
        measured = measure_apertures(exposure.frame, star, detection=detect(exposure.frame), radius_pix=6.0)
        assert bool(measured["flags"][0] & Flag.BLENDED) == is_blended


def test_a_star_does_not_contaminate_itself() -> None:
    exposure = with_neighbour(100.0, g_mag=13.0)
    x, y = (exposure.truth[name].to_numpy() for name in ("x", "y"))
    assert contamination(detect(exposure.frame), x, y, radius_pix=6.0).max() == 0.0


def test_a_place_off_the_frame_has_no_light() -> None:
    exposure = with_neighbour(30.0, g_mag=15.0)
    places = pl.DataFrame({"x": [-3.0, 75.0, 1.0], "y": [75.0, 75.0, 75.0]})
    measured = measure_apertures(exposure.frame, places, detection=detect(exposure.frame), radius_pix=4.0)
    assert measured["flux_adu"].is_null().to_list() == [True, False, False]
    assert [bool(flags & Flag.NEAR_EDGE) for flags in measured["flags"]] == [True, False, True]


def test_bad_and_saturated_pixels_in_the_circle_are_flagged() -> None:
    exposure = with_neighbour(60.0, g_mag=6.0)
    mask = np.zeros(exposure.frame.shape, dtype=np.bool_)
    mask[75, 77] = True
    frame = replace(exposure.frame, mask=mask)
    measured = measure_apertures(frame, exposure.truth, detection=detect(frame), radius_pix=4.0)
    flags = dict(zip(exposure.truth["ref_id"], measured["flags"], strict=True))
    assert flags["s"] & Flag.BAD_PIXEL
    assert flags["n"] & Flag.SATURATED


def test_no_position_gives_an_empty_table() -> None:
    exposure = with_neighbour(60.0, g_mag=14.0)
    nowhere = exposure.truth.clear()
    assert measure_apertures(
        exposure.frame, nowhere, detection=detect(exposure.frame), radius_pix=4.0
    ).is_empty()
