"""Bringing a whole lake into an empty place: files first, databases last, and only when all is checked.

Killed at any moment it is simply done again: what came whole stays.
"""

import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Rejected
from lake.backend import Backend
from lake.lock import locked
from lake.operations import open_operations
from lake.paths import make_folders, writing_to
from lake.safekeeping import portable
from lake.safekeeping.checksums import Checksum, database_checksums, differing
from lake.safekeeping.copiers import server_copier, sqlite_file
from lake.safekeeping.mark import Mark
from lake.safekeeping.place import Damaged, Place
from lake.safekeeping.sums import Progress, TableSums, table_sums
from lake.safekeeping.transfer import Load, transfer
from lake.settings import Settings

_RESTORING = ".restoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """Everything of one moment of a lake, and what it must be when it has come."""

    operations: Path
    catalog: Path
    store: Sequence[Load]
    raw: Sequence[Load]
    databases: Mapping[str, Checksum]
    tables: TableSums
    lost: Collection[str] = ()  # data files that do not come
    confirm: Callable[[], None] = lambda: None  # asked last, before the databases come; it may refuse


def settle(cargo: Cargo, settings: Settings, *, folder: Path, progress: Progress) -> None:
    """Bring everything into the places that the settings name, which must be empty.

    Parameters
    ----------
    folder
        For files of this work.

    Raises
    ------
    Rejected
        ``not-empty``; ``damaged-backup``: something is not what it must be, and the sentence names it.
    """
    places = make_folders(settings)
    with locked(places.opening_lock, timeout_s=1.0):  # nobody opens a lake that is half there
        mark = Mark(settings)
        mark.begin()
        _bring(cargo.store, Place(settings, settings.store_url, spool_dir=folder), "data files", progress)
        _bring(cargo.raw, Place(settings, settings.raw_url, spool_dir=folder), "raw files", progress)
        _check_databases(cargo)
        _check_tables(cargo, settings, progress)
        cargo.confirm()
        _refuse_newer(cargo.operations)
        mark.enter_databases()
        progress("Putting the databases in their places", 0.98)
        _install_catalog(cargo.catalog, settings, folder)
        _install_operations(cargo.operations, settings, folder)
        mark.end()


def _bring(loads: Sequence[Load], target: Place, noun: str, progress: Progress) -> None:
    try:
        done = transfer(loads, target, present=target.sizes(), step=f"Copying {noun}", progress=progress)
    except Damaged as error:
        raise Rejected(
            f"The file {error} is damaged, so nothing was brought: choose another backup.",
            code="damaged-backup",
        ) from error
    if done.missing:
        missing = sorted(load.path for load in loads if load.to in done.missing)
        raise Rejected(
            f"{len(missing)} files are missing, such as {missing[0]}: choose another backup.",
            code="damaged-backup",
        )
    wanted = {load.to for load in loads}
    for path in target.sizes():
        if path not in wanted:  # left by a killed work
            target.remove(path)


def _check_databases(cargo: Cargo) -> None:
    found = database_checksums(cargo.operations) | database_checksums(cargo.catalog)
    _refuse_differing(differing(dict(cargo.databases), found))


def _check_tables(cargo: Cargo, settings: Settings, progress: Progress) -> None:
    sums = table_sums(settings, cargo.catalog, without=cargo.lost, progress=progress)
    found = sums.tables
    _refuse_differing(
        [
            f"{table} ({files[0].partition('|')[0]})"
            for table in sorted(found.keys() | cargo.tables.keys())
            if (files := differing(cargo.tables.get(table, {}), found.get(table, {})))
        ]
    )


def _refuse_differing(tables: Sequence[str]) -> None:
    if tables:
        raise Rejected(
            f"The rows that came are not those that left, in {', '.join(tables)}: choose another backup.",
            code="damaged-backup",
        )


def _refuse_newer(operations: Path) -> None:
    """Bring the accounts and jobs of an older tomlake to the newest tables; refuse those of a newer one."""
    open_operations(f"sqlite:///{operations}").dispose()
    portable.single_file(operations)


def _install_catalog(catalog: Path, settings: Settings, folder: Path) -> None:
    backend = Backend(settings)
    portable.set_data_url(catalog, backend.data_url)
    backend.close()
    file = sqlite_file(settings.catalog_url)
    if file is not None:
        _put(catalog, file)
        return
    portable.load_catalog(catalog, settings)
    came = folder / "came-catalog.sqlite"
    url = settings.catalog_url
    with server_copier(url, lambda frozen: portable.write_catalog(frozen, came)) as copier:
        copier.finish()
    _refuse_differing(differing(database_checksums(catalog), database_checksums(came)))


def _install_operations(operations: Path, settings: Settings, folder: Path) -> None:
    file = sqlite_file(settings.operations_url)
    if file is not None:
        _put(operations, file)
        return
    portable.load_operations(operations, settings.operations_url)
    came = folder / "came-operations.sqlite"
    url = settings.operations_url
    with server_copier(url, lambda frozen: portable.write_operations(frozen, came)) as copier:
        copier.finish()
    _refuse_differing(differing(database_checksums(operations), database_checksums(came)))


def _put(source: Path, file: Path) -> None:
    """Let a whole database appear under its name at once."""
    with writing_to(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f"{file.name}{_RESTORING}")
        shutil.copyfile(source, aside)
        with aside.open("rb") as copied:
            os.fsync(copied.fileno())
        aside.replace(file)
