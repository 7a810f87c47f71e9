"""Files of the lake against the ledger: every byte of the sealed, every row of those without a seal."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lake.trace.book import Book
from lake.trace.catalog_check import CatalogState
from lake.trace.catalog_rows import StoredFile
from lake.trace.damage import Damage, Part
from lake.trace.ledger import Kind, Seal
from lake.trace.stored_bytes import StoredBytes

_THREADS = 4  # hashing and waiting for S3 both let other threads work
_FROM_BACKUP = "put the file back from a backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file after its check."""

    size_bytes: int
    damage: Damage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that should be there, by the catalog, by the ledger, or by both."""

    file_id: int
    path: str
    size_bytes: int
    file: StoredFile | None
    seal: Seal | None


def wanted_files(state: CatalogState | None, book: Book) -> list[Wanted]:
    """Return every file that any version of the lake needs; without a catalog what the ledger knows."""
    if state is None:
        return [
            Wanted(file_id=number, path=seal.name, size_bytes=seal.size_bytes, file=None, seal=seal)
            for number, seal in book.files.items()
            if number not in book.gone
        ]
    wanted = []
    for number, file in state.files.items():
        seal = book.files.get(number)
        path, size_bytes = (file.path, file.size_bytes) if seal is None else (seal.name, seal.size_bytes)
        wanted.append(Wanted(file_id=number, path=path, size_bytes=size_bytes, file=file, seal=seal))
    return wanted


def check_files(places: StoredBytes, wanted: Sequence[Wanted], *, quick: bool) -> Iterator[Checked]:
    """Give the files in their order, each after its check."""
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        yield from pool.map(lambda each: _check(places, each, quick=quick), wanted)


def _check(places: StoredBytes, wanted: Wanted, *, quick: bool) -> Checked:
    what, size_bytes = _what_is_wrong(places, wanted, quick=quick)
    return Checked(size_bytes=size_bytes, damage=_damage(wanted, what) if what else None)


def _what_is_wrong(places: StoredBytes, wanted: Wanted, *, quick: bool) -> tuple[str, int]:
    try:
        size_bytes = places.size_bytes(wanted.path)
        if size_bytes is None:
            return "is missing", 0
        if size_bytes != wanted.size_bytes:
            return f"has {size_bytes:,} bytes instead of {wanted.size_bytes:,}", size_bytes
        if quick:
            return "", size_bytes
        if wanted.seal is not None:
            is_same = places.fingerprint(wanted.path).sha256 == wanted.seal.sha256
            return "" if is_same else "is not what was sealed", size_bytes
        rows = places.parquet_rows(wanted.path)
    except OSError as error:
        return f"cannot be read ({error.strerror or type(error).__name__})", 0
    if rows is None:
        return "cannot be decoded", size_bytes
    expected = rows if wanted.file is None else wanted.file.rows
    return ("" if rows == expected else f"has {rows:,} rows instead of {expected:,}"), size_bytes


def _damage(wanted: Wanted, what: str) -> Damage:
    is_delete = (wanted.seal.kind if wanted.seal else wanted.file and wanted.file.kind) == Kind.DELETE
    rows = f"{wanted.file.rows:,} rows" if wanted.file else "its rows"
    return Damage(
        part=Part.DELETE if is_delete else Part.DATA,
        table=wanted.file.table if wanted.file else wanted.path.split("/")[-2],
        file=wanted.path,
        what=what,
        lost=f"{rows} that were replaced may come back" if is_delete else f"{rows} are lost or wrong",
        advice=_FROM_BACKUP,
        target_ids=wanted.file.target_ids if wanted.file else None,
    )
