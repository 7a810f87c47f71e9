"""A night's relative light curve survives clouds, missing stars and a variable comparison star."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.ensemble import ENSEMBLE_SCHEMA, ensemble_light_curve
from engine.photometry.instrumental import read_instrumental_frames

FRAMES = 120
DIP_MAG = 0.022  # 2 per cent of the light
TARGET = "target"


def night(
    rng: np.random.Generator, *, stars: int = 25, missing: float = 0.15, variable_mag: float = 0.15
) -> tuple[list[pl.DataFrame], NDArray[np.float64], NDArray[np.bool_]]:
    """Return tables, times and the frames inside a box-shaped dip, under drifting and broken transparency."""
    mjds = 60000.0 + np.linspace(0.1, 0.35, FRAMES)
    clouds = 0.3 * (mjds - mjds[0]) / 0.25 + np.cumsum(rng.normal(0, 0.03, FRAMES))
    clouds += np.where(rng.uniform(size=FRAMES) < 0.1, rng.uniform(0.2, 1.0, FRAMES), 0.0)
    in_dip = (mjds > 60000.2) & (mjds < 60000.28)
    mags = np.concatenate(([11.3], rng.uniform(10.0, 13.0, stars)))
    errs = 0.004 * 10 ** (0.3 * (mags - 11.0))
    tables = []
    for number in range(FRAMES):
        truth = mags - 20.0 + clouds[number]
        truth[0] += DIP_MAG * in_dip[number]
        truth[1] += variable_mag * np.sin(2 * np.pi * number / 37)  # a bright star that is not constant
        measured = truth + rng.normal(0, errs)
        here = np.concatenate(([True], rng.uniform(size=stars) > missing))
        names = [TARGET, *(f"star-{star}" for star in range(stars))]
        tables.append(
            pl.DataFrame({"ref_id": names, "inst_mag": measured, "inst_mag_err": errs}).filter(
                pl.Series(here)
            )
        )
    return tables, mjds, in_dip


def dip_of(curve: pl.DataFrame, in_dip: NDArray[np.bool_]) -> tuple[float, float]:
    """Return depth and its error from the curve's own errors."""
    inside = pl.Series(in_dip[curve["frame"].to_numpy()])
    parts = [curve.filter(inside), curve.filter(~inside)]
    means = [np.average(part["mag_rel"], weights=part["mag_rel_err"].to_numpy() ** -2.0) for part in parts]
    variance = sum(1.0 / np.sum(part["mag_rel_err"].to_numpy() ** -2.0) for part in parts)
    return float(means[0] - means[1]), float(np.sqrt(variance))


def test_a_dip_of_two_per_cent_is_recovered_through_clouds() -> None:
    pulls = []
    for seed in range(8):
        tables, mjds, in_dip = night(np.random.default_rng(seed))
        curve = ensemble_light_curve(tables, target_ref_id=TARGET, mjds=list(mjds))
        assert dict(curve.schema) == ENSEMBLE_SCHEMA
        assert len(curve) == FRAMES
        depth_mag, err_mag = dip_of(curve, in_dip)
        assert depth_mag == pytest.approx(DIP_MAG, abs=0.004)
        assert err_mag < 0.0015
        pulls.append((depth_mag - DIP_MAG) / err_mag)
    assert 0.4 < float(np.sqrt(np.mean(np.square(pulls)))) < 1.7


def test_the_errors_of_the_curve_are_honest() -> None:
    tables, mjds, in_dip = night(np.random.default_rng(21))
    curve = ensemble_light_curve(tables, target_ref_id=TARGET, mjds=list(mjds))
    flat = curve["mag_rel"].to_numpy() - DIP_MAG * in_dip
    pull = (flat - np.median(flat)) / curve["mag_rel_err"].to_numpy()
    assert 0.8 < float(np.sqrt(np.mean(pull**2))) < 1.25


def test_a_variable_comparison_star_hardly_disturbs() -> None:
    depths = []
    for variable_mag in (0.0, 0.6):
        tables, mjds, in_dip = night(np.random.default_rng(3), variable_mag=variable_mag)
        depths.append(dip_of(ensemble_light_curve(tables, target_ref_id=TARGET, mjds=list(mjds)), in_dip)[0])
    assert depths[0] == pytest.approx(depths[1], abs=0.001)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), shift_mag=st.floats(-5, 5))
def test_law_the_transparency_of_a_frame_does_not_matter(seed: int, shift_mag: float) -> None:
    tables, mjds, _ = night(np.random.default_rng(seed), stars=8)
    clouded = [
        table.with_columns(inst_mag=pl.col("inst_mag") + (shift_mag if number % 7 == 0 else 0.0))
        for number, table in enumerate(tables)
    ]
    clear = ensemble_light_curve(tables, target_ref_id=TARGET, mjds=list(mjds))
    dim = ensemble_light_curve(clouded, target_ref_id=TARGET, mjds=list(mjds))
    assert clear["mag_rel"].to_numpy() == pytest.approx(dim["mag_rel"].to_numpy(), abs=1e-6)


def test_frames_without_the_target_are_left_out_and_flagged_stars_unused() -> None:
    tables, mjds, _ = night(np.random.default_rng(5))
    tables[4] = tables[4].filter(pl.col("ref_id") != TARGET)
    tables[7] = tables[7].with_columns(flags=pl.lit(int(Flag.SATURATED), dtype=pl.UInt32))
    curve = ensemble_light_curve(tables, target_ref_id=TARGET, mjds=list(mjds))
    assert {4, 7}.isdisjoint(curve["frame"].to_list())
    assert len(curve) == FRAMES - 2


def test_a_real_night_of_94_frames_is_flat_to_two_per_cent(shared: Path) -> None:
    frames = read_instrumental_frames(shared / "images" / "cat_feder_eyuma_94frames_R.fits")
    tables = [
        frame.stars.with_row_index("star").with_columns(ref_id=pl.col("star").cast(pl.String))
        for frame in frames
    ]
    mjds = [frame.mjd or 0.0 for frame in frames]
    brightest = tables[0].sort("inst_mag")["ref_id"][3]
    curve = ensemble_light_curve(tables, target_ref_id=brightest, mjds=mjds)
    relative_mag = curve["mag_rel"].to_numpy()
    spread_mag = 1.4826 * float(np.median(np.abs(relative_mag - np.median(relative_mag))))
    assert len(curve) > 85
    assert spread_mag < 0.02


@pytest.mark.parametrize(
    ("frames", "stars", "name", "code"),
    [(2, 25, TARGET, "few-frames"), (10, 2, TARGET, "few-stars"), (10, 25, "nobody", "no-target")],
)
def test_what_cannot_be_solved_is_refused(frames: int, stars: int, name: str, code: str) -> None:
    tables, mjds, _ = night(np.random.default_rng(6), stars=stars)
    with pytest.raises(Rejected) as refusal:
        ensemble_light_curve(tables[:frames], target_ref_id=name, mjds=list(mjds[:frames]))
    assert refusal.value.code == code
