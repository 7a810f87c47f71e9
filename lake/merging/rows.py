"""A merge in the operational database: rows of the gone target go into a record, and come back from it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from sqlalchemy import Column, Connection, Table, and_, delete, insert, or_, select, update

from engine.target import Target
from lake.metadata import metadata
from lake.operations import target_names, targets, uploads
from lake.target_rows import name_key

MERGED_NAME = "merged"  # source of the alias that the gone target's name becomes
SUMMARY = ("points", "last_mag", "last_band", "last_mjd", "sparkline", "summary_mjd")

Row = dict[str, object]


class Record(TypedDict):
    """What brings a gone target back, as JSON."""

    target: Row
    children: dict[str, list[Row]]  # rows of tables that go with their target, by table
    let_go: dict[str, list[list[object]]]  # keys of rows that only lose their target, by "table.column"
    uploads: list[int]  # that went to the kept target
    files: list[str]  # sha256 of those of them that may have given points
    points: list[str]  # source_ref of the points that went with them
    names: list[list[str]]  # (source, name_key) that the kept target got
    kept_summary: Row


def take_out(connection: Connection, gone: Target, kept: Target, refs: Sequence[str]) -> Record:
    """Return the record of a target after its uploads and names went to another, and its row away.

    An upload whose file the kept target was sent too stays behind, without a target; so do its points.

    Parameters
    ----------
    refs
        ``source_ref`` of the points of uploads that the kept target does not have.
    """
    gone_id, kept_id = gone.target_id or 0, kept.target_id or 0
    moved, files, staying = _move_uploads(connection, gone_id, kept_id)
    record = Record(
        target=_row(connection, gone_id),
        children={table.name: _rows(connection, table, column, gone_id) for table, column in _children()},
        let_go={
            f"{table.name}.{column.name}": _keys(connection, table, column, gone_id)
            for table, column in _loose()
        },
        uploads=moved,
        files=files,
        points=[ref for ref in refs if ref.partition(":")[0] not in staying],
        names=[],
        kept_summary={name: value for name, value in _row(connection, kept_id).items() if name in SUMMARY},
    )
    connection.execute(delete(targets).where(targets.c.target_id == gone_id))
    record["names"] = _give_names(connection, gone, kept)
    return record


def take_names_back(connection: Connection, record: Record, kept_id: int) -> None:
    """Take from the kept target the names that it got."""
    for source, key in record["names"]:
        connection.execute(
            delete(target_names).where(
                target_names.c.target_id == kept_id,
                target_names.c.source == source,
                target_names.c.name_key == key,
            )
        )


def put_back(connection: Connection, record: Record, kept_id: int) -> None:
    """Bring the row of a gone target back, and all that went with it or away from it."""
    gone_id = record["target"]["target_id"]
    connection.execute(insert(targets).values(record["target"]))
    for table, _ in _children():
        rows = record["children"].get(table.name, [])
        if rows:
            connection.execute(insert(table), rows)
    of_kept = or_(uploads.c.target_id == kept_id, uploads.c.target_id.is_(None))
    this = and_(uploads.c.upload_id.in_(record["uploads"]), of_kept)
    connection.execute(update(uploads).where(this).values(target_id=gone_id))
    for table, column in _loose():
        for key in record["let_go"].get(f"{table.name}.{column.name}", []):
            same = [part == value for part, value in zip(table.primary_key, key, strict=True)]
            connection.execute(update(table).where(*same, column.is_(None)).values({column.name: gone_id}))


def upload_ids_of(connection: Connection, target_id: int) -> list[int]:
    """Return the uploads of a target."""
    query = select(uploads.c.upload_id).where(uploads.c.target_id == target_id).order_by(uploads.c.upload_id)
    return list(connection.execute(query).scalars())


def _move_uploads(
    connection: Connection, gone_id: int, kept_id: int
) -> tuple[list[int], list[str], set[str]]:
    """Return the uploads that went over, their files that may have given points, and such files that stay."""
    query = select(uploads.c.upload_id, uploads.c.sha256, uploads.c.dry_run).where(
        uploads.c.target_id == gone_id
    )
    of_kept = select(uploads.c.sha256, uploads.c.dry_run).where(uploads.c.target_id == kept_id)
    there = {(row.sha256, row.dry_run) for row in connection.execute(of_kept)}
    rows = connection.execute(query.order_by(uploads.c.upload_id)).all()
    going = [row for row in rows if (row.sha256, row.dry_run) not in there]
    moved = [row.upload_id for row in going]
    connection.execute(update(uploads).where(uploads.c.upload_id.in_(moved)).values(target_id=kept_id))
    staying = {row.sha256 for row in rows if row not in going and not row.dry_run}
    return moved, sorted({row.sha256 for row in going if not row.dry_run}), staying


def _give_names(connection: Connection, gone: Target, kept: Target) -> list[list[str]]:
    known = {(source, name_key(name)) for source, name in kept.aliases}
    given = {(MERGED_NAME, name_key(gone.name)): gone.name}
    given |= {(source, name_key(name)): name for source, name in gone.aliases}
    rows = [
        {"target_id": kept.target_id, "source": source, "name": name, "name_key": key}
        for (source, key), name in given.items()
        if (source, key) not in known
    ]
    if rows:
        connection.execute(insert(target_names), rows)
    return [[str(row["source"]), str(row["name_key"])] for row in rows]


def _references(*, ondelete: str) -> list[tuple[Table, Column[int]]]:
    """Return every table and column that points to a target and behaves so when the target goes."""
    return [
        (table, key.parent)
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is targets.c.target_id and key.ondelete == ondelete
    ]


def _children() -> list[tuple[Table, Column[int]]]:
    return _references(ondelete="CASCADE")


def _loose() -> list[tuple[Table, Column[int]]]:
    return _references(ondelete="SET NULL")


def _row(connection: Connection, target_id: int) -> Row:
    row = connection.execute(select(targets).where(targets.c.target_id == target_id)).mappings().one()
    return dict(row)


def _rows(connection: Connection, table: Table, column: Column[int], target_id: int) -> list[Row]:
    found = connection.execute(select(table).where(column == target_id)).mappings()
    return [dict(row) for row in found]


def _keys(connection: Connection, table: Table, column: Column[int], target_id: int) -> list[list[object]]:
    query = select(*table.primary_key).where(column == target_id)
    return [list(row) for row in connection.execute(query)]


def same_light_curve(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    """Return whether two summaries tell of the same light curve, whenever they were made."""
    told: Sequence[str] = [name for name in SUMMARY if name != "summary_mjd"]
    return all(first.get(name) == second.get(name) for name in told)
