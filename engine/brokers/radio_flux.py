"""Radio catalogues of one flux for each source: the nearest source's flux as one point."""

from dataclasses import dataclass

import polars as pl

from engine.brokers.matching import nearest_first, places_at
from engine.brokers.points import UJY_PER, archive_points
from engine.brokers.protocol import BrokerInfo, Query
from engine.brokers.reading.answers import drift, with_numbers
from engine.lightcurve import Flag, empty


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioColumns:
    """What a catalogue's columns are called, and how well its flux scale is known."""

    name: str
    ra: str
    dec: str
    flux: str
    flux_err: str
    unit: str  # of both fluxes
    scale_err: float  # relative error of the flux scale, added in quadrature


def radio_point(
    rows: pl.DataFrame, columns: RadioColumns, query: Query, info: BrokerInfo, *, calib_version: str
) -> pl.DataFrame:
    """Return the nearest source of a catalogue as a light curve of one point; its time is uncertain.

    Parameters
    ----------
    rows
        Text, with ``mjd`` and maybe ``flags`` and ``exptime_s`` as numbers: the middle of the observations.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    names = (columns.ra, columns.dec, columns.flux, columns.flux_err)
    if columns.unit not in UJY_PER:
        raise drift(info.title, f"fluxes in {columns.unit!r}")
    table = with_numbers(rows, names, title=info.title)
    if table.select(pl.any_horizontal(pl.col(columns.ra, columns.dec).is_null())).to_series().any():
        raise drift(info.title, "a source without position")
    if table.is_empty():
        return empty()
    places = places_at(query, table["mjd"].to_numpy())
    near = nearest_first(table, places, ra=columns.ra, dec=columns.dec, radius_arcsec=info.radius_arcsec)
    flux, err = pl.col(columns.flux), pl.col(columns.flux_err)
    sound = flux.is_finite() & err.is_finite() & (err > 0) & (flux > 0)
    found = near.filter(sound.fill_null(False)).head(1)
    points = found.select(
        source_ref=pl.col(columns.name).str.strip_chars(),
        mjd="mjd",
        band=pl.lit(info.bands[0]),
        flux_ujy=flux * UJY_PER[columns.unit],
        flux_err_ujy=(err.pow(2) + (columns.scale_err * flux).pow(2)).sqrt() * UJY_PER[columns.unit],
        flags=(pl.col("flags") if "flags" in found.columns else pl.lit(0)) | int(Flag.TIME_UNCERTAIN),
        exptime_s=pl.col("exptime_s") if "exptime_s" in found.columns else pl.lit(None, pl.Float64()),
    )
    return archive_points(points, query, info, calib_version=calib_version)
