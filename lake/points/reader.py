"""Light curves by the shortest way: known live files, the right row groups, a memory of what was asked."""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from lake.backend import Backend
from lake.layout import ROW_GROUP_ROWS
from lake.points.bounded import Bounded
from lake.points.catalog_rows import NotPlain
from lake.points.live_files import LiveFiles
from lake.points.many import SORTED_BY, by_target
from lake.points.parquet_place import ParquetPlace
from lake.points.rows import Rows
from lake.points.span import ALWAYS, Span
from lake.points.versions import Versions
from lake.reader import OlderVersions, Reader
from lake.tables import PHOTOMETRY

logger = logging.getLogger(__name__)

_MOST_BYTES = 128 << 20  # of whole light curves: some 500 of 1,000 points
_MEMORY_PER_BYTE = 2  # a column keeps more than its values
_PIECE_ROWS = 2 * ROW_GROUP_ROWS  # of one light curve in memory at once
_ATTEMPTS = 3  # with a fresh look into the catalog each
Read = TypeVar("Read")
_FILE_ERRORS = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException)


class PointReader:
    """Reads light curves; one object serves all threads of a process.

    Where the lake holds points in a way that only DuckLake itself should read, and where a file cannot be
    read, the plain query answers.
    """

    def __init__(self, backend: Backend, *, most_bytes: int = _MOST_BYTES) -> None:
        self._versions = Versions(backend.catalog)
        self._rows = Rows(ParquetPlace(backend))
        self._curves: Bounded[pl.DataFrame] = Bounded(most_bytes=most_bytes)
        self._plain = Reader(backend)
        self._plain_older = OlderVersions(backend)
        self.plain_answers = 0  # how often the plain query had to help

    @property
    def remembered_bytes(self) -> int:
        """Return how many bytes of light curves are remembered."""
        return self._curves.size_bytes

    def newest_version(self) -> int:
        """Return the number of the newest version."""
        return self._versions.newest_version()

    def light_curve(self, target_id: int, *, version: int | None = None) -> pl.DataFrame:
        """Return the points of a target, sorted by time.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version, or keeps it no longer.
        """
        found = self._tried(lambda files: self._light_curve(target_id, files), version)
        return self._plainly(version).light_curve(target_id) if found is None else found

    def light_curves(
        self, target_ids: Sequence[int], *, version: int | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the points of many targets, sorted by target and time.

        Parameters
        ----------
        columns
            Those wanted, in their order; by default all.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version, or keeps it no longer.
        """
        wanted = list(PHOTOMETRY.schema) if columns is None else list(columns)
        read = list(dict.fromkeys([*wanted, *SORTED_BY]))
        targets = sorted(set(target_ids))
        found = self._tried(lambda files: self._rows.of(targets, files, read), version)
        if found is None:
            return self._plainly(version).light_curves(target_ids).select(wanted)
        return by_target(found, targets).select(wanted)

    def is_long(self, target_id: int, *, version: int) -> bool:
        """Return whether the points of a target are too many to be held in memory without need."""
        return len(self._spans(target_id, version)) > 1

    def light_curve_pieces(
        self, target_id: int, *, version: int, columns: Sequence[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Give the points of a target sorted by time, a part at a time, however many there are.

        Raises
        ------
        Rejected
            ``unknown-version``: the lake has no such version, or keeps it no longer.
        """
        names = list(PHOTOMETRY.schema) if columns is None else list(columns)
        spans = self._spans(target_id, version)
        if len(spans) == 1:
            yield self.light_curve(target_id, version=version).select(names)
            return
        read = list(dict.fromkeys([*names, *SORTED_BY]))
        for span in spans:
            found = self._tried(partial(self._rows.of, [target_id], columns=read, span=span), version)
            if found is None:  # a file was damaged meanwhile, or the catalog is no longer plain
                found = self._plainly(version).light_curve(target_id).filter(span.holds())
            yield _by_time(found).select(names)

    def close(self) -> None:
        """Close the connections of the plain query; they are opened again when needed."""
        self._plain.close()
        self._plain_older.close()

    def _spans(self, target_id: int, version: int) -> list[Span]:
        """Return the spans in which points are read; one for what only DuckLake itself should read."""
        cut = partial(self._rows.spans, target_id, most_rows=_PIECE_ROWS)
        return self._tried(cut, version) or [ALWAYS]

    def _tried(self, read: Callable[[LiveFiles], Read], version: int | None) -> Read | None:
        for _ in range(_ATTEMPTS):
            try:
                return read(self._versions.newest() if version is None else self._versions.at(version))
            except NotPlain:
                return None
            except FileNotFoundError:  # a compaction removed it since the look into the catalog
                self._versions.forget()
            except _FILE_ERRORS as error:
                logger.warning("a file of the lake could not be read", extra={"why": str(error)})
                return None
        return None

    def _light_curve(self, target_id: int, files: LiveFiles) -> pl.DataFrame:
        key = (target_id, files.state(files.of(target_id)))
        found = self._curves.get(key)
        if found is None:
            rows = self._rows.of([target_id], files, list(PHOTOMETRY.schema))
            found = _by_time(rows)
            self._curves.put(key, found, size_bytes=_MEMORY_PER_BYTE * int(found.estimated_size()))
        return found.clone()

    def _plainly(self, version: int | None) -> Reader:
        self.plain_answers += 1
        return self._plain if version is None else self._plain_older.reader(version)


def _by_time(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points of one target sorted by time."""
    mjd = points["mjd"].to_numpy()
    order = np.argsort(mjd)
    if np.all(np.diff(mjd[order]) > 0.0):
        return points[order]
    return points.sort(SORTED_BY[1:], nulls_last=True)  # two points of one moment, or a time unknown
