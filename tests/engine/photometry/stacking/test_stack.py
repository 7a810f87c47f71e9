"""Frames added up show what none of them shows, with errors that are true: on simulated drifting nights."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import sep
from drifting import BAND, DEC_DEG, RA_DEG, Night, drifting_night
from numpy.typing import NDArray

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.pipeline import reduce_frame
from engine.photometry.stacking.members import choose_members
from engine.photometry.stacking.stack import stack_frames
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

SEEDS = 12  # of four stars each: their pulls tell the scatter to a tenth
FRAMES = 12
CIRCLE_PIX, RING_PIX = 8.0, (14.0, 18.0)
CENTRE = Target(name="faint 0", ra_deg=RA_DEG, dec_deg=DEC_DEG)


@pytest.fixture(scope="module")
def measured() -> list[tuple[float, Reduction]]:
    """Return the true magnitude of each faint star and the verdict on it, on the stacks of many nights."""
    found = []
    for seed in range(SEEDS):
        night = drifting_night(seed)
        frame = night.stack().frame
        for star in night.faint.iter_rows(named=True):
            target = Target(name=star["ref_id"], ra_deg=star["ra_deg"], dec_deg=star["dec_deg"])
            found.append((star["mag"], reduce_frame(frame, target, night.references, requested=BAND)))
    return found


def of_stack(night: Night, target: Target = CENTRE) -> Reduction:
    return reduce_frame(night.stack().frame, target, night.references, requested=BAND)


def of_frame(night: Night, number: int) -> Reduction:
    return reduce_frame(night.exposures[number].frame, CENTRE, night.references, requested=BAND)


def test_a_star_that_no_single_frame_shows_is_measured_without_bias(
    measured: list[tuple[float, Reduction]],
) -> None:
    night = drifting_night(0)
    singles = [of_frame(night, number).status is Status.MEASURED for number in range(FRAMES)]
    assert sum(singles) <= 1
    seen = [(true, verdict) for true, verdict in measured if verdict.mag is not None]
    assert len(seen) > 0.95 * len(measured)
    light = np.array([10 ** (0.4 * (true - (verdict.mag or 0.0))) for true, verdict in seen])
    assert np.mean(light) == pytest.approx(1.0, abs=3 * np.std(light) / np.sqrt(len(light)))


def test_the_errors_of_a_faint_star_on_a_stack_are_honest(measured: list[tuple[float, Reduction]]) -> None:
    pulls = []
    for true, verdict in measured:
        light = 10 ** (0.4 * (true - (verdict.mag or 99.0)))
        error = (verdict.mag_err or 1.0) / 1.0857 * light
        pulls.append((light - 1) / error)
    assert 0.85 < np.std(pulls) < 1.2


def test_the_limit_of_a_stack_is_as_much_deeper_as_its_frames_allow() -> None:
    gains_mag = []
    for seed in range(4):
        night = drifting_night(seed, steady=True)
        single = np.median([of_frame(night, number).limit_mag or 0.0 for number in range(0, FRAMES, 3)])
        gains_mag.append((of_stack(night).limit_mag or 0.0) - single)
    assert np.mean(gains_mag) == pytest.approx(1.25 * np.log10(FRAMES), abs=0.15)


def in_circle(frame: Frame, stars: pl.DataFrame) -> NDArray[np.float64]:
    """Return the light of stars above the sky in a ring round them."""
    data, x, y = frame.data.astype(np.float64), stars["x"].to_numpy(), stars["y"].to_numpy()
    inside, _, _ = sep.sum_circle(data, x, y, CIRCLE_PIX, subpix=0, bkgann=RING_PIX)
    return np.asarray(inside)


def alone(truth: pl.DataFrame) -> pl.DataFrame:
    """Return the bright stars that stand well on a frame, and alone as far as their sky is taken."""
    x, y = truth["x"].to_numpy(), truth["y"].to_numpy()
    near = np.hypot(x[:, None] - x, y[:, None] - y) < RING_PIX[1] + 6
    bright = truth.with_columns(neighbours=pl.Series(near.sum(axis=1) - 1))
    return bright.filter(
        pl.col("mag") < 14.5,  # fainter ones have more noise at the rim of the circle
        pl.col("neighbours") == 0,
        pl.col("x").is_between(22, 197),
        pl.col("y").is_between(22, 197),
    ).sort("ref_id")


def test_bright_stars_keep_their_light_whatever_the_seeing() -> None:
    ratios: list[float] = []
    for seed in range(12):
        night = drifting_night(seed, cosmic_rays=0)
        members = choose_members(night.verdicts).members
        tables = [alone(night.exposures[member.number].truth) for member in members]
        common = set.intersection(*(set(table["ref_id"]) for table in tables))
        tables = [table.filter(pl.col("ref_id").is_in(common)) for table in tables]
        weights = np.array([member.weight for member in members])
        lights = [
            member.light_scale * in_circle(night.frame_of(member), table)
            for member, table in zip(members, tables, strict=True)
        ]
        mean_adu = weights @ np.array(lights) / weights.sum()
        ratios.extend(in_circle(night.stack().frame, tables[0]) / len(members) / mean_adu)
    assert len(ratios) >= 6
    assert abs(np.median(ratios) - 1) < 0.001
    assert np.all(np.abs(np.array(ratios) - 1) < 0.0046)  # 5 mmag


def test_a_satellite_on_one_frame_leaves_nothing() -> None:
    night = drifting_night(3)
    frame = night.exposures[4].frame
    rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]]
    across_pix = (rows - 0.6 * columns - 40.0) / np.hypot(1.0, 0.6)
    trail = (400.0 * np.exp(-0.5 * (across_pix / 1.3) ** 2)).astype(np.float32)
    crossed = replace(night.exposures[4], frame=replace(frame, data=frame.data + trail))
    spoilt = replace(night, exposures=(*night.exposures[:4], crossed, *night.exposures[5:]))
    clean, left = night.stack().frame, spoilt.stack().frame
    difference = left.data - clean.data
    noise_adu = 1.4826 * float(np.median(np.abs(clean.data - np.median(clean.data))))
    assert np.mean(np.abs(difference) > noise_adu) < 2e-3  # a trail covers 2 per cent
    assert np.max(np.abs(difference)) < 200.0  # half of what the trail adds to the plain sum
    assert abs(np.mean(difference)) < 0.02 * noise_adu


def test_cosmic_rays_do_not_come_through() -> None:
    night = drifting_night(7)
    sources = of_stack(night).sources.filter(pl.col("snr") > 10, (pl.col("flags") & int(Flag.NEAR_EDGE)) == 0)
    wcs = night.verdicts[choose_members(night.verdicts).members[0].number].solution
    assert wcs is not None
    stars = pl.concat([night.references, night.faint])
    x, y = wcs.wcs.all_world2pix(stars["ra_deg"].to_numpy(), stars["dec_deg"].to_numpy(), 0)
    away = np.hypot(sources["x"].to_numpy()[:, None] - x, sources["y"].to_numpy()[:, None] - y).min(axis=1)
    assert len(sources) > 20
    assert np.all(away < 3.0)


def test_a_stack_of_one_frame_is_that_frame() -> None:
    night = drifting_night(2, frames=1)
    chosen = choose_members(night.verdicts)
    stack = stack_frames(chosen.members, night.frame_of).frame
    frame = night.exposures[0].frame
    told = ~stack.mask
    assert np.mean(told) > 0.99
    assert stack.data[told] == pytest.approx(frame.data[told], abs=0.01)
    for name in ("gain_e_adu", "read_noise_e", "saturation_adu", "exptime_s", "mjd", "stacked", "notes"):
        assert getattr(stack, name) == pytest.approx(getattr(frame, name)) or name == "notes", name
    assert stack.notes == frame.notes


def test_a_stack_tells_how_long_and_when_it_was_exposed() -> None:
    night = drifting_night(1, steady=True)
    frame = night.stack().frame
    assert frame.stacked == FRAMES
    assert frame.exptime_s == pytest.approx(FRAMES * 60.0)
    assert frame.mjd == pytest.approx(np.mean([each.scene.mjd for each in night.exposures]), abs=5e-4)
    assert frame.gain_e_adu == pytest.approx(1.5, rel=0.05)
    assert frame.read_noise_e == pytest.approx(8.0 * np.sqrt(FRAMES), rel=0.05)
    assert frame.saturation_adu == pytest.approx(FRAMES * 60000.0, rel=0.05)


def test_a_star_that_is_saturated_on_the_frames_is_saturated_on_the_stack() -> None:
    night = drifting_night(5)
    low = tuple(
        replace(each, frame=replace(each.frame, saturation_adu=4e3, data=np.minimum(each.frame.data, 4000.0)))
        for each in night.exposures
    )
    verdicts = tuple(replace(each, facts=replace(each.facts, saturation_adu=4e3)) for each in night.verdicts)
    frame = replace(night, exposures=low, verdicts=verdicts).stack().frame
    full = frame.data >= frame.saturation_adu
    brightest = night.references.sort("mag")["ref_id"][0]
    star = night.exposures[choose_members(verdicts).members[0].number].truth.filter(
        pl.col("ref_id") == brightest
    )
    assert 0 < np.mean(full) < 0.01
    if len(star) and 3 < star["x"][0] < 216 and 3 < star["y"][0] < 216:
        assert full[round(star["y"][0]), round(star["x"][0])]
