"""Copying many files at once, with progress; what vanished in the meantime is named."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from lake.safekeeping.place import Piece, Place, copy
from lake.safekeeping.sums import Progress

THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One file to be copied."""

    source: Place
    path: str
    to: str  # path in the target
    expected: Piece | None = None  # what its bytes must be, where somebody knows it


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """How copying went, by the path in the target."""

    pieces: Mapping[str, Piece]
    missing: frozenset[str]
    copied_files: int
    copied_bytes: int


def transfer(
    loads: Sequence[Load], target: Place, *, present: Mapping[str, int], step: str, progress: Progress
) -> Transferred:
    """Return what was copied; a file that is whole in the target already is only looked at.

    Parameters
    ----------
    present
        Path and size of what is in the target.

    Raises
    ------
    Damaged
        A file does not have its SHA-256.
    """
    pieces: dict[str, Piece] = {}
    missing: set[str] = set()
    copied: list[Piece] = []
    with ThreadPoolExecutor(THREADS) as threads:
        running = {threads.submit(_bring, load, target, present): load for load in loads}
        try:
            for number, done in enumerate(as_completed(running)):
                progress(step, number / len(loads))
                piece, is_new = done.result()
                if piece is None:
                    missing.add(running[done].to)
                    continue
                pieces[piece.path] = piece
                copied += [piece] if is_new else []
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return Transferred(
        pieces=pieces,
        missing=frozenset(missing),
        copied_files=len(copied),
        copied_bytes=sum(piece.size_bytes for piece in copied),
    )


def _bring(load: Load, target: Place, present: Mapping[str, int]) -> tuple[Piece | None, bool]:
    """Return the file in the target, and whether it had to be copied; None: its source is gone."""
    try:
        if load.to in present and (held := _held(load, target, present[load.to])) is not None:
            return held, False
        return copy(load.source, target, load.path, to=load.to, expected=load.expected), True
    except FileNotFoundError:
        return None, False


def _held(load: Load, target: Place, size_bytes: int) -> Piece | None:
    """Return the file that a killed program left, where it is the right one.

    Files take their place whole, and a path means the same bytes for ever: reading the nearer copy is enough.
    """
    expected = load.expected
    if expected is None:
        found = load.source.piece(load.path)
        return replace(found, path=load.to) if found.size_bytes == size_bytes else None
    if expected.size_bytes != size_bytes:
        return None
    is_right = not target.is_folder or target.piece(load.to).sha256 == expected.sha256
    return replace(expected, path=load.to) if is_right else None
