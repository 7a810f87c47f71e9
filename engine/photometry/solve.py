"""Places a frame on the sky: its header's word is checked, else its pattern found, else index files asked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from astropy.wcs import WCS
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.solution import Method, Solution
from engine.photometry.solving.index_files import solve_with_index_files
from engine.photometry.solving.pattern import Placement, propose_placements
from engine.photometry.solving.placing import PlacedStars, SkyStars, near_frame, place, sky_stars
from engine.photometry.solving.wcs_fit import linear_wcs, project

MIN_SOURCES = 5
MIN_REFERENCES = 5
SCALE_TOLERANCE = 0.2
MAX_LOG10_CHANCE = -3.0
_HEADER_TRIALS = 1e2
_PATTERN_TRIALS = 1e5
_ANY_SCALE_ARCSEC = (0.1, 60.0)
_EFFORTS = ((12, 40), (12, 80), (20, 80), (28, 110))  # sources and catalogue stars that are compared, in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    pixels: NDArray[np.complex128]  # the sources, the likeliest stars first
    stars: SkyStars
    shape: tuple[int, int]
    pointing: tuple[float, float] | None
    scale_arcsec: float | None

    @property
    def diagonal_pix(self) -> float:
        return float(np.hypot(*self.shape))


def solve(  # noqa: PLR0913 - what a header may tell, each part of it on its own
    sources: pl.DataFrame,
    *,
    shape: tuple[int, int],
    pointing: tuple[float, float] | None,
    pixel_scale_arcsec: float | None,
    wcs_hint: WCS | None,
    references: pl.DataFrame,
    mjd: float,
    index_dir: Path | None = None,
) -> Solution:
    """Return the world coordinates of a frame, held to the reference stars.

    Parameters
    ----------
    sources
        ``x``, ``y``, ``flux_adu``; spurious ones may outnumber the stars.
    shape
        (ny, nx) in pixels.
    pointing
        (ra_deg, dec_deg) of something on the frame or half a diagonal away from its centre.
    pixel_scale_arcsec
        Known to 20 %, or None.
    references
        In ``REFERENCE_SCHEMA``; stars without magnitudes will do.

    Raises
    ------
    Rejected
        ``few-stars``, ``no-position``, ``not-solved``.
    """
    pixels = _ordered_pixels(sources)
    if len(pixels) < MIN_SOURCES:
        raise Rejected(
            f"Only {len(pixels)} stars are on the frame; {MIN_SOURCES} are needed to place it on the sky: "
            "expose longer or check focus and cover.",
            code="few-stars",
        )
    problem = _Problem(
        pixels=pixels,
        stars=sky_stars(references, mjd=mjd),
        shape=shape,
        pointing=pointing,
        scale_arcsec=pixel_scale_arcsec,
    )
    solution = _by_header(problem, wcs_hint) or _by_catalogue(problem, wcs_hint)
    if solution is None and index_dir is not None:
        solution = _by_index_files(problem, index_dir)
    if solution is None:
        raise _refusal(problem, wcs_hint)
    return solution


def _ordered_pixels(sources: pl.DataFrame) -> NDArray[np.complex128]:
    """Return the positions, the brightest first; of two within two pixels the brighter one."""
    table = sources.filter(pl.col("x").is_finite() & pl.col("y").is_finite())
    table = table.sort("flux_adu", "x", "y", descending=[True, False, False], nulls_last=True)
    return np.asarray(table["x"].to_numpy() + 1j * table["y"].to_numpy(), dtype=np.complex128)


def _by_header(problem: _Problem, wcs_hint: WCS | None) -> Solution | None:
    if wcs_hint is None or len(problem.stars) < 3:
        return None
    placed = place(problem.pixels, problem.stars, wcs_hint, shape=problem.shape, trials=_HEADER_TRIALS)
    return _accepted(placed, Method.HEADER, None)


def _by_catalogue(problem: _Problem, wcs_hint: WCS | None) -> Solution | None:
    for centre, scale_arcsec in _starts(problem, wcs_hint):
        solution = _by_pattern(problem, centre, _scale_range(scale_arcsec))
        if solution is not None:
            return solution
    return None


def _starts(problem: _Problem, wcs_hint: WCS | None) -> list[tuple[tuple[float, float], float | None]]:
    """Return the places and scales to look at: the header's WCS may be roughly right, or nonsense."""
    starts: list[tuple[tuple[float, float], float | None]] = []
    if wcs_hint is not None:
        ny, nx = problem.shape
        ra_deg, dec_deg = (float(value) for value in wcs_hint.all_pix2world((nx - 1) / 2, (ny - 1) / 2, 0))
        if np.isfinite(ra_deg) and np.isfinite(dec_deg):
            starts.append(((ra_deg, dec_deg), problem.scale_arcsec or _scale_arcsec(wcs_hint)))
    centre = problem.pointing or problem.stars.middle()
    if centre is not None and not any(_is_near(centre, start, problem) for start in starts):
        starts.append((centre, problem.scale_arcsec))
    return starts


def _is_near(
    centre: tuple[float, float], start: tuple[tuple[float, float], float | None], problem: _Problem
) -> bool:
    """Return whether a search round the start covers the centre as well."""
    xi, eta = project(np.array([centre[0]]), np.array([centre[1]]), start[0])
    return bool(np.hypot(xi[0], eta[0]) < 0.25 * problem.diagonal_pix * (start[1] or 0.0))


def _by_pattern(
    problem: _Problem, centre: tuple[float, float], scales: tuple[float, float]
) -> Solution | None:
    stars = near_frame(problem.stars, centre, radius_arcsec=scales[1] * problem.diagonal_pix)
    xi, eta = project(stars.ra_deg, stars.dec_deg, centre)
    plane = np.asarray(xi + 1j * eta, dtype=np.complex128)
    efforts = [(min(n, len(problem.pixels)), min(m, len(plane))) for n, m in _EFFORTS]
    for sources_used, stars_used in dict.fromkeys(efforts):
        placements = propose_placements(
            problem.pixels[:sources_used],
            plane[:stars_used],
            scale_range=scales,
            diagonal_pix=problem.diagonal_pix,
        )
        for placement in placements:
            start = _start_wcs(placement, centre)
            placed = place(problem.pixels, stars, start, shape=problem.shape, trials=_PATTERN_TRIALS)
            solution = _accepted(placed, Method.CATALOGUE, scales)
            if solution is not None:
                return solution
    return None


def _start_wcs(placement: Placement, centre: tuple[float, float]) -> WCS:
    """Return the WCS of a placement on the plane tangent at the centre."""
    pixel = placement.pixels_of(np.zeros(1, dtype=np.complex128))[0]
    along_x, along_y = placement.plane_of(np.array([1.0, 1j])) - placement.shift
    matrix = np.array([[along_x.real, along_y.real], [along_x.imag, along_y.imag]])
    return linear_wcs(matrix, centre, (float(pixel.real), float(pixel.imag)))


def _by_index_files(problem: _Problem, index_dir: Path) -> Solution | None:
    found = solve_with_index_files(
        problem.pixels,
        index_dir=index_dir,
        pointing=problem.pointing,
        scale_range=_scale_range(problem.scale_arcsec),
    )
    if found is None:
        return None
    of_index = SkyStars(ra_deg=found.ra_deg, dec_deg=found.dec_deg, is_ordered=False)
    solutions = [
        _accepted(
            place(problem.pixels, stars, found.wcs, shape=problem.shape, trials=_HEADER_TRIALS),
            Method.INDEX,
            None,
        )
        for stars in (problem.stars, of_index)
    ]
    return solutions[0] or solutions[1]


def _accepted(
    placed: PlacedStars | None, method: Method, scales: tuple[float, float] | None
) -> Solution | None:
    if placed is None or placed.log10_chance > MAX_LOG10_CHANCE:
        return None
    scale_arcsec = _scale_arcsec(placed.wcs)
    if scales is not None and not scales[0] <= scale_arcsec <= scales[1]:
        return None
    return Solution(
        wcs=placed.wcs,
        rms_arcsec=placed.rms_pix * scale_arcsec,
        matched=placed.matched,
        method=method,
        pixel_scale_arcsec=scale_arcsec,
        log10_chance=placed.log10_chance,
    )


def _scale_range(scale_arcsec: float | None) -> tuple[float, float]:
    if scale_arcsec is None:
        return _ANY_SCALE_ARCSEC
    return scale_arcsec * (1 - SCALE_TOLERANCE), scale_arcsec * (1 + SCALE_TOLERANCE)


def _scale_arcsec(wcs: WCS) -> float:
    return float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix)))) * 3600.0


def _refusal(problem: _Problem, wcs_hint: WCS | None) -> Rejected:
    if problem.pointing is None and wcs_hint is None and not len(problem.stars):
        return Rejected(
            "Nothing tells where the frame looks: write RA and DEC into its header, or name a target.",
            code="no-position",
        )
    if len(problem.stars) < MIN_REFERENCES:
        return Rejected(
            f"The catalogue has only {len(problem.stars)} stars there; {MIN_REFERENCES} are needed to place "
            "the frame on the sky: give a deeper catalogue.",
            code="few-stars",
        )
    return Rejected(
        f"The {len(problem.pixels)} sources of the frame fit none of the catalogue's {len(problem.stars)} "
        "stars: check position, pixel scale and focus, or give a catalogue of the whole field.",
        code="not-solved",
    )
