"""Sealing: the checksum of every new file and catalog row goes into the ledger, soon after it is written.

A commit that is not sealed yet is no damage: the next seal, by a commit or by maintenance, catches up.
"""

from collections.abc import Sequence

from sqlalchemy import Engine

from lake.backend import Backend
from lake.operations import reading, serialised, writing
from lake.trace.book import book_of
from lake.trace.catalog_rows import (
    StoredFile,
    VersionRow,
    ended_files,
    newest_version,
    schema_parts,
    settings_rows,
    statistics_sha256,
    stored_file_ids,
    stored_files,
    version_rows,
)
from lake.trace.ledger import Kind, Seal, append, known, lines_of, newest_sealed, read_lines
from lake.trace.stored_bytes import StoredBytes

COMMIT_LIMIT_BYTES = 1 << 30  # a lake that was never sealed is left to maintenance


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
    found = [seal for file in files if (seal := file_seal(places, file)) is not None]
    return add_seals(operations, [*found, *catalog_seals(backend, operations, versions, above)])


def is_behind(backend: Backend, operations: Engine) -> bool:
    """Return whether the lake has a version without a seal."""
    if not backend.catalog.exists():
        return False
    with reading(operations) as connection:
        sealed, _ = newest_sealed(connection)
    return sealed is None or newest_version(backend.catalog) > sealed


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
    return add_seals(operations, changed)


def file_seal(places: StoredBytes, file: StoredFile) -> Seal | None:
    """Return the seal of a file, None where it is missing or not as large as the catalog says."""
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


def catalog_seals(
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


def add_seals(operations: Engine, new: Sequence[Seal]) -> int:
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
