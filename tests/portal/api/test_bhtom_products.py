"""Uploads, their calibrations and their measurements by BHTOM's routes."""

import base64
import io
from collections.abc import Iterator

import httpx
import pytest
from api_server import Served
from measured import upload_measured
from PIL import Image

from engine.target import Target, Visibility
from lake.inbox.uploads import upload
from lake.targets import create_target, get_target

DATA_FIELDS = [
    "id", "time_photometry", "mjd", "calib_survey_filter", "standardised_to", "magnitude", "mag_error", "zp",
    "scatter", "number of datapoints used for calibration", "outlier fraction", "matching radius[arcsec]",
    "cpcs_results",
]  # fmt: skip


@pytest.fixture(scope="module")
def ids(served: Served) -> dict[str, int]:
    for name, dec_deg, visibility in (
        ("Measured1", 40.0, Visibility.PUBLIC),
        ("Measured2", 41.0, Visibility.PRIVATE),
    ):
        target = Target(name=name, ra_deg=150.0, dec_deg=dec_deg, visibility=visibility)
        create_target(served.lake.operations, target, by="owner")
    lake = served.lake
    return {
        "open": upload_measured(lake, "Measured1", "m_open.fits"),
        "limit": upload_measured(lake, "Measured1", "m_limit.fits", mag=None, mjd=60001.5),
        "shut": upload_measured(lake, "Measured2", "m_shut.fits", mjd=60002.5),
    }


@pytest.fixture
def staff(served: Served) -> Iterator[httpx.Client]:
    with served.client(served.staff_token) as client:
        yield client


def test_a_calibration_is_told_with_its_plot(owner: httpx.Client, ids: dict[str, int]) -> None:
    asked = {"calibid": [ids["open"]], "getPlot": True}
    (item,) = owner.post("/calibration/get-calibration-res/", json=asked).json()["data"]
    told = {
        name: item[name] for name in ("mag", "mag_error", "zeropoint", "npoints", "best_filter", "survey")
    }
    assert told == {
        "mag": 15.5, "mag_error": 0.02, "zeropoint": 22.0, "npoints": 3, "best_filter": "g",
        "survey": "GaiaSP",
    }  # fmt: skip
    assert (item["status"], item["outlier_fraction"], item["exp_time"]) == ("S", 0.1, 60.0)
    head, _, body = item["plot"].partition(",")
    assert head == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(body)))
    assert picture.size == (900, 600)
    assert (13, 148, 136) in {colour for _, colour in picture.getcolors(100_000)}  # the stars are drawn


def test_a_limit_has_a_negative_error(owner: httpx.Client, ids: dict[str, int]) -> None:
    asked = {"filename": ["m_limit"]}
    (item,) = owner.post("/calibration/get-calibration-res/", json=asked).json()["data"]
    assert (item["id"], item["mag"], item["mag_error"], item["plot"]) == (ids["limit"], 19.0, -1.0, None)


def test_what_is_somebody_elses_is_not_told_and_what_is_hidden_is_not_there(
    other: httpx.Client, ids: dict[str, int]
) -> None:
    asked = {"calibid": [ids["open"], ids["shut"], 999999], "getPlot": True}
    body = other.post("/calibration/get-calibration-res/", json=asked).json()
    assert body["data"] == [
        {"calib-res": "It's not your data", "plot": None},
        {"Error": f"File with id {ids['shut']} does not exist"},
        {"Error": "File with id 999999 does not exist"},
    ]
    by_name = other.post("/calibration/get-calibration-res/", json={"filename": ["m_shut"]}).json()
    assert by_name["data"] == []
    nothing = other.post("/calibration/get-calibration-res/", json={"getPlot": True})
    assert (nothing.status_code, nothing.json()) == (
        400, {"Error": "'calibid' or 'filename' fields are required."},
    )  # fmt: skip


def test_the_list_of_data_is_filtered_paged_and_keeps_secrets(
    owner: httpx.Client, other: httpx.Client, ids: dict[str, int]
) -> None:
    mine = owner.post("/common/api/data/", json={"target_name": "measured"}).json()
    assert [item["id"] for item in mine["data"]] == [ids["shut"], ids["limit"], ids["open"]]
    theirs = other.post("/common/api/data/", json={"target_name": "measured"}).json()
    assert [item["id"] for item in theirs["data"]] == [ids["limit"], ids["open"]]
    bright = {"mag_min": 15.0, "mag_max": 16.0, "filter": "GaiaSP/g", "target_name": "Measured"}
    assert [item["id"] for item in other.post("/common/api/data/", json=bright).json()["data"]] == [
        ids["open"]
    ]
    (item,) = other.post("/common/api/data/", json={"id": ids["open"], "status": "S"}).json()["data"]
    assert list(item["calibration_data"]) == DATA_FIELDS
    assert (item["calibration_data"]["standardised_to"], item["camera"], item["observatory_name"]) == (
        "GaiaSP/g", "ROAD_QHY600M", "ROAD",
    )  # fmt: skip
    assert item["ccdphot_result"]["toiifov"] is True
    assert other.post("/common/api/data/", json={"id": ids["shut"]}).json()["count"] == 0
    assert owner.post("/common/api/data/", json={"mag_min": "bright"}).status_code == 400


def test_the_stars_of_a_frame_come_as_a_table_of_sextractor(other: httpx.Client, ids: dict[str, int]) -> None:
    answer = other.post("/common/api/downloadPhotometryFile/", json={"id": ids["open"]})
    assert answer.headers["content-disposition"] == f'attachment; filename="{ids["open"]}.dat"'
    lines = answer.text.splitlines()
    names = [line.split()[2] for line in lines if line.startswith("#")]
    assert names == [
        "NUMBER", "ALPHA_J2000", "DELTA_J2000", "XWIN_IMAGE", "YWIN_IMAGE", "MAG_AUTO", "MAGERR_AUTO",
    ]  # fmt: skip
    assert lines[7].split() == ["1", "100.00000000", "+12.00000000", "1.0000", "6.0000", "-8.0000", "0.0100"]
    hidden = other.post("/common/api/downloadPhotometryFile/", json={"id": ids["shut"]})
    missing = other.post("/common/api/downloadPhotometryFile/", json={"id": 999999})
    assert [hidden.status_code, missing.status_code] == [404, 404]
    nothing = other.post("/common/api/downloadPhotometryFile/", json={})
    assert (nothing.status_code, nothing.json()) == (400, {"Error": "ID not provided"})


def test_measurements_have_bhtoms_fields_and_a_page_beyond_the_end_is_refused(
    other: httpx.Client, ids: dict[str, int]
) -> None:
    body = other.post("/common/api/reducedDatum/", json={"target_name": "Measured1"}).json()
    told = [(row["value"], row["error"], row["value_unit"], row["data_product"]) for row in body["data"]]
    assert told == [(15.5, 0.02, "MAG", ids["open"]), (19.0, -1.0, "MAG", ids["limit"])]
    assert body["data"][0]["timestamp"] == "2023-02-25T12:00:00Z"
    for wrong, status in (
        ({"target_name": "Measured1", "page": 2}, 400),
        ({"target_name": "Measured1", "target_id": 1}, 400),
        ({"target_name": "Measured2"}, 404),
    ):
        assert other.post("/common/api/reducedDatum/", json=wrong).status_code == status


def test_the_follow_up_of_an_alert_is_open_for_open_targets_only(
    anybody: httpx.Client, ids: dict[str, int]
) -> None:
    answer = anybody.get("/calibration/get_alert_lc_data/", params={"alert_name": "Measured1"}).json()
    assert list(answer) == [
        "alert_name", "mjd", "mag", "magerr", "caliberr", "filter", "catalog", "observatory_id",
        "observatory", "id",
    ]  # fmt: skip
    assert (answer["mag"], answer["magerr"], answer["caliberr"]) == ([15.5, 19.0], [0.02, -1.0], [0.01, 0.01])
    assert (answer["filter"], answer["catalog"], answer["observatory"]) == (
        ["g", "g"], ["GaiaSP"] * 2, ["ROAD"] * 2,
    )  # fmt: skip
    hidden = anybody.get("/calibration/get_alert_lc_data/", params={"alert_name": "Measured2"})
    assert (hidden.status_code, hidden.json()) == (400, "Target Measured2 does not exist")


def test_catalogues_are_listed_page_by_page(owner: httpx.Client, anybody: httpx.Client) -> None:
    body = owner.get("/calibration/get-catalogs/", params={"page": 9}).json()
    assert (body["count"], body["current_page"], body["data"][4]) == (21, 1, {"filters": "u"})
    assert anybody.get("/calibration/get-catalogs/").status_code == 401


def test_other_observers_are_credited_by_who_sent_the_upload(
    owner: httpx.Client, other: httpx.Client, served: Served, ids: dict[str, int]
) -> None:
    wanted = {"id": str(ids["open"]), "observers": ["owner", "other"]}
    refused = other.post("/common/api/changeObservers/", json=wanted)
    assert refused.status_code == 403
    strangers = owner.post("/common/api/changeObservers/", json=wanted | {"observers": ["alice", "bob"]})
    assert (strangers.status_code, strangers.json()) == (
        400, {"Error": "The following usernames do not exist: alice, bob"},
    )  # fmt: skip
    answer = owner.post("/common/api/changeObservers/", json=wanted)
    assert (answer.status_code, answer.json()["observers"]) == (200, ["owner", "other"])
    target = get_target(served.lake.operations, "Measured1", None)
    points = served.lake.store.light_curve(target.target_id or 0)
    assert points["observer"].to_list() == ["An Owner, other", "An Owner"]


def test_staff_start_a_calibration_anew_and_others_do_not(
    owner: httpx.Client, staff: httpx.Client, served: Served, ids: dict[str, int]
) -> None:
    asked = {"data_product_id": ids["limit"], "filter": "GaiaSP/r", "match_dist": -1}
    refused = owner.post("/calibration/restart-calib-by-dataproduct/", json=asked)
    assert (refused.status_code, refused.json()) == (
        403, {"detail": "You do not have permission to perform this action."},
    )  # fmt: skip
    answer = staff.post("/calibration/restart-calib-by-dataproduct/", json=asked)
    assert (answer.status_code, answer.json()) == (200, {"Success": "1 calibrations start anew."})
    now = upload(served.lake.operations, ids["limit"], served.owner)
    assert (now.requested_filter, str(now.status)) == ("GaiaSP/r", "received")
    by_span = {"target_name": "Measured1", "mjd_min": 60000, "mjd_max": 60001}
    assert staff.post("/calibration/restart-calib-by-target/", json=by_span).json() == answer.json()
    nowhere = staff.post("/calibration/restart-calib-by-id/", json={"id_from": 90000, "id_to": 90001})
    assert nowhere.status_code == 404


def test_staff_take_a_wrong_point_out_and_the_version_before_keeps_it(
    owner: httpx.Client, staff: httpx.Client, served: Served, ids: dict[str, int]
) -> None:
    target_id = get_target(served.lake.operations, "Measured2", served.owner).target_id or 0
    before = served.lake.store.version()
    point = {"target_name": "Measured2", "mjd": 60002.5, "mag": 15.5004, "magerr": 0.02,
             "filter": "g(GaiaSP)", "observer": "An Owner"}  # fmt: skip
    assert owner.post("/common/api/deactivateReducedDatum/", json=point).status_code == 403
    other_time = staff.post("/common/api/deactivateReducedDatum/", json=point | {"mjd": 60002.6})
    assert other_time.status_code == 404
    answer = staff.post("/common/api/deactivateReducedDatum/", json=point)
    assert (answer.status_code, answer.json()) == (
        200, {"Success": "ReducedDatum deactivated successfully."},
    )  # fmt: skip
    assert served.lake.store.light_curve(target_id).is_empty()
    assert len(served.lake.store.light_curve(target_id, as_of=before)) == 1
