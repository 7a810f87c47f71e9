"""What simulated cameras of known accuracy are told about themselves."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.accuracy.failures import WORDS
from engine.accuracy.report import FRAME_COLUMNS, Accuracy, accuracy
from engine.accuracy.sentences import sentences
from engine.accuracy.simulated import (
    BAND,
    SimulatedCamera,
    simulated_frames,
    simulated_references,
    simulated_stars,
)
from engine.accuracy.stars import COLOUR_STEP_MAG, MAG_STEP, StarTallies
from engine.accuracy.tally import PULL_SCALE, RESIDUAL_SCALE_MAG, tally_of

SEED = st.integers(0, 2**32 - 1)
FEW_EXAMPLES = settings(max_examples=12)


def tallies_of(stars: pl.DataFrame, references: pl.DataFrame, camera: SimulatedCamera) -> StarTallies:
    """Count stars as the lake does."""
    rows = stars.join(references.select("ref_id", "bp_rp_mag"), on="ref_id").with_columns(
        band=pl.lit(BAND),
        mag_bin=(pl.col("ref_mag") / MAG_STEP).floor().cast(pl.Int32),
        colour_bin=(pl.col("bp_rp_mag") / COLOUR_STEP_MAG).floor().cast(pl.Int32),
        pull=pl.col("residual_mag") / (pl.col("inst_mag_err") ** 2 + camera.floor_mag**2).sqrt(),
    )
    return StarTallies(
        residuals=tally_of(rows, ["band", "mag_bin"], "residual_mag", scale=RESIDUAL_SCALE_MAG),
        pulls=tally_of(rows, ["band", "mag_bin"], "pull", scale=PULL_SCALE),
        colours=tally_of(rows, ["band", "colour_bin"], "residual_mag", scale=RESIDUAL_SCALE_MAG),
    )


def observed(camera: SimulatedCamera, seed: int, *, frames: int = 100, stars: int = 100) -> Accuracy:
    rng = np.random.default_rng(seed)
    references = simulated_references(rng, stars=2000)
    taken = simulated_frames(rng, camera, count=frames)
    seen = simulated_stars(rng, taken, references, stars=stars, camera=camera)
    return accuracy(in_columns(taken), tallies_of(seen, references, camera), longitude_deg=0.0)


def in_columns(frames: pl.DataFrame) -> pl.DataFrame:
    return frames.select(
        (pl.col(name) if name in frames.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FRAME_COLUMNS.items()
    )


@FEW_EXAMPLES
@given(st.floats(0.003, 0.05), st.floats(0.02, 0.2), SEED)
def test_rms_against_magnitude_is_the_scatter_that_was_put_in(floor: float, photon: float, seed: int) -> None:
    rows = observed(SimulatedCamera(floor_mag=floor, photon_err_mag=photon), seed).field.by_mag
    rows = rows.filter(pl.col("stars") > 500)
    truth = np.hypot(photon * 10 ** (0.2 * (rows["mag"].to_numpy() - 17.0)), floor)
    assert len(rows) >= 3
    np.testing.assert_allclose(rows["rms_mag"].to_numpy(), truth, rtol=0.15)


@FEW_EXAMPLES
@given(st.floats(0.4, 4.0), SEED)
def test_the_honesty_of_errors_is_the_factor_that_was_put_in(factor: float, seed: int) -> None:
    found = observed(SimulatedCamera(error_factor=factor), seed)
    assert found.field.bands["pull"][0] == pytest.approx(factor, rel=0.08)
    wrong = any("too small" in words or "too large" in words for words in sentences(found))
    assert wrong == (not 0.8 <= found.field.bands["pull"][0] <= 1.25)


@FEW_EXAMPLES
@given(st.floats(-0.1, 0.1), SEED)
def test_offset_against_colour_has_the_slope_that_was_put_in(slope: float, seed: int) -> None:
    rows = observed(SimulatedCamera(colour_slope=slope), seed).field.by_colour.filter(pl.col("stars") > 200)
    fitted = np.polyfit(rows["colour_mag"], rows["offset_mag"], 1, w=1 / rows["offset_err_mag"])[0]
    assert fitted == pytest.approx(slope, abs=0.008)


@FEW_EXAMPLES
@given(st.floats(0.5, 2.0), SEED)
def test_a_fading_zero_point_is_measured_and_blamed_on_the_mirror(fading: float, seed: int) -> None:
    found = observed(SimulatedCamera(fading_mag_per_y=fading, frames_per_night=5), seed, frames=400, stars=5)
    assert found.trend is not None
    span_y = (found.trend.to_mjd - found.trend.from_mjd) / 365.25
    assert found.trend.change_mag == pytest.approx(-fading * span_y, abs=0.03)
    assert found.trend.is_sure
    assert any("clean the mirror?" in words for words in sentences(found))


@FEW_EXAMPLES
@given(SEED)
def test_a_steady_camera_is_not_told_to_clean_its_mirror(seed: int) -> None:
    words = sentences(observed(SimulatedCamera(frames_per_night=5), seed, frames=300))
    assert not any("mirror" in each for each in words)
    assert any("steady" in each for each in words)
    assert "Its errors are honest." in words


def test_a_camera_with_few_stars_is_told_so_and_nothing_else_of_its_stars() -> None:
    found = observed(SimulatedCamera(), 1, frames=2, stars=20)
    assert found.field.by_mag["rms_mag"].null_count() > 0
    assert found.trend is None
    assert [words for words in sentences(found) if "Too few stars" in words]
    assert not [words for words in sentences(found) if "good to" in words or "honest" in words]


def test_two_frames_full_of_stars_are_too_few_to_judge_a_camera() -> None:
    words = sentences(observed(SimulatedCamera(), 1, frames=2, stars=1000))
    assert "Too few frames" in words[0]
    assert not [each for each in words if "good to" in each]


def test_why_frames_failed_is_counted_in_plain_words_also_for_a_reason_nobody_foresaw() -> None:
    codes = ["not-solved"] * 3 + ["odd"] * 2
    frames = pl.DataFrame(
        {"status": ["rejected"] * 5 + ["measured"], "code": [*codes, "measured"], "reason": "It was odd."}
    )
    found = observed(SimulatedCamera(), 1, frames=2, stars=2)
    table = accuracy(in_columns(frames), tallies_of(*_nothing()), longitude_deg=0.0).failures
    assert table.rows() == [("not-solved", 3, WORDS["not-solved"]), ("odd", 2, "It was odd.")]
    assert found.failures.is_empty()


def _nothing() -> tuple[pl.DataFrame, pl.DataFrame, SimulatedCamera]:
    rng = np.random.default_rng(0)
    references = simulated_references(rng, stars=1)
    frames = simulated_frames(rng, SimulatedCamera(), count=1)
    return simulated_stars(rng, frames, references, stars=1).head(0), references, SimulatedCamera()


def test_latency_counts_from_the_end_of_the_exposure_and_leaves_later_reductions_out() -> None:
    end = 60000.0
    frames = pl.DataFrame(
        {"mjd": end - 60.0 / 86400.0, "exptime_s": 120.0, "status": "measured",
         "received_mjd": end + 0.25, "made_mjd": [end + 0.25 + 1 / 24, end + 400.0]}
    )  # fmt: skip
    found = accuracy(in_columns(frames), tallies_of(*_nothing()), longitude_deg=0.0)
    assert found.sending_h is not None
    assert found.working_h is not None
    assert found.sending_h.middle == pytest.approx(6.0, abs=1e-4)
    assert (found.working_h.count, found.working_h.middle) == (1, pytest.approx(1.0, abs=1e-4))
