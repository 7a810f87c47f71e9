"""The catalog against the ledger: every row about files, versions and tables is as it was sealed."""

from collections.abc import Iterator
from dataclasses import dataclass

from lake.catalog import Catalog, CatalogKind
from lake.trace.book import Book
from lake.trace.catalog_rows import (
    SQLITE_TABLE,
    SchemaPart,
    StoredFile,
    VersionRow,
    scheduled_files,
    schema_parts,
    settings_rows,
    statistics_sha256,
    stored_files,
    version_rows,
)
from lake.trace.column_ranges import Narrow, narrow_statistics
from lake.trace.damage import Damage, Part

_FROM_BACKUP = "put the catalog back from a backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogState:
    """Everything that the catalog says at one moment, as far as it is checked."""

    kind: CatalogKind
    files: dict[int, StoredFile]
    versions: list[VersionRow]
    scheduled: dict[int, str]
    schema: list[SchemaPart]
    settings: dict[str, str]
    statistics_sha256: str
    narrow: list[Narrow]

    @property
    def newest(self) -> VersionRow | None:
        """Return the newest version."""
        return self.versions[-1] if self.versions else None


def catalog_state(catalog: Catalog) -> CatalogState:
    """Return the catalog as it stands; the caller holds the writer's lock."""
    return CatalogState(
        kind=catalog.kind,
        files={file.file_id: file for file in stored_files(catalog)},
        versions=version_rows(catalog),
        scheduled=scheduled_files(catalog),
        schema=schema_parts(catalog),
        settings=settings_rows(catalog),
        statistics_sha256=statistics_sha256(catalog),
        narrow=narrow_statistics(catalog),
    )


def catalog_damages(state: CatalogState, book: Book) -> Iterator[Damage]:
    """Give what the catalog says otherwise than when it was sealed."""
    yield from _files(state, book)
    yield from _ends(state, book)
    yield from _plans(state, book)
    yield from _versions(state, book)
    yield from _schema(state, book)
    for narrow in state.narrow:
        yield _damage(
            f"of the statistics of table {narrow.table}, column {narrow.column}",
            "does not cover the values of its files",
            "queries may leave out rows",
        )


def _files(state: CatalogState, book: Book) -> Iterator[Damage]:
    for file_id, seal in book.files.items():
        entry, file = f"of the file {seal.name}", state.files.get(file_id)
        if file is None:
            if not book.may_be_gone(file_id, state.versions, state.scheduled.keys()):
                yield _damage(entry, "is missing", "the rows of this file are not seen")
        elif file.row_sha256 != seal.row_sha256:
            yield _damage(entry, "is not what was sealed", "the rows of this file may be read wrongly")


def _ends(state: CatalogState, book: Book) -> Iterator[Damage]:
    for file in state.files.values():
        if _ends_wrongly(file, state, book):
            when = "never ended" if file.end is None else f"ended in version {file.end}"
            lost = "its rows may be missing from some versions or stand twice in them"
            yield _damage(f"of the file {file.path}", f"says wrongly that it {when}", lost)


def _plans(state: CatalogState, book: Book) -> Iterator[Damage]:
    in_use = {file.path for file in state.files.values()}
    for file_id, path in state.scheduled.items():
        if path in in_use:
            yield _damage(f"of the file {path}", "plans to delete a file in use", "its rows would be lost")
        elif file_id in book.files and book.files[file_id].name != path:
            yield _damage(f"of the file {path}", "plans to delete an unknown file", "no row, but disk space")


def _ends_wrongly(file: StoredFile, state: CatalogState, book: Book) -> bool:
    sealed = book.ends.get(file.file_id)
    if sealed is not None:
        return file.end != sealed
    if file.end is None or not book.is_whole:
        return False
    newest = state.newest.version if state.newest else 0
    was_live = file.file_id in book.files and book.newest is not None and file.end <= book.newest
    return was_live or not file.first < file.end <= newest


def _versions(state: CatalogState, book: Book) -> Iterator[Damage]:
    present = {each.version for each in state.versions}
    missing = {seal.row_sha256 for number, seal in book.versions.items() if number not in present}
    for each in state.versions:
        seal = book.versions.get(each.version)
        if seal is None:
            is_old = book.is_whole and book.newest is not None and each.version <= book.newest
            if is_old or each.row_sha256 in missing or not each.changes:
                yield _damage(
                    f"of version {each.version}", "was never sealed", "this version may be no real one"
                )
        elif seal.row_sha256 != each.row_sha256:
            yield _damage(
                f"of version {each.version}",
                "is not what was sealed",
                "time, author or batch of it may be wrong",
            )
    last = state.newest.version if state.newest else -1
    if book.newest is not None and book.newest > last:
        lost = f"all that was written from version {last + 1} on is not seen"
        yield _damage(f"of version {book.newest}", "is missing", lost)
    seal = book.versions.get(last)
    if seal is not None and seal.sha256 and seal.sha256 != state.statistics_sha256:
        yield _damage(
            "of the tables' statistics",
            f"is not what was sealed in version {seal.object_id}",
            "queries may leave out rows",
        )


def _schema(state: CatalogState, book: Book) -> Iterator[Damage]:
    for part in state.schema if state.newest else ():
        seal = book.schemas.get((state.newest.schema_version, part.name)) if state.newest else None
        fewer = (
            part.name == "ended" and seal is not None and part.rows < seal.size_bytes
        )  # old versions expired
        if seal is not None and seal.row_sha256 != part.row_sha256 and not fewer:
            yield _damage(
                f"of the {part.name} tables and columns",
                "is not what was sealed",
                "whole columns may be read wrongly",
            )
    for name, seal in book.settings.items():
        is_moved = state.kind != CatalogKind.SQLITE and name.startswith(SQLITE_TABLE)
        if state.settings.get(name) != seal.row_sha256 and not is_moved:
            entry = " ".join(name.split("|")[:2])
            yield _damage(f"of the {entry}", "is not what was sealed", "new files may be written otherwise")


def _damage(file: str, what: str, lost: str) -> Damage:
    return Damage(part=Part.CATALOG, file=file, what=what, lost=lost, advice=_FROM_BACKUP)
