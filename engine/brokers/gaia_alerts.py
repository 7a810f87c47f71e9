"""Gaia Science Alerts: G light curves of transients that Gaia found from 2014 to January 2025.

References
----------
Hodgkin et al. 2021, A&A 652, A76.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from astropy.coordinates import SkyCoord

from engine.brokers.asking.found import found
from engine.brokers.matching import nearest_name
from engine.brokers.protocol import BrokerInfo, Canary, Evidence, Http, Query
from engine.brokers.reading.answers import csv_table, drift, refuse_pages, text_of, with_numbers
from engine.errors import Rejected
from engine.lightcurve import Flag, empty, light_curve
from engine.times import bjd_tdb, mjd_of_jd

_SITE = "https://gsaweb.ast.cam.ac.uk/alerts"
INDEX_URL = f"{_SITE}/alerts.csv"

INFO = BrokerInfo(
    key="gaia_alerts",
    title="Gaia Science Alerts",
    radius_arcsec=5.0,
    refresh_d=None,
    bands=("GSA(G)",),
    citation="2021A&A...652A..76H",
    acknowledgement=(
        "We acknowledge ESA Gaia, DPAC and the Photometric Science Alerts Team "
        "(http://gsaweb.ast.cam.ac.uk/alerts)."
    ),
    homepage="http://gsaweb.ast.cam.ac.uk/alerts",
    release="final, January 2025",
    coverage="whole sky, 25,000 alerts",
    time_scale="labelled TCB, in fact UTC",
    latency_s=2.0,
    canary=Canary(name="Gaia20fnr", ra_deg=90.26701, dec_deg=-18.9677, least_rows=20),
    differs=(
        "BHTOM's error model gives errors up to twice as large or as small; both models can be chosen.",
        "BHTOM takes the times as certain; here each is flagged: one of the archive's labels is wrong.",
    ),
    evidence=Evidence.RECORDED,
    index_urls=(INDEX_URL,),
    method=(
        "An alert is found by its name among the target's names, else as the nearest one within the radius.",
        "Rows marked untrusted, null or NaN are left out.",
        "The archive gives no errors: they come from the scatter that Hodgkin et al. 2021 published "
        "(hodgkin-2021); BHTOM's model can be chosen instead (bhtom-2020). calib_version names the model.",
        "The column JD(TCB) is taken as JD in UTC, because the Date column says the same instant; as one of "
        "the two labels is wrong by 86 to 93 s, every point is flagged as uncertain in time.",
    ),
)

_HEADER = re.compile(r"#Date,JD\(TCB\),averagemag\.?")
_ALERT_NAME = re.compile(r"gaia[ _-]?(\d\d)([a-z]{3,4})", re.IGNORECASE)
_NOT_MEASURED = frozenset({"untrusted", "null", "nan"})
_JD_RANGE = (2456000.0, 2462000.0)  # 2012 to 2028: Gaia lived from 2013 to 2025


class ErrorModel(StrEnum):
    """How magnitudes get errors where the archive gives none; the value goes into ``calib_version``."""

    HODGKIN_2021 = "hodgkin-2021"
    BHTOM_2020 = "bhtom-2020"


@dataclass(frozen=True, slots=True, kw_only=True)
class GaiaAlerts:
    """The archive of Gaia Science Alerts."""

    error_model: ErrorModel = ErrorModel.HODGKIN_2021

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return ``lightcurve.csv`` of the target's alert, empty bytes where Gaia never alerted on it.

        Raises
        ------
        Rejected
            ``wrong-object``: the archive sent another alert's light curve.
        """
        for name in alert_names((query.name, *query.names)):
            body = _light_curve_of(name, http)
            if body is not None:
                return body
        index = refuse_pages(http.get(INDEX_URL, timeout_s=120.0), title=INFO.title)
        near = nearest_alert(index, ra_deg=query.ra_deg, dec_deg=query.dec_deg)
        return b"" if near is None else _light_curve_of(near, http) or b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the trusted transits as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        rows = transits(body)
        if not rows:
            return empty()
        mjd = np.array([mjd_of_jd(jd) for jd, _ in rows])
        return light_curve(
            pl.DataFrame(
                {
                    "source_ref": [f"{jd:.5f}" for jd, _ in rows],
                    "mjd": mjd,
                    "bjd_tdb": bjd_tdb(mjd, ra_deg=query.ra_deg, dec_deg=query.dec_deg),
                    "mag": [mag for _, mag in rows],
                    "mag_err": [g_mag_err(mag, self.error_model) for _, mag in rows],
                }
            ).with_columns(
                target_id=pl.lit(query.target_id),
                source=pl.lit(INFO.key),
                band=pl.lit("GSA(G)"),
                facility=pl.lit("Gaia Alerts"),
                observer=pl.lit("Gaia Alerts"),
                calib_version=pl.lit(str(self.error_model)),
                flags=pl.lit(int(Flag.TIME_UNCERTAIN)),
            )
        )


def alert_names(names: tuple[str, ...]) -> list[str]:
    """Return those names that are names of alerts, as the archive spells them: ``Gaia22dkv``."""
    matches = (_ALERT_NAME.fullmatch(name.strip()) for name in names)
    return list(dict.fromkeys(f"Gaia{match[1]}{match[2].lower()}" for match in matches if match))


def nearest_alert(index: bytes, *, ra_deg: float, dec_deg: float) -> str | None:
    """Return the name of the nearest alert of ``alerts.csv`` within the archive's radius."""
    required = ("Name", "RaDeg", "DecDeg")
    alerts = csv_table(index, title=INFO.title, required=required)
    alerts = with_numbers(alerts, required[1:], title=INFO.title).drop_nulls(required)
    place = SkyCoord(ra_deg, dec_deg, unit="deg")
    return nearest_name(alerts, place, required, radius_arcsec=INFO.radius_arcsec)


def transits(body: bytes) -> list[tuple[float, float]]:
    """Return (JD, G) of every trusted row of ``lightcurve.csv``, with or without its line of the name.

    Raises
    ------
    Rejected
        ``schema-drift``: another header, a row cut off, words where a number stood, or an impossible JD.
    """
    lines = [line.strip() for line in text_of(body, title=INFO.title).splitlines() if line.strip()]
    if lines and _ALERT_NAME.fullmatch(lines[0]):
        lines = lines[1:]
    if not lines:
        return []
    if not _HEADER.fullmatch(lines[0]):
        raise drift(INFO.title, f"the header {lines[0][:60]!r}")
    rows = {row[0]: row for row in (_transit(line) for line in lines[1:]) if row}
    return list(rows.values())


def g_mag_err(g_mag: float, model: ErrorModel) -> float:
    """Return the error of one transit's G magnitude.

    References
    ----------
    Hodgkin et al. 2021, A&A 652, A76: scatter of constant sources, valid for 13 < G < 21 and held constant
    outside. BHTOM's harvester: 10**(0.2 G - 5.2), flat above the bright limit, steeper beyond G = 17.
    """
    if model is ErrorModel.BHTOM_2020:
        return float(10 ** (0.26 * g_mag - 6.26 if g_mag > 17.0 else 0.2 * max(g_mag, 13.5) - 5.2))
    g = min(max(g_mag, 13.0), 21.0)
    return 3.43779 - g / 1.13759 + (g / 3.44123) ** 2 - (g / 6.51996) ** 3 + (g / 11.45922) ** 4


def _transit(line: str) -> tuple[float, float] | None:
    cells = line.split(",")
    if len(cells) != 3:
        raise drift(INFO.title, f"the row {line[:60]!r}")
    if cells[2].strip().lower() in _NOT_MEASURED:
        return None
    try:
        jd, mag = float(cells[1]), float(cells[2])
    except ValueError as error:
        raise drift(INFO.title, f"the row {line[:60]!r}") from error
    if not (_JD_RANGE[0] < jd < _JD_RANGE[1] and math.isfinite(mag)):
        raise drift(INFO.title, f"the row {line[:60]!r}")
    return jd, mag


def _light_curve_of(name: str, http: Http) -> bytes | None:
    body = found(http, f"{_SITE}/alert/{name}/lightcurve.csv")
    if body is None:
        return None
    first = refuse_pages(body, title=INFO.title).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if _ALERT_NAME.fullmatch(first) and first.lower() != name.lower():
        raise Rejected(f"{INFO.title} sent the light curve of {first} for {name}.", code="wrong-object")
    return body
