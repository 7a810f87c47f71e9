"""What the catalog says of one version of the photometry: columns, Parquet files, deleted rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from lake.points.buckets import bucket_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the table; files know it by its number, because its name may change."""

    column_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFile:
    """The rows of one data file that are no more."""

    path: str
    size_bytes: int
    partial_max: int | None  # newest version among rows that each carry their own version


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One live Parquet file."""

    path: str  # below the folder of the lake's data
    size_bytes: int
    partial_max: int | None
    deletes: tuple[DeleteFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFiles:
    """The files of one version; a file that no bucket holds may have points of any target.

    ``state`` of a bucket is equal in two versions only where every light curve in it is equal.
    """

    version: int
    table_id: int
    columns: tuple[Column, ...]
    buckets: dict[tuple[int, int], tuple[DataFile, ...]]  # (buckets of the partition, bucket) -> files
    elsewhere: tuple[DataFile, ...]

    def of(self, target_id: int) -> tuple[DataFile, ...]:
        """Return the files in which points of a target can be."""
        found = self.elsewhere
        for count in {count for count, _ in self.buckets}:
            found = found + self.buckets.get((count, bucket_of(target_id, count)), ())
        return found

    def by_file(self, target_ids: Sequence[int]) -> dict[DataFile, list[int]]:
        """Return each file in which points of the targets can be, with those targets."""
        wanted: dict[DataFile, list[int]] = {}
        for target_id in target_ids:
            for file in self.of(target_id):
                wanted.setdefault(file, []).append(target_id)
        return wanted

    def state(self, files: Sequence[DataFile]) -> tuple[object, ...]:
        """Return what points in these files depend on: a file never changes, and no two have one name."""
        told: list[object] = [self.columns]
        for file in files:
            parts: tuple[DataFile | DeleteFile, ...] = (file, *file.deletes)
            told += [part.path for part in parts]
            if any(is_partial(part, self.version) for part in parts):
                told.append(self.version)
        return tuple(told)


def is_partial(file: DataFile | DeleteFile, version: int) -> bool:
    """Return whether some rows of a file came only after a version."""
    return file.partial_max is not None and file.partial_max > version
