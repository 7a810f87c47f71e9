"""Blind solving with astrometry.net's index files, where somebody has put them into a folder.

References
----------
Lang et al. 2010, AJ 139, 1782.
"""

from dataclasses import dataclass
from pathlib import Path

import astrometry
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

_MAX_SOURCES = 120
_POINTING_RADIUS_DEG = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMatch:
    """A rough placing of a frame, and the stars that the index files have there."""

    wcs: WCS
    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]


def index_files(index_dir: Path) -> list[Path]:
    """Return the index files of a folder and of the folders in it, sorted."""
    return sorted(index_dir.rglob("index-*.fits")) if index_dir.is_dir() else []


def _stop_at_first(_log_odds: list[float]) -> astrometry.Action:
    return astrometry.Action.STOP


def solve_with_index_files(
    pixels: NDArray[np.complex128],
    *,
    index_dir: Path,
    pointing: tuple[float, float] | None,
    scale_range: tuple[float, float],
) -> IndexMatch | None:
    """Return where the frame looks, None where no index file of the folder knows its pattern."""
    files = index_files(index_dir)
    if not files:
        return None
    hint = None
    if pointing is not None:
        hint = astrometry.PositionHint(
            ra_deg=pointing[0], dec_deg=pointing[1], radius_deg=_POINTING_RADIUS_DEG
        )
    with astrometry.Solver(files) as solver:
        solution = solver.solve(
            stars=[[float(pixel.real), float(pixel.imag)] for pixel in pixels[:_MAX_SOURCES]],
            size_hint=astrometry.SizeHint(
                lower_arcsec_per_pixel=scale_range[0], upper_arcsec_per_pixel=scale_range[1]
            ),
            position_hint=hint,
            solution_parameters=astrometry.SolutionParameters(
                sip_order=0,
                tune_up_logodds_threshold=None,  # our own fit refines
                logodds_callback=_stop_at_first,
            ),
        )
    if not solution.has_match():
        return None
    best = solution.best_match()
    return IndexMatch(
        wcs=WCS(fits.Header([fits.Card(key, *value) for key, value in best.wcs_fields.items()])),
        ra_deg=np.array([star.ra_deg for star in best.stars]),
        dec_deg=np.array([star.dec_deg for star in best.stars]),
    )
