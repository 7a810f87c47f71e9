"""Where the lake of one installation lives: its catalog, its data files, and the lock of its writers."""

import shutil
import time
import uuid
from contextlib import AbstractContextManager

import duckdb

from engine.errors import Rejected
from lake.catalog import CatalogKind, catalog_of
from lake.extensions import new_duckdb, quoted
from lake.files import is_s3
from lake.paths import local_folder, paths_of, writing_to
from lake.settings import Settings

LAKE = "lake"  # the name under which every statement finds the lake
LOCK_TIMEOUT_S = 120.0
_SPILL = "spill-"  # what a query cannot hold in memory; processes must not share the folder
_STALE_AFTER_S = 86400.0
# DuckLake 1.0 tells DuckDB the newest version's minima and maxima for older versions as well. Trusting them,
# these two steps of its planner give wrong numbers for rows that were deleted since.
_TRUSTING = "compressed_materialization,statistics_propagation"
_READER_SETTINGS = (
    "SET parquet_metadata_cache = true",
    f"SET disabled_optimizers = '{_TRUSTING}'",
)
_WRITER_SETTINGS = ("SET memory_limit = '2GB'",)  # then it spills to the spool folder
_S3_SETTINGS = (
    "SET http_retries = 8",
    "SET http_retry_wait_ms = 100",
    "SET http_retry_backoff = 1.5",
    "SET http_timeout = 20",
)


class Backend:
    """The places of one lake, the same for every process and thread that works on it.

    Raises
    ------
    Rejected
        ``bad-setting``: a URL cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.paths = paths_of(settings)
        self.catalog = catalog_of(settings.catalog_url)
        self.data_url = _data_url(settings.store_url)

    def connect(
        self, *, read_only: bool, version: int | None = None, threads: int = 1
    ) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB in memory with the lake attached under the name ``lake``.

        Parameters
        ----------
        version
            The lake as it stood in this version, for reading; by default always the newest.
        threads
            One is quickest for small questions: DuckLake itself asks the catalog many of them.
        """
        spill_dir = self.paths.spool_dir / f"{_SPILL}{uuid.uuid4().hex}"
        connection = new_duckdb(*self._extensions(), spill_dir=spill_dir)
        try:
            for statement in (*self._s3_settings(), *(_READER_SETTINGS if read_only else _WRITER_SETTINGS)):
                connection.execute(statement)
            connection.execute(f"SET threads = {threads}")
            connection.execute(self._attach_statement(read_only=read_only, version=version))
        except BaseException:
            connection.close()
            raise
        return connection

    def writer_turn(self, *, timeout_s: float = LOCK_TIMEOUT_S) -> AbstractContextManager[None]:
        """Return the lock that every writer holds; it is given in order of arrival.

        Raises
        ------
        Transient
            ``lake-busy``: others held the lock for ``timeout_s``.
        """
        return self.catalog.writer_turn(self.paths.writer_lock, timeout_s=timeout_s)

    def newest_version(self) -> int:
        """Return the number of the lake's newest version."""
        return int(self.catalog.rows("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0])

    def prepare(self) -> None:
        """Make the folder of a catalog that is a file."""
        if self.catalog.file is not None:
            with writing_to(self.catalog.file.parent):
                self.catalog.file.parent.mkdir(parents=True, exist_ok=True)

    def remove_stale_spills(self) -> None:
        """Remove what the queries of killed processes left on the disk a day ago or earlier."""
        for folder in self.paths.spool_dir.glob(f"{_SPILL}*"):
            if time.time() - folder.stat().st_mtime > _STALE_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Close the connections to the catalog."""
        self.catalog.close()

    def _extensions(self) -> list[str]:
        scanner = "sqlite_scanner" if self.catalog.kind == CatalogKind.SQLITE else "postgres_scanner"
        return ["ducklake", scanner, *(["httpfs"] if is_s3(self.data_url) else [])]

    def _s3_settings(self) -> list[str]:
        return [*_S3_SETTINGS, _s3_secret(self.settings)] if is_s3(self.data_url) else []

    def _attach_statement(self, *, read_only: bool, version: int | None) -> str:
        options = [
            f"DATA_PATH {quoted(self.data_url)}",
            "OVERRIDE_DATA_PATH true",  # the setting wins, so that a copied data folder works elsewhere
            "DATA_INLINING_ROW_LIMIT 0",
            *self.catalog.attach_options(read_only=read_only),
            *(["READ_ONLY"] if read_only else []),
            *([] if version is None else [f"SNAPSHOT_VERSION {int(version)}"]),
        ]
        return f"ATTACH {quoted(self.catalog.source)} AS {LAKE} ({', '.join(options)})"


def _data_url(store_url: str) -> str:
    folder = local_folder(store_url)
    if folder is None and not is_s3(store_url):
        raise Rejected(
            "TOMLAKE_STORE_URL must be the path of a folder, or s3://bucket/place.", code="bad-setting"
        )
    return f"{store_url if folder is None else folder}".rstrip("/") + "/"


def _s3_secret(settings: Settings) -> str:
    scheme, _, host = settings.s3_endpoint.rpartition("://")
    options = {
        "KEY_ID": settings.s3_key_id,
        "SECRET": settings.s3_secret,
        "REGION": settings.s3_region,
        "ENDPOINT": host,
        "URL_STYLE": "path" if host else "",  # what servers other than Amazon's understand
    }
    given = [f"{name} {quoted(value)}" for name, value in options.items() if value]
    return f"CREATE SECRET tomlake (TYPE s3, {', '.join(given)}, USE_SSL {scheme != 'http'})"
