"""The ledger looked up by what its lines are about."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from lake.trace.catalog_rows import VersionRow
from lake.trace.ledger import Kind, Line, Seal

# changes of a version that take files out of the catalog: merges and rewrites, and a delete file that is
# followed by a greater one
LEAVING = ("merge_adjacent", "rewrite_delete", "deleted_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What is sealed; of two lines about one thing the first one counts, of a setting the last one."""

    files: dict[int, Seal]
    ends: dict[int, int]
    gone: frozenset[int]
    versions: dict[int, Seal]
    newest: int | None  # sealed version
    schemas: dict[tuple[int, str], Seal]
    settings: dict[str, Seal]
    raw: dict[str, Seal]
    is_whole: bool  # no line is broken: what has no line was not sealed

    def may_be_gone(self, file_id: int, versions: Sequence[VersionRow], scheduled: Set[int]) -> bool:
        """Return whether a sealed file may be missing from the catalog: by maintenance, or by its age."""
        if file_id in self.gone or file_id in scheduled:
            return True
        if self.is_left_behind(versions):
            return True
        first, end = self.files[file_id].version, self.ends.get(file_id)
        return end is not None and not any(first <= each.version < end for each in versions)

    def is_left_behind(self, versions: Sequence[VersionRow]) -> bool:
        """Return whether versions without a seal may have taken files out of the catalog."""
        newest = -1 if self.newest is None else self.newest
        late = [each for each in versions if each.version > newest]
        some_expired = bool(late) and late[-1].version - newest > len(late)
        return some_expired or any(word in each.changes for each in late for word in LEAVING)


def book_of(lines: Sequence[Line], broken: Sequence[Line] = ()) -> Book:
    """Return the ledger as a book that leaves broken lines out."""
    doubtful = {line.seal_id for line in broken}
    seals = [line.seal for line in reversed(lines) if line.seal_id not in doubtful]
    versions = {seal.object_id: seal for seal in seals if seal.kind == Kind.VERSION}
    return Book(
        files={seal.object_id: seal for seal in seals if seal.kind in {Kind.DATA, Kind.DELETE}},
        ends={seal.object_id: seal.version for seal in seals if seal.kind == Kind.END},
        gone=frozenset(seal.object_id for seal in seals if seal.kind == Kind.GONE),
        versions=versions,
        newest=max(versions, default=None),
        schemas={(seal.object_id, seal.name): seal for seal in seals if seal.kind == Kind.SCHEMA},
        settings={seal.name: seal for seal in reversed(seals) if seal.kind == Kind.SETTING},
        raw={seal.name: seal for seal in seals if seal.kind == Kind.RAW},
        is_whole=not broken,
    )
