"""Verdicts on frames: what every reduction gave, with its calibration and stars, also when it failed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.frame import Camera
from engine.lightcurve import Flag, empty, light_curve
from engine.photometry.verdict import Reduction, Status
from engine.target import Target
from engine.times import bjd_tdb, mjd_now
from lake.changes import Change
from lake.opening import Lake
from lake.provenance import Batch
from lake.readable import Readable
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY

if TYPE_CHECKING:  # pages read frames without loading the solver
    from engine.photometry.solve import Solution

UPLOAD = "upload"  # the source of points that people's frames gave
_PLANES = ("", "R", "G", "B")
_MAX_FRAMES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOrigin:
    """Where the frames of one upload come from."""

    upload_id: int
    raw_sha256: str
    target: Target  # with its target_id
    camera: Camera
    observer: str = ""
    dry_run: bool = False  # the verdict is kept, no point is made
    simulated: bool = False

    def frame_id(self, plane: str) -> str:
        """Return the name of one plane's frame, the same at every reduction of the upload."""
        return f"u{self.upload_id}" + (f"-{plane}" if plane else "")


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
    frames = [_frame_row(lake, origin, each, batch) for each in reductions]
    changes = [
        Change(table=FRAMES, rows=pl.DataFrame(frames, schema_overrides=FRAMES.schema), keys=of_upload),
        Change(table=CALIBRATIONS, rows=_calibration_rows(origin, reductions), keys=of_upload),
        Change(table=FRAME_STARS, rows=_star_rows(origin, reductions), keys=of_upload),
    ]
    if not origin.dry_run:
        changes.append(Change(table=PHOTOMETRY, rows=_points(origin, reductions), keys=_point_keys(origin)))
    lake.store.commit(changes, batch=batch)
    return tuple(str(row["frame_id"]) for row in frames)


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


def cutout(lake: Lake, frame_id: str) -> NDArray[np.float32] | None:
    """Return the pixels round the target, shape (ny, nx), or None where none were kept."""
    sha256 = frame(lake.store, frame_id)["cutout_sha256"]
    if not sha256:
        return None
    with lake.raw.open(str(sha256)) as stream:
        return np.asarray(np.load(io.BytesIO(stream.read()), allow_pickle=False), dtype=np.float32)


def _frames(store: Readable, clauses: str, **parameters: object) -> pl.DataFrame:
    return FRAMES.rows(store.read(f"SELECT * FROM lake.frames {clauses}", parameters))  # noqa: S608 - our own clauses


def _frame_row(lake: Lake, origin: FrameOrigin, reduction: Reduction, batch: Batch) -> dict[str, object]:
    same_names = {name: getattr(reduction, name) for name in FRAMES.schema if hasattr(reduction, name)}
    return {
        **same_names,
        **_solution_columns(reduction.solution),
        **_origin_columns(origin, reduction),
        "status": str(reduction.status),
        "sentences": list(reduction.sentences),
        "notes": list(reduction.notes),
        "flags": _flags(origin, reduction),
        "cutout_sha256": _keep_cutout(lake, reduction.cutout),
        "batch_id": batch.batch_id,
        "made_mjd": mjd_now(),
    }


def _origin_columns(origin: FrameOrigin, reduction: Reduction) -> dict[str, object]:
    return {
        "frame_id": origin.frame_id(reduction.plane),
        "upload_id": origin.upload_id,
        "target_id": origin.target.target_id,
        "raw_sha256": origin.raw_sha256,
        "facility": origin.camera.facility,
        "camera": origin.camera.name,
        "observer": origin.observer,
        "dry_run": origin.dry_run,
    }


def _solution_columns(solution: Solution | None) -> dict[str, object]:
    if solution is None:
        return {}
    return {
        "solution_method": str(solution.method),
        "solution_rms_arcsec": solution.rms_arcsec,
        "solution_matched": solution.matched,
        "pixel_scale_arcsec": solution.pixel_scale_arcsec,
        "wcs_header": solution.wcs.to_header(relax=True).tostring(sep="\n"),
    }


def _keep_cutout(lake: Lake, pixels: NDArray[np.float32] | None) -> str:
    if pixels is None:
        return ""
    body = io.BytesIO()
    np.save(body, np.ascontiguousarray(pixels, dtype=np.float32), allow_pickle=False)
    return lake.raw.put(body.getvalue())


def _flags(origin: FrameOrigin, reduction: Reduction) -> int:
    return reduction.flags | (int(Flag.SIMULATED) if origin.simulated or origin.target.simulated else 0)


def _calibration_rows(origin: FrameOrigin, reductions: Sequence[Reduction]) -> pl.DataFrame:
    rows = [
        {name: getattr(fit, name) for name in CALIBRATIONS.schema if hasattr(fit, name)}
        | {
            "frame_id": origin.frame_id(reduction.plane),
            "upload_id": origin.upload_id,
            "target_id": origin.target.target_id,
            "chosen": fit.band == reduction.calibration.band,
            "colour_name": reduction.calibration.colour_name,
            "colour_zero_mag": reduction.calibration.colour_zero_mag,
        }
        for reduction in reductions
        if reduction.calibration is not None
        for fit in reduction.calibration.fits
    ]
    return (
        CALIBRATIONS.rows(pl.DataFrame(rows, schema_overrides=CALIBRATIONS.schema))
        if rows
        else CALIBRATIONS.empty()
    )


def _star_rows(origin: FrameOrigin, reductions: Sequence[Reduction]) -> pl.DataFrame:
    rows = [
        reduction.stars_table.with_columns(
            frame_id=pl.lit(origin.frame_id(reduction.plane)),
            upload_id=pl.lit(origin.upload_id),
            target_id=pl.lit(origin.target.target_id),
        )
        for reduction in reductions
    ]
    return pl.concat([FRAME_STARS.rows(each) for each in rows]) if rows else FRAME_STARS.empty()


def _points(origin: FrameOrigin, reductions: Sequence[Reduction]) -> pl.DataFrame:
    rows = [_point(origin, each) for each in reductions if each.status != Status.REJECTED]
    return light_curve(pl.DataFrame(rows, schema_overrides=PHOTOMETRY.schema)) if rows else empty()


def _point(origin: FrameOrigin, reduction: Reduction) -> dict[str, object]:
    is_measured = reduction.status == Status.MEASURED
    return {
        "target_id": origin.target.target_id,
        "source": UPLOAD,
        "source_ref": _source_ref(origin, reduction.plane),
        "mjd": reduction.mjd,
        "bjd_tdb": _bjd_tdb(origin, reduction.mjd),
        "exptime_s": reduction.exptime_s,
        "band": reduction.band,
        "mag": reduction.mag if is_measured else None,
        "mag_err": reduction.mag_err if is_measured else None,
        "limit_mag": reduction.limit_mag,
        "facility": origin.camera.facility,
        "camera": origin.camera.name,
        "observer": origin.observer,
        "calib_version": reduction.calib_version,
        "flags": _flags(origin, reduction),
    }


def _bjd_tdb(origin: FrameOrigin, mjd: float | None) -> float | None:
    if mjd is None:
        return None
    target = origin.target
    times = bjd_tdb(
        np.array([mjd]), ra_deg=target.ra_deg, dec_deg=target.dec_deg, location=origin.camera.location
    )
    return float(times[0])


def _source_ref(origin: FrameOrigin, plane: str) -> str:
    return f"{origin.raw_sha256}:{plane}"


def _point_keys(origin: FrameOrigin) -> pl.DataFrame:
    """Return the keys of every point that the upload's bytes may have given the target before."""
    return pl.DataFrame(
        {
            "target_id": [origin.target.target_id] * len(_PLANES),
            "source": [UPLOAD] * len(_PLANES),
            "source_ref": [_source_ref(origin, plane) for plane in _PLANES],
        },
        schema_overrides={"target_id": pl.Int64()},
    )
