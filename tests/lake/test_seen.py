"""What an upload gave that is closed to somebody is in no light curve, list, frame or edition of theirs."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from installations import needs_folder, opened_in
from public_lakes import quiet
from sqlalchemy import update

from engine.errors import Rejected
from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.contents import contents
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.changes import share_upload
from lake.inbox.uploads import Upload
from lake.inbox.uploads import uploads as uploads_sent
from lake.opening import Lake
from lake.operations import uploads, writing
from lake.people.accounts import Role, User, create_user, find_user
from lake.people.audit import Kind, audit_log
from lake.people.groups import create_group, set_member
from lake.provenance import new_batch
from lake.public.publish import Terms, publish
from lake.raw import RawFile
from lake.rights import SYSTEM, Shared
from lake.seen import closed_to, seen_light_curve, unseen_by
from lake.targets import create_target, get_target, target_row, update_summary
from lake.trace.explain import explain

CLOSED, OPEN = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("seen") / "data")
    for name in ("ada", "bob", "eve", "staff"):
        create_user(opened.operations, name, "right horse", is_staff=name == "staff")
    group = create_group(opened.operations, "Owls", by=person(opened, "ada"))
    set_member(opened.operations, group.group_id, "bob", Role.MEMBER, by=person(opened, "ada"))
    target = create_target(opened.operations, Target(name="Star", ra_deg=1.0, dec_deg=1.0), by="eve")
    common = {"target_id": target.target_id, "source": "upload", "band": "V(GaiaSP)", "mag_err": 0.1}
    rows = [common | {"source_ref": f"{OPEN}:", "mjd": 60000.5, "mag": 15.5},
            common | {"source_ref": f"{CLOSED}:", "mjd": 60001.5, "mag": 11.5},
            common | {"source": "ztf", "source_ref": CLOSED, "mjd": 60000.25, "mag": 15.25}]  # fmt: skip
    opened.store.append_points(light_curve(pl.DataFrame(rows)), batch=new_batch("test", "upload"))
    for sha256, visibility in ((OPEN, Visibility.PUBLIC), (CLOSED, Visibility.GROUP)):
        request = UploadRequest(
            target="Star",
            filename="a.fits",
            uploaded_by="ada",
            visibility=visibility,
            group_id=group.group_id if visibility == Visibility.GROUP else None,
        )
        accept(opened, RawFile(sha256=sha256, size_bytes=3), request)
    yield opened
    opened.close()


def person(lake: Lake, name: str) -> User:
    found = find_user(lake.operations, name)
    assert found is not None
    return found


def star(lake: Lake) -> int:
    return get_target(lake.operations, "Star", None).target_id or 0


def seen(lake: Lake, user: User | None) -> list[float]:
    return seen_light_curve(lake.operations, lake.store, star(lake), user)["mag"].to_list()


def test_only_uploader_group_and_staff_see_the_points_of_a_groups_upload(lake: Lake) -> None:
    for user in (None, person(lake, "eve")):  # eve made the target
        assert seen(lake, user) == [15.25, 15.5]
    for name in ("ada", "bob", "staff"):
        assert seen(lake, person(lake, name)) == [15.25, 15.5, 11.5]


def test_a_point_of_a_closed_upload_cannot_be_explained_to_a_stranger(lake: Lake) -> None:
    points = lake.store.light_curve(star(lake)).filter(pl.col("mag") == 11.5)
    point_id = int(points["point_id"][0])
    assert explain(lake, point_id, person(lake, "bob")).point.mag == 11.5
    with pytest.raises(Rejected) as refusal:
        explain(lake, point_id, person(lake, "eve"))
    assert refusal.value.code == "unknown-point"


def test_lists_tell_of_open_points_only(lake: Lake) -> None:
    update_summary(lake.operations, star(lake), lake.store.light_curve(star(lake)))
    row = target_row(lake.operations, get_target(lake.operations, "Star", SYSTEM))
    assert (row.points, row.last_mag) == (2, 15.5)


def test_frames_of_closed_uploads_are_left_out(lake: Lake) -> None:
    frames = pl.DataFrame({"upload_id": [1, 2, None]})
    assert closed_to(lake.operations, None).open_frames(frames)["upload_id"].to_list()[:1] == [1]
    assert 2 not in closed_to(lake.operations, None).open_frames(frames)["upload_id"].to_list()
    assert closed_to(lake.operations, person(lake, "bob")).open_frames(frames).height == 3


@needs_folder
def test_the_public_lake_has_no_point_of_a_closed_upload(lake: Lake) -> None:
    publish(lake, Terms(), progress=quiet)
    files = sorted(Path(lake.settings.publish_url).rglob("*.parquet"))
    tables = [pl.read_parquet(file) for file in files]
    mags = [mag for table in tables if "mag_err" in table.columns for mag in table["mag"].to_list()]
    assert sorted(mags) == [15.25, 15.5]


def test_what_is_counted_for_somebody_is_what_they_see(lake: Lake) -> None:
    counted = [
        contents(lake.store, unseen_by(lake.operations, user)).points
        for user in (None, person(lake, "bob"), person(lake, "staff"))
    ]
    assert counted == [2, 3, 3]


def test_an_embargo_ends_by_itself(lake: Lake) -> None:
    this = uploads.c.sha256 == CLOSED
    for embargo_until_mjd, count in ((mjd_now() + 1, 2), (mjd_now() - 1, 3)):
        with writing(lake.operations) as connection:
            shared = {"visibility": "public", "embargo_until_mjd": embargo_until_mjd}
            connection.execute(update(uploads).where(this).values(shared))
        assert len(seen(lake, None)) == count


def test_nobody_gives_an_upload_to_a_group_of_others(lake: Lake) -> None:
    request = UploadRequest(
        target="Star", filename="a.fits", uploaded_by="eve", visibility=Visibility.GROUP, group_id=1
    )
    with pytest.raises(Rejected) as refusal:
        accept(lake, RawFile(sha256="c" * 64, size_bytes=3), request)
    assert refusal.value.code == "unknown-group"


def test_no_page_or_route_reads_points_from_the_store_without_asking_who_looks() -> None:
    root = Path(__file__).resolve().parents[2] / "portal"
    past = [
        f"{file.relative_to(root)}: {line.strip()}"
        for file in sorted(root.rglob("*.py"))
        for line in file.read_text().splitlines()
        if re.search(r"store\.light_curves?\(", line) and "open_points(" not in line
    ]
    assert past == []


def test_an_upload_is_closed_and_opened_by_its_sender_only(lake: Lake) -> None:
    own = next(each for each in uploads_of_ada(lake) if each.sha256 == OPEN)
    before, everything = seen(lake, None), seen(lake, person(lake, "ada"))
    assert 15.5 in before
    others = [mag for mag in before if mag != 15.5]
    private = Shared(owner="ada", visibility=Visibility.PRIVATE)
    with pytest.raises(Rejected) as refusal:
        share_upload(lake, own.upload_id, private, user=person(lake, "eve"))
    assert refusal.value.code == "no-right"
    share_upload(lake, own.upload_id, private, user=person(lake, "ada"))
    assert seen(lake, person(lake, "eve")) == others
    assert seen(lake, person(lake, "ada")) == everything
    assert target_row(lake.operations, get_target(lake.operations, "Star", None)).points == len(others)
    (line,) = audit_log(lake.operations, SYSTEM, kind=Kind.CHANGE, limit=1)
    assert (line.deed, line.who, line.after) == ("shared", "ada", {"visibility": "private"})
    for stranger in ("eve", "bob"):  # who cannot see it does not learn that it is there
        with pytest.raises(Rejected) as refusal:
            share_upload(lake, own.upload_id, private, user=person(lake, stranger))
        assert refusal.value.code == "unknown-upload"
    foreign = create_group(lake.operations, "Strangers", by=person(lake, "eve")).group_id
    with pytest.raises(Rejected) as refusal:
        to_others = Shared(owner="ada", visibility=Visibility.GROUP, group_id=foreign)
        share_upload(lake, own.upload_id, to_others, user=person(lake, "ada"))
    assert refusal.value.code == "unknown-group"
    opened = Shared(owner="ada", visibility=Visibility.PUBLIC)
    assert share_upload(lake, own.upload_id, opened, user=person(lake, "ada")).visibility == "public"
    assert seen(lake, None) == before


def uploads_of_ada(lake: Lake) -> list[Upload]:
    return uploads_sent(lake.operations, SYSTEM, uploaded_by="ada")
