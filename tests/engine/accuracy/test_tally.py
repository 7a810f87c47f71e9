"""Robust numbers out of counts agree with those out of the values themselves."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accuracy.tally import FEWEST_STARS, RESIDUAL_SCALE_MAG, robust, tally_of

SIGMA = st.floats(0.003, 3.0)
SEED = st.integers(0, 2**32 - 1)


def table(values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"band": "r", "residual_mag": values})


def numbers(tally: pl.DataFrame) -> dict[str, float]:
    return robust(tally, ["band"], scale=RESIDUAL_SCALE_MAG).row(0, named=True)


def told(values: np.ndarray) -> dict[str, float]:
    return numbers(tally_of(table(values), ["band"], "residual_mag", scale=RESIDUAL_SCALE_MAG))


@given(SIGMA, st.floats(-2.0, 2.0), SEED)
def test_middle_and_spread_are_those_of_the_values(sigma: float, offset: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(offset * sigma, sigma, 4000)
    low, middle, high = np.quantile(values, [0.158655, 0.5, 0.841345])
    found = told(values)
    assert found["middle"] == pytest.approx(middle, abs=0.03 * sigma + 0.02 * abs(middle))
    assert found["spread"] == pytest.approx((high - low) / 2, rel=0.06)


@given(SIGMA, SEED)
def test_a_tenth_of_wild_stars_hardly_moves_the_spread(sigma: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0.0, sigma, 4000)
    values[:400] = rng.choice([-50.0, 50.0], 400) * sigma
    assert told(values)["spread"] == pytest.approx(sigma, rel=0.30)
    assert np.std(values) > 10 * sigma


@given(st.lists(st.floats(-5.0, 5.0), min_size=40, max_size=80), st.integers(1, 39))
def test_tallies_of_two_halves_say_what_the_tally_of_the_whole_says(values: list[float], cut: int) -> None:
    parts = [np.array(values[:cut]), np.array(values[cut:])]
    tallies = [tally_of(table(part), ["band"], "residual_mag", scale=RESIDUAL_SCALE_MAG) for part in parts]
    assert numbers(pl.concat(tallies)) == told(np.array(values))


@given(st.lists(st.floats(-5.0, 5.0), min_size=FEWEST_STARS, max_size=60))
def test_turning_every_sign_turns_the_middle_and_keeps_the_spread(values: list[float]) -> None:
    found, turned = told(np.array(values)), told(-np.array(values))
    # an even number of stars has two middle ones, and the count stops at the first
    near = sorted(values)[len(values) // 2 - 1 : len(values) // 2 + 1]
    cell = 0.05 * max(abs(value) for value in near) + 0.0002
    assert turned["middle"] == pytest.approx(-found["middle"], abs=near[-1] - near[0] + cell)
    assert found["spread"] >= 0.0


def test_too_few_stars_have_no_spread() -> None:
    few = told(np.linspace(-1, 1, FEWEST_STARS - 1))
    assert few["stars"] == FEWEST_STARS - 1
    assert few["middle"] is None
    assert few["spread"] is None
