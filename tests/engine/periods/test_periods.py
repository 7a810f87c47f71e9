"""Periods of simulated curves with gaps: found, doubted, folded; and noise that is not taken for one."""

import numpy as np
import polars as pl
import pytest
from astropy.timeseries import LombScargle, LombScargleMultiband
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.periods.alarm import alarm
from engine.periods.folding import phase
from engine.periods.observed import frequency_grid, observed
from engine.periods.periodogram import band_power, band_sums, statistic
from engine.periods.search import find_period, strongest
from engine.periods.sums import spread, sums

Array = NDArray[np.float64]
NOISE_MAG = 0.03


def curve(
    mag: Array, mjd: Array, rng: np.random.Generator, *, bands: int = 3, noise: float = NOISE_MAG
) -> pl.DataFrame:
    """Return a made-up light curve: each band has its own mean, half of the errors are twice the others."""
    band = rng.integers(0, bands, len(mjd))
    err = noise * rng.choice([1.0, 2.0], len(mjd))
    level = 15.0 + 0.7 * band + mag + rng.normal(size=len(mjd)) * err
    return pl.DataFrame(
        {"mjd": mjd, "band": [f"band{n}" for n in band], "mag": level, "mag_err": err, "flags": 0}
    )


def nights(count: int, span_d: float, rng: np.random.Generator) -> Array:
    """Return times in nights of eight hours, and in seasons of seven months."""
    day = np.floor(rng.uniform(0.0, span_d, 3 * count))
    day = day[day % 365.25 < 210][:count]
    return np.sort(59000.0 + day + rng.uniform(0.0, 1 / 3, len(day)))


def wave(mjd: Array, period_d: float, amplitude_mag: float) -> Array:
    return amplitude_mag * np.sin(2 * np.pi * mjd / period_d)


def eclipses(mjd: Array, period_d: float) -> Array:
    turn = phase(mjd, period_d=period_d, epoch=59000.0)
    away = np.minimum(turn, 1.0 - turn)
    return 0.6 * np.exp(-((away / 0.05) ** 2)) + 0.3 * np.exp(-(((away - 0.5) / 0.05) ** 2))


@pytest.mark.parametrize(("precision", "most_off"), [(np.float64, 2e-7), (np.float32, 2e-6)])
def test_fast_sums_are_plain_sums(precision: type, most_off: float) -> None:
    rng = np.random.default_rng(1)
    time_d, weights = rng.uniform(0, 500, 60), rng.normal(size=(3, 60))
    made = sums(spread(time_d, step_per_d=1 / 2500, first=5, count=2000), weights.astype(precision))
    plain = weights @ np.exp(2j * np.pi * np.outer(time_d, np.arange(5, 2005) / 2500))
    assert np.abs(made - plain).max() < most_off * np.abs(plain).max()


def test_each_band_is_astropys_lomb_scargle_and_all_together_its_multiband_one() -> None:
    rng = np.random.default_rng(2)
    mjd = nights(200, 400.0, rng)
    points = curve(wave(mjd, 0.7, 0.1), mjd, rng)
    seen = observed(points)
    grid = frequency_grid(seen.span_d, shortest_d=0.5)
    powers = [band_power(band_sums(band, grid), band.mag)[0] for band in seen.bands]
    for band, power in zip(seen.bands, powers, strict=True):
        theirs = LombScargle(band.time_d, band.mag, band.weight**-0.5)
        assert power == pytest.approx(theirs.power(grid.frequency_per_d, method="cython"), abs=1e-6)
    # theirs adds up chi-squared as the errors tell it; the powers that it is made of are the same
    errs = [points.filter(pl.col("band") == band.band)["mag_err"].to_numpy() for band in seen.bands]
    scatter = [
        float(np.sum(err**-2.0) * (band.weight @ band.mag**2))
        for err, band in zip(errs, seen.bands, strict=True)
    ]
    columns = (points[name].to_numpy() for name in ("mjd", "mag", "band", "mag_err"))
    theirs = LombScargleMultiband(*columns, nterms_base=0, nterms_band=1, reg_band=None, reg_base=None)
    some = slice(None, None, 40)
    together = theirs.power(grid.frequency_per_d[some], method="flexible")
    assert np.average(powers, axis=0, weights=scatter)[some] == pytest.approx(together, abs=1e-5)


@settings(max_examples=25)
@given(
    period_d=st.floats(0.3, 40.0).filter(lambda days: all(abs(days * k - 1) > 0.02 for k in (0.5, 1, 2, 3))),
    seed=st.integers(0, 1000),
)
def test_a_known_period_is_found_in_many_bands_with_gaps_and_noise(period_d: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mjd = nights(260, 500.0, rng)
    found = find_period(curve(wave(mjd, period_d, 0.08), mjd, rng), shortest_d=0.2)
    assert abs(found.period_d - period_d) < 6.0 * found.period_err_d
    assert found.period_err_d < 0.05 * period_d**2 / 500.0 * 10
    assert found.false_alarm < 1e-6
    assert not found.opinion.prefers_double


def test_the_error_of_a_period_is_what_repeated_searches_scatter_by() -> None:
    off = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mjd = nights(150, 300.0, rng)
        found = find_period(curve(wave(mjd, 5.3, 0.1), mjd, rng), shortest_d=2.0)
        off.append((found.period_d - 5.3) / found.period_err_d)
    assert 0.75 < np.std(off) < 1.3


@pytest.mark.parametrize("bands", [1, 4])
@pytest.mark.parametrize("too_small", [1.0, 3.0])
def test_noise_alone_stays_below_a_level_as_often_as_it_says(bands: int, too_small: float) -> None:
    """One curve of ten may pass the 10 % level and one of 100 the 1 %, also where errors are too small."""
    rng = np.random.default_rng(7)
    chances = []
    for _ in range(400):
        mjd = nights(30 * bands, 40.0, rng)
        points = curve(np.zeros(len(mjd)), mjd, rng, bands=bands)
        seen = observed(points.with_columns(pl.col("mag_err") / too_small))
        grid = frequency_grid(seen.span_d, shortest_d=0.8)
        known = [band_sums(band, grid) for band in seen.bands]
        evidence = sum(statistic(band_power(k, k.curve.mag)[0], k.curve.degrees) for k in known)
        level = alarm(known, rng, trials=24, told=float)
        chances.append(level.probability(float(np.max(evidence))))
    passed = [int(np.sum(np.array(chances) < level)) for level in (0.1, 0.01)]
    assert 22 <= passed[0] <= 64  # 40 expected; four standard errors
    assert passed[1] <= 12  # 4 expected


def test_aliases_and_harmonics_of_the_best_period_are_marked() -> None:
    rng = np.random.default_rng(3)
    mjd = nights(300, 800.0, rng)
    found = find_period(curve(wave(mjd, 0.634, 0.1), mjd, rng))
    by_label = {mark.label: mark.frequency_per_d for mark in found.marks}
    frequency = 1.0 / found.period_d
    assert by_label["1 d +"] == pytest.approx(frequency + 1.0)
    assert by_label["0.5 d −"] == pytest.approx(abs(frequency - 2.0))
    assert by_label["Moon −"] == pytest.approx(frequency - 1 / 29.530589)
    assert by_label["2P"] == pytest.approx(frequency / 2)
    alias = int(np.argmin(np.abs(found.grid.frequency_per_d - by_label["1 d +"])))
    assert found.power[alias - 9 : alias + 10].max() > found.levels[0.001]  # a real alias climbs high


def test_a_period_of_one_day_is_told_to_be_the_nights_own() -> None:
    rng = np.random.default_rng(4)
    mjd = nights(300, 800.0, rng)
    assert find_period(curve(wave(mjd, 0.9995, 0.1), mjd, rng)).sampling == "1 d"
    assert find_period(curve(wave(mjd, 0.634, 0.1), mjd, rng)).sampling == ""


def test_an_eclipsing_star_is_found_at_half_its_period_and_the_second_opinion_doubles_it() -> None:
    rng = np.random.default_rng(5)
    mjd = nights(400, 600.0, rng)
    found = find_period(curve(eclipses(mjd, 2.345678), mjd, rng))
    assert 2 * found.period_d == pytest.approx(2.345678, abs=1e-3)
    assert found.opinion.prefers_double
    assert found.opinion.theta[2.0] < found.opinion.theta[1.0] < found.opinion.theta[0.5]


@given(epoch=st.floats(40000, 70000), period_d=st.floats(0.01, 1000), turns=st.integers(-500, 500))
@example(epoch=59000.0, period_d=1.0, turns=0)
def test_a_phase_comes_back_after_each_period_and_is_zero_at_the_epoch(
    epoch: float, period_d: float, turns: int
) -> None:
    first = phase(np.array([epoch, epoch + 0.3 * period_d]), period_d=period_d, epoch=epoch)
    later = phase(np.array([epoch + (turns + 0.3) * period_d]), period_d=period_d, epoch=epoch)
    assert first[0] == 0.0
    assert later[0] == pytest.approx(first[1], abs=1e-6)
    assert (first >= 0).all()
    assert (first < 1).all()


def test_a_thinned_periodogram_keeps_its_highest_peak() -> None:
    rng = np.random.default_rng(6)
    mjd = nights(200, 800.0, rng)
    found = find_period(curve(wave(mjd, 1.7, 0.1), mjd, rng))
    frequency, power = strongest(found, most=500)
    assert len(frequency) <= 501
    assert power.max() == found.power.max()
    assert 1 / frequency[int(np.argmax(power))] == pytest.approx(found.period_d, rel=1e-3)


def test_what_cannot_have_a_period_is_refused_with_a_code() -> None:
    rng = np.random.default_rng(8)
    mjd = nights(100, 300.0, rng)
    good = curve(wave(mjd, 1.7, 0.1), mjd, rng)
    cases: dict[str, pl.DataFrame] = {
        "few-points": good.head(20),
        "short-span": good.with_columns(mjd=pl.lit(59000.0)),
        "all-equal": good.with_columns(mag=pl.lit(15.0)),
    }
    for code, points in cases.items():
        with pytest.raises(Rejected) as refused:
            find_period(points)
        assert refused.value.code == code
    saturated = good.with_columns(flags=pl.lit(int(Flag.SATURATED)))
    with pytest.raises(Rejected, match="at most 0"):
        find_period(saturated)
    with pytest.raises(Rejected) as refused:
        find_period(good, shortest_d=200.0)
    assert refused.value.code == "bad-shortest"


def test_a_long_span_makes_the_shortest_period_longer_instead_of_filling_the_memory() -> None:
    grid = frequency_grid(30_000.0, shortest_d=0.01)
    assert grid.count == 1_000_000
    assert 1 / grid.frequency_per_d[-1] > 0.01


def test_a_missing_or_tiny_error_does_not_make_one_point_decide() -> None:
    rng = np.random.default_rng(9)
    mjd = nights(120, 300.0, rng)
    points = curve(wave(mjd, 3.3, 0.1), mjd, rng, bands=1)
    odd = points.with_columns(
        mag_err=pl.when(pl.int_range(pl.len()) == 5).then(1e-9).otherwise("mag_err"),
        mag=pl.when(pl.int_range(pl.len()) == 5).then(13.0).otherwise("mag"),
    )
    odd = odd.with_columns(mag_err=pl.when(pl.int_range(pl.len()) % 7 == 0).then(None).otherwise("mag_err"))
    assert max(observed(odd).bands[0].weight) < 0.15
