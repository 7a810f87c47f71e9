"""A frame fitted in tiles is the frame: no star is lost, doubled or changed where tiles meet."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.frame import Frame
from engine.photometry import ground
from engine.photometry.apertures import measure_circles
from engine.photometry.clean import clean
from engine.photometry.detect import detect
from engine.photometry.psf import tiles
from engine.photometry.psf.light import StarLight, psf_light
from engine.photometry.sky import Scene, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars
from engine.photometry.slabs import Slab, slabs

SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(420, 500), band="G(GaiaDR3)", hot_pixels=20)
SMALL_PIX = 70
SEAMS = 2.0  # pixels on both sides of them


@pytest.fixture(scope="module")
def exposure() -> tuple[Frame, pl.DataFrame]:
    """A crowded frame, cleaned, and half of its stars as a catalogue; the others have to be found."""
    rng = np.random.default_rng(3)
    stars = gaia_like_stars(
        rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.16, density_per_deg2=60000.0, g_mag_range=(10.0, 19.0)
    )
    drawn = simulate_exposure(stars, rng=rng, scene=SCENE)
    ny, nx = SCENE.shape
    known = drawn.truth.filter(pl.col("x").is_between(-9, nx + 9), pl.col("y").is_between(-9, ny + 9))
    return clean(drawn.frame), known.select("x", "y")[::2]


def fitted(frame: Frame, known: pl.DataFrame) -> StarLight:
    detection = detect(frame)
    places = detection.sources.select("x", "y")
    light = psf_light(frame, detection, places, known, known_sigma_pix=0.05)
    assert light is not None
    return light


def test_every_star_has_the_same_light_in_tiles_as_in_one_piece(
    exposure: tuple[Frame, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "TILE_PIX", 10_000)
    whole = fitted(*exposure)
    monkeypatch.setattr(tiles, "TILE_PIX", SMALL_PIX)
    tiled = fitted(*exposure)

    one, other = whole.every_star(), tiled.every_star()
    assert len(list(tiles.tiles_of(SCENE.shape, margin_pix=0))) == 42
    assert len(other) == len(one) > whole.seen > 400  # those that were found in the residual as well
    seams = np.array([tile.at[1].start for tile in tiles.tiles_of(SCENE.shape, margin_pix=0)])
    nearest_pix = np.abs(one["x"].to_numpy()[:, None] - seams[None]).min(axis=1)
    assert np.sum(nearest_pix < SEAMS) > 30
    change = np.abs(other["flux_adu"] - one["flux_adu"]) / one["flux_err_adu"]
    assert change.max() < 0.01
    assert np.abs(other["flux_err_adu"] / one["flux_err_adu"] - 1.0).max() < 1e-3
    assert np.hypot(other["x"] - one["x"], other["y"] - one["y"]).max() < 1e-3
    noise_adu = whole.pixels.usual_noise_adu
    assert np.abs(tiled.fit.residual_adu - whole.fit.residual_adu).max() < 0.05 * noise_adu


def test_circles_tell_the_same_in_slabs_as_in_one_piece(
    exposure: tuple[Frame, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, known = exposure
    detection = detect(frame)
    whole = measure_circles(frame, known, detection=detection, radii_pix=(3.0, 6.0))

    def short(ny: int, *, margin_pix: int) -> list[Slab]:
        return list(slabs(ny, margin_pix=margin_pix, slab_rows=33))

    monkeypatch.setattr(ground, "slabs", short)
    cut = measure_circles(frame, known, detection=detection, radii_pix=(3.0, 6.0))

    for one, other in zip(whole, cut, strict=True):
        assert one["flags"].equals(other["flags"])
        for name in ("flux_adu", "flux_err_adu", "sky_adu"):
            assert np.allclose(one[name], other[name], rtol=1e-6, atol=1e-3, equal_nan=True)


@given(
    length=st.integers(1, 5000), margin_pix=st.integers(0, 40), x=st.integers(-50, 5050), y=st.integers(0, 9)
)
def test_every_pixel_is_one_tiles_own(length: int, margin_pix: int, x: int, y: int) -> None:
    every = list(tiles.tiles_of((10, length), margin_pix=margin_pix))
    at = np.array([x]), np.array([y])
    (owner,) = [tile for tile in every if tile.owns(*at)[0]]
    inside = min(max(x, 0), length - 1)
    assert owner.at[1].start <= inside < owner.at[1].stop
    assert owner.columns.start == max(0, owner.at[1].start - margin_pix)
    assert owner.columns.stop == min(length, owner.at[1].stop + margin_pix)
    assert np.arange(length)[owner.columns][owner.own[1]].tolist() == list(
        range(owner.at[1].start, owner.at[1].stop)
    )
    assert sum(tile.at[1].stop - tile.at[1].start for tile in every) == length


def test_a_frame_of_few_pixels_is_one_tile() -> None:
    (tile,) = tiles.tiles_of((1400, 1200), margin_pix=20)
    assert (tile.rows, tile.columns) == (slice(0, 1400), slice(0, 1200))
