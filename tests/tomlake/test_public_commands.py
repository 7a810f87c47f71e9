"""`tomlake publish` and `tomlake clone` on the command line."""

from pathlib import Path

import pytest
from api_server import running
from command_line import refusal, said
from public_lakes import add_points, add_target

from lake.opening import open_lake
from lake.settings import read_settings


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test an installation with one real and one simulated target."""
    folder = str(tmp_path / "data")
    monkeypatch.setenv("TOMLAKE_DATA", folder)
    lake = open_lake(read_settings({"TOMLAKE_DATA": folder}))
    add_points(lake, add_target(lake, "Star"), 10)
    add_points(lake, add_target(lake, "Made up", simulated=True), 10)
    lake.close()


def test_versions_are_published_listed_and_withdrawn() -> None:
    assert "10 points of 1 targets" in said("publish", "--name", "first")
    assert "Nothing changed since version first" in said("publish")
    assert "20 points of 2 targets" in said("publish", "--with-simulated", "--licence", "CC0-1.0")
    said("publish", "withdraw", "first", "--reason", "a mistake")
    listed = said("publish", "list")
    assert "withdrawn" in listed
    assert "mistake" in listed
    assert "simulated" in listed


def test_a_version_that_is_not_there_cannot_be_withdrawn() -> None:
    assert refusal("publish", "withdraw", "none").code == "unknown-version"


def test_a_clone_tells_how_to_cite_it_and_how_to_start_it(tmp_path: Path) -> None:
    said("publish", "--name", "first")
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "data")}))
    with running(lake) as port:
        text = said("clone", f"http://127.0.0.1:{port}", str(tmp_path / "copy"))
    lake.close()
    assert "Copied version first" in text
    assert "Cite: " in text
    assert f"TOMLAKE_DATA={tmp_path / 'copy'} tomlake up" in text
