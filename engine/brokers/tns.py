"""Transient Name Server: photometry that surveys reported with discoveries of transients.

References
----------
Gal-Yam 2021, AAS meeting 237, 423.05.
"""

import json
from dataclasses import dataclass

import polars as pl

from engine.bands import BANDS, MagSystem
from engine.brokers.alerts import nearest
from engine.brokers.matching import place_in
from engine.brokers.points import archive_points
from engine.brokers.protocol import BrokerInfo, Http, Query
from engine.brokers.reading.answers import drift
from engine.brokers.reading.json_answers import fetched_json, json_of, json_table, part, records
from engine.errors import Rejected, Transient
from engine.lightcurve import Flag, empty
from engine.times import JD_MINUS_MJD

SEARCH_URL = "https://www.wis-tns.org/api/get/search"
OBJECT_URL = "https://www.wis-tns.org/api/get/object"
CUTS_VERSION = "tns-as-reported-1"
SURE_EXPTIME_S = 120.0  # the time of a longer exposure is uncertain by more than a minute
OBJECTS_MAX = 5

_LETTERS: dict[str, dict[str, str]] = {  # of a survey's filters as TNS writes them: tomlake's label
    "ztf": {"g": "ZTF(zg)", "r": "ZTF(zr)", "i": "ZTF(zi)"},
    "atlas": {"cyan": "ATLAS(c)", "orange": "ATLAS(o)"},
    "gaia": {"G": "GSA(G)"},
    "ps1": {letter: f"PS1({letter})" for letter in "grizy"},
    "lsst": {letter: f"LSST({letter})" for letter in "ugrizy"},
    "asassn": {"g": "ASASSN(g)", "V": "ASASSN(V)"},
    "crts": {"V": "CRTS(CL)"},
}
_SYSTEMS = {name: name for name in _LETTERS} | {"p1": "ps1", "asas-sn": "asassn"}
_INSTRUMENTS = {  # beginnings of the names of cameras that serve one survey
    "ztf": "ztf", "atlas": "atlas", "gaia": "gaia", "ps1": "ps1", "gpc1": "ps1", "lsstcam": "lsst",
    "asassn": "asassn", "asas-sn": "asassn",
}  # fmt: skip
_NAMED = ("filters", "instrument", "flux_unit")
_VALUES = ("flux", "limflux")
_UNITS = {"ABMag": MagSystem.AB, "VegaMag": MagSystem.VEGA}

INFO = BrokerInfo(
    key="tns",
    title="Transient Name Server",
    radius_arcsec=3.0,
    refresh_d=1.0,
    bands=tuple(dict.fromkeys(label for letters in _LETTERS.values() for label in letters.values())),
    citation="2021AAS...23742305G",
    acknowledgement=(
        "This research has made use of the Transient Name Server (https://www.wis-tns.org), the official IAU "
        "mechanism for reporting new astronomical transients, a service of the IAU supernova working group."
    ),
    homepage="https://www.wis-tns.org",
    release="live",
    method=(
        "Magnitudes are as they were reported, and calib_version says so (tns-as-reported-1): those of ZTF, "
        "ATLAS, PS1 and LSST are of the difference from a reference image, those of Gaia total ones.",
        "Filters are told by their name (g-ZTF, orange-ATLAS), or by a plain letter and a camera that serves "
        "one survey. Rows in other filters are left out, among them clear, Johnson and Sloan ones of single "
        "telescopes, w-PS1 and L-GOTO, and rows whose unit is not that of the band's magnitudes (ABMag, "
        "VegaMag).",
        "A row without a magnitude is the reporter's limit, of 3 or 5 sigma as the reporter chose.",
        "Times are the reported JD (UTC) as they are: TNS does not say whether start or middle. Points with "
        "an exposure longer than 120 s, or of unknown length, are flagged as uncertain in time.",
        "Of several objects within 3 arcsec the nearest is taken.",
    ),
    account="tns_key",
    differs=(
        "BHTOM marks a limit by an error of -1; tomlake keeps it as a limit.",
        "BHTOM makes a label of every reported filter; tomlake leaves filters out that no band describes.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tns:
    """The Transient Name Server."""

    info = INFO

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the nearest object with its photometry, empty bytes where TNS has none."""
        ra_deg, dec_deg = there = place_in(query, query.epoch)
        cone = {"ra": f"{ra_deg:.7f}", "dec": f"{dec_deg:.7f}", "radius": f"{INFO.radius_arcsec:g}"}
        found = _reply(json_of(_asked(SEARCH_URL, cone | {"units": "arcsec"}, http), title=INFO.title))
        names = json_table(records(found or [], title=INFO.title), title=INFO.title, texts=("objname",))
        bodies: dict[str, bytes] = {}
        objects = []
        for name in names["objname"].drop_nulls().to_list()[:OBJECTS_MAX]:
            asked = {"objname": name, "photometry": "1", "spectra": "0"}
            bodies[name] = _asked(OBJECT_URL, asked, http)
            facts = _reply(json_of(bodies[name], title=INFO.title))
            places = {axis: part(facts, axis, title=INFO.title) for axis in ("radeg", "decdeg")}
            objects.append(places | {"objname": name})
        first = nearest(objects, ("objname", "radeg", "decdeg"), there, INFO)
        return bodies[first] if first else b""

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the reported photometry in known bands as a light curve.

        Raises
        ------
        Rejected
            ``schema-drift``
        """
        if not body.strip():
            return empty()
        reported = part(_reply(json_of(body, title=INFO.title)), "photometry", title=INFO.title)
        if isinstance(reported, dict):
            reported = list(reported.values())
        rows = _rows(records(reported or [], title=INFO.title))
        return archive_points(rows, query, INFO, calib_version=CUTS_VERSION)


def band_of(filter_name: str, instrument: str) -> str | None:
    """Return the label of a filter by its name and camera, None where it is none of a known band."""
    letter, _, system = filter_name.strip().partition("-")
    survey = _SYSTEMS.get(system.split("-")[-1].lower())
    if not system:
        camera = instrument.strip().lower()
        survey = next((of for start, of in _INSTRUMENTS.items() if camera.startswith(start)), None)
    return _LETTERS.get(survey or "", {}).get(letter)


def _asked(url: str, data: dict[str, str], http: Http) -> bytes:
    """Return a whole answer of TNS, asked as the bot that it knows."""
    key = http.secret(INFO.account)
    marker = {"tns_id": http.secret("tns_bot_id"), "type": "bot", "name": http.secret("tns_bot_name")}
    body = http.post(
        url,
        form={"api_key": key, "data": json.dumps(data)},
        headers={"User-Agent": f"tns_marker{json.dumps(marker)}"},
    )
    answer = fetched_json(body, title=INFO.title)
    code = part(answer, "id_code", title=INFO.title)
    if code in (401, 403):
        raise Rejected(
            f"{INFO.title} does not let us in: check key, id and name of the bot.", code="needs-account"
        )
    if code != 200:
        raise Transient(f"{INFO.title} answered with {code}; it is asked again later.", code="archive-down")
    return body


def _reply(answer: object) -> object:
    """Return what TNS says: its older answers hold it in a part named reply."""
    data = part(answer, "data", title=INFO.title)
    return data["reply"] if isinstance(data, dict) and "reply" in data else data


def _rows(reported: list[dict[str, object]]) -> pl.DataFrame:
    plain = [row | {name: _name_of(row, name) for name in _NAMED} for row in reported]
    table = json_table(
        plain,
        title=INFO.title,
        numbers=("jd", "flux", "fluxerr", "limflux", "exptime"),
        texts=_NAMED,
        optional=("exptime",),
    )
    if table.select((~pl.col("jd").is_between(2400000.5, 2500000.0)).fill_null(True).any()).item():
        raise drift(INFO.title, "a row without a time")
    bands = [
        band_of(filter_name or "", instrument or "")
        for filter_name, instrument in table.select("filters", "instrument").iter_rows()
    ]
    fits = [
        label is not None and BANDS[label].system == _UNITS.get(unit or "")
        for label, unit in zip(bands, table["flux_unit"], strict=True)
    ]
    mag, limit = (pl.when(pl.col(name).is_between(0.0, 40.0, closed="none")).then(name) for name in _VALUES)
    is_sure = (pl.col("exptime") > 0) & (pl.col("exptime") <= SURE_EXPTIME_S)
    rows = table.with_columns(pl.Series("band", bands, dtype=pl.String())).filter(
        pl.Series(fits, dtype=pl.Boolean())
    )
    return rows.select(
        "band",
        source_ref=pl.format("{}/{}/{}", pl.col("jd").round(7), "band", pl.col("instrument").fill_null("")),
        mjd=pl.col("jd") - JD_MINUS_MJD,
        exptime_s=pl.when(pl.col("exptime") > 0).then("exptime"),
        mag=mag,
        mag_err=pl.when(mag.is_not_null() & (pl.col("fluxerr") > 0)).then("fluxerr"),
        limit_mag=pl.when(mag.is_null()).then(limit),
        camera="instrument",
        flags=pl.when(is_sure.fill_null(False)).then(0).otherwise(int(Flag.TIME_UNCERTAIN)),
    ).filter(pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null()))


def _name_of(row: dict[str, object], name: str) -> object:
    """Return the name of what TNS gives as a number and a name."""
    return part(part(row, name, title=INFO.title), "name", title=INFO.title)
