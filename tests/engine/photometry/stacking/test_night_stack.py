"""The row that a stack adds to a night: which frames are in it, which are not, and what is said of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from drifting import BAND, DEC_DEG, RA_DEG, field, scene

from engine.photometry.exposures import Choices, reduce_file
from engine.photometry.sky import simulate_exposure, write_fits
from engine.photometry.stacking.night_stack import reduce_stacks
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

GOOD = 6
WIDE, DARK, ELSEWHERE, RED = "wide.fits", "dark.fits", "elsewhere.fits", "red.fits"
TARGET = Target(name="faint 0", ra_deg=RA_DEG, dec_deg=DEC_DEG)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> list[list[Reduction]]:
    """Return the verdicts on the files of a night, and at last those on its stacks."""
    folder = tmp_path_factory.mktemp("night")
    rng = np.random.default_rng(11)
    references, faint = field(rng)
    sky = pl.concat([references, faint])
    plain = [replace(scene(rng, number, steady=True), cosmic_rays=8) for number in range(GOOD + 4)]
    scenes = {f"{number}.fits": plain[number] for number in range(GOOD)}
    scenes[WIDE] = replace(plain[GOOD], fwhm_pix=6.5)
    scenes[DARK] = replace(plain[GOOD + 1], zero_point_mag=19.3)
    scenes[ELSEWHERE] = replace(plain[GOOD + 2], dec_deg=DEC_DEG + 0.06)
    scenes[RED] = replace(plain[GOOD + 3], filter_name="i")
    for name, made in scenes.items():
        write_fits(simulate_exposure(sky, rng=rng, scene=made), folder / name)
    paths = [folder / name for name in scenes]
    found = [reduce_file(path, TARGET, references, choices=Choices(requested=BAND)) for path in paths]
    return [*found, reduce_stacks(paths, found, TARGET, references, choices=Choices(requested=BAND))]


def test_a_stack_is_one_more_row_for_each_filter_with_frames_to_add(night: list[list[Reduction]]) -> None:
    stacks = night[-1]
    assert [stack.file for stack in stacks] == [f"stack of {GOOD} frames"]
    assert stacks[0].filter_name == "r"
    assert stacks[0].exptime_s == pytest.approx(GOOD * 60.0)
    assert stacks[0].sentences[0].startswith(f"{GOOD} frames, 360 s in all, were added up")


def test_frames_that_do_not_fit_are_left_out_and_named(night: list[list[Reduction]]) -> None:
    told = next(words for words in night[-1][0].sentences if words.startswith("Left out of the stack"))
    assert f"{WIDE} (its stars are" in told
    assert f"{DARK} (clouds took" in told
    assert f"{ELSEWHERE} (" in told
    assert RED not in told
    assert told in night[-1][0].reason


def test_a_stack_goes_deeper_than_each_of_its_frames(night: list[list[Reduction]]) -> None:
    singles = [of_file[0].limit_mag or 0.0 for of_file in night[:GOOD]]
    stack = night[-1][0]
    assert stack.status in {Status.MEASURED, Status.LIMIT}
    assert (stack.limit_mag or 0.0) - np.median(singles) == pytest.approx(1.25 * np.log10(GOOD), abs=0.3)


def test_frames_of_which_only_one_fits_are_no_stack(night: list[list[Reduction]], tmp_path: Path) -> None:
    good, elsewhere = night[0][0], night[GOOD][0]
    off = replace(elsewhere, code="target-off-frame")
    stacks = reduce_stacks([tmp_path / "a", tmp_path / "b"], [[good], [off]], TARGET, pl.DataFrame())
    assert stacks[0].status is Status.REJECTED
    assert stacks[0].code == "no-stack"
    assert "the target is not on it" in stacks[0].reason
