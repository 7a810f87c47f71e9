"""The zero point is right, honest about its error, and survives wrong matches; the band is found."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.calibrate import Calibration, calibrate
from engine.photometry.instrumental import read_instrumental, read_instrumental_frames
from engine.photometry.match import match
from engine.photometry.references import read_references
from engine.photometry.sky_stars import G_MINUS_BAND

ZERO_POINT_MAG = 24.3
LCO_FRAME = "cat_lco1m_cpt_fa06_i_refcat2.fits"


def night_pairs(
    rng: np.random.Generator,
    *,
    stars: int,
    band: str = "r(GaiaSP)",
    wrong_fraction: float = 0.0,
    intrinsic_mag: float = 0.015,
    colour_term: float = 0.0,
    colours: bool = True,
) -> pl.DataFrame:
    """Return pairs of a frame taken in one band, with the magnitudes of all bands in the catalogue."""
    g_mag = rng.uniform(11.0, 16.0, stars)
    bp_rp = np.clip(rng.normal(0.9, 0.35, stars), 0.2, 2.5)
    true = {name: g_mag - np.polyval(poly[::-1], bp_rp) for name, poly in G_MINUS_BAND.items()}
    err = 0.003 + 0.02 * 10 ** (0.3 * (g_mag - 15.5))
    inst = true[band] - ZERO_POINT_MAG - colour_term * (bp_rp - 0.8)
    inst = inst + rng.normal(0.0, np.hypot(err, intrinsic_mag))
    is_wrong = np.arange(stars) < wrong_fraction * stars
    inst = np.where(is_wrong, inst + rng.uniform(-3.0, 3.0, stars), inst)
    rows = [
        pl.DataFrame(
            {
                "ref_id": [f"star-{number:04d}" for number in range(stars)],
                "x": rng.uniform(0, 2000, stars) if name == band else np.zeros(stars),
                "y": np.linspace(0, 1500, stars),
                "inst_mag": inst,
                "inst_mag_err": err,
                "bp_rp_mag": bp_rp if colours else np.full(stars, np.nan),
                "band": [name] * stars,
                "ref_mag": true[name] + rng.normal(0.0, 0.005, stars),
                "ref_mag_err": np.full(stars, 0.005),
            }
        )
        for name in G_MINUS_BAND
    ]
    return pl.concat(rows)


def lco_pairs(shared: Path) -> pl.DataFrame:
    path = shared / "images" / LCO_FRAME
    table = read_instrumental(path)
    return match(table.stars, read_references(path), None, mjd=58861.0)


def same(first: Calibration, second: Calibration) -> bool:
    return (first.band, first.zero_point_mag, first.zero_point_err_mag, first.colour_term, first.stars) == (
        second.band, second.zero_point_mag, second.zero_point_err_mag, second.colour_term, second.stars
    )  # fmt: skip


def test_the_band_of_a_real_frame_is_found_and_left_out_stars_agree(shared: Path) -> None:
    pairs = lco_pairs(shared)
    ids = pairs["ref_id"].unique().sort()
    half = pairs.filter(pl.col("ref_id").is_in(ids.gather_every(2).implode()))
    left_out = pairs.join(half.select("ref_id").unique(), on="ref_id", how="anti")
    calibration = calibrate(half)
    assert calibration.band == "i(Refcat2)"
    assert calibration.colour_name == "g-i"
    assert abs(calibration.colour_term or 1.0) < 0.03
    assert calibration.probability > 0.99
    assert calibration.runner_up == "z(Refcat2)"
    assert len(calibration.fits) == 4
    colour = left_out.filter(band="g(Refcat2)").join(
        left_out.filter(band="i(Refcat2)"), on="ref_id", suffix="_i", validate="1:1"
    )
    residual = np.array(
        [
            row["ref_mag_i"]
            - calibration.standard_mag(
                row["inst_mag"], colour_mag=row["ref_mag"] - row["ref_mag_i"], x=row["x"], y=row["y"]
            )
            for row in colour.filter((pl.col("flags") & int(Flag.SATURATED)) == 0).iter_rows(named=True)
        ]
    )
    robust_rms = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    assert len(residual) > 1300
    assert abs(np.median(residual)) < 0.003
    assert robust_rms < calibration.scatter_mag < 0.035
    within_3 = np.mean(np.abs(residual) < 3 * calibration.scatter_mag)
    assert within_3 > 0.94


def test_every_frame_of_a_real_night_in_r_is_standardised_to_the_same_band(shared: Path) -> None:
    references = read_references(shared / "images" / "refcat2_eyuma.ecsv")
    frames = read_instrumental_frames(shared / "images" / "cat_feder_eyuma_94frames_R.fits")[::6]
    fits = [calibrate(match(frame.stars, references, None, mjd=frame.mjd or 0.0)) for frame in frames]
    assert {fit.band for fit in fits} == {"r(Refcat2)"}
    assert all(fit.scatter_mag < 0.08 and fit.colour_name == "BP-RP" for fit in fits)


def test_what_is_asked_for_only_chooses_among_results(shared: Path) -> None:
    pairs = lco_pairs(shared)
    freely = calibrate(pairs)
    assert same(freely, calibrate(pairs, requested="Refcat2/any"))
    assert same(freely, calibrate(pairs, requested="i(Refcat2)"))
    assert same(freely, calibrate(pairs, requested="Refcat2/ugriz"))
    forced = calibrate(pairs, requested="Refcat2/r")
    assert forced.band == "r(Refcat2)"
    of_free = next(fit for fit in freely.fits if fit.band == "r(Refcat2)")
    assert forced.zero_point_mag == of_free.zero_point_mag
    assert forced.outlier_fraction == of_free.outlier_fraction


@pytest.mark.parametrize("band", ["B(GaiaSP)", "V(GaiaSP)", "g(GaiaSP)", "i(GaiaSP)", "G(GaiaDR3)"])
def test_the_band_of_an_artificial_frame_is_found(band: str) -> None:
    calibration = calibrate(night_pairs(np.random.default_rng(3), stars=120, band=band))
    assert calibration.band == band
    assert calibration.zero_point_mag == pytest.approx(ZERO_POINT_MAG, abs=0.01)
    assert sum(fit.probability for fit in calibration.fits) == pytest.approx(1.0)
    assert calibration.probability >= calibration.runner_up_probability > 0.0


def test_without_colours_the_band_of_least_scatter_is_taken() -> None:
    pairs = night_pairs(np.random.default_rng(4), stars=60, colours=False, band="V(GaiaSP)")
    only_two = pairs.filter(pl.col("band").is_in(["V(GaiaSP)", "G(GaiaDR3)"]))
    calibration = calibrate(only_two)
    assert calibration.colour_term is None
    assert calibration.band == "V(GaiaSP)"
    assert calibration.runner_up == "G(GaiaDR3)"


def test_thirty_percent_wrong_matches_move_the_zero_point_by_less_than_ten_mmag() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        pairs = night_pairs(rng, stars=60, wrong_fraction=0.3).filter(band="r(GaiaSP)")
        calibration = calibrate(pairs)
        assert calibration.zero_point_mag == pytest.approx(ZERO_POINT_MAG, abs=0.010)
        assert calibration.outlier_fraction == pytest.approx(0.3, abs=0.08)


def test_forty_five_percent_wrong_matches_are_survived() -> None:
    errors_mag = [
        calibrate(
            night_pairs(np.random.default_rng(seed), stars=60, wrong_fraction=0.45).filter(band="r(GaiaSP)")
        ).zero_point_mag
        - ZERO_POINT_MAG
        for seed in range(12)
    ]
    assert float(np.sqrt(np.mean(np.square(errors_mag)))) < 0.012


@pytest.mark.parametrize(
    ("stars", "wrong_fraction", "colours"),
    [(8, 0.0, False), (12, 0.1, False), (40, 0.1, True), (60, 0.3, True), (250, 0.1, True)],
)
def test_the_error_of_the_zero_point_is_honest(stars: int, wrong_fraction: float, colours: bool) -> None:
    pulls = []
    for seed in range(80):
        pairs = night_pairs(
            np.random.default_rng(seed), stars=stars, wrong_fraction=wrong_fraction, colours=colours
        )
        calibration = calibrate(pairs.filter(band="r(GaiaSP)"))
        pulls.append((calibration.zero_point_mag - ZERO_POINT_MAG) / calibration.zero_point_err_mag)
    rms = float(np.sqrt(np.mean(np.square(pulls))))
    assert 0.75 < rms < 1.25, rms


def test_a_colour_term_is_measured_with_its_error() -> None:
    pairs = night_pairs(np.random.default_rng(5), stars=200, colour_term=0.08, band="i(GaiaSP)")
    calibration = calibrate(pairs, requested="GaiaSP/i")
    assert calibration.colour_term is not None
    assert calibration.colour_term_err is not None
    assert calibration.colour_term == pytest.approx(0.08, abs=4 * calibration.colour_term_err)
    assert calibration.standard_mag(-10.0, colour_mag=1.8) - calibration.standard_mag(-10.0) == pytest.approx(
        calibration.colour_term
    )
    assert calibration.standard_err_mag() > calibration.standard_err_mag(colour_mag=0.8)


def test_a_tilted_field_gets_a_spatial_term() -> None:
    pairs = night_pairs(np.random.default_rng(6), stars=300)
    tilt_mag = 0.06 * (pl.col("x") - 1000) / 1000
    pairs = pairs.filter(band="r(GaiaSP)").with_columns(inst_mag=pl.col("inst_mag") - tilt_mag)
    calibration = calibrate(pairs)
    assert calibration.spatial is not None
    assert calibration.spatial.at(2000.0, 750.0) == pytest.approx(0.06, abs=0.012)
    assert calibration.scatter_mag < 0.03
    assert calibration.zero_point_mag == pytest.approx(ZERO_POINT_MAG, abs=0.01)


def test_a_flat_field_gets_no_spatial_term() -> None:
    with_term = [
        calibrate(night_pairs(np.random.default_rng(seed), stars=100).filter(band="r(GaiaSP)")).spatial
        for seed in range(20)
    ]
    assert sum(term is not None for term in with_term) <= 2


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), shift_mag=st.floats(-30, 30), stars=st.integers(6, 80))
def test_law_shifting_the_instrument_shifts_the_zero_point_back(
    seed: int, shift_mag: float, stars: int
) -> None:
    pairs = night_pairs(np.random.default_rng(seed), stars=stars, wrong_fraction=0.1)
    shifted = pairs.with_columns(inst_mag=pl.col("inst_mag") + shift_mag)
    here, there = calibrate(pairs), calibrate(shifted)
    assert here.band == there.band
    assert here.zero_point_mag - shift_mag == pytest.approx(there.zero_point_mag, abs=1e-6)
    assert here.zero_point_err_mag == pytest.approx(there.zero_point_err_mag, rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), stars=st.integers(6, 80))
def test_law_the_order_of_the_rows_does_not_matter(seed: int, stars: int) -> None:
    pairs = night_pairs(np.random.default_rng(seed), stars=stars, wrong_fraction=0.2)
    shuffled = pairs.sample(fraction=1.0, shuffle=True, seed=seed)
    assert same(calibrate(pairs), calibrate(shuffled))


def test_saturated_and_variable_stars_are_told_but_not_used() -> None:
    pairs = night_pairs(np.random.default_rng(7), stars=40).filter(band="r(GaiaSP)")
    number = pl.int_range(pl.len())
    pairs = pairs.with_columns(
        flags=pl.when(number < 10).then(int(Flag.SATURATED)).otherwise(0),
        variable=number.is_between(10, 14),
        inst_mag=pl.when(number < 15).then(pl.col("inst_mag") + 0.3).otherwise("inst_mag"),
    )
    calibration = calibrate(pairs)
    assert calibration.zero_point_mag == pytest.approx(ZERO_POINT_MAG, abs=0.015)
    assert len(calibration.residuals) == 40
    assert calibration.residuals.filter("used").height <= 25
    assert calibration.residuals["residual_mag"].null_count() == 0


def test_too_few_stars_are_refused() -> None:
    pairs = night_pairs(np.random.default_rng(8), stars=4)
    with pytest.raises(Rejected) as refusal:
        calibrate(pairs)
    assert refusal.value.code == "few-reference-stars"


def test_a_field_of_saturated_stars_is_refused_with_that_reason() -> None:
    pairs = night_pairs(np.random.default_rng(8), stars=20).with_columns(flags=pl.lit(int(Flag.SATURATED)))
    with pytest.raises(Rejected, match="20 are saturated") as refusal:
        calibrate(pairs)
    assert refusal.value.code == "few-reference-stars"


def test_a_band_that_no_star_has_is_refused_with_what_there_is() -> None:
    pairs = night_pairs(np.random.default_rng(9), stars=30)
    with pytest.raises(Rejected) as refusal:
        calibrate(pairs, requested="2MASS/J")
    assert refusal.value.code == "few-reference-stars"
    assert "V(GaiaSP)" in refusal.value.reason


def test_positions_without_magnitudes_are_refused() -> None:
    pairs = night_pairs(np.random.default_rng(9), stars=30).with_columns(
        band=pl.lit(None, dtype=pl.String), ref_mag=pl.lit(None, dtype=pl.Float64)
    )
    with pytest.raises(Rejected) as refusal:
        calibrate(pairs)
    assert refusal.value.code == "few-reference-stars"


def test_stars_that_agree_on_nothing_are_refused() -> None:
    rng = np.random.default_rng(10)
    pairs = night_pairs(rng, stars=40).filter(band="r(GaiaSP)")
    pairs = pairs.with_columns(inst_mag=pl.Series(rng.uniform(-14, -6, 40)))
    with pytest.raises(Rejected) as refusal:
        calibrate(pairs)
    assert refusal.value.code == "bad-zero-point"


@pytest.mark.parametrize("requested", ["Bessel-Q", "SDSS/xyz", "GaiaSP/w", "()"])
def test_an_unknown_filter_is_refused(requested: str) -> None:
    with pytest.raises(Rejected) as refusal:
        calibrate(night_pairs(np.random.default_rng(11), stars=30), requested=requested)
    assert refusal.value.code == "unknown-band"


@pytest.mark.parametrize(
    ("requested", "bands"),
    [
        ("GaiaSP/UBVRI", {f"{name}(GaiaSP)" for name in "UBVRI"}),
        ("ugriz", {f"{name}(GaiaSP)" for name in "ugriz"}),
        ("GaiaDR3/GBP", {"BP(GaiaDR3)"}),
        ("r'", {"r(GaiaSP)"}),
        ("no", set(G_MINUS_BAND)),
        ("2MASS/any", set(G_MINUS_BAND)),
    ],
)
def test_requests_are_understood_as_bhtom_writes_them(requested: str, bands: set[str]) -> None:
    calibration = calibrate(night_pairs(np.random.default_rng(12), stars=60), requested=requested)
    assert calibration.band in bands
    assert {fit.band for fit in calibration.fits if fit.probability > 0} <= bands
