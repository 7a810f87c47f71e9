"""Reading backups again, byte by byte."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lake.safekeeping.manifest import Manifest, names, readable
from lake.safekeeping.place import Piece, Place
from lake.safekeeping.sums import Progress
from lake.safekeeping.transfer import THREADS


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """How backups stand."""

    backups: tuple[str, ...]  # that can be brought back whole
    files: int
    size_bytes: int
    damaged: tuple[tuple[str, tuple[str, ...]], ...]  # (file, backups that need it)


def list_backups(place: Place) -> list[Manifest]:
    """Return the backups whose manifests are sound, the oldest first."""
    return readable(place)


def check(place: Place, *, progress: Progress) -> CheckReport:
    """Return which files of the backups in a place are missing or not what they were, after reading all."""
    manifests = readable(place)
    unreadable = [name for name in names(place) if name not in {each.name for each in manifests}]
    needed: dict[Piece, list[str]] = {}
    for manifest in manifests:
        for piece in manifest.pieces:
            needed.setdefault(piece, []).append(manifest.name)
    damaged: list[tuple[str, tuple[str, ...]]] = [(f"manifests/{name}.json", (name,)) for name in unreadable]
    with ThreadPoolExecutor(THREADS) as threads:
        for number, (piece, is_sound) in enumerate(threads.map(lambda each: _looked_at(place, each), needed)):
            progress("Reading the backups", number / len(needed))
            damaged += [] if is_sound else [(piece.path, tuple(needed[piece]))]
    spoilt = {name for _, backups in damaged for name in backups}
    return CheckReport(
        backups=tuple(manifest.name for manifest in manifests if manifest.name not in spoilt),
        files=len(needed),
        size_bytes=sum(piece.size_bytes for piece in needed),
        damaged=tuple(sorted(damaged)),
    )


def _looked_at(place: Place, piece: Piece) -> tuple[Piece, bool]:
    try:
        return piece, place.piece(piece.path) == piece
    except OSError:
        return piece, False
