"""The tables that ADQL can ask, as queries and clients name them."""

import re
from dataclasses import dataclass

from lake.public.manifest import PublishedColumn

SCHEMA, TAP_SCHEMA = "tomlake", "TAP_SCHEMA"
_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# words of ADQL 2.1 that a column of ours is, or may once be, called
_RESERVED = frozenset(
    [
        "bit",
        "box",
        "char",
        "circle",
        "class",
        "column",
        "contains",
        "count",
        "date",
        "day",
        "distance",
        "domain",
        "end",
        "first",
        "hour",
        "is",
        "join",
        "key",
        "language",
        "last",
        "left",
        "level",
        "max",
        "min",
        "minute",
        "module",
        "month",
        "names",
        "next",
        "order",
        "output",
        "point",
        "position",
        "prior",
        "public",
        "read",
        "region",
        "right",
        "rows",
        "schema",
        "second",
        "section",
        "size",
        "some",
        "sum",
        "table",
        "time",
        "timestamp",
        "top",
        "union",
        "unique",
        "upper",
        "user",
        "value",
        "values",
        "view",
        "when",
        "where",
        "work",
        "year",
        "zone",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdqlTable:
    """One table as queries name it, and under which name the sandbox has it."""

    schema: str
    name: str
    sql_name: str
    description: str
    columns: tuple[PublishedColumn, ...]

    @property
    def full_name(self) -> str:
        """Return the name with its schema."""
        return f"{self.schema}.{self.name}"


_LINKS = (
    ("photometry", "targets", "target_id", "the object that was measured"),
    ("names", "targets", "target_id", "the object that goes by the name"),
    ("frames", "targets", "target_id", "the object that the frame was taken for"),
    ("calibrations", "frames", "frame_id", "the frame that was fitted"),
    ("photometry", "batches", "batch_id", "how the point came to be"),
)


def written_name(name: str) -> str:
    """Return a column's name as a query writes it: in quotes where ADQL would not take it for a name."""
    is_plain = _REGULAR.fullmatch(name) and name.lower() not in _RESERVED
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def votable_type(sql_type: str) -> tuple[str, str]:
    """Return the datatype and the arraysize that a VOTable gives a column."""
    kinds = {
        "BIGINT": "long",
        "UINTEGER": "long",
        "INTEGER": "int",
        "SMALLINT": "short",
        "DOUBLE": "double",
        "FLOAT": "float",
        "BOOLEAN": "boolean",
    }
    return (kinds[sql_type], "") if sql_type in kinds else ("unicodeChar", "*")


def links_of(table: AdqlTable) -> list[tuple[str, str, str]]:
    """Return what a table refers to: table with schema, the column of both, and the meaning."""
    if table.schema != SCHEMA:
        return []
    return [(f"{SCHEMA}.{to}", by, why) for source, to, by, why in _LINKS if source == table.name]
