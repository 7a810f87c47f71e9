"""What every reading function asks for: the newest lake, or the lake as it stood in one version."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import polars as pl

from lake.provenance import Batch


class Readable(Protocol):
    """A lake to read from; ``lake.store`` is one, and so is ``lake.store.at(version)``."""

    def read(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement; tables are named ``lake.photometry`` and so on."""
        ...

    def scan(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        """Return the rows of our own statement that reads much of a table."""
        ...

    def light_curve(self, target_id: int) -> pl.DataFrame:
        """Return the points of a target, sorted by time."""
        ...

    def light_curves(self, target_ids: Sequence[int]) -> pl.DataFrame:
        """Return the points of many targets, sorted by target and time."""
        ...

    def batch(self, batch_id: str) -> Batch:
        """Return the papers of a batch."""
        ...

    def version(self) -> int:
        """Return the number of the version that is read."""
        ...
