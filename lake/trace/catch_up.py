"""Sealing all that has no seal: what a crash left out, what was there before, and raw files.

Nothing is sealed unseen: a file of the lake must decode, a raw file must be what its name says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from lake.backend import Backend
from lake.operations import reading
from lake.raw import SUFFIX, RawStore
from lake.readable import Readable
from lake.tables import FILES_OF_FRAMES
from lake.trace.book import Book, book_of
from lake.trace.catalog_rows import scheduled_files, stored_files, version_rows
from lake.trace.ledger import Kind, Line, Seal, condense, known, lines_of, newest_sealed, read_lines
from lake.trace.seals import add_seals, catalog_seals, file_seal
from lake.trace.stored_bytes import StoredBytes

_FILES_AT_ONCE = 200
_RAW_SINCE = f"""
    SELECT raw_sha256 AS sha256 FROM lake.batches WHERE made_mjd >= $since_mjd AND raw_sha256 <> ''
    UNION
    SELECT cutout_sha256 FROM {FILES_OF_FRAMES} AS f WHERE made_mjd >= $since_mjd AND cutout_sha256 <> ''"""  # noqa: S608 - our own words

Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one sealing added to the ledger."""

    lines: int
    unsound: tuple[str, ...]  # paths that were not sealed because they are damaged or missing


def seal_all(
    backend: Backend, operations: Engine, raw: RawStore, told: Told, *, anew_from_lines: int = 2_000
) -> Sealed:
    """Return what was sealed of everything that had no seal: files that decode, raw files that are sound.

    A ledger of at least ``anew_from_lines`` is begun anew when most of them are about files that are gone.
    """
    with reading(operations) as connection:
        sealed, _ = newest_sealed(connection)
    above = -1 if sealed is None else sealed
    lines, unsound = _seal_late_files(backend, operations, told)
    versions = version_rows(backend.catalog, above=above)
    if versions:
        lines += add_seals(operations, catalog_seals(backend, operations, versions, above))
    raw_lines, unsound_raw = _seal_raw(backend, operations, raw, list(raw.hashes()), told)
    if len(read_lines(operations)) >= anew_from_lines:
        _begin_anew(backend, operations)
    return Sealed(lines=lines + raw_lines, unsound=(*unsound, *unsound_raw))


def seal_raw_of(
    reader: Readable, backend: Backend, operations: Engine, raw: RawStore, *, since_mjd: float
) -> int:
    """Return how many raw files of batches and frames made since a time were sealed; no folder is listed."""
    wanted = reader.read(_RAW_SINCE, {"since_mjd": since_mjd})["sha256"].to_list()
    kept = [sha256 for sha256 in wanted if raw.has(sha256)]
    return _seal_raw(backend, operations, raw, kept, _nobody)[0]


def _seal_late_files(backend: Backend, operations: Engine, told: Told) -> tuple[int, list[str]]:
    places = StoredBytes(backend.settings, backend.data_url)
    files = stored_files(backend.catalog)
    with reading(operations) as connection:
        there = known(connection, [file.file_id for file in files])
    late = [file for file in files if (file.kind.value, file.file_id) not in there]
    lines, unsound, found = 0, [], []
    for number, file in enumerate(late):
        told(f"Sealing {file.path}", number / len(late))
        seal = file_seal(places, file) if places.parquet_rows(file.path) == file.rows else None
        if seal is None:
            unsound.append(file.path)
        else:
            found.append(seal)
        if len(found) == _FILES_AT_ONCE or number == len(late) - 1:
            lines += add_seals(operations, found)
            found = []
    return lines, unsound


def _seal_raw(
    backend: Backend, operations: Engine, raw: RawStore, kept: Sequence[str], told: Told
) -> tuple[int, list[str]]:
    places = StoredBytes(backend.settings, backend.settings.raw_url)
    with reading(operations) as connection:
        there = {line.seal.name for line in lines_of(connection, Kind.RAW)}
    late = [sha256 for sha256 in kept if sha256 not in there]
    lines, unsound, found = 0, [], []
    for number, sha256 in enumerate(late):
        told(f"Sealing raw file {sha256[:12]}", number / len(late))
        if raw.is_sound(sha256):
            print_ = places.fingerprint(raw_path(sha256))
            found.append(Seal(kind=Kind.RAW, name=sha256, size_bytes=print_.size_bytes, sha256=print_.sha256))
        else:
            unsound.append(raw_path(sha256))
        if len(found) == _FILES_AT_ONCE or number == len(late) - 1:
            lines += add_seals(operations, found)
            found = []
    return lines, unsound


def _nobody(_step: str, _fraction: float) -> None:
    """Tell nobody of the progress: it is short."""


def raw_path(sha256: str) -> str:
    """Return where a raw file lies under the URL of raw files."""
    return f"{sha256[:2]}/{sha256}{SUFFIX}"


def _begin_anew(backend: Backend, operations: Engine) -> None:
    versions = version_rows(backend.catalog)
    present = {file.file_id for file in stored_files(backend.catalog)}
    scheduled = set(scheduled_files(backend.catalog))

    def needed(lines: Sequence[Line]) -> list[Seal]:
        book = book_of(lines)
        kept = {
            number
            for number in book.files
            if number in present or not book.may_be_gone(number, versions, scheduled)
        }
        return [
            line.seal
            for line in lines
            if _is_needed(line.seal, book, kept, {each.version for each in versions})
        ]

    condense(operations, needed)


def _is_needed(seal: Seal, book: Book, files: set[int], versions: set[int]) -> bool:
    if seal.kind in {Kind.DATA, Kind.DELETE, Kind.END}:
        return seal.object_id in files
    if seal.kind == Kind.VERSION:
        return seal.object_id in versions or seal.object_id == book.newest
    return seal.kind not in {Kind.GONE, Kind.START}
