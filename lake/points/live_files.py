"""What the catalog says of one version of the photometry: columns, Parquet files, deleted rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lake.points.buckets import bucket_of

Bucket = tuple[int, int]  # (how many the partition has, this one)


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
class FileNews:
    """A file that came, that lost rows, or that is no more."""

    file: DataFile
    bucket: Bucket | None
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFiles:
    """The files of one version; those under None may have points of any target."""

    version: int
    next_file_id: int  # files that later versions bring have this number or a higher one
    table_id: int
    columns: tuple[Column, ...]
    buckets: dict[Bucket | None, tuple[DataFile, ...]]

    def with_news(self, news: Iterable[FileNews], *, version: int, next_file_id: int) -> "LiveFiles":
        """Return the files of a later version."""
        touched: dict[Bucket | None, dict[str, DataFile]] = {}
        for each in news:
            if each.bucket not in touched:
                touched[each.bucket] = {file.path: file for file in self.buckets.get(each.bucket, ())}
            touched[each.bucket].pop(each.file.path, None)
            if each.is_live:
                touched[each.bucket][each.file.path] = each.file
        changed = {bucket: tuple(files.values()) for bucket, files in touched.items()}
        return replace(self, version=version, next_file_id=next_file_id, buckets={**self.buckets, **changed})

    def of(self, target_id: int) -> tuple[DataFile, ...]:
        """Return the files in which points of a target can be."""
        found = self.buckets.get(None, ())
        for count in {bucket[0] for bucket in self.buckets if bucket}:
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
