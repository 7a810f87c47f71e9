"""What is remembered of the operations database holds until something is committed, or for a short time."""

from pathlib import Path

import pytest

from lake.opening import Lake, open_lake
from lake.people.accounts import create_user
from lake.remembered import KEPT_S, Remembered
from lake.settings import read_settings


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake whose operations are in SQLite, the database that tells of commits."""
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
