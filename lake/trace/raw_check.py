"""Raw files: those that any row points to are kept, and the kept ones are what they were."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import polars as pl
from sqlalchemy import Engine, select

from lake.backend import Backend
from lake.operations import reading, uploads
from lake.raw import SUFFIX, RawStore
from lake.tables import FILES_OF_FRAMES
from lake.trace.book import Book
from lake.trace.damage import Damage, Part
from lake.trace.stored_bytes import StoredBytes

_FROM_BACKUP = "put the file back from a backup"
_GONE = "what rows were made of is lost"
_IN_LAKE = f"""
    SELECT raw_sha256 AS sha256, min(target_id) AS low, max(target_id) AS high FROM lake.batches
    WHERE source <> 'upload' AND raw_sha256 <> '' GROUP BY raw_sha256
    UNION ALL
    SELECT raw_sha256, min(target_id), max(target_id) FROM {FILES_OF_FRAMES} AS f WHERE raw_sha256 <> ''
    GROUP BY raw_sha256
    UNION ALL
    SELECT cutout_sha256, min(target_id), max(target_id) FROM {FILES_OF_FRAMES} AS f WHERE cutout_sha256 <> ''
    GROUP BY cutout_sha256"""  # noqa: S608 - our own words
_WITHOUT_PAPERS = """
    SELECT count(*) AS points, min(target_id) AS low, max(target_id) AS high FROM lake.photometry AS p
    WHERE NOT EXISTS (SELECT 1 FROM lake.batches AS b WHERE b.batch_id = p.batch_id)"""

Targets = tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRaw:
    """One raw file after its check."""

    size_bytes: int
    is_sealed: bool
    damage: Damage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What rows point to, as far as the lake can be read."""

    raw: Mapping[str, Targets]  # sha256 -> least and greatest target
    points_without: int
    targets_without: Targets
    unreadable: str  # why the lake's tables could not be read; empty where they could


def papers_of(backend: Backend, operations: Engine) -> Papers:
    """Return which raw files are needed, and how many points have no batch."""
    with reading(operations) as connection:
        sent = connection.execute(select(uploads.c.sha256, uploads.c.target_id)).all()
    raw: dict[str, Targets] = {
        sha256: None if target is None else (target, target) for sha256, target in sent
    }
    try:
        with backend.connect(read_only=True) as lake:
            for sha256, low, high in lake.execute(_IN_LAKE).pl().iter_rows():
                raw[sha256] = None if low is None else (low, high)
            points, low, high = lake.execute(_WITHOUT_PAPERS).pl().row(0)
    except (duckdb.Error, pl.exceptions.PolarsError) as error:
        return Papers(raw=raw, points_without=0, targets_without=None, unreadable=str(error).splitlines()[0])
    return Papers(
        raw=raw, points_without=points, targets_without=None if low is None else (low, high), unreadable=""
    )


def paper_damages(papers: Papers) -> Iterator[Damage]:
    """Give the points that lead to no batch, and the tables that cannot be read."""
    if papers.points_without:
        yield Damage(
            part=Part.PAPERS,
            table="photometry",
            what=f"has {papers.points_without:,} points without a batch",
            lost="nobody can say where they come from",
            advice="harvest these targets again",
            target_ids=papers.targets_without,
        )
    if papers.unreadable:
        yield Damage(
            part=Part.PAPERS,
            table="batches, frames or photometry",
            what=f"cannot be read whole ({papers.unreadable})",
            lost="what rows come from could not be checked",
            advice="mend the other damage first",
        )


def check_raw(
    places: StoredBytes, raw: RawStore, book: Book, papers: Papers, *, quick: bool
) -> Iterator[CheckedRaw]:
    """Give every raw file that is kept or should be, after its check."""
    kept = set(raw.hashes())
    for sha256 in sorted(kept | set(papers.raw)):
        if sha256 in kept:
            yield _looked_at(places, raw, book, sha256, papers.raw.get(sha256), quick=quick)
        else:
            damage = _damage(sha256, "is missing", _GONE, papers.raw[sha256])
            yield CheckedRaw(size_bytes=0, is_sealed=True, damage=damage)


def _looked_at(
    places: StoredBytes, raw: RawStore, book: Book, sha256: str, targets: Targets, *, quick: bool
) -> CheckedRaw:
    path, seal = f"{sha256[:2]}/{sha256}{SUFFIX}", book.raw.get(sha256)
    what, lost, size_bytes = "", _GONE, 0
    try:
        size_bytes = places.size_bytes(path) or 0
        if seal is not None and size_bytes != seal.size_bytes:
            what = f"has {size_bytes:,} bytes instead of {seal.size_bytes:,}"
        elif not quick and (seal is None or places.fingerprint(path).sha256 != seal.sha256):
            is_sound = raw.is_sound(sha256)
            what = "" if is_sound else "does not have the content that its name says"
            if is_sound and seal is not None:
                what, lost = "is not what was sealed", "nothing yet, for it still unpacks to the right bytes"
    except OSError as error:
        what = f"cannot be read ({error.strerror or type(error).__name__})"
    damage = _damage(sha256, what, lost, targets) if what else None
    return CheckedRaw(size_bytes=size_bytes, is_sealed=seal is not None, damage=damage)


def _damage(sha256: str, what: str, lost: str, targets: Targets) -> Damage:
    return Damage(part=Part.RAW, file=sha256, what=what, lost=lost, advice=_FROM_BACKUP, target_ids=targets)
