"""Names to positions: SIMBAD's answer to a name, as a target that a person can then keep or change.

References
----------
Wenger et al. 2000, A&AS 143, 9.
"""

import re

import polars as pl

from engine.brokers.asking.tap import adql_text, ask_tap
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import csv_table, with_numbers
from engine.errors import Rejected
from engine.target import Target, checked_name

SIMBAD_URL = "https://simbad.cds.unistra.fr/simbad/sim-tap"
TITLE = "SIMBAD"
_COLUMNS = ("main_id", "ra", "dec", "pmra", "pmdec", "otype", "alias")
_TIMEOUT_S = 30.0  # a person waits
# Other names worth keeping, because an archive finds its data by them.
_ALIASES = {
    "Gaia DR3": re.compile(r"Gaia DR3 \d+"),
    "Gaia Alerts": re.compile(r"Gaia\d\d[a-z]{3,4}"),
    "TNS": re.compile(r"(SN|AT) ?(19|20)\d\d[A-Za-z]+"),
    "ZTF": re.compile(r"ZTF ?\d\d[a-z]{7}"),
    "OGLE": re.compile(r"OGLE[ -]\d{4}-[A-Z]+-\d+"),
    "2MASS": re.compile(r"2MASS J\d{8}[+-]\d{7}"),
}


def resolve(http: Http, name: str) -> Target:
    """Return the object that SIMBAD knows by this name, at its ICRS position of epoch J2000.

    Raises
    ------
    Rejected
        ``unknown-name``: SIMBAD has no such object; ``name-characters`` and others of ``checked_name``.
    Transient
        SIMBAD cannot be asked now.
    """
    clean = checked_name(name)
    body = ask_tap(http, SIMBAD_URL, question(clean), title=TITLE, timeout_s=_TIMEOUT_S)
    return parse_resolved(body, clean)


def question(name: str) -> str:
    """Return the ADQL that asks SIMBAD for an object and all its names."""
    return (
        "SELECT basic.main_id, basic.ra, basic.dec, basic.pmra, basic.pmdec, basic.otype, other.id AS alias "  # noqa: S608 - the name is quoted
        "FROM basic JOIN ident AS asked ON basic.oid = asked.oidref "
        "JOIN ident AS other ON basic.oid = other.oidref "
        f"WHERE asked.id = {adql_text(name)}"
    )


def parse_resolved(body: bytes, name: str) -> Target:
    """Return SIMBAD's CSV answer as a target of that name.

    Raises
    ------
    Rejected
        ``unknown-name``: no object, or one without a position; ``schema-drift``.
    """
    table = csv_table(body, title=TITLE, required=_COLUMNS)
    rows = with_numbers(table, ("ra", "dec", "pmra", "pmdec"), title=TITLE)
    if rows.is_empty():
        raise Rejected(f"SIMBAD knows no {name!r}: check the name, or give a position.", code="unknown-name")
    row = rows.row(0, named=True)
    if row["ra"] is None or row["dec"] is None:
        raise Rejected(f"SIMBAD has no position of {name!r}: give one.", code="unknown-name")
    return Target(
        name=name,
        ra_deg=row["ra"],
        dec_deg=row["dec"],
        pm_ra_mas_yr=row["pmra"],
        pm_dec_mas_yr=row["pmdec"],
        description=f"SIMBAD: {_one_blank(row['main_id'])}, type {row['otype'].strip() or 'unknown'}.",
        aliases=_aliases(rows, name),
    )


def _aliases(rows: pl.DataFrame, name: str) -> tuple[tuple[str, str], ...]:
    names = sorted({_one_blank(alias) for alias in rows["alias"]} - {name})
    return tuple(
        (source, alias) for source, pattern in _ALIASES.items() for alias in names if pattern.fullmatch(alias)
    )


def _one_blank(text: str) -> str:
    return " ".join(text.split())
