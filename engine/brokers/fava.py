"""FAVA: counts of gamma rays in every week relative to what a place usually gives, from the Fermi LAT.

References
----------
Abdollahi et al. 2017, ApJ 846, 34.
"""

from dataclasses import dataclass

import polars as pl

from engine.brokers.fermi_met import MET_RANGE_S, mjd_utc_of_met
from engine.brokers.points import archive_points, brightness
from engine.brokers.protocol import BrokerInfo, Canary, Http, Query
from engine.brokers.reading.answers import drift, refuse_pages, with_numbers
from engine.brokers.reading.json_answers import json_of, table_of_objects
from engine.lightcurve import Flag, empty

URL = "https://fermi.gsfc.nasa.gov/ssc/data/access/lat/FAVA/queryDB_Lightcurve.php"
CUTS_VERSION = "fava-1"

INFO = BrokerInfo(
    key="fava",
    title="FAVA (Fermi LAT)",
    radius_arcsec=60.0,
    refresh_d=7.0,
    bands=("LAT(>100MeV)", "LAT(>800MeV)"),
    citation="2017ApJ...846...34A",
    acknowledgement=(
        "This work used the Fermi All-sky Variability Analysis (FAVA), provided by the Fermi-LAT "
        "Collaboration and the Fermi Science Support Center at NASA's Goddard Space Flight Center."
    ),
    homepage="https://fermi.gsfc.nasa.gov/ssc/data/access/lat/FAVA/",
    time_scale="TT",
    latency_s=30.0,
    canary=Canary(name="Mkn 421", ra_deg=166.113808, dec_deg=38.208833, least_rows=500),
    method=(
        "The archive counts photons about a place in weekly bins, and tells the number expected from "
        "the mean of the mission. Their ratio is stored as a magnitude relative to the own mean: "
        "-2.5 log10 (nev / avnev). It is no flux: the counts hold the diffuse glow and the neighbours.",
        "The error is the square root of the counts. Magnitudes are given from 3 sigma on (nine photons), "
        "else a 5 sigma limit relative to the same mean. calib_version: fava-1.",
        "A bin without an expected number (no exposure) gives no point.",
        "Times are mission elapsed times in TT brought to UTC. The archive does not say which moment of the "
        "week they are, so that every point is flagged as uncertain in time; exptime_s is the week.",
    ),
    differs=(
        "BHTOM stores (nev - avnev) / avnev; a magnitude of the same ratio can be drawn with the others.",
        "The 64.184 s between mission elapsed time and UTC at its zero, and the leap seconds since, are "
        "taken away.",
    ),
)

COLUMNS = ("time", "nev", "avnev", "he_nev", "he_avnev")
_ENERGIES = (("LAT(>100MeV)", "nev", "avnev"), ("LAT(>800MeV)", "he_nev", "he_avnev"))
_WEEK_S = 604800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fava:
    """The archive of weekly LAT counts."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the weekly counts at the target's position."""
        words = {"ra": f"{query.ra_deg:.6f}", "dec": f"{query.dec_deg:.6f}"}
        return refuse_pages(http.get(URL, params=words, timeout_s=120.0), title=INFO.title)

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return magnitudes relative to the mean, in two bands.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        records = json_of(body, title=INFO.title)
        table = table_of_objects(records, title=INFO.title, required=COLUMNS)
        rows = with_numbers(table, COLUMNS, title=INFO.title)
        if not rows["time"].is_between(*MET_RANGE_S).fill_null(False).all():
            raise drift(INFO.title, "a time outside the mission")
        if rows.select(pl.any_horizontal(pl.col(COLUMNS[1:]) < 0).any()).item():
            raise drift(INFO.title, "a negative number of photons")
        rows = rows.with_columns(pl.Series("mjd", mjd_utc_of_met(rows["time"].to_numpy())))
        points = pl.concat([_one_band(rows, *energy) for energy in _ENERGIES])
        return archive_points(points, query, INFO, calib_version=CUTS_VERSION, facility="Fermi LAT")


def _one_band(rows: pl.DataFrame, band: str, counts: str, expected: str) -> pl.DataFrame:
    number, mean = pl.col(counts), pl.col(expected)
    counted = rows.filter((number.is_finite() & mean.is_finite() & (mean > 0)).fill_null(False))
    # the error of no photon is that of one
    ratio, ratio_err = number / mean, pl.max_horizontal(number, 1.0).sqrt() / mean
    return counted.select(
        source_ref=pl.format("{}/{}", pl.col("time").cast(pl.Int64), pl.lit(band)),
        mjd="mjd",
        exptime_s=pl.lit(_WEEK_S),
        band=pl.lit(band),
        flags=pl.lit(int(Flag.TIME_UNCERTAIN)),
        **brightness(ratio, ratio_err, zero_point_mag=0.0),
    )
