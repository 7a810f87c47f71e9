"""A filled lake, a place for its backups, and empty places to bring them to."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filling import fill
from installations import BUCKET, on_servers, opened_in, settings_in

from lake.opening import Lake, open_lake
from lake.safekeeping.place import Place
from lake.settings import Settings


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a filled lake that nobody opens, to be copied; on servers nothing is."""
    folder = tmp_path_factory.mktemp("template") / "data"
    if on_servers():
        return folder
    lake = opened_in(folder)
    fill(lake)
    lake.close()
    return folder


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Return a lake with something in every table, shared by a module."""
    lake = _filled(template, tmp_path_factory.mktemp("filled") / "data")
    yield lake
    lake.close()


@pytest.fixture
def own(template: Path, tmp_path: Path) -> Iterator[Lake]:
    """Return a filled lake that a test may spoil."""
    lake = _filled(template, tmp_path / "own")
    yield lake
    lake.close()


def _filled(template: Path, folder: Path) -> Lake:
    if not on_servers():
        shutil.copytree(template, folder)
        return open_lake(settings_in(folder))
    lake = opened_in(folder)
    fill(lake)
    return lake


@pytest.fixture
def backup_url(tmp_path: Path) -> str:
    """Return an empty place for backups, of the kind that the installations have."""
    return f"s3://{BUCKET}/backups{tmp_path}" if on_servers() else str(tmp_path / "backups")


@pytest.fixture
def place(filled: Lake, backup_url: str, tmp_path: Path) -> Place:
    """Return the place of the backups, to look into and to damage."""
    return Place(filled.settings, backup_url, spool_dir=tmp_path)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """Return the settings of an empty place of the same kind."""
    return settings_in(tmp_path / "elsewhere")


@pytest.fixture
def opened() -> Iterator[Callable[[Settings], Lake]]:
    """Return how a test opens a lake; it is closed afterwards."""
    lakes: list[Lake] = []

    def open_it(settings: Settings) -> Lake:
        lakes.append(open_lake(settings))
        return lakes[-1]

    yield open_it
    for lake in lakes:
        lake.close()
