"""Targets changed, deleted, grouped and drawn by BHTOM's routes."""

import httpx
import polars as pl
import pytest
from api_server import Served

from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from lake.people.comments import add_comment
from lake.provenance import new_batch
from lake.target_groups import add_to_group
from lake.targets import create_target, get_target

DOCUMENTED = {  # BHTOM's guide to its API, "Update Target"
    "ra": 135.789, "dec": -30.123, "epoch": "J2023", "classification": "Galaxy",
    "discovery_date": "2022-12-15T08:30:00Z", "importance": 3, "cadence": 12,
}  # fmt: skip


def target(served: Served, name: str, dec_deg: float, visibility: Visibility = Visibility.PUBLIC) -> int:
    made = Target(name=name, ra_deg=200.0, dec_deg=dec_deg, visibility=visibility)
    return create_target(served.lake.operations, made, by="owner").target_id or 0


def give_fluxes(served: Served, target_id: int) -> None:
    common = {"target_id": target_id, "source": "vlass"}
    rows = [
        {"source_ref": "1", "mjd": 59000.5, "band": "VLASS(Flux 3GHz)", "flux_ujy": 1500.0,
         "flux_err_ujy": 250.0, "facility": "VLA"},
        {"source_ref": "2", "mjd": 58000.25, "band": "FIRST(Flux 1.4GHz)", "limit_mag": 16.4},
        {"source_ref": "3", "mjd": 59001.5, "band": "LAT-LCR(weekly)", "flux_ujy": 662.607015,
         "flux_err_ujy": 331.3035075, "facility": "Fermi"},
        {"source_ref": "4", "mjd": 59002.5, "band": "g(GaiaSP)", "mag": 17.5, "mag_err": 0.1},
        {"source_ref": "5", "mjd": 59003.5, "band": "g(GaiaSP)", "limit_mag": 18.5},
    ]  # fmt: skip
    points = light_curve(pl.DataFrame([common | row for row in rows]))
    served.lake.store.append_points(points, batch=new_batch("test", "vlass"))


def test_the_documented_update_changes_what_it_names_and_nothing_else(
    owner: httpx.Client, served: Served
) -> None:
    target(served, "Changing", 1.0)
    answer = owner.patch("/targets/updateTarget/Changing/", json=DOCUMENTED)
    assert (answer.status_code, answer.content) == (201, b'{"Status":"updated"}')
    now = get_target(served.lake.operations, "Changing", None)
    assert (now.ra_deg, now.dec_deg, now.epoch) == (135.789, -30.123, 2023.0)
    assert (now.classification, now.importance, now.cadence_d) == ("Galaxy", 3.0, 12.0)
    owner.patch("/targets/updateTarget/Changing/", json={"importance": 4})
    later = get_target(served.lake.operations, "Changing", None)
    assert (later.importance, later.discovery_mjd, later.ra_deg) == (4.0, now.discovery_mjd, 135.789)


def test_only_its_maker_changes_or_deletes_a_target(other: httpx.Client, served: Served) -> None:
    target(served, "Theirs", 2.0)
    changed = other.patch("/targets/updateTarget/Theirs/", json={"importance": 1})
    deleted = other.request("DELETE", "/targets/deleteTarget/", json={"name": "Theirs"})
    assert [changed.status_code, deleted.status_code] == [403, 403]
    assert get_target(served.lake.operations, "Theirs", None).importance == 9.98


@pytest.mark.parametrize("name", ["Hidden1", "NotThere"])
def test_a_private_target_is_as_unknown_as_none(other: httpx.Client, name: str) -> None:
    unknown = {"detail": f"Target '{name}' does not exist."}
    changed = other.patch(f"/targets/updateTarget/{name}/", json={"importance": 1})
    deleted = other.request("DELETE", "/targets/deleteTarget/", json={"name": name})
    assert [(each.status_code, each.json()) for each in (changed, deleted)] == [(404, unknown)] * 2
    for route in ("download-radio", "download-high-energy"):
        answer = other.post(f"/targets/{route}/", json={"name": name})
        assert (answer.status_code, answer.json()) == (404, {"Error": f'Target "{name}" not found'})
    plots = other.post("/targets/get-plots/", json={"targetNames": [name]})
    assert (plots.status_code, plots.json()) == (
        400, {"Error ": "Target does not exist in the database "},
    )  # fmt: skip


def test_a_wrong_value_is_told_in_bhtoms_words(owner: httpx.Client, served: Served) -> None:
    target(served, "Wrong", 3.0)
    answer = owner.patch("/targets/updateTarget/Wrong/", json={"ra": "east"})
    assert (answer.status_code, answer.json()) == (404, {"ra": ["A valid number is required."]})


def test_a_deleted_target_takes_its_light_curve_along(owner: httpx.Client, served: Served) -> None:
    target_id = target(served, "Going", 4.0)
    give_fluxes(served, target_id)
    answer = owner.request("DELETE", "/targets/deleteTarget/", json={"name": "Going"})
    assert (answer.status_code, answer.content) == (200, b'{"status":"deleted"}')
    assert served.lake.store.light_curve(target_id).is_empty()
    again = owner.request("DELETE", "/targets/deleteTarget/", json={"name": "Going"})
    assert again.status_code == 404


def test_radio_and_high_energy_files_have_bhtoms_bytes_and_are_written_down(
    owner: httpx.Client, served: Served
) -> None:
    give_fluxes(served, target(served, "Radio1", 5.0))
    radio = owner.post("/targets/download-radio/", json={"name": "Radio1"})
    assert radio.headers["content-disposition"] == 'attachment; filename="target_Radio1_radio.csv"'
    assert radio.text.splitlines()[0] == "MJD;mJy;Error;Facility;Filter;Observer"
    assert radio.text.splitlines()[1].startswith("58000.25;1.0")
    assert radio.text.splitlines()[1].endswith(";-1.0;;FIRST(Flux 1.4GHz);")
    assert radio.text.splitlines()[2:] == ["59000.5;1.5;0.25;VLA;VLASS(Flux 3GHz);"]
    gamma = owner.post("/targets/download-high-energy/", json={"name": "Radio1"})
    assert gamma.content == (
        b"MJD;COUNTS;COUNTS_Error;FLUX;FLUX_Error;Facility;Band;Observer\n"
        b"59001.5;;;1.0;0.5;Fermi;LAT-LCR(weekly);\n"
    )
    with served.client(served.staff_token) as staff:
        listed = staff.post("/targets/get-downloaded-target-list/", json={"target": "Radio1"}).json()
    told = [(each["download_type"], each["user_name"], each["ip_address"]) for each in listed["data"]]
    assert told == [("R", "owner", "127.0.0.1"), ("H", "owner", "127.0.0.1")]


def test_only_staff_read_who_downloaded_what(owner: httpx.Client) -> None:
    answer = owner.post("/targets/get-downloaded-target-list/", json={})
    assert (answer.status_code, answer.json()) == (404, "You have no permissions, Admin Only")


def test_a_plot_draws_each_filter_and_its_limits(owner: httpx.Client, served: Served) -> None:
    give_fluxes(served, target(served, "Plot1", 6.0))
    target(served, "Plot2", 7.0)
    plots = owner.post("/targets/get-plots/", json={"targetNames": ["Plot1", "Plot2"]}).json()["Plots"]
    assert plots["Plot2"] == "None"
    names = {series["name"]: series["y"] for series in plots["Plot1"]["data"]}
    assert names["g(GaiaSP)"] == [17.5]
    assert names["g(GaiaSP)-LIMIT"] == [18.5]
    assert plots["Plot1"]["layout"]["yaxis"]["autorange"] == "reversed"


def test_a_group_shows_only_what_its_reader_may_see(
    owner: httpx.Client, other: httpx.Client, served: Served
) -> None:
    target(served, "Open1", 8.0)
    target(served, "Shut1", 9.0, Visibility.PRIVATE)
    operations = served.lake.operations
    for group, name in (("both", "Open1"), ("both", "Shut1"), ("secret", "Shut1")):
        add_to_group(operations, group, name, by=served.owner)
    names = [
        [each["name"] for each in client.post("/targets/target-groups/").json()["data"]]
        for client in (owner, other)
    ]
    assert names == [["both", "secret"], ["both"]]
    mine, theirs = (
        client.post("/targets/targets-from-group/", json={"name": "both"}).json() for client in (owner, other)
    )
    assert [item["name"] for item in mine["data"]] == ["Open1", "Shut1"]
    assert [item["name"] for item in theirs["data"]] == ["Open1"]
    assert theirs["group"]["name"] == "both"
    assert other.post("/targets/targets-from-group/", json={"name": "secret"}).status_code == 404
    listed = other.post("/targets/getTargetList/", json={"targetGroup": "both"}).json()
    assert [(item["name"], item["groups"][0][0]) for item in listed["data"]] == [("Open1", "both")]


def test_comments_are_found_where_their_target_is_seen(
    owner: httpx.Client, other: httpx.Client, served: Served
) -> None:
    target(served, "Talked", 10.0)
    add_comment(served.lake.operations, "Talked", "It rises!", by=served.owner)
    add_comment(served.lake.operations, "Hidden1", "It rises in secret.", by=served.owner)
    body = other.post("/common/api/comments/", json={"text": "RISES"}).json()
    assert (body["count"], body["num_pages"], body["current_page"]) == (1, 1, 1)
    (item,) = body["data"]
    assert (item["user_name"], item["comment"], item["target_name"]) == ("An Owner", "It rises!", "Talked")
    assert owner.post("/common/api/comments/", json={"text": "rises", "page": "x"}).json()["count"] == 2
    assert owner.post("/common/api/comments/", json={"created_start": "soon"}).status_code == 400


def test_the_list_reads_its_filters_from_the_address_as_the_guide_writes_them(owner: httpx.Client) -> None:
    address = "/targets/getTargetList/?name=Gaia22bpl&raMin=90.0&raMax=200.0&decMin=-30.0&decMax=30.0"
    assert [item["name"] for item in owner.post(address).json()["data"]] == ["Gaia22bpl"]


def test_a_token_tells_whose_it_is(owner: httpx.Client, anybody: httpx.Client) -> None:
    answer = owner.get("/common/api/users/me/").json()
    assert (answer["username"], answer["first_name"], answer["last_name"]) == ("owner", "An", "Owner")
    assert anybody.get("/common/api/users/me/").status_code == 401
