"""All stars fitted together: the light that was put in comes out, with errors that are true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.photometry.psf.fit import Pixels, Stars, fit_stars
from engine.photometry.psf.model import Psf, oversampling_for
from engine.photometry.psf.moffat import Moffat

FWHM_PIX = 3.0
SHAPE = (80, 90)
NOISE_ADU = 10.0


def moffat_psf(fwhm_pix: float = FWHM_PIX, shape: tuple[int, int] = SHAPE) -> Psf:
    oversampling = oversampling_for(fwhm_pix)
    radius_pix = int(np.ceil(4.5 * fwhm_pix))
    table = Moffat(fwhm_pix=fwhm_pix, e1=0.1).table(radius_pix=radius_pix, oversampling=oversampling)
    return Psf(
        tables=table[None].astype(np.float32),
        oversampling=oversampling,
        radius_pix=radius_pix,
        fwhm_pix=fwhm_pix,
        shape=shape,
        stars=50,
        mismatch=0.0,
    )


def stars_at(places: list[tuple[float, float, float]], *, sigma_pix: float = 0.01) -> Stars:
    x, y, flux = (np.array(column, dtype=np.float64) for column in zip(*places, strict=True))
    return Stars(x=x, y=y, flux_adu=flux, place_sigma_pix=np.full(len(x), sigma_pix))


def unlit(stars: Stars, *, sigma_pix: float = 0.01) -> Stars:
    return Stars(
        x=stars.x.copy(),
        y=stars.y.copy(),
        flux_adu=np.zeros(len(stars)),
        place_sigma_pix=np.full(len(stars), sigma_pix),
    )


def image_of(stars: Stars, *, fwhm_pix: float = FWHM_PIX, fine: int = 7) -> NDArray[np.float64]:
    """Return stars drawn without the code that is tested: the profile summed over fine pixels."""
    ny, nx = SHAPE
    profile = Moffat(fwhm_pix=fwhm_pix, e1=0.1)
    steps = (np.arange(fine) + 0.5) / fine - 0.5
    columns = (np.arange(nx)[:, None] + steps).ravel()
    rows = (np.arange(ny)[:, None] + steps).ravel()
    alpha2 = (fwhm_pix / 2) ** 2 / (2 ** (1 / profile.beta) - 1)
    total = alpha2 * np.pi / (profile.beta - 1)
    light = np.zeros(SHAPE)
    for x, y, flux in zip(stars.x, stars.y, stars.flux_adu, strict=True):
        values = profile.at(columns[None, :] - x, rows[:, None] - y)
        light += flux / total * values.reshape(ny, fine, nx, fine).mean(axis=(1, 3))
    return light


def pixels_of(light_adu: NDArray[np.float64], *, gain_e_adu: float = 2.0) -> Pixels:
    return Pixels(
        light_adu=light_adu.astype(np.float32),
        noise_adu=np.full(SHAPE, NOISE_ADU, dtype=np.float32),
        usable=np.ones(SHAPE, dtype=np.bool_),
        gain_e_adu=gain_e_adu,
    )


@given(
    x=st.floats(30, 60),
    y=st.floats(30, 50),
    flux=st.floats(1e4, 1e6),
    factor=st.floats(0.5, 4.0),
    fwhm_pix=st.sampled_from([2.0, 3.0, 5.0]),
)
@settings(max_examples=25, deadline=None)
def test_the_light_of_a_star_is_found_and_scales(
    x: float, y: float, flux: float, factor: float, fwhm_pix: float
) -> None:
    star = stars_at([(x, y, flux)])
    light = image_of(star, fwhm_pix=fwhm_pix)
    psf = moffat_psf(fwhm_pix)

    found = fit_stars(pixels_of(light), psf, unlit(star)).stars.flux_adu[0]
    scaled = fit_stars(pixels_of(factor * light), psf, unlit(star)).stars.flux_adu[0]

    inside = 0.5 * (1 + float(np.sum(psf.tables[0])) / psf.oversampling**2)
    assert found == pytest.approx(flux * inside, rel=0.012)  # the wings beyond the stamp are not drawn
    assert scaled / found == pytest.approx(factor, rel=0.004)


@given(dx=st.integers(-6, 6), dy=st.integers(-6, 6))
@settings(max_examples=10, deadline=None)
def test_a_shift_by_whole_pixels_changes_nothing(dx: int, dy: int) -> None:
    stars = stars_at([(40.3, 38.7, 2e5), (44.1, 40.2, 5e4)])
    light, psf = image_of(stars), moffat_psf()
    shifted = Stars(
        x=stars.x + dx,
        y=stars.y + dy,
        flux_adu=np.zeros(2),
        place_sigma_pix=stars.place_sigma_pix,
    )

    first = fit_stars(pixels_of(light), psf, unlit(stars))
    again = fit_stars(pixels_of(np.roll(light, (dy, dx), axis=(0, 1))), psf, shifted)

    assert again.stars.flux_adu == pytest.approx(first.stars.flux_adu, rel=1e-4)
    assert again.stars.x - dx == pytest.approx(first.stars.x, abs=1e-3)


@pytest.mark.parametrize("apart_fwhm", [0.4, 0.8, 1.5])
def test_blended_stars_at_known_places_keep_their_own_light(apart_fwhm: float) -> None:
    stars = stars_at([(40.2, 40.4, 1e5), (40.2 + apart_fwhm * FWHM_PIX, 40.4, 4e4)])
    psf = moffat_psf()
    alone = [
        fit_stars(pixels_of(image_of(stars_at([each]))), psf, unlit(stars_at([each]))).stars.flux_adu[0]
        for each in zip(stars.x, stars.y, stars.flux_adu, strict=True)
    ]

    fit = fit_stars(pixels_of(image_of(stars)), psf, unlit(stars))

    assert fit.stars.flux_adu == pytest.approx(alone, rel=0.01)
    assert fit.flux_err_adu[1] > 0


def test_a_bright_star_is_centred_and_a_faint_one_stays_where_it_is_known() -> None:
    truth = stars_at([(40.0, 40.0, 3e5), (60.0, 30.0, 100.0)])
    asked = stars_at([(40.15, 39.9, 0.0), (60.15, 29.9, 0.0)], sigma_pix=0.15)
    noise = np.random.default_rng(5).normal(0.0, NOISE_ADU, SHAPE)

    fit = fit_stars(pixels_of(image_of(truth) + noise), moffat_psf(), asked)

    assert (fit.stars.x[0], fit.stars.y[0]) == pytest.approx((40.0, 40.0), abs=0.01)
    assert (fit.stars.x[1], fit.stars.y[1]) == pytest.approx((60.15, 29.9), abs=0.15)


def test_the_errors_are_those_that_the_light_has() -> None:
    rng = np.random.default_rng(1)
    truth = stars_at(
        [
            (12.0 + 22 * i + rng.uniform(), 12.0 + 18 * j + rng.uniform(), 3000.0)
            for i in range(4)
            for j in range(4)
        ]
        + [(31.5, 31.0, 8000.0), (33.0, 31.4, 6000.0)]
    )
    light, psf, gain_e_adu = image_of(truth), moffat_psf(), 2.0
    expected = fit_stars(pixels_of(light), psf, unlit(truth)).stars.flux_adu
    pulls = []
    for _ in range(120):
        noisy = rng.poisson(light * gain_e_adu) / gain_e_adu + rng.normal(0.0, NOISE_ADU, SHAPE)
        fit = fit_stars(pixels_of(noisy, gain_e_adu=gain_e_adu), psf, unlit(truth))
        pulls.append((fit.stars.flux_adu - expected) / fit.flux_err_adu)

    for stars in (slice(0, 16), slice(16, 18)):  # alone, and half an FWHM apart
        assert np.std(np.array(pulls)[:, stars]) == pytest.approx(1.0, abs=0.15)
    assert abs(np.mean(pulls)) < 0.1


def test_pixels_that_tell_nothing_are_left_out() -> None:
    star = stars_at([(40.2, 40.4, 1e5)])
    light, psf = image_of(star), moffat_psf()
    whole = fit_stars(pixels_of(light), psf, unlit(star)).stars.flux_adu[0]
    usable = np.ones(SHAPE, dtype=np.bool_)
    usable[39:42, 41] = False
    spoilt = np.where(usable, light, 1e6)
    pixels = pixels_of(spoilt)

    fit = fit_stars(
        Pixels(light_adu=pixels.light_adu, noise_adu=pixels.noise_adu, usable=usable, gain_e_adu=2.0),
        psf,
        unlit(star),
    )

    assert fit.stars.flux_adu[0] == pytest.approx(whole, rel=0.005)


def test_a_star_without_a_usable_pixel_or_off_the_frame_has_no_light() -> None:
    star = stars_at([(200.0, 40.0, 0.0), (40.0, 40.0, 0.0)])
    pixels = pixels_of(np.zeros(SHAPE))
    usable = np.ones(SHAPE, dtype=np.bool_)
    usable[20:60, 20:60] = False

    fit = fit_stars(
        Pixels(light_adu=pixels.light_adu, noise_adu=pixels.noise_adu, usable=usable, gain_e_adu=2.0),
        moffat_psf(),
        star,
    )

    assert fit.stars.flux_adu.tolist() == [0.0, 0.0]
    assert np.all(np.isfinite(fit.flux_err_adu))
