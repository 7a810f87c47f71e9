"""The Parquet files of a lake, in a folder or on S3."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from lake.backend import Backend
from lake.files import filesystem_of, is_s3
from lake.paths import local_folder

_S3_CLIENT = "botocore.exceptions"  # comes with s3fs, where it is installed


class ParquetPlace:
    """Opens the files; paths are those below the folder of the lake's data."""

    def __init__(self, backend: Backend) -> None:
        self.is_local = local_folder(backend.data_url) is not None
        self._filesystem, self._root = filesystem_of(backend.settings, backend.data_url)
        self._no_answer: tuple[type[Exception], ...] = (
            (import_module(_S3_CLIENT).BotoCoreError,) if is_s3(backend.data_url) else ()
        )

    def path(self, below: str) -> str:
        """Return the whole path of a file."""
        return f"{self._root}/{below}"

    def metadata(self, below: str, size_bytes: int) -> pq.FileMetaData:
        """Return the footer of a file."""
        if self.is_local:
            return pq.read_metadata(self.path(below))
        with self._far_errors(), self._opened(below, size_bytes) as handle:
            return pq.read_metadata(handle)

    def scan(self, below: str) -> pl.LazyFrame:
        """Return a file nearby, to be filtered; nothing is read yet."""
        return pl.scan_parquet(self.path(below), parallel="prefiltered", hive_partitioning=False, glob=False)

    def table(self, below: str, size_bytes: int, columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of a whole, small file."""
        if self.is_local:
            return pl.read_parquet(self.path(below), columns=list(columns), hive_partitioning=False)
        with self._far_errors(), self._opened(below, size_bytes) as handle:
            return _frame(pq.ParquetFile(handle).read(columns=list(columns)))

    def row_groups(
        self,
        below: str,
        size_bytes: int,
        metadata: pq.FileMetaData,
        groups: Sequence[int],
        columns: Sequence[str],
    ) -> pl.DataFrame:
        """Return columns of some row groups of a file far away, asked for at once."""
        path = self.path(below)
        spans = _spans(metadata, groups)
        with self._far_errors():
            parts = self._filesystem.cat_ranges(
                [path] * len(spans),
                [start for start, _ in spans],
                [end for _, end in spans],
                on_error="raise",
            )
        known = dict(zip(spans, parts, strict=True))
        with self._filesystem.open(
            path, "rb", size=size_bytes, cache_type="parts", cache_options={"data": known}
        ) as handle:
            file = pq.ParquetFile(handle, metadata=metadata)
            return _frame(file.read_row_groups(list(groups), columns=list(columns)))

    @contextmanager
    def _far_errors(self) -> Iterator[None]:
        """Let a file store that does not answer be an OSError, as a disk that does not."""
        try:
            yield
        except self._no_answer as error:
            raise OSError(str(error)) from error

    def _opened(self, below: str, size_bytes: int) -> AbstractContextManager[Any]:
        opened: AbstractContextManager[Any] = self._filesystem.open(
            self.path(below), "rb", cache_type="none", size=size_bytes
        )
        return opened


def _spans(metadata: pq.FileMetaData, groups: Sequence[int]) -> list[tuple[int, int]]:
    """Return where row groups stand in the file, those side by side as one."""
    spans: list[tuple[int, int]] = []
    for group in groups:
        columns = [metadata.row_group(group).column(n) for n in range(metadata.num_columns)]
        starts = [
            min(place for place in (each.dictionary_page_offset, each.data_page_offset) if place)
            for each in columns
        ]
        sizes = [each.total_compressed_size for each in columns]
        start, end = min(starts), max(map(int.__add__, starts, sizes))
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _frame(table: Any) -> pl.DataFrame:  # noqa: ANN401 - pyarrow has no types
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a table of pyarrow became no table of polars")
    return frame
