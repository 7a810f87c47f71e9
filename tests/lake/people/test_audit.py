"""The audit log: every change is in it with before and after, and nothing is ever taken out."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.operations import open_operations
from lake.people.accounts import User, create_user
from lake.people.audit import Entry, Kind, audit_log, note_download, note_sign_in
from lake.rights import SYSTEM
from lake.targets import create_target, delete_target, update_target


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path / "data").operations_url)
    yield opened
    opened.dispose()


@pytest.fixture
def ada(operations: Engine) -> User:
    return create_user(operations, "ada", "right horse")


def newest(operations: Engine) -> Entry:
    return audit_log(operations, SYSTEM, limit=1)[0]


def test_a_change_is_told_with_what_was_before_and_after(operations: Engine, ada: User) -> None:
    made = create_target(operations, Target(name="Star", ra_deg=1.0, dec_deg=2.0), by="ada")
    entry = newest(operations)
    assert (entry.kind, entry.deed, entry.who, entry.object_id) == (
        Kind.CHANGE,
        "made",
        "ada",
        made.target_id,
    )
    assert (entry.before, entry.after["ra_deg"]) == ({}, 1.0)
    update_target(operations, replace(made, importance=3.0, visibility=Visibility.PRIVATE), user=ada)
    entry = newest(operations)
    assert entry.before == {"importance": 9.98, "visibility": "public"}
    assert entry.after == {"importance": 3.0, "visibility": "private"}
    delete_target(operations, made.target_id or 0, user=ada)
    entry = newest(operations)
    assert (entry.deed, entry.object_name, entry.before["name"], entry.after) == (
        "deleted",
        "Star",
        "Star",
        {},
    )


def test_a_change_that_was_refused_is_not_in_the_log(operations: Engine, ada: User) -> None:
    made = create_target(operations, Target(name="Star", ra_deg=1.0, dec_deg=2.0), by="ada")
    before = audit_log(operations, SYSTEM)
    with pytest.raises(Rejected):
        update_target(operations, replace(made, importance=99.0), user=ada)
    with pytest.raises(Rejected):
        delete_target(operations, made.target_id or 0, user=User(user_id=9, username="eve"))
    assert audit_log(operations, SYSTEM) == before


def test_what_somebody_typed_as_a_user_name_is_kept_only_where_it_is_one(
    operations: Engine, ada: User
) -> None:
    for typed in ("ADA", "my secret password"):
        note_sign_in(operations, username=typed, address="10.0.0.1", is_right=False)
    wrong, known = audit_log(operations, SYSTEM, kind=Kind.SIGN_IN)
    assert (known.who, known.deed, known.address) == ("ada", "refused", "10.0.0.1")
    assert wrong.who == ""
    assert "secret" not in str(audit_log(operations, SYSTEM))


def test_downloads_are_found_by_target_and_person(operations: Engine, ada: User) -> None:
    for number, who in ((7, ada), (8, ada), (7, None)):
        note_download(
            operations, Target(target_id=number, name="T", ra_deg=0.0, dec_deg=0.0), who=who, address="x"
        )
    assert [entry.who for entry in audit_log(operations, SYSTEM, target_id=7)] == ["", "ada"]
    assert len(audit_log(operations, SYSTEM, kind=Kind.DOWNLOAD, who="ada")) == 2


def test_only_staff_read_the_log(operations: Engine, ada: User) -> None:
    with pytest.raises(Rejected) as refusal:
        audit_log(operations, ada)
    assert refusal.value.code == "no-right"


def test_no_code_changes_or_removes_a_line() -> None:
    root = Path(__file__).resolve().parents[2]
    touching = {
        str(file.relative_to(root))
        for room in ("lake", "portal", "jobs", "tomlake")
        for file in (root / room).rglob("*.py")
        if re.search(
            r"\b(update|delete)\(\s*(account_tables\.)?audit\b|audit\.(update|delete)\(", file.read_text()
        )
    }
    assert touching == set()
