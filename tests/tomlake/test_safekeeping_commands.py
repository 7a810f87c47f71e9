"""`tomlake backup`, `restore` and `move`: what they print, what they refuse, with which exit code."""

from pathlib import Path

import pytest
from command_line import refusal, said
from installations import needs_folder

pytestmark = needs_folder


@pytest.fixture(autouse=True)
def surroundings(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a data folder of its own, and no place for backups."""
    monkeypatch.delenv("TOMLAKE_BACKUP_URL", raising=False)


def test_a_backup_is_made_listed_checked_and_brought_back(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "backups")
    assert "were new" in said("backup", place)
    monkeypatch.setenv("TOMLAKE_BACKUP_URL", place)
    assert "0 were new" in said("backup", "--keep", "3")
    assert "can be brought back whole" in said("backup", "check")
    listed = said("backup", "list")
    names = sorted(path.stem for path in (tmp_path / "backups" / "manifests").iterdir())
    assert all(name in listed for name in names)
    assert refusal("restore", place).code == "not-empty"
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "back"))
    assert refusal("restore", place, "--which", "20000101T000000Z-v1").code == "no-backup"
    assert "rows checked" in said("restore", place, "--which", names[0])
    assert "Lake version" in said("status")


def test_a_damaged_file_is_named_by_the_check(tmp_path: Path) -> None:
    place = tmp_path / "backups"
    said("backup", str(place))
    damaged = next((place / "databases").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert f"databases/{damaged.name} is damaged" in said("backup", "check", str(place), exit_code=1)


def test_an_empty_place_has_nothing_to_check(tmp_path: Path) -> None:
    assert "0 backups" in said("backup", "check", str(tmp_path / "none"), exit_code=1)


def test_a_backup_needs_a_place() -> None:
    assert refusal("backup").code == "no-place"
    assert refusal("backup", "list").code == "no-place"


def test_a_lake_is_carried_over_and_the_new_settings_are_told(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("backup", str(tmp_path / "backups"))
    new = tmp_path / "new"
    told = said("move", "--data", str(new), "--raw-url", str(tmp_path / "raw"))
    assert "have equal checksums" in told
    lines = dict(line.split("=", 1) for line in told.splitlines() if line.startswith("TOMLAKE_"))
    assert lines["TOMLAKE_DATA"] == str(new)
    assert lines["TOMLAKE_CATALOG_URL"] == f"sqlite:///{new / 'catalog.sqlite'}"
    assert lines["TOMLAKE_RAW_URL"] == str(tmp_path / "raw")
    for name, value in lines.items():
        monkeypatch.setenv(name, value)
    assert "Lake version" in said("status")
    assert refusal("move", "--data", str(new)).code == "same-place"


def test_a_lake_is_not_carried_over_to_where_it_is(data_dir: Path) -> None:
    assert refusal("move").code == "same-place"
    assert refusal("move", "--data", str(data_dir)).code == "same-place"


def test_a_password_is_not_printed() -> None:
    from lake.safekeeping.move import new_lines
    from lake.settings import read_settings

    old = read_settings({"TOMLAKE_DATA": "/data"})
    new = read_settings({"TOMLAKE_DATA": "/data", "TOMLAKE_CATALOG_URL": "postgresql://me:secret@host/lake"})
    lines = new_lines(old, new)
    assert "TOMLAKE_CATALOG_URL=postgresql://me:***@host/lake" in lines
    assert not any(line.startswith("TOMLAKE_DATA") for line in lines)
