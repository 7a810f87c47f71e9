"""Bytes as they lie in a folder or on S3: their size, their sha256, and whether they decode."""

import hashlib
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import parquet

from lake.files import filesystem_of
from lake.settings import Settings

_CHUNK_BYTES = 1 << 20
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Size and sha256 of stored bytes."""

    size_bytes: int
    sha256: str


class StoredBytes:
    """The files under one URL; a path is relative to it, or absolute."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._filesystem, self._root = filesystem_of(settings, url)

    def size_bytes(self, path: str) -> int | None:
        """Return how large a file is, None where there is none."""
        try:
            return int(self._filesystem.size(self._place(path)))
        except FileNotFoundError:
            return None

    def fingerprint(self, path: str) -> Fingerprint:
        """Return size and sha256 of a file.

        Raises
        ------
        OSError
            It is missing, or cannot be read.
        """
        digest, size_bytes = hashlib.sha256(), 0
        with self._filesystem.open(self._place(path), "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
        return Fingerprint(size_bytes=size_bytes, sha256=digest.hexdigest())

    def parquet_rows(self, path: str) -> int | None:
        """Return how many rows a Parquet file has once all are decoded, None where they cannot be."""
        try:
            with self._filesystem.open(self._place(path), "rb") as file:
                rows = 0
                for batch in parquet.ParquetFile(file).iter_batches(batch_size=_ROWS_AT_ONCE):
                    batch.validate(full=True)
                    rows += batch.num_rows
                return rows
        except (OSError, ValueError, pa.ArrowException):
            return None

    def _place(self, path: str) -> str:
        is_absolute = path.startswith("/") or "://" in path
        return str(self._filesystem._strip_protocol(path)) if is_absolute else f"{self._root}/{path}"
