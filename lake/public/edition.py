"""The version in the making: its files, written once and shared with older versions where they are equal."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl

from engine.errors import Rejected
from lake.public.manifest import Manifest, PublishedFile
from lake.public.parquet import Layout, write_parquet, write_schema
from lake.public.place import Place, sha256_of
from lake.public.schema import PublicTable
from lake.public.sky import Tile

UNFINISHED = "unfinished.json"
_SPOOLED = "publish-"


class Edition:
    """Collects the files of one version.

    Parameters
    ----------
    before
        The newest version, whose files are used again where their rows are the same.
    spool_dir
        Folder of this machine in which files are written before they are kept.
    """

    def __init__(self, place: Place, *, before: Manifest | None, spool_dir: Path) -> None:
        self._place = place
        self._spool_dir = spool_dir
        for left in spool_dir.glob(f"{_SPOOLED}*"):  # by a killed publisher; there is one at a time here
            shutil.rmtree(left, ignore_errors=True)
        known = (*(before.files if before else ()), *_unfinished(place))
        self._before = {file.mark: file for file in known if file.mark}
        self.files: list[PublishedFile] = []
        self.written = 0  # files that no earlier version had

    def rows_of(self, table: str) -> int:
        """Return how many rows of a table are in it so far."""
        return sum(file.rows for file in self.files if file.table == table)

    def reuse(self, mark: str, path: str) -> bool:
        """Return whether a file of the version before, written from the same rows, was taken over."""
        known = self._before.get(mark)
        if known is None or known.path != path or not self._place.has(known.place):
            return False
        self.files.append(known)
        return True

    def add_rows(
        self, path: str, rows: pl.DataFrame, table: PublicTable, layout: Layout, *, counted: bool = True
    ) -> None:
        """Add a Parquet file; rows that are there a second time are not counted as rows of their table."""
        with self._spooled() as spooled:
            write_parquet(spooled, rows, table, layout)
            self._keep(spooled, path, table=table.name if counted else "", rows=len(rows))

    def add_tile(
        self, tile: Tile, rows: pl.DataFrame, table: PublicTable, layout: Layout, *, mark: str = ""
    ) -> None:
        """Add the Parquet file of one cell of the sky; without a mark its rows stand elsewhere as well."""
        self.add_rows(f"{table.name}/{tile.path}", rows, table, layout, counted=bool(mark))
        self.files[-1] = replace(self.files[-1], order=tile.order, pixel=tile.pixel, mark=mark)

    def note_progress(self) -> None:
        """Let a publisher that comes after this one was ended use the files that are finished."""
        marked = [asdict(file) for file in self.files if file.mark]
        self._place.write(UNFINISHED, json.dumps(marked).encode())

    def add_bytes(self, path: str, body: bytes) -> None:
        """Add a small file that only describes."""
        sha256 = hashlib.sha256(body).hexdigest()
        file = PublishedFile(path=path, table="", sha256=sha256, size_bytes=len(body))
        if not self._place.has(file.place):
            self._place.write(file.place, body)
            self.written += 1
        self.files.append(file)

    def add_schema(self, path: str, table: PublicTable) -> None:
        """Add a Parquet file without rows, which tells the columns of a table."""
        with self._spooled() as spooled:
            write_schema(spooled, table)
            self._keep(spooled, path, table="", rows=0)

    @contextmanager
    def _spooled(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._spool_dir, prefix=_SPOOLED) as folder:
            yield Path(folder) / "rows.parquet"

    def _keep(self, local: Path, path: str, *, table: str, rows: int) -> None:
        file = PublishedFile(
            path=path, table=table, sha256=sha256_of(local), size_bytes=local.stat().st_size, rows=rows
        )
        if not self._place.has(file.place):
            self._place.put(local, file.place)
            self.written += 1
        self.files.append(file)


def _unfinished(place: Place) -> Sequence[PublishedFile]:
    """Return the files that a publisher finished before it was ended."""
    try:
        return [PublishedFile(**told) for told in json.loads(place.read(UNFINISHED) or b"[]")]
    except (ValueError, TypeError, Rejected):  # it only saves work
        return []
