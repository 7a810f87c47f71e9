"""A lake that was kept up, restored or carried to other databases is still what the ledger says."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from installations import on_servers, settings_in
from traced_lakes import add_points, fill, quietly, seal, seal_everything, verdict

from lake.opening import Lake, open_lake
from lake.safekeeping.backup import backup
from lake.safekeeping.move import move
from lake.safekeeping.restore import restore
from lake.settings import Settings, read_settings
from lake.upkeep.maintain import Scope, maintain


@pytest.fixture
def opened() -> Iterator[Callable[[Settings], Lake]]:
    """Give a way to open lakes that are closed at the end."""
    with ExitStack() as stack:

        def open_closing(settings: Settings) -> Lake:
            return stack.enter_context(closing(open_lake(settings)))

        yield open_closing


def filled(lake: Lake) -> Lake:
    fill(lake)
    seal_everything(lake)
    return lake


def assert_wholly_sealed(lake: Lake) -> None:
    found = verdict(lake)
    assert [damage.sentence for damage in found.damages] == []
    assert (found.lake_files.unsealed, found.raw_files.unsealed, found.unsealed_versions) == (0, 0, 0)
    assert found.lake_files.files > 3


def test_upkeep_with_and_without_seals_gives_no_alarm(
    settings: Settings, opened: Callable[[Settings], Lake]
) -> None:
    lake = filled(opened(settings))
    for scope in (Scope.LIGHT, Scope.FULL):
        maintain(lake, scope, tell=quietly)
        assert verdict(lake).damages == ()
        add_points(lake, 1, 3)
    seal(lake)
    assert verdict(lake).damages == ()
    seal_everything(lake)
    assert_wholly_sealed(lake)


def test_a_restored_lake_is_sealed_as_it_was(
    settings: Settings, tmp_path: Path, opened: Callable[[Settings], Lake]
) -> None:
    lake = filled(opened(settings))
    backup(lake, str(tmp_path / "backup"), progress=quietly)
    add_points(lake, 2, 4)
    seal_everything(lake)
    again = settings_in(tmp_path / "again")
    restore(str(tmp_path / "backup"), again, progress=quietly)
    assert_wholly_sealed(opened(again))


def test_a_lake_that_was_carried_over_is_sealed_as_it_was(
    tmp_path: Path, opened: Callable[[Settings], Lake]
) -> None:
    """From a folder to the variant of this run: another folder, or PostgreSQL and S3."""
    new = settings_in(tmp_path / "new")
    plain = read_settings({"TOMLAKE_DATA": str(tmp_path / "plain")})
    names = ("s3_endpoint", "s3_key_id", "s3_secret", "s3_region")
    old = replace(plain, **{name: getattr(new, name) for name in names}) if on_servers() else plain
    lake = filled(opened(old))
    move(lake, new, progress=quietly)
    moved = opened(new)
    assert_wholly_sealed(moved)
    add_points(moved, 3, 5)
    seal_everything(moved)
    assert_wholly_sealed(moved)
