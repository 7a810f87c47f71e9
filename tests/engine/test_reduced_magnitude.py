"""Reduced magnitudes and the H,G system: laws, the literature, and real predictions of three services."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.horizons import ephemeris_of
from engine.errors import Rejected
from engine.reduced_magnitude import (
    absolute_mag,
    distance_modulus_mag,
    phase_mag,
    predicted_mag,
    reduced_mag,
)

DISTANCES_AU = st.floats(0.01, 100.0)
PHASES_DEG = st.floats(0.0, 120.0)
SLOPES = st.floats(0.0, 0.5)


def real(shared: Path, name: str) -> str:
    return (shared / "archives" / "solar_system" / name).read_text()


def mpc_rows(page: str) -> list[tuple[float, float, float, float]]:
    """Return (delta_au, r_au, phase_deg, mag) of every line of an ephemeris of the Minor Planet Center."""
    lines = [line.split() for line in page.splitlines() if re.match(r"20\d\d \d\d \d\d ", line)]
    return [(float(row[10]), float(row[11]), float(row[13]), float(row[14])) for row in lines]


@given(mag=st.floats(-10, 30), r_au=DISTANCES_AU, delta_au=DISTANCES_AU, phase_deg=PHASES_DEG, slope_g=SLOPES)
def test_prediction_and_reduction_are_inverse(
    mag: float, r_au: float, delta_au: float, phase_deg: float, slope_g: float
) -> None:
    reduced = reduced_mag(mag, r_au=r_au, delta_au=delta_au)
    absolute = float(absolute_mag(reduced, phase_deg=phase_deg, slope_g=slope_g))
    again = predicted_mag(absolute, r_au=r_au, delta_au=delta_au, phase_deg=phase_deg, slope_g=slope_g)
    assert float(again) == pytest.approx(mag, abs=1e-9)


@given(r_au=DISTANCES_AU, delta_au=DISTANCES_AU)
def test_twice_as_far_is_a_quarter_of_the_light(r_au: float, delta_au: float) -> None:
    step = distance_modulus_mag(r_au, 2 * delta_au) - distance_modulus_mag(r_au, delta_au)
    assert float(step) == pytest.approx(2.5 * np.log10(4.0))
    assert float(distance_modulus_mag(r_au, delta_au)) == pytest.approx(
        float(distance_modulus_mag(delta_au, r_au))
    )


@given(one=PHASES_DEG, other=PHASES_DEG, slope_g=SLOPES)
def test_a_body_is_brightest_at_opposition(one: float, other: float, slope_g: float) -> None:
    near, far = sorted((one, other))
    assert phase_mag(far, slope_g=slope_g) >= phase_mag(near, slope_g=slope_g) - 1e-12
    assert phase_mag(0.0, slope_g=slope_g) == 0.0


@given(phase_deg=st.floats(0.1, 120.0), low=SLOPES, high=SLOPES)
def test_a_greater_slope_fades_less(phase_deg: float, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert phase_mag(phase_deg, slope_g=high) <= phase_mag(phase_deg, slope_g=low) + 1e-12


def test_at_one_au_nothing_is_reduced() -> None:
    assert float(reduced_mag(15.0, r_au=1.0, delta_au=1.0)) == 15.0


def test_the_phase_function_is_that_of_bowell() -> None:
    # phi1 and phi2 at 20 degrees by hand: tan(10 deg) = 0.176327
    # exp(-3.33 * 0.176327**0.63) = 0.32762, exp(-1.87 * 0.176327**1.22) = 0.79845
    expected = -2.5 * np.log10(0.85 * 0.32762 + 0.15 * 0.79845)
    assert float(phase_mag(20.0)) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("r_au", [0.0, -1.0, float("nan")])
def test_a_distance_that_is_none_is_refused(r_au: float) -> None:
    with pytest.raises(Rejected) as refusal:
        reduced_mag(15.0, r_au=r_au, delta_au=1.0)
    assert refusal.value.code == "bad-distance"


@pytest.mark.parametrize("phase_deg", [-0.1, 120.1, float("nan")])
def test_a_phase_outside_the_system_is_refused(phase_deg: float) -> None:
    with pytest.raises(Rejected) as refusal:
        phase_mag(phase_deg)
    assert refusal.value.code == "bad-phase"


@pytest.mark.parametrize(
    ("name", "absolute"),
    [("horizons_ceres_ephemerides_range.txt", 3.33), ("horizons_ceres_ephemerides_single.txt", 3.53)],
)  # Horizons changed the H of Ceres between both answers; G = 0.12 in both
def test_horizons_predicts_the_same(shared: Path, name: str, absolute: float) -> None:
    table = ephemeris_of(real(shared, name).encode()).table
    assert f"H= {absolute}" in real(shared, name)
    ours = predicted_mag(
        absolute, r_au=table["r_au"].to_numpy(), delta_au=table["delta_au"].to_numpy(),
        phase_deg=table["phase_deg"].to_numpy(), slope_g=0.12,
    )  # fmt: skip
    assert ours == pytest.approx(table["v_mag"].to_numpy(), abs=0.001)


def test_the_minor_planet_center_predicts_the_same(shared: Path) -> None:
    page = real(shared, "mpc_2024AA_ephemeris_G37-a-t.html")
    assert "[H=27.41]" in page
    rows = mpc_rows(page)
    assert rows[0] == (1.451, 1.819, 33.9, 30.9)
    for delta_au, r_au, phase_deg, mag in rows:
        ours = predicted_mag(27.41, r_au=r_au, delta_au=delta_au, phase_deg=phase_deg)
        assert float(ours) == pytest.approx(mag, abs=0.06)


def test_encke_far_from_the_sun_is_one_body_all_the_time(shared: Path) -> None:
    rows = mpc_rows(real(shared, "mpc_2P_ephemeris_500-a-t.html"))
    assert len(rows) == 21
    absolute = [
        float(absolute_mag(reduced_mag(mag, r_au=r_au, delta_au=delta_au), phase_deg=phase_deg))
        for delta_au, r_au, phase_deg, mag in rows
    ]
    assert max(absolute) - min(absolute) < 0.11  # magnitudes are given to 0.1


def test_skybot_predicts_bodies_as_bright_as_they_are_known_to_be(shared: Path) -> None:
    page = real(shared, "skybot_conesearch.vot").replace("\n", "")
    rows = [re.findall(r"<vot:TD>(.*?)</vot:TD>", row) for row in page.split("<vot:TR>")[1:]]
    assert len(rows) == 4
    first = rows[0]
    assert (first[0], first[5], first[10], first[11]) == (
        "229762", "19.600000000000001", "39.584007991", "40.458336172",
    )  # fmt: skip
    reduced = float(reduced_mag(float(first[5]), r_au=float(first[11]), delta_au=float(first[10])))
    assert reduced == pytest.approx(3.58, abs=0.01)  # 19.6 - 5 log10(39.584 * 40.458)
    assert float(absolute_mag(reduced, phase_deg=0.5)) == pytest.approx(3.5, abs=0.2)  # (229762): H = 3.5
