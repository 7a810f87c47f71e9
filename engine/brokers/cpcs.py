"""Cambridge Photometric Calibration Server: follow-up of Gaia's alerts until BHTOM took over.

The service is closed; a person brings the JSON that it gave for an alert.

References
----------
Zielinski et al. 2019, CoSka 49, 125.
"""

from dataclasses import dataclass

import polars as pl

from engine.bands import band_label
from engine.brokers.points import archive_points
from engine.brokers.protocol import Asks, BrokerInfo, Evidence, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import json_list, json_of, part
from engine.lightcurve import empty

CUTS_VERSION = "cpcs-1"
_FILTERS = {"APASS": "BVgri", "SDSS": "ugriz", "PS1": "grizy"}
LABELS = {
    (name, catalogue): band_label(catalogue, name) for catalogue, names in _FILTERS.items() for name in names
}

INFO = BrokerInfo(
    key="cpcs",
    title="Cambridge Photometric Calibration Server",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=tuple(LABELS.values()),
    citation="2019CoSka..49..125Z",
    acknowledgement=(
        "We acknowledge the use of the Cambridge Photometric Calibration Server "
        "(http://gsaweb.ast.cam.ac.uk/followup), and the observers who sent it their data."
    ),
    homepage="http://gsaweb.ast.cam.ac.uk/followup",
    release="closed",
    asks=Asks.FILE,
    coverage="targets that its users observed",
    latency_s=0.0,
    evidence=Evidence.RECORDED,
    method=(
        "The file of an alert is read as the service gave it. The error is that of the magnitude and of its "
        "calibration, added in squares.",
        "A magnitude with an error of -1 is a limit. Rows without a magnitude, and bands other than those of "
        "APASS, SDSS and Pan-STARRS, are left out.",
        "Labels are band(APASS) for APASS; magnitudes calibrated to SDSS and Pan-STARRS have the labels of "
        "those surveys.",
        "Times are the file's MJD (UTC, middle of the exposure, as observers gave it). Account tags of "
        "observers are not read. calib_version is cpcs-1.",
    ),
    differs=("BHTOM drops limits; tomlake keeps them.",),
)
COLUMNS = ("id", "mjd", "mag", "magerr", "caliberr", "filter", "catalog", "observatory")
_NUMBERS = ("mjd", "mag", "magerr", "caliberr")
_MJD_RANGE = (50000.0, 65000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpcs:
    """The files of the calibration server."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:  # noqa: ARG002
        """Return empty bytes: there is nobody to ask."""
        return b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the file's points as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = observations(body)
        labels = [
            LABELS.get((str(name), str(catalogue)))
            for name, catalogue in rows.select("filter", "catalog").iter_rows()
        ]
        is_limit, is_error = pl.col("magerr") == -1.0, pl.col("magerr") > 0
        calibration = (
            pl.when(pl.col("caliberr").is_finite() & (pl.col("caliberr") > 0)).then("caliberr").otherwise(0.0)
        )
        points = (
            rows.with_columns(band=pl.Series(labels, dtype=pl.String()))
            .filter(pl.col("mag").is_between(0.0, 30.0), is_limit | is_error, pl.col("band").is_not_null())
            .select(
                "mjd",
                "band",
                source_ref="id",
                mag=pl.when(~is_limit).then("mag"),
                mag_err=pl.when(~is_limit).then((pl.col("magerr") ** 2 + calibration**2).sqrt()),
                limit_mag=pl.when(is_limit).then("mag"),
                facility="observatory",
                observer="observatory",
            )
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION)


def observations(body: bytes) -> pl.DataFrame:
    """Return the parallel lists of a file as rows; ``id`` stays text.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    told = json_of(body, title=INFO.title, keeps_nan=True)
    lists = {name: json_list(part(told, name, title=INFO.title), title=INFO.title) for name in COLUMNS}
    if len({len(values) for values in lists.values()}) > 1:
        raise drift(INFO.title, "lists of different lengths")
    types = {name: pl.Float64() if name in _NUMBERS else pl.String() for name in COLUMNS}
    try:
        rows = pl.DataFrame(
            {name: values if name in _NUMBERS else list(map(str, values)) for name, values in lists.items()},
            schema=types,
        )
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise drift(INFO.title, "words where numbers stood") from error
    if not rows["mjd"].is_between(*_MJD_RANGE).fill_null(False).all():
        raise drift(INFO.title, "a row without a possible time")
    return rows
