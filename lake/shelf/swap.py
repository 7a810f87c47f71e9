"""Promote and demote: two processings of the same uploads change places, every row with its own papers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from engine.photometry.verdict import Reduction
from lake.changes import Change
from lake.frame_rows import UPLOAD, FrameOrigin, point_keys, rows_of
from lake.inbox.uploads import UploadResult, UploadStatus, set_results
from lake.opening import Lake
from lake.provenance import Batch, new_batch
from lake.readable import Readable
from lake.shelf.selection import Direction, choices
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY, SHELVES, Table
from lake.target_list import update_summary

AT_ONCE = 100  # uploads in one transaction
_KEY = ["upload_id", "processing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """How much changed places."""

    uploads: int
    points: int  # that count now


def shelve(lake: Lake, origin: FrameOrigin, reductions: Sequence[Reduction], *, batch: Batch) -> None:
    """Keep another processing of an upload beside the one that counts, in place of one of the same name."""
    processing = reductions[0].calib_version
    rows = rows_of(lake, origin, reductions, batch=batch)
    own = {"upload_id": pl.lit(origin.upload_id), "processing": pl.lit(processing)}
    keys = pl.DataFrame({"upload_id": [origin.upload_id], "processing": [processing]})
    parts = ((FRAMES, rows.frames), (CALIBRATIONS, rows.calibrations), (FRAME_STARS, rows.frame_stars))
    changes = [
        Change(table=SHELVES[table.name], rows=part.with_columns(**own), keys=keys)
        for table, part in (*parts, (PHOTOMETRY, rows.points))
    ]
    lake.store.commit(changes, batch=batch)


def swap(
    lake: Lake,
    upload_ids: Sequence[int],
    direction: Direction,
    *,
    to: str = "",
    by: str,
    told: Callable[[str, float], None],
) -> Swapped:
    """Return how many uploads changed their processing; done twice it changes nothing more.

    Parameters
    ----------
    to
        Name of the processing that shall count; by default the newest, or the one before.
    """
    uploads, points = 0, 0
    for start in range(0, len(upload_ids), AT_ONCE):
        told(f"{direction.capitalize()} uploads", start / len(upload_ids))
        some = list(upload_ids[start : start + AT_ONCE])
        planned: list[pl.DataFrame] = []

        def plan(some: list[int] = some, planned: list[pl.DataFrame] = planned) -> Sequence[Change]:
            chosen = choices(lake.store, some, direction, to=to)
            planned[:] = [chosen]
            return _changes(lake.store, chosen) if len(chosen) else []

        parameters = {"to": to, "uploads": some}
        lake.store.commit_planned(
            plan, batch=new_batch(direction.value, UPLOAD, parameters=parameters, by=by)
        )
        uploads += len(planned[0])
        points += _follow(lake, planned[0]["upload_id"].to_list())
    return Swapped(uploads=uploads, points=points)


def _changes(store: Readable, chosen: pl.DataFrame) -> list[Change]:
    """Return what puts the chosen processings in their place, and those that counted on the shelf."""
    frames = _of_uploads(store, FRAMES, chosen)
    uploads = chosen.select("upload_id")
    parts = [
        (FRAMES, frames, uploads),
        (CALIBRATIONS, _of_uploads(store, CALIBRATIONS, chosen), uploads),
        (FRAME_STARS, _of_uploads(store, FRAME_STARS, chosen), uploads),
        (PHOTOMETRY, _points_of(store, frames), point_keys(frames)),
    ]
    taken = pl.concat([chosen.select(_KEY), chosen.select("upload_id", processing="replaced")])
    changes = []
    for table, leaving, keys in parts:
        shelf = SHELVES[table.name]
        coming = _of_uploads(store, shelf, chosen).join(chosen, on=_KEY, how="semi")
        put_away = leaving.join(chosen.select("upload_id", processing="replaced"), on="upload_id")
        changes += [
            Change(table=table, rows=coming.select(list(table.schema)), keys=keys, keeps_papers=True),
            Change(table=shelf, rows=put_away, keys=taken, keeps_papers=True),
        ]
    return changes


def _of_uploads(store: Readable, table: Table, chosen: pl.DataFrame) -> pl.DataFrame:
    sql = f"SELECT * FROM lake.{table.name} WHERE upload_id IN (SELECT unnest($upload_ids))"  # noqa: S608 - our own names
    return table.rows(store.read(sql, {"upload_ids": chosen["upload_id"].to_list()}))


def _points_of(store: Readable, frames: pl.DataFrame) -> pl.DataFrame:
    """Return the points that frames gave, each with its upload."""
    files = frames.select("upload_id", "target_id", "raw_sha256").unique()
    points = store.light_curves(files["target_id"].unique().to_list()).filter(pl.col("source") == UPLOAD)
    raw_sha256 = pl.col("source_ref").str.split(":").list.first()
    return (
        points.with_columns(raw_sha256=raw_sha256)
        .join(files, on=["target_id", "raw_sha256"])
        .drop("raw_sha256")
    )


def _follow(lake: Lake, upload_ids: list[int]) -> int:
    """Let lists and uploads tell what counts now; return the number of its points."""
    frames = lake.store.read(
        "SELECT * FROM lake.frames WHERE upload_id IN (SELECT unnest($upload_ids))",
        {"upload_ids": upload_ids},
    )
    order = {status.value: number for number, status in enumerate(UploadStatus)}
    best = (
        frames.with_columns(order=pl.col("status").replace_strict(order, return_dtype=pl.Int64))
        .sort("upload_id", "order", "frame_id")
        .unique("upload_id", keep="first", maintain_order=True)
    )
    set_results(
        lake.operations,
        [
            UploadResult(
                upload_id=row["upload_id"],
                status=UploadStatus(row["status"]),
                code=row["code"],
                reason=row["reason"],
                frame_ids=tuple(frames.filter(pl.col("upload_id") == row["upload_id"])["frame_id"].sort()),
            )
            for row in best.iter_rows(named=True)
        ],
    )
    for target_id in frames["target_id"].unique().to_list():
        update_summary(lake.operations, target_id, lake.store.light_curve(target_id))
    return len(_points_of(lake.store, frames)) if len(frames) else 0
