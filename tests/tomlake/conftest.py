"""A data folder for the tests of commands."""

from pathlib import Path

import pytest


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a data folder of its own."""
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"
