"""Which uploads a person means, and how each was processed: what counts now, and what waits on the shelf."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from lake.inbox.uploads import Upload, UploadStatus
from lake.opening import Lake
from lake.readable import Readable
from lake.trace.sources import kept_uploads

_REDUCED = (UploadStatus.MEASURED, UploadStatus.LIMIT, UploadStatus.REJECTED)
_NOW = """
    SELECT upload_id, min(calib_version) AS replaced, max(made_mjd) AS made_mjd,
           max(mjd) AS mjd, min(camera) AS camera
    FROM lake.frames
    WHERE upload_id IN (SELECT unnest($upload_ids)) AND NOT coalesce(dry_run, false)
    GROUP BY upload_id"""
_WAITING = """
    SELECT upload_id, processing, max(made_mjd) AS waiting_mjd
    FROM lake.shelf_frames
    WHERE upload_id IN (SELECT unnest($upload_ids))
    GROUP BY upload_id, processing"""
_CHOICE = {"upload_id": pl.Int64(), "processing": pl.String(), "replaced": pl.String()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Uploads by what they show; what is not said selects nothing away."""

    target_id: int | None = None
    camera: str = ""  # name for observers, or name of the camera
    since_mjd: float | None = None  # middle of the exposure


class Direction(StrEnum):
    """Which processing takes the place of the one that counts."""

    PROMOTE = "promote"  # the newest one, where it is newer
    DEMOTE = "demote"  # the one before


def selected_uploads(lake: Lake, selection: Selection) -> list[Upload]:
    """Return the reduced uploads that are meant, the oldest first; trials (dry runs) are never meant."""
    found = [
        sent
        for sent in kept_uploads(lake.operations, target_id=selection.target_id)
        if sent.status in _REDUCED and not sent.dry_run
    ]
    now = processings_now(lake.store, [sent.upload_id for sent in found])
    if selection.since_mjd is not None:
        now = now.filter(pl.col("mjd") >= selection.since_mjd)
    cameras = dict(now.select("upload_id", "camera").iter_rows())
    return [
        sent
        for sent in found
        if sent.upload_id in cameras and selection.camera in {"", sent.oname, cameras[sent.upload_id]}
    ]


def processings_now(store: Readable, upload_ids: list[int]) -> pl.DataFrame:
    """Return how each upload that counts was processed: upload_id, replaced, made_mjd, mjd, camera."""
    return store.read(_NOW, {"upload_ids": upload_ids})


def processings_waiting(store: Readable, upload_ids: list[int]) -> pl.DataFrame:
    """Return what waits on the shelf: upload_id, processing, waiting_mjd."""
    return store.read(_WAITING, {"upload_ids": upload_ids})


def choices(store: Readable, upload_ids: list[int], direction: Direction, *, to: str = "") -> pl.DataFrame:
    """Return which processing would take the place of which: upload_id, processing, replaced.

    Parameters
    ----------
    to
        A processing by its name; by default the newest one when promoting, the one before when demoting.
    """
    both = processings_waiting(store, upload_ids).join(processings_now(store, upload_ids), on="upload_id")
    is_newer = pl.col("waiting_mjd") > pl.col("made_mjd")
    wanted = is_newer if direction == Direction.PROMOTE else ~is_newer
    return (
        both.filter(wanted & (pl.lit(not to) | (pl.col("processing") == to)))
        .sort("upload_id", "waiting_mjd")
        .group_by("upload_id", maintain_order=True)
        .last()
        .select(pl.col(name).cast(dtype) for name, dtype in _CHOICE.items())
    )
