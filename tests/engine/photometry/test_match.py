"""Sources and catalogue stars are paired on the sphere, at the frame's date."""

import numpy as np
import polars as pl
import pytest

from engine.errors import Rejected
from engine.photometry.match import match, positions_at
from engine.photometry.references import reference_table
from engine.photometry.solving.wcs_fit import linear_wcs

MJD_2016 = 57388.5


def catalogue(ra_deg: list[float], dec_deg: list[float], **columns: object) -> pl.DataFrame:
    return reference_table(
        pl.DataFrame(
            {
                "ref_id": [f"s{number:03d}" for number in range(len(ra_deg))],
                "ra_deg": ra_deg,
                "dec_deg": dec_deg,
                "epoch": [2016.0] * len(ra_deg),
                "band": ["G(GaiaDR3)"] * len(ra_deg),
                "mag": [12.0] * len(ra_deg),
                **columns,
            }
        )
    )


def on_sky(ra_deg: list[float], dec_deg: list[float]) -> pl.DataFrame:
    return pl.DataFrame({"ra_deg": ra_deg, "dec_deg": dec_deg, "inst_mag": [-8.0] * len(ra_deg)})


def test_stars_at_the_pole_and_across_zero_are_paired() -> None:
    references = catalogue([10.0, 359.9999, 200.0], [89.9995, 0.0, -89.9999])
    sources = on_sky([12.0, 0.0001, 20.0], [89.9995, 0.0, -89.9999])
    pairs = match(sources, references, None, mjd=MJD_2016)
    assert pairs["ref_id"].to_list() == ["s000", "s001", "s002"]
    assert pairs["separation_arcsec"].to_list() == pytest.approx([0.063, 0.72, 0.72], abs=0.01)


def test_proper_motion_is_applied_with_cos_dec() -> None:
    references = catalogue([100.0], [60.0], pm_ra_mas_yr=[1000.0], pm_dec_mas_yr=[-500.0])
    moved = positions_at(references, MJD_2016 + 10 * 365.25)
    assert moved["ra_deg"].item() == pytest.approx(100.0 + 20.0 / 3600, abs=1e-7)
    assert moved["dec_deg"].item() == pytest.approx(60.0 - 5.0 / 3600, abs=1e-7)


def test_one_source_has_one_star_and_one_star_one_source() -> None:
    references = catalogue([50.0, 50.0003], [10.0, 10.0])
    pairs = match(on_sky([50.0001, 50.0002, 50.00021], [10.0, 10.0, 10.0]), references, None, mjd=MJD_2016)
    assert pairs["source"].n_unique() == pairs["ref_id"].n_unique() == len(pairs) == 2


def test_every_band_of_a_star_shares_one_match() -> None:
    one = catalogue([50.0, 50.1], [10.0, 10.1])
    two = one.with_columns(band=pl.lit("BP(GaiaDR3)"), mag=pl.lit(12.5))
    pairs = match(on_sky([50.0, 50.1], [10.0, 10.1]), pl.concat([one, two]), None, mjd=MJD_2016)
    assert len(pairs) == 4
    assert pairs.group_by("source").agg(pl.col("ref_id").n_unique())["ref_id"].to_list() == [1, 1]


def test_a_common_shift_is_forgiven_and_strays_are_dropped() -> None:
    rng = np.random.default_rng(1)
    ra_deg, dec_deg = rng.uniform(50, 50.4, 120), rng.uniform(10, 10.4, 120)
    east_arcsec, north_arcsec = 2.0 + rng.normal(0, 0.2, 120), -1.0 + rng.normal(0, 0.2, 120)
    east_arcsec[:15] = rng.uniform(-3.3, 3.3, 15)
    north_arcsec[:15] = rng.uniform(-3.3, 3.3, 15)
    sources = on_sky(
        list(ra_deg + east_arcsec / 3600 / np.cos(np.radians(dec_deg))), list(dec_deg + north_arcsec / 3600)
    )
    pairs = match(sources, catalogue(list(ra_deg), list(dec_deg)), None, mjd=MJD_2016)
    assert pairs.filter(pl.col("source") >= 15).height >= 103
    assert pairs.filter(pl.col("source") < 15).height <= 4


def test_pixels_are_placed_by_the_wcs() -> None:
    wcs = linear_wcs(np.diag([-2.0, 2.0]), (150.0, 20.0), (99.5, 99.5))
    x, y = np.array([10.0, 150.0]), np.array([20.0, 180.0])
    ra_deg, dec_deg = wcs.all_pix2world(x, y, 0)
    sources = pl.DataFrame({"x": x, "y": y, "inst_mag": [-8.0, -9.0], "flags": [0, 4]})
    pairs = match(sources, catalogue(list(ra_deg), list(dec_deg)), wcs, mjd=MJD_2016)
    assert pairs["separation_arcsec"].to_list() == pytest.approx([0, 0], abs=1e-6)
    assert pairs.select("x", "y", "flags").rows() == [(10.0, 20.0, 0), (150.0, 180.0, 4)]


def test_nothing_near_is_refused() -> None:
    for references in (catalogue([50.0], [10.0]), catalogue([50.0], [10.0]).clear()):
        with pytest.raises(Rejected) as refusal:
            match(on_sky([120.0], [10.0]), references, None, mjd=MJD_2016)
        assert refusal.value.code == "no-matches"
