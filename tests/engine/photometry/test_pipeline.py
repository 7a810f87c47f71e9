"""From pixels to a verdict: right numbers with honest errors, or the right word why not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.lightcurve import Flag
from engine.photometry.instrumental import InstrumentalTable
from engine.photometry.pipeline import reduce_frame, reduce_table
from engine.photometry.sky import Scene, SkyExposure, scene_wcs, simulate_exposure
from engine.photometry.sky_stars import gaia_like_stars, one_star
from engine.photometry.verdict import STARS_SCHEMA, TARGET_REF_ID, Reduction, Status
from engine.target import Target

SEEDS = range(20)
SCENE = Scene(
    ra_deg=150.0, dec_deg=30.0, rotation_deg=20.0, distortion=0.001, hot_pixels=30, cosmic_rays=10
)  # fmt: skip
BRIGHT = Target(name="bright", ra_deg=150.05, dec_deg=30.03)
FAINT = Target(name="faint", ra_deg=149.92, dec_deg=29.95)


def field(seed: int) -> tuple[np.random.Generator, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.25, density_per_deg2=1500.0)
    return rng, stars


def at(target: Target, *, g_mag: float, bp_rp_mag: float = 1.0) -> pl.DataFrame:
    return one_star(
        target.name, ra_deg=target.ra_deg, dec_deg=target.dec_deg, g_mag=g_mag, bp_rp_mag=bp_rp_mag
    )


def exposure_of(
    *targets: pl.DataFrame, scene: Scene = SCENE, seed: int = 1
) -> tuple[SkyExposure, pl.DataFrame]:
    rng, stars = field(seed)
    return simulate_exposure(pl.concat([stars, *targets]), rng=rng, scene=scene), stars


def true_mag(exposure: SkyExposure, target: Target) -> float:
    return float(exposure.truth.filter(pl.col("ref_id") == target.name)["mag"][0])


Night = tuple[SkyExposure, Reduction, Reduction | None]


@pytest.fixture(scope="module")
def nights() -> list[Night]:
    """Twenty skies with a well exposed and a too faint target; the faint one is judged on each third."""
    return [night(seed) for seed in SEEDS]


def night(seed: int) -> Night:
    scene = replace(SCENE, is_wcs_known=seed % 4 != 0)
    exposure, stars = exposure_of(at(BRIGHT, g_mag=13.5), at(FAINT, g_mag=20.5), scene=scene, seed=seed)
    bright = reduce_frame(exposure.frame, BRIGHT, stars, requested="GaiaSP/any")
    if seed % 3:
        return exposure, bright, None
    return exposure, bright, reduce_frame(exposure.frame, FAINT, stars, requested="GaiaSP/any")


def number(value: float | None) -> float:
    assert value is not None
    return value


def test_the_zero_point_is_right_in_twenty_of_twenty_skies(
    nights: list[Night],
) -> None:
    offsets = [number(bright.zero_point_mag) - SCENE.zero_point_mag for _, bright, _ in nights]
    assert [bright.band for _, bright, _ in nights] == ["r(GaiaSP)"] * len(nights)
    assert np.max(np.abs(offsets)) < 0.02


def test_the_target_is_within_two_of_its_errors_in_twenty_of_twenty_skies(
    nights: list[Night],
) -> None:
    pulls = []
    for exposure, bright, _ in nights:
        assert bright.status is Status.MEASURED
        pulls.append((number(bright.mag) - true_mag(exposure, BRIGHT)) / number(bright.mag_err))
    assert np.max(np.abs(pulls)) < 2.0
    assert 0.3 < np.sqrt(np.mean(np.square(pulls))) < 1.2  # neither too small nor too large an error
    assert np.median([number(bright.mag_err) for _, bright, _ in nights]) < 0.02


def test_a_target_too_faint_has_a_limit_that_its_truth_respects(
    nights: list[Night],
) -> None:
    for exposure, _, faint in nights:
        if faint is not None:
            assert faint.status is Status.LIMIT
            assert faint.mag is None
            assert 17.0 < number(faint.limit_mag) < true_mag(exposure, FAINT)


def test_a_star_a_magnitude_above_the_limit_is_seen_at_the_noise_that_the_limit_tells(
    nights: list[Night],
) -> None:
    limit_mag = float(np.median([number(faint.limit_mag) for _, _, faint in nights if faint is not None]))
    snr = []
    for seed in range(4):
        # G - r is -0.03 at this colour
        exposure, stars = exposure_of(at(FAINT, g_mag=limit_mag - 0.03 - 1.0), seed=100 + seed)
        verdict = reduce_frame(exposure.frame, FAINT, stars, requested="GaiaSP/r")
        snr.append(1.0857 / number(verdict.stat_err_mag))
    assert np.mean(snr) == pytest.approx(5.0 * 10**0.4, rel=0.25)


def test_everything_known_is_in_the_verdict(nights: list[Night]) -> None:
    exposure, verdict, _ = nights[1]
    assert list(verdict.as_json()) == [
        "file", "status", "code", "reason", "band", "mjd", "mag", "mag_err", "limit_mag", "zero_point_mag",
        "zero_point_err_mag", "scatter_mag", "stars", "seeing_arcsec",
    ]  # fmt: skip
    assert verdict.mjd == SCENE.mjd
    assert verdict.seeing_arcsec == pytest.approx(4.5, rel=0.2)
    assert verdict.cutout is not None
    assert verdict.cutout.pixels.shape == (61, 61)
    assert np.argmax(verdict.cutout.pixels) == pytest.approx(30 * 61 + 30, abs=62)
    assert verdict.cutout.psf is not None
    assert verdict.cutout.psf.sum() == pytest.approx(1.0, abs=0.02)
    facts = verdict.facts
    assert (facts.height_pix, facts.width_pix) == exposure.frame.shape
    assert facts.fwhm_pix == pytest.approx(SCENE.fwhm_pix, rel=0.15)
    assert facts.psf_fwhm_pix == pytest.approx(SCENE.fwhm_pix, rel=0.15)
    assert facts.sky_adu == pytest.approx(SCENE.sky_adu, rel=0.15)
    assert list(verdict.stages_s) == ["find", "rays", "solve", "measure", "calibrate"]
    table = verdict.stars_table
    assert dict(table.schema) == STARS_SCHEMA
    assert table["ref_id"].to_list().count(TARGET_REF_ID) == 1
    assert not table.filter(pl.col("ref_id") == TARGET_REF_ID)["used"].any()
    used = table.filter("used")
    assert len(used) > 80
    assert abs(np.median(used["residual_mag"].to_numpy())) < 0.02
    joined = used.join(exposure.truth, on="ref_id", suffix="_true")
    assert np.median((joined["x"] - joined["x_true"]).abs().to_numpy()) < 0.2


def test_a_target_among_the_reference_stars_does_not_calibrate_itself() -> None:
    exposure, stars = exposure_of(at(BRIGHT, g_mag=12.5))
    wrong = at(BRIGHT, g_mag=14.5)  # the catalogue saw it fainter
    verdict = reduce_frame(exposure.frame, BRIGHT, pl.concat([stars, wrong]), requested="GaiaSP/r")
    assert BRIGHT.name not in verdict.stars_table["ref_id"]
    assert verdict.mag == pytest.approx(true_mag(exposure, BRIGHT), abs=0.05)


def test_the_targets_own_colour_is_used_with_a_colour_term() -> None:
    red, scene = at(BRIGHT, g_mag=13.0, bp_rp_mag=2.4), replace(SCENE, colour_term=0.12)
    exposure, stars = exposure_of(red, scene=scene)
    known, unknown = (
        reduce_frame(exposure.frame, BRIGHT, references, requested="GaiaSP/r")
        for references in (pl.concat([stars, red]), stars)
    )
    assert known.mag == pytest.approx(true_mag(exposure, BRIGHT), abs=0.04)
    assert unknown.mag != pytest.approx(true_mag(exposure, BRIGHT), abs=0.1)
    assert number(unknown.sys_err_mag) > 2 * number(known.sys_err_mag)


def test_a_saturated_target_is_refused_and_the_frame_is_still_calibrated() -> None:
    exposure, stars = exposure_of(at(BRIGHT, g_mag=7.0))
    verdict = reduce_frame(exposure.frame, BRIGHT, stars, requested="GaiaSP/r")
    assert (verdict.status, verdict.code) == (Status.REJECTED, "saturated")
    assert "expose" in verdict.reason
    assert verdict.zero_point_mag == pytest.approx(21.0, abs=0.03)
    assert verdict.mag is None


def test_a_target_off_the_frame_is_refused_with_the_solution_kept() -> None:
    exposure, stars = exposure_of()
    away = Target(name="away", ra_deg=150.0, dec_deg=31.0)
    verdict = reduce_frame(exposure.frame, away, stars)
    assert (verdict.status, verdict.code) == (Status.REJECTED, "target-off-frame")
    assert "60.0 arcmin" in verdict.reason
    assert verdict.solution is not None
    assert verdict.sentences[-1] == verdict.reason


def test_a_target_on_the_other_side_of_the_sky_is_off_the_frame() -> None:
    exposure, stars = exposure_of()
    verdict = reduce_frame(exposure.frame, Target(name="away", ra_deg=330.0, dec_deg=-30.0), stars)
    assert verdict.code == "target-off-frame"


@pytest.mark.parametrize(("x", "code"), [(1.0, "target-on-edge"), (40.0, "measured")])
def test_a_target_cut_by_the_border_is_refused(x: float, code: str) -> None:
    scene = replace(SCENE, distortion=0.0)
    ra_deg, dec_deg = (float(value) for value in scene_wcs(scene).all_pix2world(x, 300.0, 0))
    edge = Target(name="edge", ra_deg=ra_deg, dec_deg=dec_deg)
    exposure, stars = exposure_of(at(edge, g_mag=13.0), scene=scene)
    assert reduce_frame(exposure.frame, edge, stars, requested="GaiaSP/r").code == code


def test_a_blended_target_is_flagged_and_its_error_covers_the_neighbour() -> None:
    neighbour = one_star("n", ra_deg=150.05, dec_deg=30.03 + 3.0 / 3600, g_mag=13.5)
    exposure, stars = exposure_of(at(BRIGHT, g_mag=13.0), neighbour)
    verdict = reduce_frame(exposure.frame, BRIGHT, pl.concat([stars, neighbour]), requested="GaiaSP/r")
    assert verdict.flags & Flag.BLENDED
    assert any("neighbour" in sentence for sentence in verdict.sentences)
    assert abs(number(verdict.mag) - true_mag(exposure, BRIGHT)) < 2 * number(verdict.mag_err)


def test_a_target_on_a_bad_column_is_refused() -> None:
    exposure, stars = exposure_of(at(BRIGHT, g_mag=13.0))
    x = round(exposure.truth.filter(pl.col("ref_id") == BRIGHT.name)["x"][0])
    mask = exposure.frame.mask.copy()
    mask[:, x - 1 : x + 2] = True
    verdict = reduce_frame(replace(exposure.frame, mask=mask), BRIGHT, stars, requested="GaiaSP/r")
    assert verdict.code == "bad-pixels"


def test_a_frame_without_stars_is_refused_with_its_papers() -> None:
    exposure, stars = exposure_of()
    dark = np.random.default_rng(1).normal(100.0, 5.0, exposure.frame.shape).astype(np.float32)
    verdict = reduce_frame(replace(exposure.frame, data=dark), BRIGHT, stars)
    assert (verdict.status, verdict.code) == (Status.REJECTED, "few-stars")
    assert verdict.mjd == SCENE.mjd
    assert verdict.notes


def test_a_field_without_reference_stars_is_refused() -> None:
    exposure, stars = exposure_of()
    verdict = reduce_frame(exposure.frame, BRIGHT, stars.clear())
    assert verdict.status is Status.REJECTED
    assert verdict.code == "few-stars"


def test_a_wrong_pointing_in_the_header_is_survived() -> None:
    exposure, stars = exposure_of(at(BRIGHT, g_mag=13.0), scene=replace(SCENE, is_wcs_known=False))
    lost = replace(exposure.frame, pointing_ra_deg=10.0, pointing_dec_deg=-60.0)
    verdict = reduce_frame(lost, BRIGHT, stars, requested="GaiaSP/r")
    assert verdict.mag == pytest.approx(true_mag(exposure, BRIGHT), abs=0.05)


def test_an_uncertain_time_and_a_simulation_are_flagged() -> None:
    exposure, stars = exposure_of(at(BRIGHT, g_mag=13.0))
    vague = replace(exposure.frame, mjd_uncertainty_s=120.0)
    assert reduce_frame(vague, BRIGHT, stars).flags == Flag.TIME_UNCERTAIN | Flag.SIMULATED


def test_a_filter_that_the_stars_gainsay_is_told() -> None:
    exposure, stars = exposure_of(
        at(BRIGHT, g_mag=13.0), scene=replace(SCENE, band="I(GaiaSP)", filter_name="V")
    )
    verdict = reduce_frame(exposure.frame, BRIGHT, stars, requested="GaiaSP/UBVRI")
    assert verdict.band == "I(GaiaSP)"
    assert any("check which filter was in" in sentence for sentence in verdict.sentences)


def instrumental(exposure: SkyExposure, *, with_sky: bool) -> InstrumentalTable:
    rng = np.random.default_rng(5)
    truth = exposure.truth.filter(pl.col("x").is_between(0, 699), pl.col("y").is_between(0, 699))
    noise = rng.normal(0.0, 0.01, len(truth))
    stars = truth.select(
        "x", "y",
        pl.when(with_sky).then("ra_deg").alias("ra_deg"),
        pl.when(with_sky).then("dec_deg").alias("dec_deg"),
        inst_mag=pl.col("inst_mag") + pl.Series(noise),
        inst_mag_err=pl.lit(0.01),
        flags=pl.lit(0, dtype=pl.UInt32),
    )  # fmt: skip
    return InstrumentalTable(stars=stars, magnitude_column="MAG_AUTO", mjd=SCENE.mjd)


@pytest.mark.parametrize("with_sky", [True, False])
def test_a_table_of_magnitudes_is_judged_like_a_frame(*, with_sky: bool) -> None:
    exposure, stars = exposure_of(at(BRIGHT, g_mag=13.5), scene=replace(SCENE, distortion=0.0))
    verdict = reduce_table(instrumental(exposure, with_sky=with_sky), BRIGHT, stars, requested="GaiaSP/any")
    assert verdict.status is Status.MEASURED
    assert verdict.zero_point_mag == pytest.approx(21.0, abs=0.01)
    assert verdict.mag == pytest.approx(true_mag(exposure, BRIGHT), abs=0.03)
    assert (verdict.solution is None) == with_sky


def test_a_target_missing_from_a_table_is_a_limit_and_no_target_is_a_calibration() -> None:
    exposure, stars = exposure_of()
    table = instrumental(exposure, with_sky=True)
    limit = reduce_table(table, FAINT, stars, requested="GaiaSP/r")
    assert limit.status is Status.LIMIT
    assert limit.limit_mag == pytest.approx(float(np.max(exposure.truth["mag"].to_numpy())), abs=0.3)
    alone = reduce_table(table, None, stars, requested="GaiaSP/r")
    assert alone.code == "calibrated"
    assert alone.zero_point_mag == pytest.approx(21.0, abs=0.01)


def test_a_table_without_reference_stars_is_refused() -> None:
    exposure, stars = exposure_of()
    verdict = reduce_table(instrumental(exposure, with_sky=True), BRIGHT, stars.clear())
    assert verdict.status is Status.REJECTED
    assert verdict.reason
