"""How the public lake is asked from a laptop: ready text with the portal's own address in it."""

from dataclasses import dataclass

from portal.opened import settings
from portal.words import marked

_DUCKDB = """\
SET VARIABLE lake = '{lake}/';
SET VARIABLE star = (
    SELECT t FROM read_parquet(getvariable('lake') || 'targets.parquet') t WHERE name = '{name}'
);
SELECT mjd, band, mag, mag_err
FROM read_parquet(getvariable('lake') || getvariable('star').photometry)
WHERE target_id = getvariable('star').target_id
ORDER BY mjd;"""
_POLARS = """\
import polars as pl

lake = "{lake}/"
star = pl.scan_parquet(lake + "targets.parquet").filter(name="{name}").collect().row(0, named=True)
points = pl.scan_parquet(lake + star["photometry"])
curve = points.filter(target_id=star["target_id"]).sort("mjd").collect()"""
_CLIENT = """\
import tomlake

portal = tomlake.connect("{portal}")
curve = portal.light_curve("{name}")
counts = portal.sql("SELECT band, count(*) AS points FROM photometry GROUP BY band")"""
_PYVO = """\
import pyvo

tap = pyvo.dal.TAPService("{portal}/api/vo/tap")
curve = tap.search("SELECT mjd, mag, mag_err FROM tomlake.photometry WHERE target = '{name}'").to_table()"""
_TOPCAT = """\
TOPCAT: VO > Table Access Protocol (TAP) Query
TAP URL: {portal}/api/vo/tap
Use Service, then set Mode to Synchronous
SELECT TOP 1000 * FROM tomlake.photometry"""
_CURL = """\
curl -G {portal}/api/sql --data-urlencode "sql=SELECT band, count(*) FROM photometry GROUP BY band"
tomlake clone {portal}    # the whole lake and its pages, on your own machine, without network afterwards"""
_WAYS = (
    ("DuckDB", "sql", _DUCKDB),
    ("polars", "python", _POLARS),
    ("tomlake", "python", _CLIENT),
    ("pyvo", "python", _PYVO),
    ("TOPCAT", "sql", _TOPCAT),
    (marked("Command line"), "bash", _CURL),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to ask the lake: its text is in a language of programs."""

    title: str
    language: str
    text: str


def ways(name: str) -> list[Way]:
    """Return each way, with a target's name and the portal's address in its text."""
    portal = settings().public_url
    # a name is data: one that could end the quotes round it is not put there
    safe = name if name and not set(name) & set("'\"\\{}\n") else "NAME"
    return [
        Way(
            title=title,
            language=language,
            text=text.format(lake=f"{portal}/lake/latest", portal=portal, name=safe),
        )
        for title, language, text in _WAYS
    ]
