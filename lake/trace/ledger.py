"""The ledger of seals: an append-only chain of checksums; no line can change, go or come between unseen.

Each line holds the sha256 of itself and of the line before it. What is sealed never changes: a file of the
lake with the catalog's rows about it, a version, the tables' columns, a raw file as it is stored.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select

from engine.times import mjd_now
from lake.operations import reading, seals, serialised, writing

_READ_AT_ONCE = 10_000
_IDS_AT_ONCE = 500


class Kind(StrEnum):
    """What a line of the ledger is about."""

    DATA = "data"  # a Parquet file of rows
    DELETE = "delete"  # a Parquet file that says which rows of a data file are gone
    END = "end"  # the version in which a file ceased to be a part of the lake
    GONE = "gone"  # a file that maintenance took out of the catalog
    VERSION = "version"
    SCHEMA = "schema"  # tables and columns
    SETTING = "setting"  # of the catalog
    RAW = "raw"  # a raw file, as it is stored
    START = "start"  # older lines were dropped; sha256 is that of the last of them


_NUMBERED = [kind.value for kind in (Kind.DATA, Kind.DELETE, Kind.END, Kind.GONE, Kind.VERSION, Kind.SCHEMA)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What is known of one thing: its checksums, and what tells it apart."""

    kind: str  # of ``Kind``; any text where the line is damaged
    object_id: int = 0  # of the file, version or schema in the catalog
    name: str = ""  # path under the place of its kind; part or key of schema and settings
    version: int = 0  # data, delete: the first that holds it; else the newest when it was sealed
    size_bytes: int = 0
    sha256: str = ""  # of the stored bytes
    row_sha256: str = ""  # of the catalog's rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the ledger."""

    seal_id: int
    seal: Seal
    made_mjd: float
    line_sha256: str


def read_lines(operations: Engine) -> list[Line]:
    """Return the whole ledger, from its first line to its last."""
    with reading(operations) as connection:
        query = select(seals).order_by(seals.c.seal_id).execution_options(yield_per=_READ_AT_ONCE)
        return [_line_of(row) for row in connection.execute(query).mappings()]


def broken_lines(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that are not what was written, or that do not follow the line before them."""
    broken: list[Line] = []
    before = ""
    for line in lines:
        if line.line_sha256 != _digest(before, line):
            broken.append(line)
        before = line.line_sha256
    return broken


def append(connection: Connection, new: Sequence[Seal]) -> int:
    """Return how many lines were added; the caller's transaction is serialised under ``seals``."""
    last = connection.execute(
        select(seals.c.seal_id, seals.c.line_sha256).order_by(seals.c.seal_id.desc()).limit(1)
    ).one_or_none()
    seal_id, before = (0, "") if last is None else (int(last.seal_id), str(last.line_sha256))
    lines = list(_chained(new, after=seal_id, before=before))
    if lines:
        connection.execute(insert(seals), [_row_of(line) for line in lines])
    return len(lines)


def newest_sealed(connection: Connection) -> tuple[int | None, int]:
    """Return (newest sealed version or None, greatest id of a sealed file or -1)."""
    version = _greatest(connection, (Kind.VERSION,))
    file_id = _greatest(connection, (Kind.DATA, Kind.DELETE))
    return version, -1 if file_id is None else file_id


def lines_of(connection: Connection, kind: Kind) -> list[Line]:
    """Return the lines of one kind."""
    query = select(seals).where(seals.c.kind == kind.value).order_by(seals.c.seal_id)
    return [_line_of(row) for row in connection.execute(query).mappings()]


def known(connection: Connection, object_ids: Sequence[int]) -> set[tuple[str, int]]:
    """Return the (kind, object_id) of every line about one of these ids."""
    found: set[tuple[str, int]] = set()
    for first in range(0, len(object_ids), _IDS_AT_ONCE):
        query = select(seals.c.kind, seals.c.object_id).where(
            seals.c.kind.in_(_NUMBERED), seals.c.object_id.in_(object_ids[first : first + _IDS_AT_ONCE])
        )
        found.update((str(kind), int(object_id)) for kind, object_id in connection.execute(query))
    return found


def condense(operations: Engine, needed: Callable[[Sequence[Line]], Sequence[Seal]]) -> None:
    """Begin the ledger anew with the seals that are still needed, where these are less than half of it.

    The first line then names the chain that ended. A chain that is broken stays as it is.
    """
    with writing(operations) as connection:
        serialised(connection, "seals")
        rows = connection.execute(select(seals).order_by(seals.c.seal_id)).mappings()
        lines = [_line_of(row) for row in rows]
        keep = needed(lines)
        if len(keep) > len(lines) / 2 or broken_lines(lines):
            return
        last = lines[-1]
        connection.execute(delete(seals))
        start = Seal(kind=Kind.START, object_id=last.seal_id, sha256=last.line_sha256)
        anew = list(_chained([start, *keep], after=last.seal_id, before=""))
        connection.execute(insert(seals), [_row_of(line) for line in anew])


def _greatest(connection: Connection, kinds: tuple[Kind, ...]) -> int | None:
    query = select(func.max(seals.c.object_id)).where(seals.c.kind.in_([kind.value for kind in kinds]))
    greatest = connection.execute(query).scalar_one()
    return None if greatest is None else int(greatest)


def _chained(new: Iterable[Seal], *, after: int, before: str) -> Iterator[Line]:
    now_mjd = mjd_now()
    for seal_id, seal in enumerate(new, start=after + 1):
        blank = Line(seal_id=seal_id, seal=seal, made_mjd=now_mjd, line_sha256="")
        before = _digest(before, blank)
        yield Line(seal_id=seal_id, seal=seal, made_mjd=now_mjd, line_sha256=before)


def _digest(before: str, line: Line) -> str:
    values = [
        before,
        line.seal_id,
        *(getattr(line.seal, field.name) for field in fields(Seal)),
        line.made_mjd,
    ]
    text = "\x1f".join(str(value) for value in values)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _row_of(line: Line) -> dict[str, object]:
    return asdict(line.seal) | {
        "seal_id": line.seal_id,
        "kind": str(line.seal.kind),
        "made_mjd": line.made_mjd,
        "line_sha256": line.line_sha256,
    }


def _line_of(row: RowMapping) -> Line:
    return Line(
        seal_id=row["seal_id"],
        seal=Seal(**{field.name: row[field.name] for field in fields(Seal)}),
        made_mjd=row["made_mjd"],
        line_sha256=row["line_sha256"],
    )
