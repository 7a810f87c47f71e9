"""Nights of known truth: the zero point has no bias and an honest error, a band is sure or said not to be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from benchmarks.bench_zero_point import CAMERA_BANDS, Judged, judged_night, rms
from benchmarks.zero_point_frames import TARGET, judged_frame
from benchmarks.zero_point_nights import Sky, night, with_wrong_matches
from engine.photometry.calibrate import calibrate
from engine.photometry.instrumental import read_instrumental, read_instrumental_frames
from engine.photometry.match import match
from engine.photometry.pipeline import reduce_frame
from engine.photometry.references import read_references
from engine.photometry.sentences import SURE, about_calibration

SEEDS = range(20)
NIGHTS_PER_SEED = 5
MANY, FEW = Sky(stars=(40, 120), bands=CAMERA_BANDS), Sky(stars=(6, 14), bands=CAMERA_BANDS)
OUTLIER_SIGMA = 5.0
FOLDS = 5


def judged(sky: Sky, *, with_header: bool = False) -> list[Judged]:
    """Return nights against their truth, twenty seeds of some each."""
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng(7000 + seed)
        for number in range(NIGHTS_PER_SEED):
            told = night(rng, sky=sky)
            meant = told.band if with_header else None
            found.append(judged_night(told, is_colour_known=bool(number % 2), meant=meant))
    return [one for one in found if one is not None]


@pytest.fixture(scope="module")
def many() -> list[Judged]:
    """Return nights of 40 to 120 stars whose filter nobody wrote down."""
    return judged(MANY)


def test_the_zero_point_has_no_bias_over_many_nights(many: list[Judged]) -> None:
    misses_mag = np.array([one.miss_mag for one in many])
    assert len(misses_mag) == len(SEEDS) * NIGHTS_PER_SEED
    assert abs(np.mean(misses_mag)) < 0.0015
    assert rms(misses_mag) < 0.008


def test_the_stated_error_of_the_zero_point_is_its_real_scatter(many: list[Judged]) -> None:
    pulls = np.array([one.miss_mag / one.err_mag for one in many])
    assert 0.8 < rms(pulls) < 1.2
    assert np.max(np.abs(pulls)) < 4.0


def test_the_targets_whole_error_is_its_real_scatter(many: list[Judged]) -> None:
    pulls = np.array([one.target_pull for one in many])
    assert 0.8 < rms(pulls) < 1.2


def test_a_band_that_is_called_sure_is_right_and_most_are_sure(many: list[Judged]) -> None:
    sure = [one for one in many if one.probability >= SURE]
    assert len(sure) > 0.6 * len(many)
    assert all(one.is_right for one in sure)
    assert np.mean([one.is_right for one in many]) > 0.9


def test_only_u_and_sdss_u_are_taken_for_each_other_without_a_header(many: list[Judged]) -> None:
    mistaken = {frozenset((one.band, one.chosen)) for one in many if not one.is_right}
    assert mistaken <= {frozenset(("U(GaiaSP)", "u(GaiaSP)"))}


def test_with_the_headers_filter_the_band_is_found_in_99_of_100_nights() -> None:
    assert np.mean([one.is_right for one in judged(MANY, with_header=True)]) >= 0.99


def test_a_dozen_stars_do_not_pretend_to_know_the_band() -> None:
    told = judged(FEW)
    stated = float(np.mean([one.probability for one in told]))
    right = float(np.mean([one.is_right for one in told]))
    assert stated == pytest.approx(right, abs=0.08)


def test_an_unsure_band_is_said_to_be_unsure_with_its_rival(many: list[Judged]) -> None:
    doubted = 0
    for seed in SEEDS:
        calibration = calibrate(night(np.random.default_rng(7000 + seed), sky=MANY).pairs)
        words = " ".join(about_calibration(calibration))
        assert ("The band is not sure" in words) == (calibration.probability < SURE)
        if calibration.probability < SURE:
            doubted += 1
            assert f"it may be {calibration.runner_up}" in words
    assert doubted >= 2


@pytest.mark.parametrize("share", [0.3, 0.45])
def test_wrong_matches_move_the_zero_point_by_less_than_ten_mmag(share: float) -> None:
    clean = Sky(stars=(60, 60), bands=CAMERA_BANDS, wrong_share=(0.0, 0.0), intrinsic_mag=(0.003, 0.015))
    moves_mag = []
    for seed in SEEDS:
        rng = np.random.default_rng(8000 + seed)
        told = night(rng, sky=clean)
        pairs = told.pairs.filter(pl.col("band") == told.band)
        spoilt = with_wrong_matches(told, rng, share=share).pairs.filter(pl.col("band") == told.band)
        moves_mag.append(calibrate(spoilt).zero_point_mag - calibrate(pairs).zero_point_mag)
    assert rms(np.array(moves_mag)) < 0.010
    assert np.max(np.abs(moves_mag)) < 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Pulls of real stars that were not in the fit, and the share of outliers that the fits stated."""

    pulls: NDArray[np.float64]
    stated_outliers: float


def held_out(pairs: pl.DataFrame, *, fold: int) -> HeldOut:
    """Return each fifth star against the calibration by the others."""
    ids = pairs["ref_id"].unique().sort()
    is_out = pl.col("ref_id").is_in(ids.gather(range(fold, len(ids), FOLDS)).implode())
    calibration = calibrate(pairs.filter(~is_out))
    colours = pairs.filter(pl.col("band").is_in(["g(Refcat2)", "i(Refcat2)"])).pivot(
        "band", index="ref_id", values="ref_mag"
    )
    colour = pl.col("g(Refcat2)") - pl.col("i(Refcat2)")
    colour = colour if calibration.colour_name == "g-i" else pl.col("bp_rp_mag")
    rows = pairs.filter(is_out, pl.col("band") == calibration.band).join(colours, on="ref_id")
    pulls = []
    for row in rows.with_columns(colour_mag=colour).iter_rows(named=True):
        at = {"colour_mag": row["colour_mag"], "x": row["x"], "y": row["y"]}
        miss_mag = row["ref_mag"] - calibration.standard_mag(row["inst_mag"], **at)
        errors_mag = (
            row["inst_mag_err"],
            row["ref_mag_err"],
            calibration.intrinsic_mag,
            calibration.standard_err_mag(colour_mag=row["colour_mag"]),
        )
        pulls.append(miss_mag / np.linalg.norm(errors_mag))
    return HeldOut(pulls=np.array(pulls), stated_outliers=calibration.outlier_fraction)


def test_stars_of_a_real_frame_that_were_held_out_agree_within_the_stated_errors(shared: Path) -> None:
    path = shared / "images" / "cat_lco1m_cpt_fa06_i_refcat2.fits"
    pairs = match(read_instrumental(path).stars, read_references(path), None, mjd=58861.0)
    held = [held_out(pairs, fold=fold) for fold in range(FOLDS)]
    pulls = np.concatenate([one.pulls for one in held])
    sound = np.abs(pulls) < OUTLIER_SIGMA
    assert len(pulls) > 2700
    assert 0.7 < np.mean(pulls[sound] ** 2) < 1.5
    assert np.mean(~sound) < np.mean([one.stated_outliers for one in held]) + 0.01


def test_stars_of_a_real_night_that_were_held_out_agree_within_the_stated_errors(shared: Path) -> None:
    references = read_references(shared / "images" / "refcat2_eyuma.ecsv")
    frames = read_instrumental_frames(shared / "images" / "cat_feder_eyuma_94frames_R.fits")
    held = [
        held_out(match(frame.stars, references, None, mjd=frame.mjd or 0.0), fold=number % FOLDS)
        for number, frame in enumerate(frames)
    ]
    pulls = np.concatenate([one.pulls for one in held])
    sound = np.abs(pulls) < OUTLIER_SIGMA
    assert len(pulls) > 400
    assert 0.7 < np.mean(pulls[sound] ** 2) < 1.5
    assert np.mean(~sound) < np.mean([one.stated_outliers for one in held]) + 0.01


def test_a_frame_has_one_answer_whatever_band_was_asked_for() -> None:
    told = judged_frame(2)
    free, exposure = told.verdict, told.exposure
    assert free.calibration is not None
    band = exposure.scene.band
    asked = ("GaiaSP/any", "ugriz", band) if band[0] in "griz" else ("GaiaSP/any", "UBVRI", band)
    for requested in asked:
        again = reduce_frame(exposure.frame, TARGET, told.references, requested=requested)
        assert (again.band, again.zero_point_mag, again.mag, again.mag_err, again.aperture_pix) == (
            free.band, free.zero_point_mag, free.mag, free.mag_err, free.aperture_pix
        )  # fmt: skip
    other = "GaiaSP/V" if band[0] != "V" else "GaiaSP/r"
    in_other = reduce_frame(exposure.frame, TARGET, told.references, requested=other)
    assert in_other.aperture_pix == free.aperture_pix
    of_free = next(fit for fit in free.calibration.fits if fit.band == in_other.band)
    assert in_other.zero_point_mag == of_free.zero_point_mag
