"""Connections of DuckDB to the lake: extensions from the installed packages, never from the network."""

import shutil
import time
import uuid
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner

from engine.errors import Rejected
from lake.paths import Paths

LAKE = "lake"  # the name under which every statement finds the lake
BUSY_TIMEOUT_MS = 5000
_SPILL = "spill-"  # what a query cannot hold in memory; processes must not share the folder
_STALE_AFTER_S = 86400.0
_READER_SETTINGS = ("SET threads = 1", "SET parquet_metadata_cache = true")
_WRITER_SETTINGS = ("SET memory_limit = '2GB'",)  # spills to the spool folder; jobs may use 3 GB


def connect(places: Paths, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory with the lake attached under the name ``lake``."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(places.spool_dir / f"{_SPILL}{uuid.uuid4().hex}"),
        },
    )
    try:
        for module in (duckdb_extension_ducklake, duckdb_extension_sqlite_scanner):
            connection.execute(f"LOAD {_quoted(_extension_file(module.__file__))}")
        for statement in _READER_SETTINGS if read_only else _WRITER_SETTINGS:
            connection.execute(statement)
        connection.execute(_attach_statement(places, read_only=read_only))
    except BaseException:
        connection.close()
        raise
    return connection


def remove_stale_spills(places: Paths) -> None:
    """Remove what the queries of killed processes left on the disk a day ago or earlier."""
    for folder in places.spool_dir.glob(f"{_SPILL}*"):
        if time.time() - folder.stat().st_mtime > _STALE_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)


def _attach_statement(places: Paths, *, read_only: bool) -> str:
    options = [
        f"DATA_PATH {_quoted(f'{places.store_dir}/')}",
        "OVERRIDE_DATA_PATH true",  # the setting wins, so that a copied data folder works elsewhere
        "DATA_INLINING_ROW_LIMIT 0",
        f"META_BUSY_TIMEOUT {BUSY_TIMEOUT_MS}",
        "READ_ONLY" if read_only else "META_JOURNAL_MODE 'WAL'",
    ]
    source = _quoted(f"ducklake:sqlite:{places.catalog_file}")
    return f"ATTACH {source} AS {LAKE} ({', '.join(options)})"


def _extension_file(package_file: str | None) -> str:
    folder = Path(package_file or "").parent / "extensions" / f"v{duckdb.__version__}"
    files = sorted(folder.glob("*.duckdb_extension"))
    if not files:
        raise Rejected(
            f"The DuckDB extension in {folder.parent.parent.name} does not fit DuckDB {duckdb.__version__}: "
            "install the versions that tomlake asks for.",
            code="extension-missing",
        )
    return str(files[0])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
