"""Who follows a target is told of others' points and of changes of brightness that they may see."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from installations import opened_in

from engine.errors import Rejected
from engine.lightcurve import Flag, light_curve
from engine.target import Target, Visibility
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.changes import share_upload
from lake.inbox.uploads import Upload
from lake.notices.brightness import change_since, known_of
from lake.notices.followed import has_news, tell_followers
from lake.notices.following import follow, follow_of, unfollow
from lake.notices.notices import list_notices, mark_read
from lake.notices.words import sentence_of
from lake.opening import Lake
from lake.people.accounts import User, create_user
from lake.provenance import new_batch
from lake.rights import SYSTEM, Shared
from lake.targets import create_target, get_target, update_summary, update_target


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def ada(lake: Lake) -> User:
    return create_user(lake.operations, "ada", "an honest password")


@pytest.fixture
def bob(lake: Lake) -> User:
    return create_user(lake.operations, "bob", "an honest password")


@pytest.fixture
def target_id(lake: Lake) -> int:
    target = create_target(lake.operations, Target(name="T1", ra_deg=1.0, dec_deg=1.0), by="bob")
    return target.target_id or 0


def curve(target_id: int, mags: list[float], *, ref: str = "{}", **more: object) -> pl.DataFrame:
    rows = {
        "target_id": target_id,
        "source": "ztf",
        "source_ref": [ref.format(number) for number in range(len(mags))],
        "mjd": [60000.0 + number for number in range(len(mags))],
        "band": "r(GaiaSP)",
        "mag": mags,
        "mag_err": 0.02,
        **more,
    }
    return light_curve(pl.DataFrame(rows))


def harvest(lake: Lake, target_id: int, mags: list[float]) -> None:
    batch = new_batch("harvest", "ztf", target_id=target_id)
    lake.store.replace_points(target_id, "ztf", curve(target_id, mags), batch=batch)
    update_summary(lake.operations, target_id, lake.store.light_curve(target_id))


def sent(lake: Lake, target_id: int, mag: float, *, by: User) -> Upload:
    """Return an upload that gave one point, later than every harvested one."""
    with lake.raw.receive() as reception:
        reception.write(f"{by.username} {mag}".encode())
        raw_file = reception.finish()
    request = UploadRequest(target="T1", filename="a.fits", uploaded_by=by.username)
    upload = accept(lake, raw_file, request)
    point = curve(target_id, [mag], ref=f"{raw_file.sha256}:{{}}", source="upload", mjd=60100.0)
    lake.store.append_points(point, batch=new_batch("reduce", "upload", target_id=target_id))
    update_summary(lake.operations, target_id, lake.store.light_curve(target_id))
    return upload


def told(lake: Lake, user: User) -> list[str]:
    return [sentence_of(each) for each in list_notices(lake.operations, user)]


def test_a_follower_is_told_of_new_points_in_one_line_until_it_is_read(
    lake: Lake, target_id: int, ada: User
) -> None:
    harvest(lake, target_id, [17.0, 17.0])
    follow(lake, target_id, user=ada)
    assert not has_news(lake.operations)
    for count in (3, 5):
        harvest(lake, target_id, [17.0] * count)
        assert has_news(lake.operations)
        tell_followers(lake)
        tell_followers(lake)
    assert told(lake, ada) == ["New points of T1 by others: 3."]
    mark_read(lake.operations, ada)
    harvest(lake, target_id, [17.0] * 6)
    tell_followers(lake)
    assert told(lake, ada) == ["New points of T1 by others: 1.", "New points of T1 by others: 3."]
    assert unfollow(lake.operations, target_id, user=ada)
    harvest(lake, target_id, [12.0] * 7)
    assert not has_news(lake.operations)


def test_a_change_is_told_once_when_it_is_as_large_as_wished(
    lake: Lake, target_id: int, ada: User, bob: User
) -> None:
    harvest(lake, target_id, [17.0])
    follow(lake, target_id, change_mag=1.0, user=ada)
    follow(lake, target_id, change_mag=0.2, user=bob)
    for mags in ([17.0, 16.6], [17.0, 16.6, 16.2], [17.0, 16.6, 16.2, 15.9], [17.0, 16.6, 16.2, 15.9, 17.9]):
        harvest(lake, target_id, mags)
        tell_followers(lake)
    changes = [line for line in told(lake, ada) if "mag" in line]
    assert changes == [  # slow as it is: 17.0 to 15.9
        "T1 faded by 2.00 mag, to 17.90 in r(GaiaSP).",
        "T1 brightened by 1.10 mag, to 15.90 in r(GaiaSP).",
    ]
    assert len([line for line in told(lake, bob) if "mag" in line]) == 4


def test_a_change_within_the_errors_or_of_what_is_not_comparable_is_none() -> None:
    known = known_of(curve(1, [17.0]))
    brighter = curve(1, [17.0, 16.0])
    change = change_since(known, brighter, least_mag=0.5)
    assert change is not None
    assert (change.is_brighter, round(change.change_mag, 6)) == (True, 1.0)
    for points in (
        curve(1, [17.0, 16.0], mag_err=0.4),
        curve(1, [17.0, 16.0], flags=[0, int(Flag.DIFFERENCE)]),
        curve(1, [17.0, 16.0], band=["r(GaiaSP)", "g(GaiaSP)"]),
        curve(1, [17.0, 16.6]),
    ):
        assert change_since(known, points, least_mag=0.5) is None


def test_own_points_are_no_news_and_others_private_ones_stay_untold(
    lake: Lake, target_id: int, ada: User, bob: User
) -> None:
    harvest(lake, target_id, [17.0])
    for user in (ada, bob):
        follow(lake, target_id, user=user)
    upload = sent(lake, target_id, 15.0, by=bob)
    tell_followers(lake)
    assert told(lake, bob) == []
    assert told(lake, ada) == [
        "T1 brightened by 2.00 mag, to 15.00 in r(GaiaSP).",
        "New points of T1 by others: 1.",
    ]
    mine = Shared(owner="bob", visibility=Visibility.PRIVATE)
    share_upload(lake, upload.upload_id, mine, user=bob)
    assert told(lake, ada) == ["New points of T1 by others: 1."]  # its magnitude is nobody else's now
    follow(lake, target_id, user=create_user(lake.operations, "new", "an honest password"))
    tell_followers(lake)
    assert "brightened" not in "".join(told(lake, ada))


def test_a_hidden_target_tells_its_followers_nothing(lake: Lake, target_id: int, ada: User) -> None:
    harvest(lake, target_id, [17.0])
    follow(lake, target_id, user=ada)
    target = get_target(lake.operations, target_id, SYSTEM)
    update_target(lake.operations, replace(target, visibility=Visibility.PRIVATE), user=SYSTEM)
    harvest(lake, target_id, [17.0, 12.0])
    tell_followers(lake)
    update_target(lake.operations, target, user=SYSTEM)
    assert told(lake, ada) == []  # what came while it was hidden was not even looked at
    with pytest.raises(Rejected) as refusal:
        follow(lake, 10_000, user=ada)
    assert refusal.value.code == "unknown-target"


def test_following_again_changes_only_the_wish(lake: Lake, target_id: int, ada: User) -> None:
    harvest(lake, target_id, [17.0])
    since_mjd = follow(lake, target_id, user=ada).since_mjd
    harvest(lake, target_id, [17.0, 17.0])
    assert follow(lake, target_id, change_mag=2.0, user=ada).since_mjd == since_mjd
    kept = follow_of(lake.operations, target_id, ada)
    assert kept is not None
    assert kept.change_mag == 2.0
    tell_followers(lake)
    assert told(lake, ada) == ["New points of T1 by others: 1."]
    with pytest.raises(Rejected) as refusal:
        follow(lake, target_id, change_mag=float("nan"), user=ada)
    assert refusal.value.code == "bad-change"
