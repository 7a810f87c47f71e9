"""Plans for a night: whose targets are in them, whose frames teach a depth, where bodies stand."""

import re
from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
import pytest
from installations import opened_in

from engine.frame import Camera
from engine.target import Target, Visibility
from engine.visibility.night import day_of, night_of
from engine.visibility.windows import Limits
from lake.changes import Change
from lake.ephemerides import KeptEphemeris, Wanted, keep_ephemeris, kept_ephemeris, whole_ephemerides
from lake.inbox.accepting import UploadRequest, accept
from lake.opening import Lake
from lake.people.accounts import User, create_user, find_user
from lake.people.favourites import add_favourite
from lake.provenance import new_batch
from lake.raw import RawFile
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.sites.telescopes import depth_of, telescope_at, telescope_named, telescopes_of
from lake.tables import FRAMES
from lake.target_list import TargetFilter
from lake.targets import create_target, get_target
from lake.tonight import Asked, Plan, chances, plan_night, up_tonight

DAY = day_of(date(2025, 10, 21))  # a new Moon
OPEN_FRAMES, SECRET_FRAMES, CLOSED_FRAMES = 6, 7, 8


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("tonight") / "data")
    for name in ("ada", "eve"):
        create_user(opened.operations, name, "right horse")
    for name, by in (("Alps", "eve"), ("Chile", "eve"), ("Dome", "ada")):
        place = Observatory(name=name, longitude_deg=-70.7, latitude_deg=-29.3, aperture_m=0.6)
        site = add_observatory(opened.operations, place, by=by)
        camera = Camera(name="CCD", facility=name)
        add_camera(opened.operations, site.observatory_id or 0, camera, by=by, oname=f"{name}_CCD")
    add_favourite(opened.operations, "Chile_CCD", user=person(opened, "ada"))
    for name, visibility in (("Open", Visibility.PUBLIC), ("Secret", Visibility.PRIVATE)):
        target = Target(name=name, ra_deg=30.0, dec_deg=-30.0 + len(name), visibility=visibility)
        create_target(opened.operations, target, by="ada")
    shown = uploaded(opened, "a", Visibility.PUBLIC)
    closed = uploaded(opened, "b", Visibility.PRIVATE)
    rows = [
        *frames_of(opened, "Open", OPEN_FRAMES, upload_id=shown, limit_mag=18.0),
        *frames_of(opened, "Secret", SECRET_FRAMES, upload_id=None, limit_mag=21.0),
        *frames_of(opened, "Open", CLOSED_FRAMES, upload_id=closed, limit_mag=21.0),
    ]
    frames = FRAMES.rows(pl.DataFrame(rows, schema_overrides={"upload_id": pl.Int64()}))
    opened.store.commit(
        [Change(table=FRAMES, rows=frames, keys=frames.select("frame_id"))], batch=new_batch("test", "upload")
    )
    yield opened
    opened.close()


def uploaded(lake: Lake, letter: str, visibility: Visibility) -> int:
    request = UploadRequest(target="Open", filename="a.fits", uploaded_by="ada", visibility=visibility)
    return accept(lake, RawFile(sha256=letter * 64, size_bytes=3), request).upload_id


def frames_of(lake: Lake, target: str, count: int, **values: object) -> list[dict[str, object]]:
    target_id = get_target(lake.operations, target, person(lake, "ada")).target_id
    usual = {"target_id": target_id, "facility": "Chile", "exptime_s": 60.0, "status": "limit", "flags": 0}
    name = f"{target}-{values['upload_id']}"
    return [usual | values | {"frame_id": f"{name}-{number}", "mjd": 60000.0} for number in range(count)]


def person(lake: Lake, name: str) -> User:
    found = find_user(lake.operations, name)
    assert found is not None
    return found


def plan(lake: Lake, user: User | None, *, limit: int = 100) -> Plan:
    asked = Asked(telescope=telescope_named(lake.operations, "chile"), day=DAY)
    return plan_night(lake.operations, lake.store, asked, user, limit=limit, now_mjd=DAY - 30.0)


def test_a_private_target_is_in_no_plan_of_a_stranger(lake: Lake) -> None:
    for user in (None, person(lake, "eve")):
        found = plan(lake, user)
        assert "Secret" not in found.rows["name"].to_list()
        assert "Open" in found.rows["name"].to_list()
    assert {"Open", "Secret"} <= set(plan(lake, person(lake, "ada")).rows["name"])


def test_a_telescopes_depth_is_learned_from_open_frames_only(lake: Lake) -> None:
    chile = telescope_named(lake.operations, "Chile")
    for user, frames, limit_mag in (
        (None, OPEN_FRAMES, 18.0),
        (person(lake, "eve"), OPEN_FRAMES, 18.0),
        (person(lake, "ada"), OPEN_FRAMES + SECRET_FRAMES + CLOSED_FRAMES, 21.0),
    ):
        depth = depth_of(lake.operations, lake.store, chile, user)
        assert depth is not None
        assert (depth.frames, depth.limit_mag) == (frames, limit_mag)
    guess = depth_of(lake.operations, lake.store, telescope_named(lake.operations, "Alps"), None)
    assert guess is not None
    assert guess.frames == 0
    assert depth_of(lake.operations, lake.store, telescope_at(21.4, 52.1), None) is None


def test_ones_own_and_favourite_telescopes_come_first(lake: Lake) -> None:
    names = [each.site.name for each in telescopes_of(lake.operations, person(lake, "ada"))]
    assert names == ["Chile", "Dome", "Alps"]
    assert [each.site.name for each in telescopes_of(lake.operations, None)] == ["Alps", "Chile", "Dome"]


def test_a_body_is_where_its_ephemeris_says_and_without_one_in_no_plan(lake: Lake) -> None:
    for name in ("Ceres", "Nowhere"):  # both were at the pole when they were added, and never rise there
        body = Target(name=name, ra_deg=0.0, dec_deg=89.0, designation=name)
        create_target(lake.operations, body, by="ada")
    target_id = get_target(lake.operations, "Ceres", None).target_id or 0
    mjd = np.arange(DAY - 5.0, DAY + 6.0)
    nodes = pl.DataFrame(
        {"mjd": mjd, "ra_deg": 30.0 + (mjd - DAY), "dec_deg": np.full(11, -25.0),
         "r_au": 2.0, "delta_au": 1.0, "phase_deg": 1.0, "v_mag": 9.0}
    )  # fmt: skip
    kept = KeptEphemeris(designation="Ceres", asked_mjd=60000.0, from_mjd=mjd[0], to_mjd=mjd[-1], nodes=nodes)
    keep_ephemeris(lake.operations, Wanted(target_id=target_id), kept)
    alone, many = kept_ephemeris(lake.operations, Wanted(target_id=target_id)), whole_ephemerides
    assert alone is not None
    assert many(lake.operations, [target_id])[target_id].nodes.equals(alone.nodes)
    found = plan(lake, None)
    assert "Nowhere" not in found.rows["name"].to_list()
    row = found.rows.filter(pl.col("name") == "Ceres").row(0, named=True)
    middle = found.night.mjd[len(found.night.mjd) // 2]
    assert row["ra_deg"] == pytest.approx(30.0 + middle - DAY, abs=1e-4)
    altitude_deg = found.altitudes_deg[row["rank"] - 1].max()
    assert altitude_deg == pytest.approx(row["best_altitude_deg"], abs=1e-9)
    assert altitude_deg == pytest.approx(90.0 - 29.3 + 25.0, abs=0.3)  # in the North, at its highest


def test_a_plan_says_how_many_it_leaves_out(lake: Lake) -> None:
    whole, short = plan(lake, person(lake, "ada")), plan(lake, person(lake, "ada"), limit=1)
    assert short.rows["name"].to_list() == whole.rows["name"].to_list()[:1]
    assert short.observable == whole.observable == len(whole.rows) > 1
    assert short.altitudes_deg.shape == (1, len(short.night.mjd))
    assert re.match(r"Chile, night of 21 October 2025: dark from 23:\d\d to 09:\d\d UTC, Moon", short.title)


def test_over_many_sites_the_best_comes_first_and_those_that_cannot_see_it_last(lake: Lake) -> None:
    polaris = create_target(lake.operations, Target(name="Polar", ra_deg=37.95, dec_deg=89.26), by="ada")
    sites = [telescope_at(21.4, -30.0), telescope_at(21.4, 45.0), telescope_at(25.0, 55.0)]
    now_mjd = DAY + 0.5  # noon: the whole night is to come
    found = chances(lake.operations, polaris, sites, limits=Limits(), now_mjd=now_mjd)
    told = [each.telescope.site.latitude_deg for each in found]
    assert told == [55.0, 45.0, -30.0]
    assert found[-1].hours_up == 0
    assert {each.night.day for each in found} == {DAY}
    assert night_of(found[0].telescope.site, found[0].night.day) is found[0].night


def test_what_is_up_tonight_is_what_the_plan_can_observe_and_obeys_filters_and_rights(lake: Lake) -> None:
    asked = Asked(telescope=telescope_named(lake.operations, "chile"), day=DAY)
    north = Target(name="Ursa", ra_deg=40.0, dec_deg=85.0)
    north_id = create_target(lake.operations, north, by="ada").target_id
    for user in (None, person(lake, "ada")):
        up = up_tonight(lake.operations, asked, TargetFilter(), user, now_mjd=DAY - 30.0)
        assert up == frozenset(plan(lake, user).rows["target_id"])
        assert north_id not in up
    of_name = TargetFilter(name="Ursa")
    assert up_tonight(lake.operations, asked, of_name, None, now_mjd=DAY - 30.0) == frozenset()
    secret = get_target(lake.operations, "Secret", person(lake, "ada")).target_id
    assert secret in up
    assert secret not in up_tonight(lake.operations, asked, TargetFilter(), None, now_mjd=DAY - 30.0)
