"""Sealing: the checksum of every new file and catalog row goes into the ledger, soon after it is written.

A commit that is not sealed yet is no damage: the next seal, by a commit or by maintenance, catches up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from lake.backend import Backend
from lake.operations import reading, serialised, writing
from lake.raw import SUFFIX, RawStore
from lake.trace.book import Book, book_of
from lake.trace.catalog_rows import (
    StoredFile,
    VersionRow,
    ended_files,
    newest_version,
    scheduled_files,
    schema_parts,
    settings_rows,
    statistics_sha256,
    stored_file_ids,
    stored_files,
    version_rows,
)
from lake.trace.ledger import Kind, Line, Seal, append, condense, known, lines_of, newest_sealed, read_lines
from lake.trace.stored_bytes import StoredBytes

COMMIT_LIMIT_BYTES = 1 << 30  # a lake that was never sealed is left to maintenance
_FILES_AT_ONCE = 200

Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one sealing added to the ledger."""

    lines: int
    unsound: tuple[str, ...]  # paths that were not sealed because they are damaged or missing


def seal_new(backend: Backend, operations: Engine, version: int) -> int:
    """Return how many lines the ledger got for everything up to a version that was just committed.

    It needs no lock: what stood in a version never changes. Where more than a GiB would have to be read
    nothing is done, because maintenance does it.
    """
    with reading(operations) as connection:
        sealed, last_file_id = newest_sealed(connection)
    above = -1 if sealed is None else sealed
    versions = [each for each in version_rows(backend.catalog, above=above) if each.version <= version]
    if not versions:
        return 0
    fresh = stored_files(backend.catalog, above=last_file_id)
    files = [file for file in fresh if file.file_id < versions[-1].next_file_id]
    if sum(file.size_bytes for file in files) > COMMIT_LIMIT_BYTES:
        return 0
    places = StoredBytes(backend.settings, backend.data_url)
    found = [seal for file in files if (seal := _file_seal(places, file)) is not None]
    return _add(operations, [*found, *_catalog_seals(backend, operations, versions, above)])


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
        lines += _add(operations, _catalog_seals(backend, operations, versions, above))
    raw_lines, unsound_raw = _seal_raw(backend, operations, raw, told)
    if len(read_lines(operations)) >= anew_from_lines:
        _begin_anew(backend, operations)
    return Sealed(lines=lines + raw_lines, unsound=(*unsound, *unsound_raw))


def seal_settings_anew(backend: Backend, operations: Engine) -> int:
    """Return how many settings of the catalog that were changed on purpose are sealed as they are now."""
    with reading(operations) as connection:
        sealed = {line.seal.name: line.seal.row_sha256 for line in lines_of(connection, Kind.SETTING)}
    version = newest_version(backend.catalog)
    changed = [
        Seal(kind=Kind.SETTING, name=name, version=version, row_sha256=row_sha256)
        for name, row_sha256 in settings_rows(backend.catalog).items()
        if sealed.get(name) != row_sha256
    ]
    return _add(operations, changed)


def _seal_late_files(backend: Backend, operations: Engine, told: Told) -> tuple[int, list[str]]:
    places = StoredBytes(backend.settings, backend.data_url)
    files = stored_files(backend.catalog)
    with reading(operations) as connection:
        there = known(connection, [file.file_id for file in files])
    late = [file for file in files if (file.kind.value, file.file_id) not in there]
    lines, unsound, found = 0, [], []
    for number, file in enumerate(late):
        told(f"Sealing {file.path}", number / len(late))
        seal = _file_seal(places, file) if places.parquet_rows(file.path) == file.rows else None
        if seal is None:
            unsound.append(file.path)
        else:
            found.append(seal)
        if len(found) == _FILES_AT_ONCE or number == len(late) - 1:
            lines += _add(operations, found)
            found = []
    return lines, unsound


def _seal_raw(backend: Backend, operations: Engine, raw: RawStore, told: Told) -> tuple[int, list[str]]:
    places = StoredBytes(backend.settings, backend.settings.raw_url)
    with reading(operations) as connection:
        there = {line.seal.name for line in lines_of(connection, Kind.RAW)}
    late = [sha256 for sha256 in raw.hashes() if sha256 not in there]
    lines, unsound, found = 0, [], []
    for number, sha256 in enumerate(late):
        told(f"Sealing raw file {sha256[:12]}", number / len(late))
        if raw.is_sound(sha256):
            print_ = places.fingerprint(raw_path(sha256))
            found.append(Seal(kind=Kind.RAW, name=sha256, size_bytes=print_.size_bytes, sha256=print_.sha256))
        else:
            unsound.append(raw_path(sha256))
        if len(found) == _FILES_AT_ONCE or number == len(late) - 1:
            lines += _add(operations, found)
            found = []
    return lines, unsound


def raw_path(sha256: str) -> str:
    """Return where a raw file lies under the URL of raw files."""
    return f"{sha256[:2]}/{sha256}{SUFFIX}"


def _file_seal(places: StoredBytes, file: StoredFile) -> Seal | None:
    try:
        found = places.fingerprint(file.path)
    except OSError:  # maintenance removed it meanwhile, or it is lost: verify tells
        return None
    if found.size_bytes != file.size_bytes:
        return None
    return Seal(
        kind=file.kind.value,
        object_id=file.file_id,
        name=file.path,
        version=file.first,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        row_sha256=file.row_sha256,
    )


def _catalog_seals(
    backend: Backend, operations: Engine, versions: Sequence[VersionRow], above: int
) -> list[Seal]:
    """Return the seals of versions, of the ends of files in them, and of tables and settings that are new."""
    catalog, last = backend.catalog, versions[-1]
    statistics = statistics_sha256(catalog)
    is_newest = newest_version(catalog) == last.version  # else the statistics are of a later version
    ends = ended_files(catalog, above=above, version=last.version)
    return [
        *(Seal(kind=Kind.END, object_id=file_id, version=end) for file_id, end in sorted(ends.items())),
        *_gone_seals(backend, operations, versions),
        *(_schema_seals(backend, operations, last) if is_newest else ()),
        *(
            Seal(
                kind=Kind.VERSION,
                object_id=each.version,
                version=last.version,
                sha256=statistics if each is last and is_newest else "",
                row_sha256=each.row_sha256,
            )
            for each in versions
        ),
    ]


def _gone_seals(backend: Backend, operations: Engine, versions: Sequence[VersionRow]) -> list[Seal]:
    """Return the seals of files that the versions took out of the catalog, by right."""
    book = book_of(read_lines(operations))
    if not book.is_left_behind(versions):
        return []
    present = stored_file_ids(backend.catalog)
    return [
        Seal(kind=Kind.GONE, object_id=file_id, version=versions[-1].version)
        for file_id in book.files
        if file_id not in present and file_id not in book.gone
    ]


def _schema_seals(backend: Backend, operations: Engine, last: VersionRow) -> list[Seal]:
    with reading(operations) as connection:
        if (Kind.SCHEMA.value, last.schema_version) in known(connection, [last.schema_version]):
            return []
        there = {line.seal.name for line in lines_of(connection, Kind.SETTING)}
    parts = [
        Seal(
            kind=Kind.SCHEMA,
            object_id=last.schema_version,
            name=part.name,
            version=last.version,
            size_bytes=part.rows,
            row_sha256=part.row_sha256,
        )
        for part in schema_parts(backend.catalog)
    ]
    settings = [
        Seal(kind=Kind.SETTING, name=name, version=last.version, row_sha256=row_sha256)
        for name, row_sha256 in settings_rows(backend.catalog).items()
        if name not in there
    ]
    return [*parts, *settings]


def _add(operations: Engine, new: Sequence[Seal]) -> int:
    """Return how many of the seals the ledger lacked; others may have sealed the same meanwhile."""
    if not new:
        return 0
    numbered = [seal.object_id for seal in new if seal.kind not in {Kind.SETTING, Kind.RAW}]
    with writing(operations) as connection:
        serialised(connection, "seals")
        there = known(connection, numbered)
        return append(
            connection,
            [
                seal
                for seal in new
                if seal.kind in {Kind.SETTING, Kind.RAW} or (str(seal.kind), seal.object_id) not in there
            ],
        )


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
