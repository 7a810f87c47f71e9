"""The light curve as it is drawn."""

import json
import xml.etree.ElementTree as ET

import polars as pl
import pytest
from page_lakes import example_points

from engine.bands import BANDS
from engine.lightcurve import Flag, empty, light_curve
from portal.light_curve.charts import bands_in_order, light_curve_spec
from portal.light_curve.marks import drawn_points
from portal.light_curve.thumbnails import THUMBNAIL_WIDTH_PX, thumbnail_svg


def test_a_limit_is_drawn_where_the_limit_is_and_without_a_bar() -> None:
    drawn = drawn_points(example_points(1))
    limits = drawn.filter(pl.col("is_limit"))
    assert limits.get_column("level_mag").unique().to_list() == [20.5]
    assert limits.get_column("error_mag").null_count() == len(limits) > 0


def test_a_mark_carries_its_error() -> None:
    points = example_points(1).filter(pl.col("mag").is_not_null())
    drawn = drawn_points(points)
    assert drawn["level_mag"].to_list() == points["mag"].to_list()
    assert drawn["error_mag"].to_list() == points["mag_err"].to_list()


def test_words_are_sent_once_and_not_with_every_mark() -> None:
    marks = drawn_points(example_points(1, count=3000))
    assert marks.to_arrow().nbytes < 36 * len(marks)


def test_a_tooltip_names_observer_facility_and_what_to_know_of_the_point() -> None:
    row = drawn_points(example_points(1, flags=int(Flag.SIMULATED))).row(1, named=True)
    assert (row["observer"], row["facility"], row["remark"]) == ("Adam", "ZTF", "simulated")


def test_a_point_that_has_only_a_flux_is_left_out_of_the_chart_of_magnitudes() -> None:
    fluxes = light_curve(
        pl.DataFrame(
            {"target_id": [1], "source": ["x"], "source_ref": ["1"], "mjd": [60000.0], "band": ["ZTF(zg)"]}
        ).with_columns(flux_ujy=pl.lit(12.0))
    )
    assert drawn_points(fluxes).is_empty()


def test_bands_stand_from_blue_to_red() -> None:
    bands = bands_in_order(pl.DataFrame({"band": ["WISE(W1)", "g(GaiaSP)", "I(GaiaSP)", "u(GaiaSP)"]}))
    assert bands == ("u(GaiaSP)", "g(GaiaSP)", "I(GaiaSP)", "WISE(W1)")


@pytest.mark.parametrize("bands", [("ZTF(zg)",), tuple(BANDS), ()])
def test_a_band_keeps_its_colour_and_symbol_whatever_else_is_shown(bands: tuple[str, ...]) -> None:
    spec = json.loads(json.dumps(light_curve_spec(bands)))
    marks = next(layer for layer in spec["layer"] if "shape" in layer["encoding"])["encoding"]
    assert marks["color"]["scale"]["range"] == [BANDS[band].colour for band in bands]
    assert marks["shape"]["scale"]["range"] == [BANDS[band].symbol for band in bands]


def test_magnitudes_run_downward_in_every_layer() -> None:
    for layer in json.loads(json.dumps(light_curve_spec(("ZTF(zg)",))))["layer"]:
        assert layer["encoding"]["y"]["scale"]["reverse"] is True


def test_a_specification_is_made_once() -> None:
    assert light_curve_spec(("ZTF(zg)",)) is light_curve_spec(("ZTF(zg)",))


@pytest.mark.parametrize("points", [empty(), example_points(1), example_points(1, count=3000)])
def test_a_small_light_curve_is_sound_and_small_svg_with_all_dots_inside(points: pl.DataFrame) -> None:
    svg = thumbnail_svg(points)
    circles = [dot for dot in ET.fromstring(svg).iter() if dot.tag.endswith("circle")]
    assert len(svg) < 60_000
    assert all(0 <= float(dot.attrib["cx"]) <= THUMBNAIL_WIDTH_PX for dot in circles)
    assert bool(circles) == bool(len(points))


def test_the_brightest_point_of_a_small_light_curve_stands_highest() -> None:
    points = example_points(1).filter(pl.col("mag").is_not_null())
    svg = ET.fromstring(thumbnail_svg(points))
    heights = [float(dot.attrib["cy"]) for dot in svg.iter() if dot.tag.endswith("circle")]
    band = (
        points.get_column("band")
        .value_counts(sort=True)
        .sort("count", "band", descending=[True, False])[0, 0]
    )
    shown = points.filter(pl.col("band") == band).get_column("mag").to_list()
    assert heights.index(min(heights)) == shown.index(min(shown))


def test_the_layer_whose_legend_is_clicked_comes_first_or_the_legend_is_dead() -> None:
    spec = json.loads(json.dumps(light_curve_spec(("ZTF(zg)",))))
    only = next(param for param in spec["params"] if param["name"] == "only")
    assert only["bind"] == "legend"
    assert only["views"] == [spec["layer"][0]["name"]]
