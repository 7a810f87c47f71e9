"""The lake as it stood in one version: the same questions, for ever the same answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from lake.points.reader import PointReader
from lake.provenance import Batch
from lake.reader import Reader

_PART_TARGETS = 500  # held in memory: some 100 MB; with fewer, row groups are read twice


class AsOf:
    """Reads one version; it is a ``lake.readable.Readable``."""

    def __init__(self, tables: Reader, points: PointReader) -> None:
        self._tables = tables
        self._points = points

    def read(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement; tables are named ``lake.photometry`` and so on."""
        return self._tables.read(sql, parameters)

    def scan(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement that reads much of a table."""
        return self._tables.read(sql, parameters)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of a person's statement; see :meth:`lake.reader.Reader.query`."""
        return self._tables.query(sql, parameters)

    def light_curve(self, target_id: int) -> pl.DataFrame:
        """Return the points of a target, sorted by time."""
        return self._points.light_curve(target_id, version=self.version())

    def light_curves(self, target_ids: Sequence[int]) -> pl.DataFrame:
        """Return the points of many targets, sorted by target and time."""
        return self._points.light_curves(target_ids, version=self.version())

    def write_csv(self, target_ids: Sequence[int], path: Path) -> None:
        """Write the points of many targets into a file, sorted by target and time, a part at a time."""
        targets = sorted(set(target_ids))
        parts = [targets[first : first + _PART_TARGETS] for first in range(0, len(targets), _PART_TARGETS)]
        with path.open("wb") as file:
            for number, part in enumerate(parts or [[]]):
                self.light_curves(part).write_csv(file, include_header=number == 0)

    def batch(self, batch_id: str) -> Batch:
        """Return the papers of a batch."""
        return self._tables.batch(batch_id)

    def version(self) -> int:
        """Return the number of the version."""
        return self._tables.version()
