"""Connections of DuckDB to the lake: extensions from the installed packages, never from the network."""

from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner

from engine.errors import Rejected
from lake.settings import Settings

LAKE = "lake"  # the name under which every statement finds the lake
BUSY_TIMEOUT_MS = 5000
_READER_SETTINGS = ("SET threads = 1", "SET parquet_metadata_cache = true")
_WRITER_SETTINGS = ("SET memory_limit = '2GB'",)  # spills to the spool folder; jobs may use 3 GB


def catalog_file(catalog_url: str) -> Path:
    """Return the SQLite file that keeps the lake's catalog.

    Raises
    ------
    Rejected
        ``bad-setting``: the URL is not ``sqlite:///`` and a path.
    """
    scheme, _, path = catalog_url.partition(":///")
    if scheme != "sqlite" or not path:
        raise Rejected(
            "TOMLAKE_CATALOG_URL must be sqlite:/// followed by the path of a file.", code="bad-setting"
        )
    return Path(path)


def store_folder(store_url: str) -> Path:
    """Return the folder of the lake's Parquet files.

    Raises
    ------
    Rejected
        ``bad-setting``: the URL names another file system.
    """
    if "://" in store_url:
        raise Rejected("TOMLAKE_STORE_URL must be the path of a folder.", code="bad-setting")
    return Path(store_url)


def connect(settings: Settings, *, read_only: bool, spool_dir: Path) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory with the lake attached under the name ``lake``."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(spool_dir / "duckdb"),
        },
    )
    try:
        for module in (duckdb_extension_ducklake, duckdb_extension_sqlite_scanner):
            connection.execute(f"LOAD {_quoted(_extension_file(module.__file__))}")
        for statement in _READER_SETTINGS if read_only else _WRITER_SETTINGS:
            connection.execute(statement)
        connection.execute(_attach_statement(settings, read_only=read_only))
    except BaseException:
        connection.close()
        raise
    return connection


def _attach_statement(settings: Settings, *, read_only: bool) -> str:
    options = [
        f"DATA_PATH {_quoted(f'{store_folder(settings.store_url)}/')}",
        "OVERRIDE_DATA_PATH true",  # the setting wins, so that a copied data folder works elsewhere
        "DATA_INLINING_ROW_LIMIT 0",
        f"META_BUSY_TIMEOUT {BUSY_TIMEOUT_MS}",
        "READ_ONLY" if read_only else "META_JOURNAL_MODE 'WAL'",
    ]
    source = _quoted(f"ducklake:sqlite:{catalog_file(settings.catalog_url)}")
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
