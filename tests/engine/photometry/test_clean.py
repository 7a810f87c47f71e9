from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.special import erf

from engine.frame import Frame
from engine.photometry.clean import clean
from engine.photometry.read import read_frames

SIDE_PIX = 400
SKY_ADU = 100.0
NOISE_ADU = (SKY_ADU + 9.0) ** 0.5


def frame_of(data: NDArray[np.generic], *, saturation_adu: float = 65000.0, plane: str = "") -> Frame:
    pixels = data.astype(np.float32)
    nothing = np.zeros(pixels.shape, dtype=np.bool_)
    return Frame(
        data=pixels,
        mask=nothing,
        gain_e_adu=1.0,
        read_noise_e=3.0,
        saturation_adu=saturation_adu,
        exptime_s=60.0,
        mjd=60000.0,
        plane=plane,
    )


def stars_of(fwhm_pix: float, rng: np.random.Generator, *, count: int = 900) -> tuple[np.ndarray, ...]:
    """Return pixel-integrated Gaussian stars and their positions."""
    sigma = fwhm_pix / 2.3548
    x, y = rng.uniform(6, SIDE_PIX - 7, (2, count))
    flux = 10 ** rng.uniform(2.3, 5.0, count)
    image = np.zeros((SIDE_PIX, SIDE_PIX))
    for x_star, y_star, flux_star in zip(x, y, flux, strict=True):
        column, row = round(x_star), round(y_star)
        steps = np.arange(-5, 6)
        profiles = []
        for middle, centre in ((row, y_star), (column, x_star)):
            edges = (middle + np.append(steps - 0.5, 5.5) - centre) / sigma / 2**0.5
            profiles.append(np.diff(erf(edges)) / 2)
        image[row - 5 : row + 6, column - 5 : column + 6] += flux_star * np.outer(*profiles)
    return image, x, y


def noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.round(rng.poisson(image + SKY_ADU) + rng.normal(0, 3, image.shape))


@pytest.mark.parametrize(
    ("fwhm_pix", "most_lost"), [(1.2, 0.03), (1.5, 0.004), (1.8, 0.001), (2.3, 0.001), (4.0, 0.001)]
)
def test_hot_pixels_go_and_stars_stay(fwhm_pix: float, most_lost: float) -> None:
    rng = np.random.default_rng(32)
    image, x, y = stars_of(fwhm_pix, rng)
    hot = np.zeros(image.shape, dtype=np.bool_)
    hot[tuple(rng.integers(0, SIDE_PIX, (2, 2500)))] = True  # hot pixels outnumber stars
    excess = np.where(hot, 10 ** rng.uniform(2.0, 4.5, image.shape), 0.0)
    data = noisy(image, rng) + excess
    cleaned = clean(frame_of(data))
    lone = cleaned.mask
    on_sky = hot & (image < 0.02 * excess)
    assert lone[on_sky & (excess > 10 * NOISE_ADU)].mean() > 0.97
    assert lone[on_sky & (excess > 20 * NOISE_ADU)].mean() > 0.995
    rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
    tested = ~binary_dilation(hot, iterations=2)[rows, columns] & (image[rows, columns] > 6 * NOISE_ADU)
    assert tested.sum() > 100
    core = binary_dilation(lone, np.ones((3, 3)))[rows, columns][tested]
    assert core.mean() <= most_lost
    isolated = on_sky & lone & ~binary_dilation(image > 1, iterations=2)
    assert np.abs(cleaned.data[isolated] - SKY_ADU).max() < 8 * NOISE_ADU


def test_flux_of_under_sampled_stars_is_kept() -> None:
    rng = np.random.default_rng(7)
    image, _, _ = stars_of(1.5, rng)
    data = noisy(image, rng)
    cleaned = clean(frame_of(data))
    bright = image > 200
    assert abs(float((cleaned.data - data)[bright].sum())) < 1e-3 * float(image[bright].sum())


def test_pairs_of_hot_pixels_and_those_at_the_edge_are_found() -> None:
    rng = np.random.default_rng(5)
    data = noisy(np.zeros((100, 120)), rng)
    places = [(50, 60), (50, 61), (20, 30), (21, 30), (0, 40), (99, 110), (70, 0)]
    for row, column in places:
        data[row, column] += 3000
    cleaned = clean(frame_of(data))
    assert all(cleaned.mask[place] for place in places)
    assert all(abs(cleaned.data[place] - SKY_ADU) < 6 * NOISE_ADU for place in places)


def test_a_star_cut_by_the_edge_is_no_hot_pixel() -> None:
    image = np.zeros((100, 120))
    image[50, 119], image[49, 119], image[51, 119], image[50, 118] = 3000, 900, 1100, 60
    cleaned = clean(frame_of(noisy(image, np.random.default_rng(6))))
    assert not cleaned.mask[48:53, 117:].any()


def test_dead_pixels_are_filled() -> None:
    data = noisy(np.zeros((100, 120)) + 400, np.random.default_rng(8))
    data[40, 50] = 0
    cleaned = clean(frame_of(data))
    assert cleaned.mask[40, 50]
    assert cleaned.data[40, 50] == pytest.approx(500, abs=100)


def test_saturated_pixels_are_masked_and_bleeding_stars_are_no_hot_pixels() -> None:
    image = np.zeros((100, 120))
    image[30:60, 50] = 60000
    image[60, 50] = 20000  # the tip of the trail
    image[44:47, 48:53] = 60000
    frame = frame_of(np.minimum(noisy(image, np.random.default_rng(9)), 4095), saturation_adu=4000)
    cleaned = clean(frame)
    assert np.array_equal(cleaned.mask, frame.data >= 4000)
    assert np.array_equal(cleaned.data, frame.data)


def test_what_is_no_number_is_masked_and_filled() -> None:
    data = noisy(np.zeros((100, 120)), np.random.default_rng(10))
    data[10, 10], data[20, 20:24], data[30:40, 30:40] = np.nan, np.inf, -np.inf
    cleaned = clean(frame_of(data))
    assert np.array_equal(cleaned.mask & ~np.isfinite(data), ~np.isfinite(data))
    assert np.isfinite(cleaned.data).all()


def test_a_bad_column_is_masked_where_it_is_bad() -> None:
    data = noisy(np.zeros((512, 300)), np.random.default_rng(11))
    data[256:, 100] += 40
    data[:, 200] = 0
    cleaned = clean(frame_of(data))
    assert cleaned.mask[256:, 100].all()
    assert cleaned.mask[:, 200].all()
    assert cleaned.mask[:256, 100].mean() < 0.05
    assert np.count_nonzero(cleaned.mask) < 256 + 512 + 60


def test_a_gradient_and_a_row_pattern_are_left_alone() -> None:
    rng = np.random.default_rng(12)
    data = noisy(np.zeros((300, 400)), rng) + np.linspace(0, 500, 400) + rng.normal(0, 5, (300, 1))
    assert np.count_nonzero(clean(frame_of(data)).mask) < 20


def test_colour_planes_see_sharper_stars() -> None:
    rng = np.random.default_rng(13)
    image, x, y = stars_of(2.4, rng, count=300)
    red = noisy(image, rng)[::2, ::2]  # every second pixel of a mosaic
    eaten = clean(frame_of(red, plane="R")).mask
    rows, columns = np.rint(y / 2).astype(int), np.rint(x / 2).astype(int)
    bright = image[::2, ::2][rows.clip(0, 199), columns.clip(0, 199)] > 10 * NOISE_ADU
    assert eaten[rows.clip(0, 199), columns.clip(0, 199)][bright].mean() < 0.02
    red[50, 50] += 20000
    assert clean(frame_of(red, plane="R")).mask[50, 50]


def test_nothing_changes_in_place_and_the_rest_of_the_frame_stays() -> None:
    data = noisy(np.zeros((100, 120)), np.random.default_rng(14))
    data[50, 50] += 5000
    frame = replace(frame_of(data), notes=("a note",), filter_name="V")
    before = frame.data.copy()
    cleaned = clean(frame)
    assert np.array_equal(frame.data, before)
    assert not frame.mask.any()
    assert (cleaned.notes, cleaned.filter_name, cleaned.mjd) == (("a note",), "V", frame.mjd)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.integers(16, 70), st.integers(16, 70), st.floats(0, 1e6))
def test_any_frame_comes_out_finite_and_keeps_its_mask(seed: int, ny: int, nx: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    frame = frame_of(rng.normal(0, spread, (ny, nx)) * (rng.random((ny, nx)) > 0.5))
    frame = replace(frame, mask=rng.random((ny, nx)) > 0.9)
    cleaned = clean(frame)
    assert np.isfinite(cleaned.data).all()
    assert np.all(cleaned.mask[frame.mask])


def test_hot_pixels_of_the_hat_p_32_night_go_and_drifting_stars_stay(shared: Path) -> None:
    paths = sorted((shared / "images" / "microobservatory_hatp32").iterdir())[::6]
    frames = [read_frames(path)[0] for path in paths]
    cleaned = [clean(frame) for frame in frames]
    excess = np.array([frame.data - np.median(frame.data) for frame in frames])
    always_high = excess.min(axis=0) > 25  # ADU; the stars drift, the detector stays
    gone = np.array([one.data != frame.data for one, frame in zip(cleaned, frames, strict=True)])
    assert np.count_nonzero(always_high) > 100
    assert gone[:, always_high].mean() > 0.9
    elsewhere = gone & ~binary_dilation(np.median(excess, axis=0) > 6)
    assert elsewhere.sum(axis=(1, 2)).max() < 150  # cosmic rays and warm pixels; stars have thousands
