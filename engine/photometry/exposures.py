"""One door for everything that can be reduced: images of any dialect, and instrumental tables."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.frame import Camera, Frame
from engine.photometry.instrumental import InstrumentalTable, read_instrumental_frames
from engine.photometry.masters import Masters
from engine.photometry.pipeline import reduce_frame, reduce_table
from engine.photometry.read import read_frames
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

Exposure = Frame | InstrumentalTable

_PERHAPS_A_TABLE = ("not-fits", "no-image")
_RADIUS_MARGIN_DEG = 0.1  # telescopes do not point where their headers say
_RADIUS_UNKNOWN_DEG = 0.5
_RADIUS_MAX_DEG = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person may choose for a reduction.

    Attributes
    ----------
    requested
        Band to standardise to, or ``any`` for the one that fits best.
    masters
        Bias, dark and flat for the frames that they fit.
    """

    requested: str = "any"
    index_dir: Path | None = None
    masters: Masters | None = None


def read_exposures(
    path: Path,
    *,
    camera: Camera = Camera(),  # noqa: B008 - frozen
    masters: Masters | None = None,
) -> list[Exposure]:
    """Return what a file holds: the planes of an image, or tables of instrumental magnitudes.

    Raises
    ------
    Rejected
        Why the file is neither, in the words of the image reader.
    """
    try:
        return list(read_frames(path, camera=camera, masters=masters))
    except Rejected as refusal:
        if refusal.code not in _PERHAPS_A_TABLE:
            raise
        try:
            return list(read_instrumental_frames(path))
        except Rejected as table_refusal:
            raise (refusal if table_refusal.code == "not-a-table" else table_refusal) from None


def reduce_exposure(
    exposure: Exposure,
    target: Target | None,
    references: pl.DataFrame,
    *,
    requested: str = "any",
    index_dir: Path | None = None,
    radius_pix: float | None = None,
) -> Reduction:
    """Return the verdict on one exposure, whatever its kind; it is never raised."""
    if isinstance(exposure, InstrumentalTable):
        return reduce_table(exposure, target, references, requested=requested)
    if target is None:
        return Reduction(
            status=Status.REJECTED,
            code="no-target",
            reason="An image needs a target to measure: name one with --target, or give --ra and --dec.",
        )
    return reduce_frame(
        exposure, target, references, requested=requested, index_dir=index_dir, radius_pix=radius_pix
    )


def reduce_file(
    path: Path,
    target: Target | None,
    references: pl.DataFrame,
    *,
    choices: Choices = Choices(),
) -> list[Reduction]:
    """Return a verdict on each exposure in a file; a file that cannot be read has one verdict."""
    try:
        exposures = read_exposures(path, masters=choices.masters)
    except Rejected as refusal:
        return [unreadable(refusal, file=path.name)]
    return [
        replace(
            reduce_exposure(
                exposure, target, references, requested=choices.requested, index_dir=choices.index_dir
            ),
            file=path.name,
        )
        for exposure in exposures
    ]


def unreadable(refusal: Rejected, *, file: str = "") -> Reduction:
    """Return the verdict on a file from which no exposure could be read."""
    return Reduction(
        status=Status.REJECTED,
        code=refusal.code,
        reason=refusal.reason,
        sentences=(refusal.reason,),
        file=file,
    )


def field_radius_deg(exposures: list[Exposure]) -> float:
    """Return the radius round a target on the exposures within which all their stars lie, with a margin."""
    return min(max(_radius_deg(exposure) for exposure in exposures), _RADIUS_MAX_DEG)


def _radius_deg(exposure: Exposure) -> float:
    if isinstance(exposure, InstrumentalTable) or exposure.pixel_scale_arcsec is None:
        return _RADIUS_UNKNOWN_DEG
    diagonal_deg = np.hypot(*exposure.shape) * exposure.pixel_scale_arcsec / 3600.0
    return float(diagonal_deg + _RADIUS_MARGIN_DEG)
