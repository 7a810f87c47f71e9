"""Named snapshots: versions of the lake that are kept for ever, and what a person may write as "as of"."""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select

from engine.errors import Rejected
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.opening import Lake
from lake.operations import reading, serialised, writing
from lake.operations import snapshots as _snapshots
from lake.people.accounts import User
from lake.reader import check_version
from lake.store import Store
from lake.target_rows import name_key

NOTE_MAX_CHARS = 2000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_UNIX_EPOCH_MJD = 40587.0
_METADATA = "__ducklake_metadata_lake"  # DuckLake's own tables, as DuckDB names them
_FIRST = f"SELECT min(begin_snapshot) FROM {_METADATA}.ducklake_table WHERE table_name = 'photometry'"  # noqa: S608
# SQLite keeps the time as text in the zone of whoever wrote it: comparing needs the cast
_NOT_LATER = f"""
    SELECT max(snapshot_id)
    FROM {_METADATA}.ducklake_snapshot
    WHERE epoch_us(snapshot_time::TIMESTAMPTZ) <= $moment_us AND snapshot_id >= ({_FIRST})
"""  # noqa: S608 - our own names
_MADE = f"""
    SELECT epoch_us(snapshot_time::TIMESTAMPTZ)
    FROM {_METADATA}.ducklake_snapshot
    WHERE snapshot_id = $version
"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A name that somebody gave to a version; the version is kept as long as the name is."""

    snapshot_id: int
    name: str
    version: int
    note: str
    created_by: str
    created_mjd: float


def create_snapshot(
    lake: Lake, name: str, *, note: str = "", by: str = "", version: int | None = None
) -> Snapshot:
    """Return the new name of a version, by default of the newest one.

    Raises
    ------
    Rejected
        ``bad-name``, ``name-taken``, ``unknown-version``, ``long-note``.
    Transient
        ``lake-busy``: writers or maintenance kept the lock for too long.
    """
    if not _NAME.fullmatch(name):
        raise Rejected(
            "A snapshot's name is a letter, then letters, digits, '.', '_' or '-', at most 100 in all.",
            code="bad-name",
        )
    if len(note) > NOTE_MAX_CHARS:
        raise Rejected(f"The note is longer than {NOTE_MAX_CHARS} characters.", code="long-note")
    with lake.store.backend.writer_turn():  # versions are let go under this lock only
        chosen = lake.store.version() if version is None else version
        _check_kept(lake.store, chosen)
        values = {
            "name": name,
            "name_key": name_key(name),
            "version": chosen,
            "note": note,
            "created_by": by,
            "created_mjd": mjd_now(),
        }
        with writing(lake.operations) as connection:
            serialised(connection, "snapshots")
            if _found(connection, name) is not None:
                raise Rejected(f"A snapshot named {name} exists already.", code="name-taken")
            made = connection.execute(insert(_snapshots).values(values).returning(_snapshots))
            return _snapshot_of(made.mappings().one())


def list_snapshots(operations: Engine) -> list[Snapshot]:
    """Return every named snapshot, the newest name first."""
    query = select(_snapshots).order_by(_snapshots.c.snapshot_id.desc())
    with reading(operations) as connection:
        return [_snapshot_of(row) for row in connection.execute(query).mappings()]


def find_snapshot(operations: Engine, name: str) -> Snapshot:
    """Return the snapshot of a name; case does not matter.

    Raises
    ------
    Rejected
        ``unknown-snapshot``
    """
    with reading(operations) as connection:
        found = _found(connection, name)
    if found is None:
        raise Rejected(f"No snapshot is named {name!r:.120}.", code="unknown-snapshot")
    return found


def delete_snapshot(operations: Engine, name: str, *, user: User) -> Snapshot:
    """Return the snapshot whose name is now gone; its version will be let go when it is old enough.

    Raises
    ------
    Rejected
        ``no-right``: somebody else's paper may need it; ``unknown-snapshot``.
    """
    if not user.is_staff:
        raise Rejected("Only staff may delete a named snapshot.", code="no-right")
    found = find_snapshot(operations, name)
    with writing(operations) as connection:
        connection.execute(delete(_snapshots).where(_snapshots.c.snapshot_id == found.snapshot_id))
    return found


def version_of(lake: Lake, text: str) -> int:
    """Return the version that a person means by "as of".

    Parameters
    ----------
    text
        The name of a snapshot, the number of a version, or a date or date-time, in UTC unless it says
        otherwise: the newest version not later than it; a date means the whole of that day.

    Raises
    ------
    Rejected
        ``unknown-version``: nothing of that name, number or time is kept; ``bad-as-of``: none of these.
    """
    wanted = text.strip()
    if wanted.isascii() and wanted.isdigit():
        version = int(wanted)
    elif _NAME.fullmatch(wanted):
        version = _named_version(lake.operations, wanted)
    else:
        version = _version_not_later(lake.store, _moment(wanted), wanted)
    _check_kept(lake.store, version)
    return version


def mjd_of_version(lake: Lake, version: int) -> float:
    """Return when a version was made.

    Raises
    ------
    Rejected
        ``unknown-version``
    """
    _check_kept(lake.store, version)
    made_us = int(lake.store.read(_MADE, {"version": version}).item())
    return _UNIX_EPOCH_MJD + made_us / (SECONDS_PER_DAY * 1e6)


def _check_kept(store: Store, version: int) -> None:
    if not int(store.read(_FIRST).item()) <= version < 2**63:
        raise Rejected(f"The lake has no version {version}.", code="unknown-version")
    check_version(store.backend, version)


def _named_version(operations: Engine, name: str) -> int:
    try:
        return find_snapshot(operations, name).version
    except Rejected as error:
        raise Rejected(
            f"No snapshot is named {name}: give the name of a snapshot, the number of a version, or a date "
            "in UTC such as 2026-03-01.",
            code="unknown-version",
        ) from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Rejected(
            f"{text!r:.60} is no time: give the name of a snapshot, the number of a version, or a date or "
            "date-time in UTC such as 2026-03-01 or 2026-03-01T12:00:00.",
            code="bad-as-of",
        ) from error
    if len(text) == len("2026-03-01") and moment.time() == time.min:
        moment = datetime.combine(moment.date(), time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _version_not_later(store: Store, moment: datetime, text: str) -> int:
    moment_us = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    found = store.read(_NOT_LATER, {"moment_us": moment_us}).item()
    if found is None:
        raise Rejected(f"The lake keeps no version from {text} or before.", code="unknown-version")
    return int(found)


def _found(connection: Connection, name: str) -> Snapshot | None:
    query = select(_snapshots).where(_snapshots.c.name_key == name_key(name))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _snapshot_of(row)


def _snapshot_of(row: RowMapping) -> Snapshot:
    return Snapshot(**{field.name: row[field.name] for field in fields(Snapshot)})
