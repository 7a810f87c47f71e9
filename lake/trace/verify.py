"""Verify an installation: raw files, Parquet files, catalog and ledger, down to the single byte."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from lake.backend import Backend
from lake.operations import reading, targets
from lake.raw import RawStore
from lake.trace.book import Book, book_of
from lake.trace.catalog_check import CatalogState, catalog_damages, catalog_state
from lake.trace.catalog_rows import stored_file_ids
from lake.trace.damage import Damage, Part
from lake.trace.database_check import UNREADABLE, database_damages, why_of
from lake.trace.file_check import check_files, wanted_files
from lake.trace.ledger import Line, broken_lines, read_lines
from lake.trace.raw_check import check_raw, paper_damages, papers_of
from lake.trace.stored_bytes import StoredBytes

_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How much of one kind was looked at."""

    files: int = 0
    size_bytes: int = 0
    unsealed: int = 0  # of them without a line in the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification looked at, and what it found."""

    version: int  # of the lake; -1 where the catalog cannot be read
    lake_files: Counted
    raw_files: Counted
    unsealed_versions: int
    lines: int  # of the ledger
    quick: bool
    took_s: float
    damages: tuple[Damage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One verification of an installation; nothing is changed by it.

    What is sealed is compared byte by byte with the ledger; a file without a seal must decode wholly and
    have as many rows as the catalog says.
    """

    backend: Backend
    operations: Engine
    raw: RawStore
    quick: bool = False  # only whether every file is there and as large as it was
    told: Callable[[str, float], None]  # what is done now, in words, and which part of all lies behind

    def run(self) -> Verdict:
        """Return what is damaged."""
        began_s = time.monotonic()
        self.told("Reading the ledger and the catalog", 0.0)
        with self.backend.writer_turn():
            lines = read_lines(self.operations)
            found = self._catalog()
        broken = broken_lines(lines)
        book = book_of(lines, broken)
        state = found if isinstance(found, CatalogState) else None
        damages = [*database_damages(self.backend, self.operations), *_ledger_damages(broken)]
        damages += [found] if isinstance(found, Damage) else catalog_damages(found, book)
        lake_files, of_files = self._lake_files(state, book)
        of_papers, raw_files, of_raw = self._papers(book)
        if damages or of_files:
            of_papers = []  # they follow from the other damage
        versions = state.versions if state else []
        return Verdict(
            version=versions[-1].version if versions else -1,
            lake_files=lake_files,
            raw_files=raw_files,
            unsealed_versions=sum(book.newest is None or each.version > book.newest for each in versions),
            lines=len(lines),
            quick=self.quick,
            took_s=time.monotonic() - began_s,
            damages=tuple(self._with_names(each) for each in (*damages, *of_files, *of_papers, *of_raw)),
        )

    def _catalog(self) -> CatalogState | Damage:
        try:
            return catalog_state(self.backend.catalog)
        except UNREADABLE as error:
            return Damage(
                part=Part.CATALOG,
                file="of every file",
                what=f"cannot be read ({why_of(error)})",
                lost="the lake cannot be opened, though its files are there",
                advice="put the catalog back from a backup",
            )

    def _lake_files(self, state: CatalogState | None, book: Book) -> tuple[Counted, list[Damage]]:
        wanted = wanted_files(state, book)
        total_bytes = sum(max(0, each.size_bytes) for each in wanted) or 1
        places = StoredBytes(self.backend.settings, self.backend.data_url)
        size_bytes, damages = 0, {}
        for each, checked in zip(wanted, check_files(places, wanted, quick=self.quick), strict=True):
            self.told(each.path, 0.8 * size_bytes / total_bytes)
            size_bytes += checked.size_bytes
            if checked.damage is not None:
                damages[each.file_id] = checked.damage
        if damages and state is not None:  # maintenance may have removed a file while others were read
            present = stored_file_ids(self.backend.catalog)
            damages = {number: damage for number, damage in damages.items() if number in present}
        unsealed = sum(each.seal is None for each in wanted)
        return Counted(files=len(wanted), size_bytes=size_bytes, unsealed=unsealed), list(damages.values())

    def _papers(self, book: Book) -> tuple[list[Damage], Counted, list[Damage]]:
        self.told("Reading the papers of every row", 0.8)
        papers = papers_of(self.backend, self.operations)
        places = StoredBytes(self.backend.settings, self.backend.settings.raw_url)
        checked = []
        for each in check_raw(places, self.raw, book, papers, quick=self.quick):
            checked.append(each)
            self.told(f"Raw file {len(checked):,}", 0.9)
        counted = Counted(
            files=len(checked),
            size_bytes=sum(each.size_bytes for each in checked),
            unsealed=sum(not each.is_sealed for each in checked),
        )
        damages = [each.damage for each in checked if each.damage is not None]
        return list(paper_damages(papers)), counted, damages

    def _with_names(self, damage: Damage) -> Damage:
        """Return the damage with the names of the targets whose rows are concerned."""
        if damage.target_ids is None:
            return damage
        low, high = damage.target_ids
        query = select(targets.c.name).where(targets.c.target_id.between(low, high))
        try:
            with reading(self.operations) as connection:
                ordered = query.order_by(targets.c.target_id).limit(_NAMES_SHOWN + 1)
                names = list(connection.execute(ordered).scalars())
        except DBAPIError:  # the database is damaged too, and that is told of elsewhere
            names = []
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
        numbers = f"target {low}" if low == high else f"targets {low} to {high}"
        return replace(damage, lost=f"{damage.lost} (of {numbers}{': ' + shown if shown else ''})")


def _ledger_damages(broken: Sequence[Line]) -> Iterator[Damage]:
    for line in broken:
        yield Damage(
            part=Part.LEDGER,
            file=f"line {line.seal_id} ({line.seal.kind} {line.seal.name or line.seal.object_id})",
            what="is not what was written, or the line before it is missing",
            lost="what it seals was checked as if it had no seal",
            advice="put the operations database back from a backup",
        )
