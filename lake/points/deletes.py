"""Which rows of a data file are deleted in a version; DuckLake keeps their positions in files beside it."""

import numpy as np
import polars as pl

from lake.points.bounded import Bounded
from lake.points.footers import SNAPSHOT
from lake.points.live_files import DataFile, DeleteFile, is_partial
from lake.points.parquet_place import ParquetPlace

_MOST_BYTES = 32 << 20


class Deletes:
    """Reads and keeps positions of deleted rows."""

    def __init__(self, place: ParquetPlace) -> None:
        self._place = place
        self._kept: Bounded[np.ndarray] = Bounded(most_bytes=_MOST_BYTES)

    def positions(self, file: DataFile, version: int) -> np.ndarray:
        """Return the rows of a file, counted from 0 and sorted, that are deleted in a version."""
        parts = [self._positions(each, version) for each in file.deletes]
        return parts[0] if len(parts) == 1 else np.unique(np.concatenate([np.empty(0, np.int64), *parts]))

    def _positions(self, deletes: DeleteFile, version: int) -> np.ndarray:
        is_later = is_partial(deletes, version)
        key = (deletes.path, version if is_later else None)
        found = self._kept.get(key)
        if found is None:
            columns = ["pos", SNAPSHOT] if is_later else ["pos"]
            rows = self._place.table(deletes.path, deletes.size_bytes, columns)
            if is_later:
                rows = rows.filter(pl.col(SNAPSHOT) <= version)
            found = np.sort(rows["pos"].to_numpy())
            self._kept.put(key, found, size_bytes=found.nbytes)
        return found
