"""Reading the lake: the newest version, or for ever the same one; readers never wait for writers."""

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from engine.errors import Rejected
from lake.backend import LAKE, Backend
from lake.patience import patiently
from lake.provenance import Batch
from lake.tables import PHOTOMETRY
from lake.trouble import unknown_version

_COLUMNS = ", ".join(PHOTOMETRY.schema)
_LIGHT_CURVE = f"SELECT {_COLUMNS} FROM lake.photometry"  # noqa: S608 - our own column names


class Reader:
    """Reads one lake; serves all threads of a process through cursors of one connection."""

    def __init__(self, backend: Backend, *, version: int | None = None, threads: int = 1) -> None:
        self._backend = backend
        self._version = version
        self._threads = threads
        self._opening = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def read(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement; tables are named ``lake.photometry`` and so on."""
        return patiently(lambda: self._rows(sql, parameters or {}), again=self.close)

    def light_curve(self, target_id: int) -> pl.DataFrame:
        """Return the points of a target, sorted by time."""
        sql = f"{_LIGHT_CURVE} WHERE target_id = $target_id ORDER BY mjd, point_id"
        return PHOTOMETRY.rows(self.read(sql, {"target_id": target_id}))

    def light_curves(self, target_ids: Sequence[int]) -> pl.DataFrame:
        """Return the points of many targets, sorted by target and time."""
        sql = f"{_LIGHT_CURVE} WHERE list_contains($target_ids, target_id) ORDER BY target_id, mjd, point_id"
        return PHOTOMETRY.rows(self.read(sql, {"target_ids": list(target_ids)}))

    def batch(self, batch_id: str) -> Batch:
        """Return the papers of a batch.

        Raises
        ------
        Rejected
            ``unknown-batch``
        """
        rows = self.read("SELECT * FROM lake.batches WHERE batch_id = $batch_id", {"batch_id": batch_id})
        if rows.is_empty():
            raise Rejected(f"The lake knows no batch {batch_id}.", code="unknown-batch")
        return Batch(**rows.row(0, named=True))

    def version(self) -> int:
        """Return the number of the version that is read; of the newest one, it grows with every write."""
        if self._version is not None:
            return self._version
        return self._backend.newest_version()

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of a person's statement, on a read-only connection of its own (0.15 s).

        It reads with the rights of this process: never offer it on a page.

        Raises
        ------
        Rejected
            ``bad-sql``: the database refused the statement; the reason is its own message.
        """
        cores = os.cpu_count() or 1
        connection = self._backend.connect(read_only=True, version=self._version, threads=cores)
        try:
            connection.execute(f"USE {LAKE}")
            return connection.execute(sql, dict(parameters or {})).pl()
        except duckdb.Error as error:
            raise Rejected(str(error), code="bad-sql") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        with self._opening:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rows(self, sql: str, parameters: Mapping[str, object]) -> pl.DataFrame:
        with self._opened().cursor() as cursor:
            return cursor.execute(sql, dict(parameters)).pl()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._connection is None:
                self._connection = self._backend.connect(
                    read_only=True, version=self._version, threads=self._threads
                )
            return self._connection


def check_version(backend: Backend, version: int) -> None:
    """Refuse a version that the lake does not have, or no longer keeps.

    Raises
    ------
    Rejected
        ``unknown-version``
    """
    found = backend.catalog.rows(
        "SELECT snapshot_id FROM ducklake_snapshot WHERE snapshot_id = :version", {"version": version}
    )
    if not found:
        raise unknown_version(version)


class OlderVersions:
    """Readers of older versions, the last few kept open."""

    def __init__(self, backend: Backend, *, kept: int = 4) -> None:
        self._backend = backend
        self._kept = kept
        self._lock = threading.Lock()
        self._readers: OrderedDict[int, Reader] = OrderedDict()

    def reader(self, version: int) -> Reader:
        """Return the reader of a version.

        Raises
        ------
        Rejected
            ``unknown-version``
        """
        check_version(self._backend, version)
        with self._lock:
            found = self._readers.pop(version, None) or Reader(self._backend, version=version)
            self._readers[version] = found
            while len(self._readers) > self._kept:
                self._readers.popitem(last=False)  # closed when nobody reads from it any more
            return found

    def close(self) -> None:
        """Close every reader."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()
