"""The width of single stars: right for Gaussians, alike photutils on noisy ones, silent on whatever else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from photutils.psf import CircularGaussianPRF, fit_fwhm

from engine.photometry.seeing import fitted_fwhm_pix

SIDE = 31


def star(fwhm_pix: float, x: float, y: float, flux_adu: float) -> np.ndarray:
    row, column = np.mgrid[:SIDE, :SIDE]
    drawn = CircularGaussianPRF(flux=flux_adu, x_0=x, y_0=y, fwhm=fwhm_pix)(column, row)
    return np.asarray(drawn, dtype=np.float32)


@given(
    fwhm_pix=st.floats(1.2, 8.0),
    shift=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    guess=st.floats(0.75, 1.35),
    flux_adu=st.floats(100.0, 1e7),
)
@settings(max_examples=60, deadline=None)
def test_a_gaussian_has_its_width(
    fwhm_pix: float, shift: tuple[float, float], guess: float, flux_adu: float
) -> None:
    image = star(fwhm_pix, 15 + shift[0], 15 + shift[1], flux_adu)
    found = fitted_fwhm_pix(image, 15.0, 15.0, fwhm_pix=guess * fwhm_pix)
    assert found == pytest.approx(fwhm_pix, rel=1e-3)


@pytest.mark.parametrize(("x", "y"), [(15.2, 14.7), (0.3, 15.0), (29.8, 29.9)])
def test_a_noisy_star_is_as_wide_as_photutils_says(x: float, y: float) -> None:
    rng = np.random.default_rng(3)
    image = star(3.2, x, y, 5000.0) + rng.normal(0.0, 10.0, (SIDE, SIDE)).astype(np.float32)
    image[14, 16] = np.nan
    theirs = fit_fwhm(image, xypos=[(x, y)], fwhm=3.0, fit_shape=5, mask=np.isnan(image))[0]
    assert fitted_fwhm_pix(image, x, y, fwhm_pix=3.0) == pytest.approx(theirs, rel=1e-3)


@given(
    image=arrays(np.float32, (9, 9), elements=st.floats(width=32)),
    x=st.floats(-1.0, 10.0),
    y=st.floats(-1.0, 10.0),
    fwhm_pix=st.floats(0.9, 30.0),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_pixels_are_it_is_a_width_or_none(
    image: np.ndarray, x: float, y: float, fwhm_pix: float
) -> None:
    found = fitted_fwhm_pix(image, x, y, fwhm_pix=fwhm_pix)
    assert np.isnan(found) or found >= 0.0
