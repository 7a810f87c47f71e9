"""A merge in the lake: frames and points of uploads change their target, each row with its own papers."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from lake.changes import Change
from lake.frame_rows import UPLOAD
from lake.opening import Lake
from lake.provenance import new_batch
from lake.store import Store
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY, SHELVES, Table

_OF_UPLOADS: tuple[Table, ...] = (FRAMES, CALIBRATIONS, FRAME_STARS, *SHELVES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Baggage:
    """Which rows of one target go to another."""

    upload_ids: Sequence[int]
    files: Sequence[str]  # sha256: points of these files go, whenever they were made
    source_refs: Sequence[str]  # and these points


def refs_of_uploads(store: Store, gone_id: int, kept_id: int) -> list[str]:
    """Return the source_ref of each point of an upload of one target that the other does not have."""
    gone, kept = (
        set(_upload_points(store, target_id)["source_ref"].to_list()) for target_id in (gone_id, kept_id)
    )
    return sorted(gone - kept)


def carry(lake: Lake, baggage: Baggage, *, from_id: int, to_id: int, merge_id: int, by: str) -> None:
    """Move rows from one target to another in one transaction; what has moved already stays where it is.

    A point keeps its number, so that what was said of it can still be found.
    """
    batch = new_batch(
        "merge", UPLOAD, target_id=to_id, parameters={"merge": merge_id, "from": from_id}, by=by
    )
    lake.store.commit_planned(lambda: _changes(lake.store, baggage, from_id, to_id), batch=batch)


def _changes(store: Store, baggage: Baggage, from_id: int, to_id: int) -> list[Change]:
    changes = []
    for table in _OF_UPLOADS:
        rows = table.rows(
            store.read(
                f"SELECT * FROM lake.{table.name} "  # noqa: S608 - our own names
                "WHERE target_id = $from_id AND upload_id IN (SELECT unnest($upload_ids::BIGINT[]))",
                {"from_id": from_id, "upload_ids": list(baggage.upload_ids)},
            )
        )
        changes += _moved(table, rows, to_id, keys=["target_id", "upload_id"])
    points = _upload_points(store, from_id)
    file = pl.col("source_ref").str.split(":").list.first()
    going = points.filter(
        file.is_in(list(baggage.files)) | pl.col("source_ref").is_in(list(baggage.source_refs))
    )
    return changes + _moved(PHOTOMETRY, going, to_id, keys=["target_id", "point_id"])


def _moved(table: Table, rows: pl.DataFrame, to_id: int, *, keys: list[str]) -> list[Change]:
    if rows.is_empty():
        return []
    there = rows.with_columns(target_id=pl.lit(to_id, dtype=pl.Int64))
    return [Change(table=table, rows=there, keys=rows.select(keys), keeps_papers=True)]


def _upload_points(store: Store, target_id: int) -> pl.DataFrame:
    return store.light_curve(target_id).filter(pl.col("source") == UPLOAD)
