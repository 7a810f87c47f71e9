"""Many targets from one file: each row is judged, the good ones are made, the others say what to change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, Engine

from engine.errors import Rejected
from engine.target import Target
from lake.adding import add_target
from lake.opening import Lake
from lake.operations import writing
from lake.people.accounts import User
from lake.rights import Shared
from lake.target_groups import NAME_MAX_CHARS, add_to_group, get_group
from lake.target_table import TableRow, read_targets
from lake.targets import create_target_within

_KNOWN_CODES = {"name-taken", "duplicate-position"}


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    KNOWN = "known"  # there is such a target: it is left as it is
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """What becomes of one row, and why."""

    line: int
    name: str
    fate: Fate
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file."""

    rows: tuple[RowVerdict, ...]
    is_stored: bool

    def count(self, fate: Fate) -> int:
        """Return how many rows have this fate."""
        return sum(row.fate == fate for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who sees the targets of a file, and which group of targets they join; "": none."""

    shared: Shared
    group: str = ""


def judge_targets(operations: Engine, body: bytes, wanted: Wanted, *, by: User) -> Imported:
    """Return what would become of every row; nothing is kept.

    Raises
    ------
    Rejected
        As ``read_targets``; ``bad-group``, ``no-right``: the group cannot be used.
    """
    rows = read_targets(body)
    _refuse_group(operations, wanted.group, by)
    try:
        with writing(operations) as connection:
            verdicts = tuple(_judged(row, _trial(connection, wanted, by)) for row in rows)
            raise _Undone  # with it goes whatever the rows made
    except _Undone:
        return Imported(rows=verdicts, is_stored=False)


def import_targets(lake: Lake, body: bytes, wanted: Wanted, *, by: User) -> Imported:
    """Return what became of every row: each is a transaction of its own, so the good ones are kept.

    Twice is once: what a first run made, a second one finds.

    Raises
    ------
    Rejected
        As ``judge_targets``.
    """
    rows = read_targets(body)
    _refuse_group(lake.operations, wanted.group, by)

    def make(target: Target) -> str:
        made = add_target(lake, target, by=by.username)
        if wanted.group:
            add_to_group(lake.operations, wanted.group, made.target_id or 0, by=by)
        return "Made; the archives are being asked."

    return Imported(rows=tuple(_judged(row, _sharing(make, wanted)) for row in rows), is_stored=True)


class _Undone(Exception):  # noqa: N818 - it ends a transaction, nobody sees it
    pass


def _trial(connection: Connection, wanted: Wanted, by: User) -> Callable[[Target], str]:
    def make(target: Target) -> str:
        with connection.begin_nested():  # a row that is refused leaves nothing behind for the next
            create_target_within(connection, target, by=by.username)
        return "Will be made."

    return _sharing(make, wanted)


def _sharing(make: Callable[[Target], str], wanted: Wanted) -> Callable[[Target], str]:
    shared = wanted.shared
    return lambda target: make(
        replace(
            target,
            visibility=shared.visibility,
            group_id=shared.group_id,
            embargo_until_mjd=shared.embargo_until_mjd,
        )
    )


def _judged(row: TableRow, make: Callable[[Target], str]) -> RowVerdict:
    try:
        if row.refusal is not None:
            raise row.refusal
        fate, sentence = Fate.NEW, make(row.target) if row.target else ""
    except Rejected as refusal:
        fate = Fate.KNOWN if refusal.code in _KNOWN_CODES else Fate.REFUSED
        sentence = refusal.reason
    return RowVerdict(line=row.line, name=row.name[:NAME_MAX_CHARS], fate=fate, sentence=sentence)


def _refuse_group(operations: Engine, name: str, by: User) -> None:
    """Refuse a group that nobody could join, before a row is looked at."""
    if not name:
        return
    if len(name.strip()) > NAME_MAX_CHARS or not name.strip():
        raise Rejected(f"A group needs a name of 1 to {NAME_MAX_CHARS} characters.", code="bad-group")
    try:
        group = get_group(operations, by, group_id=None, name=name)
    except Rejected:
        return  # there is none yet, as far as this person sees
    if not (by.is_staff or group.created_by == by.username):
        raise Rejected(f"The group {group.name!r} is somebody else's: choose another name.", code="no-right")
