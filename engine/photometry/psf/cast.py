"""Who is on the stage: every star that is fitted, once, whether it was seen, catalogued, or is the target."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.photometry.detect import Detection
from engine.photometry.psf.fit import Stars

Array = NDArray[np.float64]

SEEN_SIGMA_PIX = 0.3  # of the place of a star that was only seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cast:
    """The stars to be fitted.

    Attributes
    ----------
    row_of
        For each place that was asked for, the star that stands there.
    """

    stars: Stars
    row_of: NDArray[np.int64]


def seen_stars(detection: Detection) -> Stars:
    """Return the frame's sources as stars whose places are but roughly known."""
    sources = detection.sources
    return Stars(
        x=sources["x"].to_numpy().copy(),
        y=sources["y"].to_numpy().copy(),
        flux_adu=sources["flux_adu"].to_numpy().copy(),
        place_sigma_pix=np.full(len(sources), SEEN_SIGMA_PIX),
    )


def moved(stars: Stars, shift: tuple[float, float]) -> Stars:
    """Return the stars at places shifted by (x, y)."""
    return replace(stars, x=stars.x + shift[0], y=stars.y + shift[1])


def chosen(stars: Stars, which: NDArray[np.bool_]) -> Stars:
    """Return some of the stars."""
    return Stars(
        x=stars.x[which],
        y=stars.y[which],
        flux_adu=stars.flux_adu[which],
        place_sigma_pix=stars.place_sigma_pix[which],
    )


def beside(stars: Stars, which: NDArray[np.bool_], *, reach_pix: float) -> NDArray[np.bool_]:
    """Return which stars lie near some of them, these included."""
    places = np.column_stack([stars.x, stars.y])
    distance, _ = cKDTree(places[which]).query(places)
    return np.asarray(distance < reach_pix)


def both(some: Stars, others: Stars) -> Stars:
    """Return all stars of two groups, those of the first one in front."""
    return Stars(
        x=np.concatenate([some.x, others.x]),
        y=np.concatenate([some.y, others.y]),
        flux_adu=np.concatenate([some.flux_adu, others.flux_adu]),
        place_sigma_pix=np.concatenate([some.place_sigma_pix, others.place_sigma_pix]),
    )


def cast_of(
    places: pl.DataFrame, known: pl.DataFrame, sources: Stars, *, known_sigma_pix: float, same_pix: float
) -> Cast:
    """Return every star once: the target, the catalogue's stars, and sources that are neither.

    Parameters
    ----------
    places
        ``x``, ``y`` of the sources, then of the target.
    same_pix
        Nearer than this, a source is the target or the catalogue's star.
    """
    target = places.select("x", "y").to_numpy()[len(sources) :]
    catalogue = known.select("x", "y").to_numpy()
    named = np.concatenate([target, catalogue]) if len(catalogue) else target
    seen = np.column_stack([sources.x, sources.y])
    owner, is_first = _owners(seen, named, same_pix)
    is_new = owner < 0
    flux = np.zeros(len(named))
    flux[owner[is_first]] = sources.flux_adu[is_first]
    row_of = np.where(is_new, len(named) + np.cumsum(is_new) - 1, owner)
    return Cast(
        stars=Stars(
            x=np.concatenate([named[:, 0], sources.x[is_new]]),
            y=np.concatenate([named[:, 1], sources.y[is_new]]),
            flux_adu=np.concatenate([flux, sources.flux_adu[is_new]]),
            place_sigma_pix=np.concatenate(
                [np.full(len(named), known_sigma_pix), sources.place_sigma_pix[is_new]]
            ),
        ),
        row_of=np.concatenate([row_of, np.arange(len(target))]).astype(np.int64),
    )


def _owners(seen: Array, named: Array, same_pix: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the named star that each source is, or -1, and which source is the brightest of its star."""
    if not len(named) or not len(seen):
        return np.full(len(seen), -1, dtype=np.int64), np.zeros(len(seen), dtype=np.bool_)
    distance, owner = cKDTree(named).query(seen)
    owner = np.where(distance < same_pix, owner, -1).astype(np.int64)
    is_first = np.zeros(len(seen), dtype=np.bool_)
    _, first = np.unique(owner, return_index=True)  # sources stand brightest first
    is_first[first] = True
    return owner, is_first & (owner >= 0)
