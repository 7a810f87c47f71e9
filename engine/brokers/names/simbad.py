"""SIMBAD: stars, galaxies and all that somebody wrote a paper about, with all their names.

References
----------
Wenger et al. 2000, A&AS 143, 9.
"""

import re

import polars as pl

from engine.brokers.asking.tap import adql_cone, adql_text, ask_tap
from engine.brokers.names.forms import kept_aliases, unknown
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import csv_table, with_numbers
from engine.target import Target, checked_name

SIMBAD_URL = "https://simbad.cds.unistra.fr/simbad/sim-tap"
TITLE = "SIMBAD"
_COLUMNS = ("main_id", "ra", "dec", "pmra", "pmdec", "otype", "alias")
_TIMEOUT_S = 30.0  # a person waits
_SELECTED = (
    "SELECT basic.main_id, basic.ra, basic.dec, basic.pmra, basic.pmdec, basic.otype, other.id AS alias"
)
_KIND_OF_NAME = re.compile(r"^(V\*|NAME|\*\*?|EM\*) (?=\S)")


def find(http: Http, name: str) -> Target:
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


def near(http: Http, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> list[Target]:
    """Return the objects in a cone, each named as SIMBAD names it; it raises what ``find`` raises."""
    inside = adql_cone(
        "basic.ra", "basic.dec", ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_arcsec / 3600.0
    )
    adql = f"{_SELECTED} FROM basic JOIN ident AS other ON basic.oid = other.oidref WHERE {inside}"
    body = ask_tap(http, SIMBAD_URL, adql, title=TITLE, timeout_s=_TIMEOUT_S)
    objects = _rows(body).partition_by("main_id", maintain_order=True)
    return [_target_of(rows, main_name(rows["main_id"][0])) for rows in objects]


def main_name(main_id: str) -> str:
    """Return SIMBAD's own name of an object as people write it: ``V* V404 Cyg`` is V404 Cyg."""
    return _KIND_OF_NAME.sub("", _one_blank(main_id))


def question(name: str) -> str:
    """Return the ADQL that asks SIMBAD for an object and all its names."""
    return (
        f"{_SELECTED} FROM basic JOIN ident AS asked ON basic.oid = asked.oidref "
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
    rows = _rows(body)
    if rows.is_empty():
        raise unknown(TITLE, name)
    return _target_of(rows, name)


def _rows(body: bytes) -> pl.DataFrame:
    table = csv_table(body, title=TITLE, required=_COLUMNS)
    return with_numbers(table, ("ra", "dec", "pmra", "pmdec"), title=TITLE)


def _target_of(rows: pl.DataFrame, name: str) -> Target:
    row = rows.row(0, named=True)
    if row["ra"] is None or row["dec"] is None:
        raise unknown(TITLE, name, "has no position of")
    return Target(
        name=name,
        ra_deg=row["ra"],
        dec_deg=row["dec"],
        pm_ra_mas_yr=row["pmra"],
        pm_dec_mas_yr=row["pmdec"],
        description=f"SIMBAD: {_one_blank(row['main_id'])}, type {row['otype'].strip() or 'unknown'}.",
        aliases=kept_aliases(rows["alias"].to_list(), but=name),
    )


def _one_blank(text: str) -> str:
    return " ".join(text.split())
