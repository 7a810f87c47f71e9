"""The period of a target on its page, and the switches of its light curve."""

import json

import numpy as np
import polars as pl
import pytest
from page_lakes import REAL_NAME, example_points
from page_visits import visit, words

from engine.bands import BANDS
from engine.distances import modulus_of_distance, modulus_of_redshift
from engine.errors import Rejected
from engine.extinction import extinction_mag, extinction_per_a_v
from engine.lightcurve import light_curve
from engine.periods.search import find_period
from lake.opening import Lake
from portal.light_curve.looks import (
    ABSOLUTE,
    FLUX,
    OTHERS,
    Look,
    as_shown,
    groups_of,
    look_of,
    looked_spec,
    with_groups,
)
from portal.light_curve.marks import drawn_points
from portal.one_target.period_charts import folded_rows, folded_spec, periodogram_rows
from portal.one_target.periods import period_of_address


def variable_star() -> pl.DataFrame:
    """Return a made-up pulsating star of 0.567 days in two bands."""
    rng = np.random.default_rng(1)
    mjd = np.sort(rng.uniform(60000.0, 60200.0, 200))
    return light_curve(
        pl.DataFrame(
            {
                "target_id": 1,
                "source": "ztf",
                "source_ref": [str(n) for n in range(200)],
                "mjd": mjd,
                "band": np.where(np.arange(200) % 2 == 0, "ZTF(zg)", "ZTF(zr)"),
                "mag": 16.0 + 0.3 * np.sin(2 * np.pi * mjd / 0.567),
                "mag_err": 0.02,
            }
        )
    )


def look_at(brightness: str, **fields: object) -> Look:
    plain = {"colour_by": "Band", "ebv_mag": 0.0, "distance": 10.0, "unit": "pc"}
    return look_of(brightness=brightness, **(plain | fields))  # type: ignore[arg-type]


def test_the_page_shows_the_period_of_the_address_and_keeps_it(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME, period="12.5")
    assert not at.exception
    assert len(at.get("vega_lite_chart")) == 2
    assert "Best period" in words(at)
    period = next(field for field in at.number_input if field.label == "Period [d]")
    assert period.value == 12.5
    next(button for button in at.button if button.label == "2P").click().run()
    assert not at.exception
    assert float("".join(at.query_params["period"])) == 25.0
    next(button for button in at.button if button.label == "Best").click().run()
    assert "period" not in at.query_params


def test_a_target_without_points_says_what_a_period_needs(full_lake: Lake) -> None:
    at = visit("target", name="Many01", period="1")
    assert not at.exception
    assert "No period yet" in words(at)
    assert "at least 12" in words(at)


def test_a_private_target_shows_no_period_to_others(full_lake: Lake) -> None:
    at = visit("target", name="Secret1", period="1")
    assert at.title[0].value == "No such target"
    assert not at.get("vega_lite_chart")


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "0", "1e9", "1" * 400])
def test_an_address_without_a_sound_period_names_none(text: str) -> None:
    assert period_of_address(text) is None


def test_the_periodogram_marks_the_period_looked_at_and_the_levels() -> None:
    found = find_period(variable_star())
    rows = periodogram_rows(found, found.period_d)
    chosen = rows.filter(pl.col("kind") == "this period").row(0, named=True)
    assert chosen["period_d"] == pytest.approx(0.567, abs=1e-4)
    assert chosen["name"] == "P"
    curve = rows.filter(pl.col("kind") == "curve")
    assert chosen["power"] == curve["power"].max()
    assert rows.filter(pl.col("kind") == "level")["label"].to_list() == ["10 %", "1 %", "0.1 %"]


def test_a_folded_curve_is_drawn_in_two_cycles_and_falls_onto_one_curve() -> None:
    points = variable_star()
    rows = folded_rows(points, time="mjd", period_d=0.567, epoch=60000.0)
    assert len(rows) == 2 * len(points)
    assert rows["phase"].min() >= 0.0  # type: ignore[operator]
    assert rows["phase"].max() < 2.0  # type: ignore[operator]
    first = rows.head(200).sort("phase")
    assert first["level_mag"].diff().abs().max() < 0.06  # type: ignore[operator]
    spec = json.dumps(folded_spec(("ZTF(zg)",), many=False))
    assert '"title": "phase"' in spec
    assert "phase_deg" not in spec


@pytest.mark.parametrize(
    ("wavelength_nm", "per_a_v"), [(1250, 0.282), (1587, 0.190), (2174, 0.114), (549.5, 1.0), (3450, 0.056)]
)
def test_extinction_is_what_cardelli_and_others_tabulate(wavelength_nm: float, per_a_v: float) -> None:
    assert extinction_per_a_v(wavelength_nm) == pytest.approx(per_a_v, abs=0.006)


def test_dust_reddens_a_star_by_its_own_name_and_nothing_is_said_of_radio() -> None:
    blue, green = (
        extinction_mag(BANDS[name].wavelength_nm, ebv_mag=0.5) for name in ("B(GaiaSP)", "V(GaiaSP)")
    )
    assert blue is not None
    assert green is not None
    assert blue - green == pytest.approx(0.5, abs=0.03)
    assert extinction_mag(2.14e8, ebv_mag=0.5) is None


def test_a_magnitude_becomes_the_flux_of_its_own_system_and_a_flux_alone_is_kept() -> None:
    points = example_points(1)
    shown = as_shown(points, look_at(FLUX))
    row, was = (table.filter(pl.col("mag").is_not_null()).row(0, named=True) for table in (shown, points))
    assert row["mag"] == pytest.approx(10 ** (0.4 * (23.9 - was["mag"])), rel=1e-3)
    assert row["mag_err"] / row["mag"] == pytest.approx(0.05 / 1.0857, rel=1e-3)
    assert shown["limit_mag"].drop_nulls()[0] == pytest.approx(22.9, abs=0.1)
    only_flux = points.head(1).with_columns(
        mag=None, limit_mag=None, mag_err=None, flux_ujy=pl.lit(12.0), flux_err_ujy=pl.lit(2.0)
    )
    assert as_shown(only_flux, look_at(FLUX)).select("mag", "mag_err").row(0) == (12.0, 2.0)


def test_dust_makes_points_brighter_when_taken_away_in_magnitudes_and_in_fluxes_alike() -> None:
    points = example_points(1)
    mags = as_shown(points, look_at("Magnitude", ebv_mag=0.3))["mag"].drop_nulls()
    fluxes = as_shown(points, look_at(FLUX, ebv_mag=0.3))["mag"].drop_nulls()
    assert (mags < points["mag"].drop_nulls()).all()
    assert np.allclose(-2.5 * np.log10(fluxes.to_numpy()) + 23.9, mags.to_numpy(), atol=1e-3)


def test_an_absolute_magnitude_is_the_one_from_ten_parsecs() -> None:
    points = example_points(1)
    near = as_shown(points, look_at(ABSOLUTE, distance=10.0))
    far = as_shown(points, look_at(ABSOLUTE, distance=1.0, unit="Mpc"))
    assert near["mag"].to_list() == points["mag"].to_list()
    assert (points["mag"] - far["mag"]).drop_nulls().to_numpy() == pytest.approx(25.0)
    assert modulus_of_redshift(0.1) == pytest.approx(modulus_of_distance(475.8e6), abs=0.02)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"distance": 0.0}, "bad-distance"),
        ({"unit": "redshift"}, None),
        ({"unit": "redshift", "distance": 99.0}, "bad-redshift"),
        ({"ebv_mag": 11.0}, "bad-ebv"),
        ({"ebv_mag": float("nan")}, "bad-ebv"),
        ({"colour_by": "mood"}, "bad-look"),
    ],
)
def test_a_look_that_cannot_be_is_refused_with_a_code(fields: dict[str, object], code: str | None) -> None:
    if code is None:
        assert look_at(ABSOLUTE, **fields).modulus_mag > 50
        return
    with pytest.raises(Rejected) as refused:
        look_at(ABSOLUTE, **fields)
    assert refused.value.code == code


def test_the_legend_follows_the_colours_and_the_axis_the_unit() -> None:
    look = look_at(FLUX, colour_by="Observer")
    rows = with_groups(drawn_points(as_shown(example_points(1), look)), look)
    groups = groups_of(rows)
    assert set(groups) == {"Adam", "<b>Eve</b>"}
    spec = json.loads(json.dumps(looked_spec(("ZTF(zg)", "ZTF(zr)"), groups, look.axis, True)))
    for layer in spec["layer"]:
        assert layer["encoding"]["y"]["title"] == "flux [µJy]"
        assert layer["encoding"]["y"]["scale"]["reverse"] is False
    assert spec["layer"][0]["encoding"]["color"]["field"] == "shown_as"
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == list(groups)
    assert "µJy" in next(step["calculate"] for step in spec["transform"] if step["as"] == "reading")


def test_many_observers_share_one_last_colour() -> None:
    look = Look(colour_by="Observer")
    points = example_points(1).with_columns(observer=pl.format("person {}", pl.int_range(pl.len())))
    groups = groups_of(with_groups(drawn_points(points), look))
    assert len(groups) == 9
    assert groups[-1] == OTHERS


def test_the_switches_redraw_the_light_curve_of_the_page(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME)
    at.selectbox(key="look_colour").set_value("Observer")
    at.number_input(key="look_ebv").set_value(0.2).run()
    assert not at.exception
    assert "Click a name of the observer legend" in words(at)
    assert "0.200" in words(at)
    assert "without dust" in at.get("vega_lite_chart")[0].proto.spec
