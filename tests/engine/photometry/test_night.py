"""A night whose poor frames are helped by its good ones, on a simulated sky."""

import numpy as np
import polars as pl
import pytest

from engine.photometry.night import MIN_FRAMES, reduce_night
from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

RA_DEG, DEC_DEG = 120.0, 30.0
TARGET = Target(name="T", ra_deg=RA_DEG, dec_deg=DEC_DEG)
BAND = "r(GaiaSP)"
POOR = (2, 5)  # long exposures: every star of the shallow catalogue is saturated
CATALOGUE_FAINT_MAG = 12.3


@pytest.fixture(scope="module")
def sky() -> pl.DataFrame:
    """Return the stars of the field, the target among them."""
    rng = np.random.default_rng(3)
    stars = gaia_like_stars(
        rng, ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=0.25, density_per_deg2=4000.0, g_mag_range=(9.5, 15.5)
    )
    return pl.concat([stars, one_star("target star", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=14.5)])


@pytest.fixture(scope="module")
def night(sky: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[Reduction]:
    """Return the verdicts on a night of which two frames show the catalogue's stars burnt out."""
    folder = tmp_path_factory.mktemp("night")
    for number in range(MIN_FRAMES):
        exposure = simulate_exposure(sky, rng=np.random.default_rng(number), scene=scene(number))
        write_fits(exposure, folder / f"{number}.fits")
    bright = sky.filter(pl.col("band") == "r(GaiaSP)", pl.col("mag") < CATALOGUE_FAINT_MAG)["ref_id"]
    references = sky.filter(pl.col("ref_id").is_in(bright.implode()), pl.col("band") == BAND)
    paths = sorted(folder.iterdir())
    return [verdict for of_file in reduce_night(paths, TARGET, references) for verdict in of_file]


def scene(number: int) -> Scene:
    return Scene(
        ra_deg=RA_DEG,
        dec_deg=DEC_DEG,
        shape=(500, 500),
        mjd=60000.0 + 0.01 * number,
        exptime_s=300.0 if number in POOR else 2.0,
        zero_point_mag=21.0,
        sky_adu=150.0,
        band=BAND,
    )


def true_mag(sky: pl.DataFrame) -> float:
    return float(sky.filter(pl.col("ref_id") == "target star", pl.col("band") == BAND)["mag"][0])


def test_poor_frames_get_the_zero_point_of_the_night(night: list[Reduction], sky: pl.DataFrame) -> None:
    for number, verdict in enumerate(night):
        assert verdict.status is Status.MEASURED, verdict.reason
        assert verdict.zero_point_mag == pytest.approx(21.0, abs=0.05)
        assert abs((verdict.mag or 0.0) - true_mag(sky)) < 3 * (verdict.mag_err or 0.0)
        is_helped = any("better frames of the night" in sentence for sentence in verdict.sentences)
        assert is_helped == (number in POOR)


def test_what_the_night_may_be_off_stays_in_the_error_of_the_frames_it_helped(night: list[Reduction]) -> None:
    common = np.median([v.zero_point_err_mag or 0 for n, v in enumerate(night) if n not in POOR])
    for number in POOR:
        assert (night[number].zero_point_err_mag or 0.0) >= 0.9 * common


def test_all_frames_share_one_circle(night: list[Reduction]) -> None:
    assert len({verdict.aperture_pix for verdict in night}) == 1


def test_the_stars_that_help_are_the_ones_that_were_measured(night: list[Reduction]) -> None:
    for number in POOR:
        calibration = night[number].calibration
        assert calibration is not None
        assert calibration.stars >= 10
        assert calibration.outlier_fraction < 0.1
        assert calibration.scatter_mag < 0.05


def test_a_star_of_the_night_is_the_same_star_in_every_look(night: list[Reduction]) -> None:
    stars = pl.concat([verdict.stars_table for verdict in night])
    of_night = stars.filter(pl.col("ref_id").str.starts_with("night-"))
    spread = of_night.group_by("ref_id").agg(
        n=pl.len(), dec_deg=pl.col("dec_deg").max() - pl.col("dec_deg").min()
    )
    assert len(spread) >= 10
    assert spread["n"].max() > len(night) // 2
    assert spread["dec_deg"].max() * 3600 < 3.0
