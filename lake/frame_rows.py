"""What one reduction leaves in the lake: the rows of a frame, its calibration, its stars and its point."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from engine.frame import Camera
from engine.lightcurve import Flag, empty, light_curve
from engine.photometry.cutout import cutout_fits
from engine.photometry.verdict import Reduction, Status
from engine.target import Target
from engine.times import bjd_tdb, mjd_now
from lake.opening import Lake
from lake.provenance import Batch
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY

if TYPE_CHECKING:  # pages read frames without loading the solver
    from engine.photometry.calibration import Calibration
    from engine.photometry.solution import Solution

UPLOAD = "upload"  # the source of points that people's frames gave
PLANES = ("", "R", "G", "B")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionRows:
    """All rows that the planes of one upload gave."""

    frames: pl.DataFrame
    calibrations: pl.DataFrame
    frame_stars: pl.DataFrame
    points: pl.DataFrame  # none of a dry run


def rows_of(
    lake: Lake, origin: FrameOrigin, reductions: Sequence[Reduction], *, batch: Batch
) -> ReductionRows:
    """Return the rows of all planes of an upload; the cut-outs are kept among the raw files."""
    frames = [_frame_row(lake, origin, each, batch) for each in reductions]
    return ReductionRows(
        frames=pl.DataFrame(frames, schema_overrides=FRAMES.schema),
        calibrations=_calibration_rows(origin, reductions),
        frame_stars=_star_rows(origin, reductions),
        points=PHOTOMETRY.empty() if origin.dry_run else _points(origin, reductions),
    )


def point_keys(frames: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of every point that the bytes of these frames may have given their targets."""
    files = frames.select("target_id", "raw_sha256").unique(maintain_order=True)
    planes = pl.DataFrame({"plane": PLANES})
    return files.join(planes, how="cross").select(
        "target_id",
        source=pl.lit(UPLOAD),
        source_ref=pl.concat_str("raw_sha256", "plane", separator=":"),
    )


def _frame_row(lake: Lake, origin: FrameOrigin, reduction: Reduction, batch: Batch) -> dict[str, object]:
    same_names = {name: getattr(reduction, name) for name in FRAMES.schema if hasattr(reduction, name)}
    return {
        **same_names,
        **_solution_columns(reduction.solution),
        **asdict(reduction.facts),
        "stages_s": json.dumps(dict(reduction.stages_s)),
        **_origin_columns(origin, reduction),
        "status": str(reduction.status),
        "sentences": list(reduction.sentences),
        "notes": list(reduction.notes),
        "flags": _flags(origin, reduction),
        "cutout_sha256": _keep_cutout(lake, reduction),
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


def _keep_cutout(lake: Lake, reduction: Reduction) -> str:
    if reduction.cutout is None:
        return ""
    wcs = None if reduction.solution is None else reduction.solution.wcs
    return lake.raw.put(cutout_fits(reduction.cutout, reduction.stars_table, wcs))


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
            "spatial": _slope(reduction.calibration) if fit.band == reduction.calibration.band else "",
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


def _slope(calibration: Calibration) -> str:
    return "" if calibration.spatial is None else json.dumps(asdict(calibration.spatial))


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
