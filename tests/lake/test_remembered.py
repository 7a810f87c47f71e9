"""What is remembered of the operations database holds until something is committed, or for a short time."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine.target import Target
from lake.opening import Lake, open_lake
from lake.operations import writing
from lake.people.accounts import create_user
from lake.people.audit import audit_log, note_download_later
from lake.people.noted_later import note_now
from lake.points import commit_mark
from lake.remembered import KEPT_S, Remembered
from lake.rights import SYSTEM
from lake.settings import read_settings


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Return a lake whose operations are in SQLite, the database that tells of commits.

    A process looks at so many databases at once and no more: those of other tests do not count here.
    """
    monkeypatch.setattr(commit_mark, "_OPEN", {})
    return open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "data")}))


def test_a_value_is_remembered_until_a_commit_and_never_longer_than_it_may_be(lake: Lake) -> None:
    now_s = [100.0]
    remembered: Remembered[str] = Remembered(most_bytes=1000, now_s=lambda: now_s[0])

    def made(value: str) -> None:
        remembered.made(lake.operations, "key", lambda: value, size_bytes=len)

    made("first")
    assert remembered.found(lake.operations, "key") == "first"
    assert remembered.found(lake.operations, "other") is None
    create_user(lake.operations, "somebody", "correct horse battery")
    assert remembered.found(lake.operations, "key") is None
    made("second")
    now_s[0] += KEPT_S / 2
    assert remembered.found(lake.operations, "key") == "second"
    now_s[0] += KEPT_S
    assert remembered.found(lake.operations, "key") is None
    lake.close()


def test_what_is_committed_while_a_value_is_made_makes_it_old(lake: Lake) -> None:
    remembered: Remembered[str] = Remembered(most_bytes=1000)

    def make() -> str:
        create_user(lake.operations, "somebody", "correct horse battery")
        return "made of what was there before"

    remembered.made(lake.operations, "key", make, size_bytes=len)
    assert remembered.found(lake.operations, "key") is None
    lake.close()


def test_a_download_that_is_noted_ends_no_memory_and_hides_no_commit(lake: Lake) -> None:
    remembered: Remembered[str] = Remembered(most_bytes=1000)
    star = Target(target_id=7, name="Star", ra_deg=0.0, dec_deg=0.0)
    remembered.made(lake.operations, "key", lambda: "first", size_bytes=len)
    for _ in range(3):
        note_download_later(lake.operations, star, who=None, address="2001:db8::1")
        note_now(lake.operations)
        assert remembered.found(lake.operations, "key") == "first"
    create_user(lake.operations, "somebody", "correct horse battery")
    note_download_later(lake.operations, star, who=None, address="2001:db8::1")
    note_now(lake.operations)
    assert remembered.found(lake.operations, "key") is None
    lake.close()


def test_a_download_is_in_the_log_of_a_lake_that_was_closed_at_once(lake: Lake) -> None:
    star = Target(target_id=7, name="Star", ra_deg=0.0, dec_deg=0.0)
    note_download_later(lake.operations, star, who=None, address="2001:db8::1")
    lake.close()
    again = open_lake(lake.settings)
    (line,) = audit_log(again.operations, SYSTEM, target_id=7)
    assert (line.object_name, line.address, line.who) == ("Star", "2001:db8::1", "")
    again.close()


def test_what_could_not_be_noted_is_noted_when_the_log_can_be_written_again(lake: Lake) -> None:
    star = Target(target_id=7, name="Star", ra_deg=0.0, dec_deg=0.0)
    with writing(lake.operations) as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO away"))
    note_download_later(lake.operations, star, who=None, address="")
    with pytest.raises(OperationalError):
        note_now(lake.operations)
    with writing(lake.operations) as connection:
        connection.execute(text("ALTER TABLE away RENAME TO audit"))
    assert len(audit_log(lake.operations, SYSTEM, target_id=7)) == 1
    lake.close()
