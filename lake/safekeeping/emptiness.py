"""Whether a place is empty: what is brought to it must not cover anything."""

from pathlib import Path

from sqlalchemy import inspect, select

from engine.errors import Rejected
from lake.catalog import catalog_of
from lake.metadata import metadata
from lake.paths import paths_of
from lake.safekeeping.copiers import server, sqlite_file
from lake.safekeeping.place import Place
from lake.settings import Settings

_SPOOL = "spool/"  # of the raw store: nothing there is kept


def refuse_databases(settings: Settings) -> None:
    """Refuse databases that hold rows.

    Raises
    ------
    Rejected
        ``not-empty``
    """
    if _has_operations(settings.operations_url):
        raise _not_empty("operational database")
    if _has_catalog(settings.catalog_url):
        raise _not_empty("catalog")


def refuse_files(settings: Settings) -> None:
    """Refuse folders and places on S3 that hold files.

    Raises
    ------
    Rejected
        ``not-empty``
    """
    spool_dir = paths_of(settings).spool_dir
    if Place(settings, settings.store_url, spool_dir=spool_dir).sizes():
        raise _not_empty("store")
    raw = Place(settings, settings.raw_url, spool_dir=spool_dir).sizes()
    if any(not path.startswith(_SPOOL) for path in raw):
        raise _not_empty("raw store")


def _has_operations(url: str) -> bool:
    file = sqlite_file(url)
    if file is not None:
        return _is_there(file)
    with server(url) as engine, engine.connect() as connection:
        present = set(inspect(connection).get_table_names())
        tables = [table for table in metadata.sorted_tables if table.name in present]
        return any(connection.execute(select(1).select_from(table).limit(1)).first() for table in tables)


def _has_catalog(url: str) -> bool:
    file = sqlite_file(url)
    if file is not None:
        return _is_there(file)
    catalog = catalog_of(url)
    try:
        # the first version, 0, is DuckLake's own: it holds no table
        return catalog.exists() and catalog.rows("SELECT max(snapshot_id) FROM ducklake_snapshot") != [(0,)]
    finally:
        catalog.close()


def _is_there(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _not_empty(noun: str) -> Rejected:
    return Rejected(
        f"The {noun} of this installation is not empty: let TOMLAKE_DATA and the URLs name new places.",
        code="not-empty",
    )
