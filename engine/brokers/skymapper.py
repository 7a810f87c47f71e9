"""SkyMapper Southern Survey DR4: every detection in u, v, g, r, i, z from 2014 to 2021.

References
----------
Onken et al. 2024, PASA 41, e061.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.tap import ask_tap, rows_in_cone
from engine.brokers.matching import cone_at, nearest_first, place_at
from engine.brokers.points import archive_points, brightness, flux_and_error
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.reading.answers import csv_table, drift, with_numbers
from engine.lightcurve import AB_ZERO_POINT_UJY_MAG, Flag, empty
from engine.times import mid_exposure

TAP_URL = "https://api.skymapper.nci.org.au/public/tap"
CUTS_VERSION = "skymapper-cuts-1"
FILTERS = "uvgriz"

INFO = BrokerInfo(
    key="skymapper",
    title="SkyMapper DR4",
    radius_arcsec=2.0,
    refresh_d=None,
    bands=tuple(f"SkyMapper({name})" for name in FILTERS),
    citation="2024PASA...41...61O",
    acknowledgement=(
        "The national facility capability for SkyMapper has been funded through ARC LIEF grant LE130100104 "
        "from the Australian Research Council, awarded to the University of Sydney, the Australian National "
        "University, Swinburne University of Technology, the University of Queensland, the University of "
        "Western Australia, the University of Melbourne, Curtin University of Technology, Monash University "
        "and the Australian Astronomical Observatory. SkyMapper is owned and operated by The Australian "
        "National University's Research School of Astronomy and Astrophysics. The survey data were processed "
        "and provided by the SkyMapper Team at ANU. The SkyMapper node of the All-Sky Virtual Observatory "
        "(ASVO) is hosted at the National Computational Infrastructure (NCI)."
    ),
    homepage="https://skymapper.anu.edu.au/",
    release="DR4",
    coverage="south of declination +16, parts to +28",
    dec_range_deg=(-90.0, 28.0),
    latency_s=30.0,
    method=(
        "The object is the nearest one of dr4.master within the radius of the target moved to 2017; all its "
        "detections in dr4.photometry are asked for.",
        "Detections are left out unless flags < 4 (not saturated, no cosmic ray or scattered light) and "
        "nimaflags < 5 (at most four bad pixels), as the survey does for its own means. calib_version names "
        "the cuts: skymapper-cuts-1. Detections with flags 1 to 3 are flagged as blended.",
        "mag_psf is AB; from 3 sigma on it is kept, else it becomes a 5 sigma limit from its error.",
        "The archive gives the beginning of the exposure (UTC); half of exp_time is added.",
    ),
    differs=(
        "Times are the middle of the exposure, where BHTOM takes its beginning, 50 s earlier for the main "
        "survey.",
        "Saturated and masked detections are left out, where BHTOM keeps them.",
        "One object is taken, where BHTOM mixes all detections within 5 arcsec.",
    ),
)

_EPOCH_YEAR = 2017.0
_MJD_RANGE = (56700.0, 59600.0)
_FLAGS_END, _NIMAFLAGS_END = 4, 5
_MAG_RANGE = (0.0, 30.0)
_MASTER_COLUMNS = ("object_id", "raj2000", "dej2000")
_OF_DETECTION = ("image_id", "ccd", "filter", "flags", "nimaflags", "mag_psf", "e_mag_psf")
_OF_IMAGE = ("date", "exp_time")
_NUMBERS = ("flags", "nimaflags", "mag_psf", "e_mag_psf", *_OF_IMAGE)
COLUMNS = (*_OF_DETECTION, *_OF_IMAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyMapper:
    """SkyMapper's TAP service."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return all detections of the nearest object as CSV, empty bytes where there is none."""
        cone = cone_at(query, year=_EPOCH_YEAR, half_span_yr=0.0, radius_arcsec=INFO.radius_arcsec)
        adql = rows_in_cone("dr4.master", _MASTER_COLUMNS, cone, ra="raj2000", dec="dej2000")
        objects = csv_table(
            ask_tap(http, TAP_URL, adql, title=INFO.title), title=INFO.title, required=_MASTER_COLUMNS
        ).rename({"raj2000": "ra", "dej2000": "dec"})
        objects = with_numbers(objects, ("ra", "dec"), title=INFO.title)
        near = nearest_first(objects, place_at(query, _EPOCH_YEAR), radius_arcsec=INFO.radius_arcsec)
        if near.is_empty():
            return b""
        object_id = near["object_id"][0].strip()
        if not object_id.isdigit():
            raise drift(INFO.title, "an object_id that is not a number")
        columns = [*(f"p.{name}" for name in _OF_DETECTION), *(f"i.{name}" for name in _OF_IMAGE)]
        adql = (
            f"SELECT {', '.join(columns)} FROM dr4.photometry AS p "  # noqa: S608 - a number only
            f"JOIN dr4.images AS i ON p.image_id = i.image_id WHERE p.object_id = {object_id}"
        )
        return ask_tap(http, TAP_URL, adql, title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the detections as a light curve of six bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        rows = detections(body).filter(
            pl.col("flags") < _FLAGS_END,
            pl.col("nimaflags") < _NIMAFLAGS_END,
            pl.col("mag_psf").is_between(*_MAG_RANGE),
            pl.col("e_mag_psf").is_between(0.0, 10.0, closed="right"),
        )
        if rows.is_empty():
            return empty()
        zero_point_mag = AB_ZERO_POINT_UJY_MAG
        flux, flux_err = flux_and_error(pl.col("mag_psf"), pl.col("e_mag_psf"), zero_point_mag=zero_point_mag)
        mjd = mid_exposure(rows["date"].to_numpy(), rows["exp_time"].to_numpy())
        points = rows.with_columns(pl.Series("mjd", mjd)).select(
            "mjd",
            source_ref=pl.format("{}/{}", "image_id", "ccd"),
            band=pl.format("SkyMapper({})", "filter"),
            exptime_s="exp_time",
            camera=pl.format("ccd {}", "ccd"),
            flags=pl.when(pl.col("flags") > 0).then(int(Flag.BLENDED)).otherwise(0),
            **brightness(flux, flux_err, zero_point_mag=zero_point_mag),
        )
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="SkyMapper")


def detections(body: bytes) -> pl.DataFrame:
    """Return every detection of an answer, checked; a flag that is not given cuts."""
    table = csv_table(body, title=INFO.title, required=COLUMNS)
    rows = with_numbers(table, _NUMBERS, title=INFO.title).with_columns(pl.col("filter").str.strip_chars())
    sound = (
        pl.col("date").is_between(*_MJD_RANGE)
        & pl.col("exp_time").is_between(0.0, 1000.0, closed="right")
        & pl.col("filter").is_in(list(FILTERS))
        & pl.col("image_id").str.contains(r"^\d+$")
    )
    broken = rows.filter(~sound.fill_null(value=False))
    if len(broken):
        raise drift(INFO.title, f"an impossible detection in image {broken['image_id'][0]!r}")
    return rows
