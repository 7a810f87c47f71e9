"""Hiding points: they leave every light curve, stay in the lake, and come back as they were."""

from pathlib import Path
from zlib import crc32

import polars as pl
import pytest
from installations import needs_folder
from public_lakes import quiet

from engine.errors import Rejected
from engine.lightcurve import Flag, light_curve
from engine.target import Target
from lake.given_curve import Selection, given_curve, what_is_asked
from lake.hiding import hidden_points, hide_points, show_points
from lake.history import deeds_on
from lake.inbox.accepting import UploadRequest, accept
from lake.opening import Lake
from lake.people.accounts import User, create_user, find_user
from lake.provenance import new_batch
from lake.public.publish import Terms, publish
from lake.raw import RawFile
from lake.seen import seen_light_curve
from lake.targets import create_target, get_target

OWN = "c" * 64


def person(lake: Lake, name: str) -> User:
    return find_user(lake.operations, name) or create_user(lake.operations, name, "right horse")


@pytest.fixture
def target(lake: Lake, request: pytest.FixtureRequest) -> Target:
    place_deg = 10.0 + crc32(request.node.name.encode()) % 300
    made = Target(name=request.node.name[:40], ra_deg=place_deg, dec_deg=20.0)
    return create_target(lake.operations, made, by=person(lake, "ada").username)


def harvest(lake: Lake, target: Target, mags: list[float], source: str = "ztf") -> pl.DataFrame:
    rows = [
        {"target_id": target.target_id, "source": source, "source_ref": f"{number}", "mjd": 60000.0 + number,
         "band": "ZTF(zg)", "mag": mag, "mag_err": 0.1}
        for number, mag in enumerate(mags)
    ]  # fmt: skip
    points = light_curve(pl.DataFrame(rows))
    lake.store.replace_points(target.target_id or 0, source, points, batch=new_batch("harvest", source))
    return points


def seen(lake: Lake, target: Target, as_of: int | None = None) -> list[float]:
    curve = seen_light_curve(lake.operations, lake.store, target.target_id or 0, None, as_of=as_of)
    mags: list[float] = curve["mag"].to_list()
    return mags


def test_a_hidden_point_leaves_every_light_curve_and_comes_back_as_it_was(lake: Lake, target: Target) -> None:
    ada = person(lake, "ada")
    harvest(lake, target, [15.0, 9.0, 15.2])
    before, version = lake.store.light_curve(target.target_id or 0), lake.store.version()
    wrong = before.filter(pl.col("mag") == 9.0)["point_id"].to_list()
    assert hide_points(lake, target, wrong, reason=" a  satellite ", user=ada) == 1
    assert hide_points(lake, target, wrong, reason="again", user=ada) == 0
    assert seen(lake, target) == [15.0, 15.2]
    asked = what_is_asked(lake, target.name, None, "")
    assert given_curve(lake, asked, Selection()).points["mag"].to_list() == [15.0, 15.2]
    assert get_target(lake.operations, target.name, None)
    assert hidden_points(lake, target.target_id or 0, None)["mag"].to_list() == [9.0]
    assert seen(lake, target, as_of=version) == [15.0, 9.0, 15.2], "what a paper cites stays as it was"
    assert show_points(lake, target, wrong, user=ada) == 1
    assert lake.store.light_curve(target.target_id or 0).equals(before)
    told = [(deed.deed, dict(deed.after)) for deed in deeds_on(lake.operations, target, ada)]
    assert told[:2] == [
        ("showed points again", {"points": 1}),
        ("hid points", {"points": 1, "reason": "a satellite"}),
    ]


def test_an_archive_that_is_asked_again_does_not_bring_it_back(lake: Lake, target: Target) -> None:
    points = harvest(lake, target, [15.0, 9.0])
    hide_points(lake, target, [points["point_id"][1]], reason="a satellite", user=person(lake, "ada"))
    version = lake.store.version()
    harvest(lake, target, [15.0, 9.0])
    assert lake.store.version() == version, "nothing is new"
    harvest(lake, target, [15.1, 9.1, 15.3])
    assert seen(lake, target) == [15.1, 15.3]
    assert hidden_points(lake, target.target_id or 0, None)["mag"].to_list() == [9.1]


@needs_folder
def test_the_public_lake_leaves_it_out(lake: Lake, target: Target) -> None:
    points = harvest(lake, target, [15.0, 9.0, 15.2])
    hide_points(lake, target, [points["point_id"][1]], reason="a satellite", user=person(lake, "ada"))
    publish(lake, Terms(), progress=quiet)
    tables = [pl.read_parquet(file) for file in Path(lake.settings.publish_url).rglob("*.parquet")]
    rows = pl.concat([table.select("target_id", "mag") for table in tables if "mag_err" in table.columns])
    assert sorted(rows.filter(target_id=target.target_id)["mag"]) == [15.0, 15.2]


def test_only_who_may_change_the_target_or_took_the_frame_may_hide(lake: Lake, target: Target) -> None:
    ada, ben, eve = (person(lake, name) for name in ("ada", "ben", "eve"))
    request = UploadRequest(target=target.name, filename="a.fits", uploaded_by="ben")
    accept(lake, RawFile(sha256=OWN, size_bytes=3), request)
    row = {"target_id": target.target_id, "source": "upload", "source_ref": f"{OWN}:", "mjd": 60003.5,
           "band": "V(GaiaSP)", "mag": 14.0, "mag_err": 0.1}  # fmt: skip
    lake.store.append_points(light_curve(pl.DataFrame([row])), batch=new_batch("reduce", "upload"))
    archive = harvest(lake, target, [15.0])["point_id"].to_list()
    own = lake.store.light_curve(target.target_id or 0).filter(source="upload")["point_id"].to_list()
    for user, ids, code in (
        (eve, own, "no-right"), (eve, archive, "no-right"), (ben, archive, "no-right"),
        (ben, own + archive, "no-right"), (ada, [1], "unknown-point"), (ada, [*own, 1], "unknown-point"),
    ):  # fmt: skip
        with pytest.raises(Rejected) as refusal:
            hide_points(lake, target, ids, reason="clouds", user=user)
        assert refusal.value.code == code
    with pytest.raises(Rejected, match="wrong with the points"):
        hide_points(lake, target, own, reason=" ", user=ben)
    assert len(seen(lake, target)) == 2
    assert hide_points(lake, target, own, reason="clouds", user=ben) == 1
    assert show_points(lake, target, own, user=ada) == 1
    assert not int(lake.store.light_curve(target.target_id or 0)["flags"].max() or 0) & Flag.HIDDEN
