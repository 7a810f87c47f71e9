"""Bringing a backup back, into an empty place of either kind."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Rejected
from lake.safekeeping.manifest import LATEST, Manifest, read_manifest
from lake.safekeeping.moment import working_folder
from lake.safekeeping.packing import unpack
from lake.safekeeping.place import Damaged, Piece, Place, copy
from lake.safekeeping.settling import Cargo, settle
from lake.safekeeping.sums import Progress
from lake.safekeeping.transfer import Load
from lake.safekeeping.wanted import RAW, STORE
from lake.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreReport:
    """What came back."""

    name: str
    lake_version: int
    files: int
    size_bytes: int
    rows: int  # of the lake's tables and the databases', all of them checked
    lost: tuple[str, ...]  # files that the lake had lost before the backup
    seconds: float


def restore(source_url: str, settings: Settings, *, which: str = LATEST, progress: Progress) -> RestoreReport:
    """Return what came back from a backup into the places that the settings name, which must be empty.

    Raises
    ------
    Rejected
        ``not-empty``; ``no-backup``; ``damaged-backup``, with the name of what is damaged.
    """
    began_s = time.monotonic()
    with working_folder(settings) as folder:
        place = Place(settings, source_url, spool_dir=folder)
        manifest = read_manifest(place, which)
        cargo = Cargo(
            operations=_database(place, manifest.operations, folder / "operations.sqlite"),
            catalog=_database(place, manifest.catalog, folder / "catalog.sqlite"),
            store=_loads(place, STORE, manifest.store),
            raw=_loads(place, RAW, manifest.raw),
            databases=manifest.databases,
            tables=manifest.tables,
            lost={path.removeprefix(f"{STORE}/") for path in manifest.lost},
        )
        settle(cargo, settings, folder=folder, progress=progress)
    logger.info("backup %s was brought back", manifest.name)
    return RestoreReport(
        name=manifest.name,
        lake_version=manifest.lake_version,
        files=len(manifest.pieces),
        size_bytes=manifest.size_bytes,
        rows=_rows(manifest),
        lost=manifest.lost,
        seconds=time.monotonic() - began_s,
    )


def _loads(place: Place, kind: str, pieces: Sequence[Piece]) -> list[Load]:
    return [
        Load(source=place, path=piece.path, to=piece.path.removeprefix(f"{kind}/"), expected=piece)
        for piece in pieces
    ]


def _database(place: Place, piece: Piece, file: Path) -> Path:
    packed = file.with_name(f"{file.name}.zst")
    here = Place(place.settings, str(packed.parent), spool_dir=packed.parent)
    try:
        copy(place, here, piece.path, to=packed.name, expected=piece)
        return unpack(packed, file)
    except (Damaged, FileNotFoundError) as error:
        raise Rejected(
            f"The file {piece.path} of the backup is damaged or missing: choose another backup.",
            code="damaged-backup",
        ) from error


def _rows(manifest: Manifest) -> int:
    return sum(each.rows for each in (*manifest.lake_tables().values(), *manifest.databases.values()))
