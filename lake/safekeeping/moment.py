"""One moment of a lake: its operations and its catalog as they stood together, while everybody works on.

The two are frozen while no writer of the lake has its turn (milliseconds), so each row in the lake has its
target, upload and job in the operations, and each finished job has its rows. Then they are copied at leisure.
"""

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Rejected
from engine.times import mjd_now
from lake.lock import locked, try_lock
from lake.opening import Lake
from lake.paths import paths_of, writing_to
from lake.safekeeping.copiers import Copier, file_copier, server_copier, sqlite_file
from lake.safekeeping.portable import single_file, write_catalog, write_operations
from lake.settings import Settings

_FOLDER = "moment-"
_DATA_FILES = """
SELECT s.path, s.path_is_relative, t.path, t.path_is_relative, f.path, f.path_is_relative
FROM (SELECT table_id, path, path_is_relative FROM ducklake_data_file
      UNION ALL
      SELECT table_id, path, path_is_relative FROM ducklake_delete_file) AS f
JOIN ducklake_table AS t ON t.table_id = f.table_id
JOIN ducklake_schema AS s ON s.schema_id = t.schema_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What stood in the databases of a lake at one instant, each in a SQLite file."""

    made_mjd: float
    operations: Path
    catalog: Path

    @property
    def version(self) -> int:
        """Return the lake's version."""
        return int(self._first("SELECT max(snapshot_id) FROM ducklake_snapshot"))

    @property
    def lake_id(self) -> str:
        """Return what tells this lake from every other; copies of it have the same."""
        return self._first("SELECT schema_uuid FROM ducklake_schema ORDER BY schema_id LIMIT 1")

    def data_files(self) -> list[str]:
        """Return the path in the store of every file of every version.

        Raises
        ------
        Rejected
            ``file-outside``: somebody added a file that is not in the store.
        """
        with closing(sqlite3.connect(self.catalog)) as connection:
            return sorted({_inside(row) for row in connection.execute(_DATA_FILES)})

    def _first(self, query: str) -> str:
        with closing(sqlite3.connect(self.catalog)) as connection:
            return str(connection.execute(query).fetchone()[0])


@contextmanager
def moment_of(lake: Lake) -> Iterator[Moment]:
    """Give this moment of a lake; its files are gone afterwards."""
    with working_folder(lake.settings) as folder:
        operations, catalog = folder / "operations.sqlite", folder / "catalog.sqlite"
        with (
            _operations_copier(lake.settings, operations) as first,
            _catalog_copier(lake.settings, catalog) as second,
        ):
            with lake.store.backend.writer_turn():
                first.freeze()
                second.freeze()
                made_mjd = mjd_now()
            for copier in (first, second):
                copier.finish()
        for file in (operations, catalog):
            single_file(file)
        yield Moment(made_mjd=made_mjd, operations=operations, catalog=catalog)


@contextmanager
def working_folder(settings: Settings) -> Iterator[Path]:
    """Give a folder for this work; those that killed programs left are removed first."""
    spool = paths_of(settings).spool_dir
    with writing_to(spool):
        spool.mkdir(parents=True, exist_ok=True)
    for left in spool.glob(f"{_FOLDER}*.lock"):
        _remove_if_left(left)
    folder = spool / f"{_FOLDER}{uuid.uuid4().hex}"
    lock = folder.with_suffix(".lock")
    with locked(lock, timeout_s=1.0):
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _operations_copier(settings: Settings, copied: Path) -> AbstractContextManager[Copier]:
    file = sqlite_file(settings.operations_url)
    if file is not None:
        return file_copier(file, copied)
    return server_copier(settings.operations_url, lambda frozen: write_operations(frozen, copied))


def _catalog_copier(settings: Settings, copied: Path) -> AbstractContextManager[Copier]:
    file = sqlite_file(settings.catalog_url)
    if file is not None:
        return file_copier(file, copied)
    return server_copier(settings.catalog_url, lambda frozen: write_catalog(frozen, copied))


def _inside(row: tuple[object, ...]) -> str:
    parts, relative = row[0::2], row[1::2]
    path = "".join(map(str, parts))
    if not all(relative) or ".." in path.split("/"):
        raise Rejected(
            f"The lake holds the file {parts[-1]}, which is not in its store: "
            "bring its rows into the lake first.",
            code="file-outside",
        )
    return path


def _remove_if_left(lock: Path) -> None:
    with suppress(FileNotFoundError), lock.open("rb") as file:
        if try_lock(file.fileno()):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
