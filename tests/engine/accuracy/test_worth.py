"""What a verdict is worth, and what to change: for each cause the word that helps, none without a cause."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.accuracy.one_frame import STARS_A_BIN, error_growth, honesty
from engine.accuracy.worth import Circumstance, is_advice, to_change, worth
from engine.lightcurve import Flag

GOOD = Circumstance(
    status="measured", mag_err=0.02, stat_err_mag=0.014, sys_err_mag=0.014, exptime_s=60.0, airmass=1.2,
    sun_altitude_deg=-30.0, moon_altitude_deg=20.0, moon_separation_deg=80.0, moon_lit=0.9, sky_adu=500.0,
    saturation_adu=60000.0,
)  # fmt: skip


def test_a_good_frame_is_told_its_worth_and_nothing_to_change() -> None:
    assert worth(GOOD) == "Good to 1.8%: beside a point as good, a change of 0.08 mag is real."
    assert to_change(GOOD) == ()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"stat_err_mag": 0.05}, "four times longer than 60 s"),
        ({"sys_err_mag": 0.05}, "longer exposures do not help"),
        ({"airmass": 2.6}, "airmass 2.6"),
        ({"sun_altitude_deg": -8.0}, "not dark"),
        ({"moon_separation_deg": 12.0}, "Moon stood 12°"),
        ({"sky_adu": 30000.0}, "shorter exposures"),
    ],
)
def test_each_cause_has_its_own_advice(changes: dict[str, float], word: str) -> None:
    (advice,) = to_change(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert word in advice


def test_a_moon_that_is_down_or_far_is_no_cause() -> None:
    for changes in ({"moon_altitude_deg": -5.0}, {"moon_lit": 0.2}):
        assert to_change(replace(GOOD, moon_separation_deg=12.0, **changes)) == ()  # type: ignore[arg-type]


def test_a_refusal_that_says_what_to_do_is_kept_and_another_gets_words() -> None:
    told = "Only 0 stars are on the frame: expose longer or check focus and cover."
    assert to_change(Circumstance(status="rejected", code="few-stars", reason=told)) == (told,)
    (words,) = to_change(Circumstance(status="rejected", code="target-off-frame", reason="It is outside."))
    assert "check the pointing" in words
    assert to_change(Circumstance(status="rejected", code="new", reason="It is odd.")) == ("It is odd.",)


@pytest.mark.parametrize(
    ("sentence", "is_it"),
    [
        ("The stars are wide: check the focus, or bin the camera.", True),
        ("Stars narrower than two pixels cost precision: defocus a little for better magnitudes.", True),
        ("Expose 4 times longer than 60 s, or add up frames.", True),
        ("Few reference stars: a wider field or a deeper catalogue makes the zero point safer.", True),
        ("The seeing was 2.1 arcsec.", False),
        ("167 sources were found; stars are 3.8 pixels wide.", False),
    ],
)
def test_advice_is_told_from_findings(sentence: str, is_it: bool) -> None:
    assert is_advice(sentence) is is_it


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_errors_grow_as_the_stars_scatter(factor: float) -> None:
    rng = np.random.default_rng(7)
    mag = rng.uniform(12.0, 17.0, 600)
    stated = 0.005 * 10 ** (0.4 * (mag - 14.0))
    stars = pl.DataFrame(
        {
            "ref_mag": mag,
            "residual_mag": rng.normal(0.0, factor * stated),
            "stated_err_mag": stated,
            "flags": 0,
        }
    )
    burnt = stars.head(200).with_columns(
        residual_mag=pl.lit(1.0), flags=pl.lit(int(Flag.SATURATED), pl.Int32)
    )
    grown = error_growth(pl.concat([stars, burnt.cast(stars.schema)]))
    assert grown["stars"].sum() == 600
    assert grown["mag"].is_sorted()
    assert grown["stated_mag"].is_sorted()
    assert honesty(grown) == pytest.approx(factor, rel=0.15)


def test_too_few_stars_tell_nothing() -> None:
    columns = {"ref_mag": 14.0, "residual_mag": 0.01, "stated_err_mag": 0.01, "flags": 0}
    stars = pl.DataFrame([columns])
    few = pl.DataFrame([columns] * STARS_A_BIN)
    assert error_growth(few)["stars"].to_list() == [STARS_A_BIN]
    assert honesty(error_growth(few)) is None
    assert error_growth(stars).is_empty()
    assert honesty(error_growth(stars)) is None
    assert error_growth(stars.clear()).is_empty()
