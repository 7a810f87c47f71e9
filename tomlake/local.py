"""The Python client over the lake of this machine: the same questions as to a portal, without a server."""

import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from engine.formats.registry import format_named
from lake.given_curve import Selection, curve_in_pieces, what_is_asked
from lake.opening import Lake, open_lake
from lake.rights import SYSTEM
from lake.settings import read_settings
from lake.snapshots import version_of
from lake.target_list import PAGE_SIZE_MAX
from lake.targets import Order, TargetFilter, TargetRow, find_targets
from tomlake.whole_file import write_whole


class LocalLake:
    """One lake in this process, with the rights of whoever may read its files; used in a ``with`` block."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __enter__(self) -> "LocalLake":
        """Return the lake."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it."""
        self._lake.close()

    def targets(self) -> pl.DataFrame:
        """Return every target."""
        rows: list[TargetRow] = []
        last: int | None = None
        while True:
            wanted = TargetFilter(after_id=last, order=Order.NUMBER, page_size=PAGE_SIZE_MAX)
            page, _ = find_targets(self._lake.operations, wanted, SYSTEM)
            rows += page
            if len(page) < PAGE_SIZE_MAX:
                break
            last = page[-1].target.target_id
        names = ("target_id", "name", "ra_deg", "dec_deg", "classification", "importance", "created_by")
        return pl.DataFrame(
            [
                {name: getattr(row.target, name) for name in names}
                | {"points": row.points, "last_mag": row.last_mag, "last_mjd": row.last_mjd}
                for row in rows
            ],
            infer_schema_length=None,
        )

    def light_curve(
        self,
        name: str,
        *,
        as_of: str | int = "",
        bands: Sequence[str] = (),
        sources: Sequence[str] = (),
        without_repeats: bool = False,
    ) -> pl.DataFrame:
        """Return a light curve with every column; ``as_of`` is a snapshot, a version or a date."""
        wanted = Selection(bands=tuple(bands), sources=tuple(sources), without_repeats=without_repeats)
        return pl.read_parquet(io.BytesIO(b"".join(self._pieces(name, "parquet", as_of, wanted))))

    def download(self, name: str, path: str | Path, *, format: str = "csv") -> Path:  # noqa: A002
        """Return the file into which a light curve was written; it is whole or not there."""
        return write_whole(path, self._pieces(name, format, "", Selection()))

    def sql(self, statement: str, *, version: str = "") -> pl.DataFrame:
        """Return the rows of one SELECT over the whole lake; ``version`` is a snapshot, number or date."""
        store = self._lake.store
        return (store.at(version_of(self._lake, version)) if version else store).query(statement)

    def _pieces(self, name: str, key: str, as_of: str | int, wanted: Selection) -> list[bytes]:
        chosen = format_named(key)
        asked = what_is_asked(self._lake, name, SYSTEM, str(as_of))
        curve = curve_in_pieces(self._lake, asked, wanted)
        return list(chosen.pieces(curve))


def open_local(folder: str | Path = "") -> LocalLake:
    """Return the lake of a folder, by default of ``TOMLAKE_DATA``, to ask without a server.

    >>> import tomlake
    >>> with tomlake.open_local("data") as lake:
    ...     lake.sql("SELECT band, count(*) FROM photometry GROUP BY band")
    """
    settings = read_settings({"TOMLAKE_DATA": str(folder)}) if str(folder) else read_settings()
    return LocalLake(open_lake(settings))
