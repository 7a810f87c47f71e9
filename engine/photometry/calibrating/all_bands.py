"""The fits of all bands to the same stars, and what they say of the band that the frame was taken in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.bands import BANDS
from engine.photometry.calibrating.candidates import BandEvidence, Expected, band_probabilities
from engine.photometry.calibrating.robust import MixtureFit
from engine.photometry.calibrating.star_colours import MIN_COLOURED_STARS, StarColours
from engine.photometry.calibrating.zero_point import (
    COLOUR_COLUMNS,
    USUAL_BEND_MAG,
    FieldBox,
    StarMagnitudes,
    choose_spatial_order,
    field_box,
    fit_zero_point,
)
from engine.photometry.calibration import MIN_STARS, BandFit, SpatialTerm

MAX_OUTLIER_FRACTION = 0.55  # the search for the densest line stands no more
MAX_SCATTER_MAG = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedBand:
    """One band: its stars, their fit, and what is told of it."""

    rows: pl.DataFrame
    stars: StarMagnitudes
    fit: MixtureFit
    told: BandFit


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedBands:
    """All bands that have stars enough, and the slope over the field that they share."""

    bands: tuple[FittedBand, ...]
    box: FieldBox | None
    order: int

    def of(self, band: str) -> FittedBand:
        """Return one band."""
        return next(one for one in self.bands if one.told.band == band)

    def spatial(self, chosen: FittedBand) -> SpatialTerm | None:
        """Return the slope over the field in one band."""
        first = 1 if chosen.stars.colour_mag is None else 1 + COLOUR_COLUMNS
        coefficients = tuple(float(value) for value in chosen.fit.coefficients[first:])
        if self.box is None or not coefficients:
            return None
        return SpatialTerm(box=self.box, order=self.order, coefficients=coefficients)


def fit_all_bands(
    usable: pl.DataFrame, colours: StarColours | None, counts: Mapping[str, int], *, expected: Expected
) -> FittedBands:
    """Return the fits of every band; where the likeliest asks for a slope over the field, all have one."""
    prepared = [
        _prepared(usable.filter(pl.col("band") == band), colours)
        for band in sorted(counts)
        if counts[band] >= MIN_STARS
    ]
    flat = tuple(_fitted(rows, stars, fit_zero_point(stars)) for rows, stars in prepared)
    best = ranked(flat, tuple(one.told.band for one in flat), expected=expected)[0].band
    leader = next(one for one in flat if one.told.band == best)
    box = field_box(leader.stars.x, leader.stars.y)
    order = choose_spatial_order(leader.stars, leader.fit, box)
    if order == 0:
        return FittedBands(bands=flat, box=box, order=0)
    sloped = tuple(
        _fitted(one.rows, one.stars, fit_zero_point(one.stars, box=box, order=order))
        if np.all(np.isfinite(one.stars.x))
        else one
        for one in flat
    )
    return FittedBands(bands=sloped, box=box, order=order)


def ranked(
    fitted: Sequence[FittedBand], allowed: tuple[str, ...], *, expected: Expected
) -> tuple[BandFit, ...]:
    """Return what is told of all bands with the probability of each allowed one, the likeliest first.

    Parameters
    ----------
    expected
        What is known of the band before the stars are asked.
    """
    candidates = [one for one in fitted if one.told.band in allowed]
    judged = [one for one in candidates if one.told.is_good] or candidates
    probabilities = band_probabilities(_evidence(judged), expected=expected)
    told = [replace(one.told, probability=probabilities.get(one.told.band, 0.0)) for one in fitted]
    return tuple(sorted(told, key=lambda fit: (fit.band not in probabilities, -fit.probability, fit.band)))


def _prepared(rows: pl.DataFrame, colours: StarColours | None) -> tuple[pl.DataFrame, StarMagnitudes]:
    colour = None
    if colours is not None:
        coloured = rows.join(colours.of_star, on="ref_id", maintain_order="left")
        if len(coloured) >= MIN_COLOURED_STARS:
            rows = coloured
            colour = coloured["colour_mag"].to_numpy() - colours.zero_mag
    errors = [rows[name].fill_null(0.0).to_numpy() for name in ("inst_mag_err", "ref_mag_err")]
    return rows, StarMagnitudes(
        offset_mag=(rows["ref_mag"] - rows["inst_mag"]).to_numpy(),
        variance_mag2=errors[0] ** 2 + errors[1] ** 2,
        colour_mag=colour,
        x=rows["x"].fill_null(float("nan")).to_numpy(),
        y=rows["y"].fill_null(float("nan")).to_numpy(),
    )


def _fitted(rows: pl.DataFrame, stars: StarMagnitudes, fit: MixtureFit) -> FittedBand:
    band, has_colour = str(rows["band"][0]), stars.colour_mag is not None
    good_stars = round(float(np.sum(fit.good)))
    told = BandFit(
        band=band,
        catalogue=str(rows["catalogue"].drop_nulls().mode().sort().first() or BANDS[band].survey),
        zero_point_mag=float(fit.coefficients[0]),
        zero_point_err_mag=float(fit.errors[0]),
        colour_term=float(fit.coefficients[1]) if has_colour else None,
        colour_term_err=float(fit.errors[1]) if has_colour else None,
        colour_bend=float(fit.coefficients[2]) if has_colour else 0.0,
        colour_bend_err=float(fit.errors[2]) if has_colour else 0.0,
        scatter_mag=max(fit.scatter, 1e-6),
        intrinsic_mag=fit.intrinsic,
        stars=good_stars,
        outlier_fraction=fit.outlier_fraction,
        is_good=fit.outlier_fraction <= MAX_OUTLIER_FRACTION
        and fit.scatter <= MAX_SCATTER_MAG
        and good_stars >= MIN_STARS - 1,
    )
    return FittedBand(rows=rows, stars=stars, fit=fit, told=told)


def _evidence(judged: Sequence[FittedBand]) -> list[BandEvidence]:
    """Return what speaks for each band, star by star against the band that most stars have."""
    if not judged:
        return []
    common = _log_densities(max(judged, key=lambda one: (len(one.rows), one.told.band)))
    return [_witness(one, common) for one in judged]


def _log_densities(one: FittedBand) -> dict[str, float]:
    """Return how likely each star's first row is, by its ``ref_id``."""
    stars, log_density = one.rows["ref_id"].to_list(), one.fit.log_density.tolist()
    return dict(zip(reversed(stars), reversed(log_density), strict=True))


def _witness(one: FittedBand, common: Mapping[str, float]) -> BandEvidence:
    gains = [told - common[star] for star, told in _log_densities(one).items() if star in common]
    # the coefficients' errors say how much of what they might be the stars leave (Laplace's method)
    sign, log_volume = np.linalg.slogdet(one.fit.covariance)
    return BandEvidence(
        band=one.told.band,
        colour_term=one.told.colour_term,
        colour_term_err=one.told.colour_term_err,
        log_likelihood=math.fsum(gains) + (0.5 * float(log_volume) if sign > 0 else 0.0),
        stars=len(gains),
        log_prior=-0.5 * (one.told.colour_bend / USUAL_BEND_MAG) ** 2,
    )
