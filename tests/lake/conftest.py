"""An installation in a temporary folder, open for the tests of one module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import opened_in, settings_in

from lake.opening import Lake
from lake.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of an installation that does not exist yet."""
    return settings_in(tmp_path / "data")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Return an open installation that the tests of one module share: each works on targets of its own."""
    folder = tmp_path_factory.mktemp("lake") / "data"
    opened = opened_in(folder)
    yield opened
    opened.close()
