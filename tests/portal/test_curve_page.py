"""The tab Light curve: what its link keeps, what is chosen in it, and who is given which points."""

import csv
import io
import json
from functools import partial
from time import monotonic

import polars as pl
import pytest
from page_lakes import REAL_NAME, SIMULATED_NAME, example_points
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.bands import BANDS
from engine.errors import Rejected
from engine.formats.curve import Curve
from engine.lightcurve import empty, light_curve
from engine.target import Visibility
from lake.inbox.changes import share_upload
from lake.inbox.uploads import uploads
from lake.opening import Lake
from lake.provenance import new_batch
from lake.rights import SYSTEM, Shared
from lake.targets import get_target
from portal.api.light_curve_csv import tomlake_csv
from portal.light_curve import curves
from portal.light_curve.charts import light_curve_spec
from portal.light_curve.chosen_points import chosen_table
from portal.light_curve.curve_switches import _Written, seed
from portal.light_curve.looks import FLUX, Look
from portal.light_curve.views import CALENDAR, MJD, Box, View, boxes_of, is_live, mjd_of_text, viewed_spec

ALL = Box(mjd=(0.0, 1e6), level=(-1e9, 1e9))


def id_of(lake: Lake, name: str) -> int:
    return get_target(lake.operations, name, SYSTEM).target_id or 0


def drawn(at: AppTest) -> dict[str, object]:
    return json.loads(at.get("vega_lite_chart")[0].proto.spec)


def test_a_link_shows_the_picture_that_it_was_copied_from(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME)
    at.segmented_control(key="look_brightness").set_value(FLUX)
    at.selectbox(key="look_colour").set_value("Observer")
    at.number_input(key="look_ebv").set_value(0.2)
    at.text_input(key="view_since").set_value("2023-03-01")
    at.segmented_control(key="view_times").set_value(MJD).run()
    assert not at.exception
    kept = {word: each if isinstance(each, str) else each[0] for word, each in at.query_params.items()}
    assert kept == {
        "name": REAL_NAME, "show": FLUX, "by": "Observer", "ebv": "0.2", "since": "2023-03-01", "times": MJD,
    }  # fmt: skip
    assert drawn(visit("target", **kept)) == drawn(at)
    assert drawn(at) != drawn(visit("target", name=REAL_NAME))


def test_the_plain_chart_leaves_the_address_as_it_was(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME, show=FLUX)
    at.segmented_control(key="look_brightness").set_value("Magnitude").run()
    assert set(at.query_params) == {"name"}


def test_a_browser_that_has_not_heard_of_the_new_address_takes_no_switch_back() -> None:
    session: dict[str | int, object] = {}
    seed(session, {}, ["ztf"])
    session["look_brightness"] = FLUX
    session["curve_address"] = _Written(now={"show": FLUX}, before={}, at_s=monotonic())
    seed(session, {}, ["ztf"])  # the next run was asked for at once
    assert session["look_brightness"] == FLUX
    session["curve_address"] = _Written(now={"show": FLUX}, before={}, at_s=monotonic() - 10.0)
    seed(session, {}, ["ztf"])  # somebody went back
    assert session["look_brightness"] == "Magnitude"


def test_what_is_hidden_is_hidden_in_every_panel(full_lake: Lake) -> None:
    target_id = id_of(full_lake, "Many05")
    band = next(name for name, each in BANDS.items() if each.unit == "mJy")
    row = {"target_id": target_id, "source": "first", "source_ref": "1", "mjd": 60000.0, "band": band,
           "flux_ujy": 1500.0, "flux_err_ujy": 100.0, "flags": 0}  # fmt: skip
    keep = partial(full_lake.store.replace_points, target_id, "first", batch=new_batch("test", "first"))
    keep(light_curve(pl.DataFrame([row])))
    assert [panel.unit for panel in curves.flux_panels(target_id)] == ["mJy"]
    assert curves.flux_panels(target_id, view=View(hidden=("first",))) == ()
    keep(empty())


def test_an_address_that_nobody_wrote_shows_the_plain_chart(full_lake: Lake) -> None:
    hostile = {"show": "<script>", "by": "point_id", "ebv": "1e999", "distance": "nan", "unit": "'",
               "times": "x" * 9000, "hide": "nobody,<b>", "every": "yes"}  # fmt: skip
    at = visit("target", name=REAL_NAME, **hostile)
    assert not at.exception
    assert drawn(at) == drawn(visit("target", name=REAL_NAME))
    assert set(at.query_params) == {"name"}


def test_a_time_that_is_none_is_told_and_the_chart_stays(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME, since="yesterday")
    assert any("is no time" in warning.value for warning in at.warning)
    assert at.get("vega_lite_chart")


@pytest.mark.parametrize("view", [View(hidden=("ztf",)), View(since_mjd=61_000.0), View(until_mjd=59_000.0)])
def test_what_is_not_looked_at_is_not_drawn(full_lake: Lake, view: View) -> None:
    assert curves.chart_of(id_of(full_lake, REAL_NAME), view=view) is None


def test_a_span_without_points_says_so(full_lake: Lake) -> None:
    assert "Nothing to show like this" in words(visit("target", name=REAL_NAME, since="2100-01-01"))


def test_a_time_is_an_mjd_or_a_date_and_nothing_else() -> None:
    assert mjd_of_text(" 61161 ") == mjd_of_text("2026-05-01") == mjd_of_text("2026-05-01T02:00+02:00")
    assert mjd_of_text("") is None
    for text in ("nan", "1e9", "-1", "soon", "0001-01-01"):
        with pytest.raises(Rejected) as refusal:
            mjd_of_text(text)
        assert refusal.value.code == "bad-time"


def test_a_brush_lists_the_points_under_it_and_no_other(full_lake: Lake) -> None:
    target_id = id_of(full_lake, REAL_NAME)
    boxes = boxes_of({"brush": {"mjd": [60_050.0, 60_100.0], "level_mag": [17.5, 16.0]}})
    found = curves.points_within(target_id, None, Look(), View(), boxes)
    points = curves.light_curve(target_id)
    wanted = points.filter(pl.col("mjd").is_between(60_050, 60_100), pl.col("mag").is_between(16.0, 17.5))
    assert 0 < len(found) < len(points)
    assert found["point_id"].to_list() == wanted["point_id"].to_list()


def test_a_click_lists_one_point_as_it_was_measured_also_where_fluxes_are_drawn(full_lake: Lake) -> None:
    target_id = id_of(full_lake, REAL_NAME)
    chart = curves.chart_of(target_id, look=Look(brightness=FLUX), view=View(is_choosable=True))
    assert chart is not None
    mark = json.loads(json.dumps(chart.rows.select("mjd", "band", "level_mag").row(5, named=True)))
    boxes = boxes_of({"brush": {}, "picked": [mark]})
    found = curves.points_within(target_id, None, Look(brightness=FLUX), View(), boxes)
    assert found["mjd"].to_list() == [mark["mjd"]]
    assert found["mag"][0] < 30 < mark["level_mag"]


@pytest.mark.parametrize(
    "told",
    [{}, {"brush": None, "picked": "x"}, {"brush": {"mjd": [], "level_mag": [1]}}, {"picked": [3, None]},
     {"brush": {"mjd": ["a", "b"], "level_mag": [1, 2]}}],
)  # fmt: skip
def test_a_selection_that_means_nothing_chooses_nothing(told: dict[str, object]) -> None:
    assert boxes_of(told) == []


def test_the_chosen_points_lead_to_their_passports_and_make_a_file_of_just_these(full_lake: Lake) -> None:
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    boxes = [Box(mjd=(60_210.0, 60_211.0), level=(16.0, 17.0))]  # where its one frame was taken
    found = curves.points_within(target.target_id or 0, None, Look(), View(), boxes)
    table = chosen_table(found, target.name)
    (point_id,) = found["point_id"].to_list()
    assert f"point={point_id}" in table["Passport"][0]
    text = b"".join(tomlake_csv(Curve(target=target, points=found, version=1))).decode()
    assert [row["point_id"] for row in csv.DictReader(io.StringIO(text))] == [str(point_id)]


def test_nothing_of_a_closed_upload_can_be_chosen(full_lake: Lake) -> None:
    target_id = id_of(full_lake, SIMULATED_NAME)
    sent = next(
        each
        for each in uploads(full_lake.operations, SYSTEM, target_id=target_id, limit=9)
        if each.filename.startswith("measured")
    )
    before = curves.points_within(target_id, None, Look(), View(), [ALL])
    kept = Shared(owner="maker", visibility=sent.visibility)
    share_upload(full_lake, sent.upload_id, Shared(owner="maker", visibility=Visibility.PRIVATE), user=SYSTEM)
    try:
        after = curves.points_within(target_id, None, Look(), View(), [ALL])
        closed = before.filter(pl.col("source_ref").str.starts_with(sent.sha256))["point_id"]
        assert len(closed)
        assert set(before["point_id"]) - set(after["point_id"]) == set(closed)
    finally:
        share_upload(full_lake, sent.upload_id, kept, user=SYSTEM)


def test_a_view_changes_its_own_chart_and_never_the_shared_one() -> None:
    before = json.dumps(light_curve_spec(("ZTF(zg)",)))
    shared = light_curve_spec(("ZTF(zg)",))
    spec = viewed_spec(shared, View(times=CALENDAR, is_choosable=True), is_live=True)
    assert json.dumps(shared) == before
    assert {"brush", "picked"} <= {param["name"] for param in spec["params"]}  # type: ignore[union-attr, index]
    axes = [layer["encoding"]["x"].get("axis") for layer in spec["layer"]]  # type: ignore[union-attr, index]
    assert "utcFormat" in json.dumps(axes[0])
    assert sum(axis is not None for axis in axes) == 1


def test_now_is_marked_only_where_it_does_not_press_the_points_together() -> None:
    points = example_points(1)  # 200 days
    last = float(points["mjd"].max())  # type: ignore[arg-type]
    assert is_live(points, last + 59.0)
    assert not is_live(points, last + 61.0)
    assert not is_live(points.clear(), last)
