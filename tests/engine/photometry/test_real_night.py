"""A real night of a small telescope: HAT-P-32 in transit, 60 s frames, catalogue stars mostly saturated."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.lightcurve import Flag
from engine.photometry.ensemble import ensemble_light_curve
from engine.photometry.night import reduce_night
from engine.photometry.pipeline import reduce_frame
from engine.photometry.read import read_frames
from engine.photometry.references import read_references
from engine.photometry.verdict import TARGET_REF_ID, Reduction, Status
from engine.target import Target

HAT_P_32 = Target(name="HAT-P-32", ra_deg=31.0427625, dec_deg=46.6878514)
G_MAG = 11.13  # Gaia DR3
EVERY = 4  # of the frames, to keep the test short
MID_TRANSIT_MJD = 58107.212
IN_TRANSIT_D, OUT_OF_TRANSIT_D = 0.05, 0.075  # from mid-transit


@pytest.fixture(scope="module")
def night(shared: Path) -> list[Reduction]:
    """Return the verdicts on each fourth frame of the night, by the stars of one catalogue."""
    images = shared / "images"
    references = read_references(images / "ref_gaia_G10_hatp32.ecsv")
    paths = sorted((images / "microobservatory_hatp32").iterdir())[::EVERY]
    return [verdict for of_file in reduce_night(paths, HAT_P_32, references) for verdict in of_file]


def test_every_frame_is_placed_on_the_sky(night: list[Reduction]) -> None:
    for verdict in night:
        assert verdict.solution is not None
        assert verdict.solution.matched >= 30  # of the catalogue and of the night itself
        assert verdict.solution.pixel_scale_arcsec == pytest.approx(5.16, abs=0.05)
        assert verdict.solution.rms_arcsec < 0.5 * 5.16


def test_the_seeing_is_that_of_an_undersampled_camera(night: list[Reduction]) -> None:
    for verdict in night:
        assert verdict.seeing_arcsec is not None
        assert 1.2 < verdict.seeing_arcsec / 5.16 < 3.0


def test_the_target_is_measured_on_every_frame(night: list[Reduction]) -> None:
    for verdict in night:
        target = verdict.stars_table.filter(pl.col("ref_id") == TARGET_REF_ID)
        assert len(target) == 1
        assert 0.0 < target["inst_mag_err"][0] < 0.02


def test_every_frame_has_an_honest_zero_point_though_its_catalogue_stars_are_burnt_out(
    night: list[Reduction],
) -> None:
    zero_points = np.array([verdict.zero_point_mag for verdict in night], dtype=float)
    assert np.all(np.abs(zero_points - np.median(zero_points)) < 0.15)  # a clear night
    for verdict in night:
        assert verdict.status is Status.MEASURED
        assert verdict.band == "G(GaiaDR3)"  # a clear filter, too few stars to tell more
        assert 0.005 < (verdict.zero_point_err_mag or 0.0) < 0.1
        assert verdict.mag is not None
        assert verdict.mag_err is not None
        assert 0.02 < verdict.mag_err < 0.2
        assert abs(verdict.mag - G_MAG) < 2 * verdict.mag_err


def test_a_frame_alone_says_what_its_few_stars_are_worth(shared: Path) -> None:
    images = shared / "images"
    references = read_references(images / "ref_gaia_G10_hatp32.ecsv")
    frame = read_frames(images / "microobservatory_hatp32" / "HATP-32171220021812.fits.fz")[0]
    alone = reduce_frame(frame, HAT_P_32, references)
    assert alone.status is Status.MEASURED
    assert alone.stars is not None
    assert alone.stars < 5
    assert alone.flags & Flag.FEW_REFERENCE_STARS
    assert 0.06 < (alone.zero_point_err_mag or 0.0) < 0.2
    assert abs((alone.mag or 0.0) - G_MAG) < 2 * (alone.mag_err or 0.0)


def test_the_circle_is_wide_enough_for_narrow_stars(night: list[Reduction]) -> None:
    radii_pix = [verdict.aperture_pix for verdict in night if verdict.aperture_pix is not None]
    assert 3.0 < float(np.median(radii_pix)) < 6.5


def test_the_transit_is_seen(night: list[Reduction]) -> None:
    curve = ensemble_light_curve(
        [verdict.stars_table for verdict in night],
        target_ref_id=TARGET_REF_ID,
        mjds=[verdict.mjd or 0.0 for verdict in night],
    )
    from_middle_d = curve["mjd"].to_numpy() - MID_TRANSIT_MJD
    mag = curve["mag_rel"].to_numpy()
    outside, inside = np.abs(from_middle_d) > OUT_OF_TRANSIT_D, np.abs(from_middle_d) < IN_TRANSIT_D
    trend = np.polyfit(from_middle_d[outside], mag[outside], 1)
    flat = mag - np.polyval(trend, from_middle_d)
    depth_mag = float(np.mean(flat[inside]) - np.mean(flat[outside]))
    scatter_mag = float(np.hypot(np.std(flat[inside]), np.std(flat[outside])) / np.sqrt(2))
    assert 0.019 < depth_mag < 0.032  # 2.2 to 2.5 per cent in the literature: 0.024 to 0.027 mag
    assert scatter_mag < 0.009
    assert depth_mag > 3 * scatter_mag
