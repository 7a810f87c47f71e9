"""TAPVizieR: the rows of one catalogue round a place, as JSON that tells the unit of every column.

References
----------
Landais et al. 2019, ASP Conf. Ser. 521, 130; https://tapvizier.cds.unistra.fr
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from engine.brokers.asking.tap import TIMEOUT_S, rows_in_cone
from engine.brokers.matching import Cone
from engine.brokers.protocol import Http
from engine.brokers.reading.answers import drift, refuse_pages
from engine.brokers.reading.json_answers import json_list, json_object, json_of, table_of_lists

SYNC_URL = "https://tapvizier.cds.unistra.fr/TAPVizieR/tap/sync"
RA, DEC = "RAJ2000", "DEJ2000"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """An answer: rows as text, and the unit of every column that has one."""

    rows: pl.DataFrame
    units: Mapping[str, str]


def ask_tapvizier(http: Http, table: str, columns: Sequence[str], cone: Cone, *, title: str) -> bytes:
    """Return the JSON answer: these columns of every source of a table in a cone.

    Raises
    ------
    Transient
        ``answer-is-a-page``
    """
    adql = rows_in_cone(f'"{table}"', columns, cone, ra=RA, dec=DEC)
    form = {"REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "json", "QUERY": adql}
    return refuse_pages(http.post(SYNC_URL, form=form, timeout_s=TIMEOUT_S), title=title)


def catalogue_of(body: bytes, *, title: str, required: Sequence[str]) -> Catalogue:
    """Return an answer's rows and units.

    Raises
    ------
    Rejected
        ``schema-drift``
    """
    answer = json_object(json_of(body, title=title), title=title)
    if "metadata" not in answer or "data" not in answer:
        raise drift(title, "no metadata or no data")
    columns = [json_object(each, title=title) for each in json_list(answer["metadata"], title=title)]
    names = [str(column.get("name")) for column in columns]
    return Catalogue(
        rows=table_of_lists(names, answer["data"], title=title, required=required),
        units={name: str(column.get("unit", "")) for name, column in zip(names, columns, strict=True)},
    )
