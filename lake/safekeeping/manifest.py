"""The manifest of a backup: what belongs to it, written last; a backup without one is no backup."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from engine.errors import Rejected
from engine.times import datetime_of
from lake.safekeeping.checksums import Checksum, total
from lake.safekeeping.place import Piece, Place

FOLDER = "manifests"
LATEST = "latest"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup: every file with its size and SHA-256, and the checksum of every table."""

    name: str
    made_mjd: float
    lake_id: str
    lake_version: int
    code_version: str
    operations: Piece
    catalog: Piece
    store: tuple[Piece, ...]  # the lake's data files
    raw: tuple[Piece, ...]
    databases: dict[str, Checksum]  # of the tables of operations and catalog
    tables: dict[str, dict[str, Checksum]]  # of the lake's tables, by data file with its delete file
    lost: tuple[str, ...] = ()  # files that the lake should have had, and had not

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Return every file of the backup."""
        return (self.operations, self.catalog, *self.store, *self.raw)

    @property
    def size_bytes(self) -> int:
        """Return how large all files are together."""
        return sum(piece.size_bytes for piece in self.pieces)

    def lake_tables(self) -> dict[str, Checksum]:
        """Return the checksum of each of the lake's tables."""
        return {table: total(files.values()) for table, files in self.tables.items()}


def new_name(made_mjd: float, lake_version: int) -> str:
    """Return the name of a backup; names sort by time."""
    return f"{datetime_of(made_mjd):%Y%m%dT%H%M%S}Z-v{lake_version}"


def write_manifest(place: Place, manifest: Manifest) -> None:
    """Make a backup valid: its manifest appears whole."""
    body = {
        "format": FORMAT,
        "made_mjd": manifest.made_mjd,
        "lake_id": manifest.lake_id,
        "lake_version": manifest.lake_version,
        "code_version": manifest.code_version,
        "operations": _row(manifest.operations),
        "catalog": _row(manifest.catalog),
        "store": [_row(piece) for piece in manifest.store],
        "raw": [_row(piece) for piece in manifest.raw],
        "databases": _sums(manifest.databases),
        "tables": {table: _sums(files) for table, files in manifest.tables.items()},
        "lost": list(manifest.lost),
    }
    text = json.dumps({"sha256": _sha256(body), "backup": body}, separators=(",", ":"))
    place.write(_path(manifest.name), text.encode())


def names(place: Place) -> list[str]:
    """Return the names of all backups in a place, the oldest first."""
    files = [path.removeprefix(f"{FOLDER}/") for path in place.sizes(FOLDER)]
    return sorted(file.removesuffix(".json") for file in files if file.endswith(".json"))


def read_manifest(place: Place, name: str) -> Manifest:
    """Return a backup by its name, or the ``latest``.

    Raises
    ------
    Rejected
        ``no-backup``: there is none of this name; ``damaged-backup``: its manifest was changed;
        ``newer-backup``: a later tomlake made it.
    """
    present = names(place)
    chosen = present[-1] if name == LATEST and present else name
    if chosen not in present:
        raise Rejected(f"There is no backup {name} at {place.url}.", code="no-backup")
    try:
        whole = json.loads(place.read(_path(chosen)))
        body = whole["backup"]
        if whole["sha256"] != _sha256(body):
            raise ValueError("sha256")
        if body["format"] > FORMAT:
            raise Rejected(f"A newer tomlake made the backup {chosen}: install it.", code="newer-backup")
        return _manifest(chosen, body)
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected(
            f"The manifest of the backup {chosen} is damaged: choose another one.", code="damaged-backup"
        ) from error


def readable(place: Place) -> list[Manifest]:
    """Return the backups in a place whose manifests are sound, the oldest first."""
    found = []
    for name in names(place):
        with suppress(Rejected):
            found.append(read_manifest(place, name))
    return found


def remove_manifest(place: Place, name: str) -> None:
    """Make a backup invalid; its files stay."""
    place.remove(_path(name))


def _manifest(name: str, body: Mapping[str, object]) -> Manifest:
    return Manifest(
        name=name,
        made_mjd=float(str(body["made_mjd"])),
        lake_id=str(body["lake_id"]),
        lake_version=int(str(body["lake_version"])),
        code_version=str(body["code_version"]),
        operations=_piece(body["operations"]),
        catalog=_piece(body["catalog"]),
        store=tuple(map(_piece, _list(body["store"]))),
        raw=tuple(map(_piece, _list(body["raw"]))),
        databases=_checksums(body["databases"]),
        tables={table: _checksums(files) for table, files in _items(body["tables"])},
        lost=tuple(map(str, _list(body["lost"]))),
    )


def _path(name: str) -> str:
    return f"{FOLDER}/{name}.json"


def _sha256(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _row(piece: Piece) -> list[object]:
    return [piece.path, piece.size_bytes, piece.sha256]


def _piece(row: object) -> Piece:
    path, size_bytes, sha256 = _list(row)
    return Piece(path=str(path), size_bytes=int(str(size_bytes)), sha256=str(sha256))


def _sums(checksums: dict[str, Checksum]) -> dict[str, list[object]]:
    return {name: [each.rows, each.digest] for name, each in checksums.items()}


def _checksums(given: object) -> dict[str, Checksum]:
    return {
        name: Checksum(rows=int(str(row[0])), digest=str(row[1]))
        for name, row in ((name, _list(row)) for name, row in _items(given))
    }


def _list(given: object) -> list[object]:
    if not isinstance(given, list):
        raise TypeError("no list")
    return given


def _items(given: object) -> Iterable[tuple[str, object]]:
    if not isinstance(given, dict):
        raise TypeError("no object")
    return given.items()
