"""Who is told of what, and that nobody is told of what they may not see."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine, update

from engine.frame import Camera
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.inbox.uploads import UploadStatus
from lake.notices.kinds import Kind, Mail, Wish
from lake.notices.notices import (
    KEEP_D,
    KEEP_READ_D,
    Notice,
    NoticeFilter,
    count_unread,
    list_notices,
    mark_read,
    remove_old_notices,
)
from lake.notices.tables import notices
from lake.notices.telling import MOST_MENTIONED
from lake.notices.wishes import wish, wishes_of
from lake.notices.words import path_of, sentence_of
from lake.operations import open_operations, uploads, writing
from lake.people.accounts import User, create_user
from lake.people.comments import add_comment, remove_comment
from lake.people.departure import delete_account
from lake.people.sign_up import Request, approve_account, ask_for_account, refuse_account
from lake.rights import SYSTEM
from lake.settings import SignUp
from lake.sites.camera_approval import approve_camera
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.targets import create_target, get_target, update_target

PASSWORD = "an honest password"


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture
def ada(operations: Engine) -> User:
    return create_user(operations, "ada", PASSWORD)


@pytest.fixture
def bob(operations: Engine) -> User:
    return create_user(operations, "Bob", PASSWORD)


@pytest.fixture
def eve(operations: Engine) -> User:
    return create_user(operations, "eve", PASSWORD, is_staff=True)


def make(operations: Engine, name: str, *, by: User, visibility: Visibility = Visibility.PUBLIC) -> int:
    target = Target(name=name, ra_deg=10.0, dec_deg=1.0, visibility=visibility)
    return create_target(operations, target, by=by.username).target_id or 0


def send(operations: Engine, target_id: int, *, by: User, result: UploadStatus) -> None:
    row = {"sha256": by.username, "size_bytes": 1, "filename": "a.fits", "kind": "fits_file"}
    row |= {"target_id": target_id, "uploaded_by": by.username, "received_mjd": mjd_now()}
    with writing(operations) as connection:
        connection.execute(uploads.insert().values(row | {"result": result.value}))


def told(operations: Engine, user: User) -> list[str]:
    return [sentence_of(each) for each in list_notices(operations, user)]


def only(operations: Engine, user: User) -> Notice:
    (notice,) = list_notices(operations, user)
    return notice


def test_a_note_tells_whom_it_names_who_made_the_target_and_who_measured_it(
    operations: Engine, ada: User, bob: User, eve: User
) -> None:
    dan, fay = (create_user(operations, name, PASSWORD) for name in ("dan", "fay"))
    target_id = make(operations, "T1", by=ada)
    send(operations, target_id, by=dan, result=UploadStatus.MEASURED)
    send(operations, target_id, by=fay, result=UploadStatus.REJECTED)
    comment_id = add_comment(operations, target_id, "Look, @bob and @ADA, and @eve!", by=eve)
    assert told(operations, bob) == told(operations, ada) == ["eve mentions you in a note on T1."]
    assert told(operations, dan) == ["eve wrote a note on T1."]
    assert told(operations, fay) == told(operations, eve) == []
    assert path_of(only(operations, bob)) == f"/target?name=T1&note={comment_id}"
    remove_comment(operations, comment_id, by=eve)
    assert told(operations, bob) == told(operations, dan) == []


def test_what_is_hidden_is_neither_shown_nor_counted_until_it_is_seen_again(
    operations: Engine, ada: User, bob: User
) -> None:
    target_id = make(operations, "T1", by=ada)
    add_comment(operations, target_id, "@bob see", by=ada)
    assert (len(told(operations, bob)), count_unread(operations, bob)) == (1, 1)
    target = get_target(operations, target_id, SYSTEM)
    update_target(operations, replace(target, visibility=Visibility.PRIVATE), user=ada)
    assert (told(operations, bob), count_unread(operations, bob)) == ([], 0)
    add_comment(operations, target_id, "@bob told while it is hidden", by=ada)
    assert told(operations, bob) == []
    update_target(operations, target, user=ada)
    assert len(told(operations, bob)) == 2


def test_one_note_cannot_call_a_crowd(operations: Engine, ada: User) -> None:
    crowd = [create_user(operations, f"u{number}", PASSWORD) for number in range(MOST_MENTIONED + 1)]
    names = " ".join(f"@{each.username}" for each in crowd)
    add_comment(operations, make(operations, "T1", by=ada), names, by=ada)
    assert [len(told(operations, each)) for each in crowd] == [1] * MOST_MENTIONED + [0]


def test_staff_are_told_who_waits_until_somebody_decides(
    tmp_path: Path, operations: Engine, ada: User, eve: User
) -> None:
    settings = settings_in(tmp_path)
    for name in ("kit", "lee"):
        ask_for_account(operations, settings, Request(username=name, password=PASSWORD))
    waits = {sentence_of(each): each for each in list_notices(operations, eve)}
    assert set(waits) == {"kit asks for an account.", "lee asks for an account."}
    assert told(operations, ada) == []
    assert told(operations, replace(eve, is_staff=False)) == []  # a session without the rights of staff
    kit = approve_account(operations, 1, by=eve)
    assert told(operations, eve) == ["lee asks for an account."]
    assert told(operations, kit) == ["Your account is approved: welcome."]
    refuse_account(operations, 2, by=eve)
    assert told(operations, eve) == []


def test_where_everybody_gets_an_account_staff_hear_only_of_names_that_are_taken(
    tmp_path: Path, operations: Engine, ada: User, eve: User
) -> None:
    settings = replace(settings_in(tmp_path), sign_up=SignUp.OPEN)
    for name in ("kit", ada.username):
        ask_for_account(operations, settings, Request(username=name, password=PASSWORD))
    assert told(operations, eve) == ["ada asks for an account."]


def test_who_registered_a_camera_is_told_once_that_it_is_approved(
    operations: Engine, ada: User, eve: User
) -> None:
    site = add_observatory(
        operations,
        Observatory(name="Ostrowik", longitude_deg=21.4, latitude_deg=52.1, altitude_m=110.0),
        by="ada",
    )
    camera = Camera(name="ZWO", facility="Ostrowik")
    add_camera(operations, site.observatory_id, camera, by="ada", is_approved=False)
    for _ in range(2):
        approve_camera(operations, "Ostrowik_ZWO", by=eve)
    assert told(operations, ada) == ["Your camera Ostrowik_ZWO is approved."]
    assert path_of(only(operations, ada)) == "/camera?camera=Ostrowik_ZWO"


def test_everybody_reads_only_their_own(operations: Engine, ada: User, bob: User) -> None:
    target_id = make(operations, "T1", by=ada)
    for _ in range(3):
        add_comment(operations, target_id, "@bob @ada", by=create_user(operations, f"x{_}", PASSWORD))
    newest, middle, oldest = (each.notice_id for each in list_notices(operations, bob))
    assert mark_read(operations, ada, notice_ids=[newest]) == 0
    assert mark_read(operations, bob, up_to_id=middle) == 2
    assert [each.notice_id for each in list_notices(operations, bob, NoticeFilter(is_unread=True))] == [
        newest
    ]
    assert mark_read(operations, bob, notice_ids=[oldest], is_read=False) == 1
    assert (count_unread(operations, bob), count_unread(operations, ada)) == (2, 3)


def test_a_kind_that_nobody_wishes_for_in_the_portal_is_not_shown(
    operations: Engine, ada: User, bob: User
) -> None:
    add_comment(operations, make(operations, "T1", by=ada), "@bob", by=ada)
    before = wishes_of(operations, bob)
    wish(operations, {Kind.MENTION: Wish(in_portal=False, mail=Mail.DAILY)}, user=bob)
    assert (told(operations, bob), count_unread(operations, bob)) == ([], 0)
    assert wishes_of(operations, bob) == before | {Kind.MENTION: Wish(in_portal=False, mail=Mail.DAILY)}
    assert wishes_of(operations, ada) == before
    wish(operations, {Kind.MENTION: Wish()}, user=bob)
    assert len(told(operations, bob)) == 1


def test_old_notices_go_once_they_are_read_and_all_go_with_the_account(
    operations: Engine, ada: User, bob: User
) -> None:
    target_id = make(operations, "T1", by=ada)
    for _ in range(4):
        add_comment(operations, target_id, "@bob", by=ada)
    ids = [each.notice_id for each in list_notices(operations, bob)]
    ages_d = (KEEP_READ_D + 1, KEEP_READ_D - 1, KEEP_READ_D + 1, KEEP_D + 1)
    with writing(operations) as connection:
        for notice_id, age_d in zip(ids, ages_d, strict=True):
            this = update(notices).where(notices.c.notice_id == notice_id)
            connection.execute(this.values(made_mjd=mjd_now() - age_d))
    mark_read(operations, bob, notice_ids=ids[:2])
    assert remove_old_notices(operations) == 2
    assert [each.notice_id for each in list_notices(operations, bob)] == ids[1:3]
    wish(operations, {Kind.MENTION: Wish(mail=Mail.DAILY)}, user=bob)
    delete_account(operations, bob, keep_name=False)
    assert list_notices(operations, bob) == []
    assert wishes_of(operations, bob)[Kind.MENTION] == Wish()
