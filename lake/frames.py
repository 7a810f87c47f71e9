"""Verdicts on frames: what every reduction gave, with its calibration and stars, also when it failed."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.cutout import read_cutout
from engine.photometry.verdict import TARGET_REF_ID, Reduction
from lake.changes import Change
from lake.frame_rows import FrameOrigin, point_keys, rows_of
from lake.opening import Lake
from lake.provenance import Batch
from lake.readable import Readable
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY

_MAX_FRAMES = 1000
_JUDGED = """
    WITH of_frame AS (
        SELECT band, coalesce(zero_point_err_mag, 0) AS zero_point_err_mag
        FROM lake.frames WHERE frame_id = $frame_id
    ), stars AS (
        SELECT * FROM lake.frame_stars WHERE frame_id = $frame_id AND ref_id <> $target
    ), catalogue AS (
        SELECT ref_id, any_value(bp_rp_mag) AS colour_mag, any_value(mag_err) AS ref_err_mag
        FROM lake.reference_stars
        WHERE band = (SELECT band FROM of_frame) AND ref_id IN (SELECT ref_id FROM stars)
        GROUP BY ref_id
    )
    SELECT stars.*, colour_mag,
           sqrt(inst_mag_err ** 2 + coalesce((SELECT zero_point_err_mag FROM of_frame), 0) ** 2
                + coalesce(ref_err_mag, 0) ** 2) AS stated_err_mag
    FROM stars LEFT JOIN catalogue USING (ref_id)
    ORDER BY inst_mag, ref_id"""


def save_reduction(
    lake: Lake, origin: FrameOrigin, reductions: Sequence[Reduction], *, batch: Batch
) -> tuple[str, ...]:
    """Return the frame ids under which all planes of an upload are kept, in one transaction.

    Whatever an earlier reduction of the same upload left is replaced, its points as well.

    Parameters
    ----------
    reductions
        One for each plane of the upload; a file that could not be read has one without a plane.
    """
    of_upload = pl.DataFrame({"upload_id": [origin.upload_id]})
    rows = rows_of(lake, origin, reductions, batch=batch)
    changes = [
        Change(table=FRAMES, rows=rows.frames, keys=of_upload),
        Change(table=CALIBRATIONS, rows=rows.calibrations, keys=of_upload),
        Change(table=FRAME_STARS, rows=rows.frame_stars, keys=of_upload),
    ]
    if not origin.dry_run:
        changes.append(Change(table=PHOTOMETRY, rows=rows.points, keys=point_keys(rows.frames)))
    lake.store.commit(changes, batch=batch)
    return tuple(rows.frames["frame_id"])


def frames_of_target(store: Readable, target_id: int) -> pl.DataFrame:
    """Return the frames of a target, the last exposure first; columns as in ``lake.tables.FRAMES``."""
    return _frames(
        store, "WHERE target_id = $target_id ORDER BY mjd DESC NULLS LAST, frame_id", target_id=target_id
    )


def frames_of_upload(store: Readable, upload_id: int) -> pl.DataFrame:
    """Return the frames of an upload, one for each plane."""
    return _frames(store, "WHERE upload_id = $upload_id ORDER BY frame_id", upload_id=upload_id)


def recent_frames(store: Readable, *, limit: int = 50) -> pl.DataFrame:
    """Return the frames that were reduced last, newest first, at most 1000."""
    return _frames(store, "ORDER BY made_mjd DESC, frame_id LIMIT $limit", limit=min(limit, _MAX_FRAMES))


def frame(store: Readable, frame_id: str) -> dict[str, object]:
    """Return one frame as a dict of the columns of ``lake.tables.FRAMES``.

    Raises
    ------
    Rejected
        ``unknown-frame``
    """
    rows = _frames(store, "WHERE frame_id = $frame_id", frame_id=frame_id)
    if rows.is_empty():
        raise Rejected(f"There is no frame {frame_id[:40]}.", code="unknown-frame")
    return rows.row(0, named=True)


def calibrations_of_frame(store: Readable, frame_id: str) -> pl.DataFrame:
    """Return the fits of every candidate band of a frame, the chosen one first."""
    rows = store.read(
        "SELECT * FROM lake.calibrations WHERE frame_id = $frame_id ORDER BY chosen DESC, probability DESC",
        {"frame_id": frame_id},
    )
    return CALIBRATIONS.rows(rows)


def stars_of_frame(store: Readable, frame_id: str) -> pl.DataFrame:
    """Return the matched stars of a frame with their residuals, the brightest first."""
    rows = store.read(
        "SELECT * FROM lake.frame_stars WHERE frame_id = $frame_id ORDER BY inst_mag, ref_id",
        {"frame_id": frame_id},
    )
    return FRAME_STARS.rows(rows)


def judged_stars(store: Readable, frame_id: str) -> pl.DataFrame:
    """Return the field stars of a frame with their colour and the error that a point of theirs would state.

    Columns of ``lake.tables.FRAME_STARS`` with ``colour_mag`` (BP-RP) and ``stated_err_mag`` (of photons,
    zero point and catalogue), null where they are not known.
    """
    rows = store.read(_JUDGED, {"frame_id": frame_id, "target": TARGET_REF_ID})
    known = FRAME_STARS.rows(rows.select(list(FRAME_STARS.schema)))
    return known.with_columns(rows["colour_mag"].cast(pl.Float64), rows["stated_err_mag"].cast(pl.Float64))


def cutout_file(lake: Lake, sha256: str) -> bytes | None:
    """Return the FITS file of the pixels round the target, by a frame's ``cutout_sha256``; None for ''."""
    if not sha256:
        return None
    with lake.raw.open(sha256) as stream:
        return stream.read()


def cutout(lake: Lake, sha256: str) -> tuple[NDArray[np.float32], pl.DataFrame] | None:
    """Return the pixels round the target, shape (ny, nx), and the calibration's stars among them.

    None where none were kept.
    """
    body = cutout_file(lake, sha256)
    return None if body is None else read_cutout(body)


def _frames(store: Readable, clauses: str, **parameters: object) -> pl.DataFrame:
    return FRAMES.rows(store.read(f"SELECT * FROM lake.frames {clauses}", parameters))  # noqa: S608 - our own clauses
