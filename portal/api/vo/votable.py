"""VOTables as they are written: one table in TABLEDATA, or one sentence that says what went wrong.

References
----------
Ochsenbein et al. 2019, IVOA Recommendation "VOTable" 1.4; Dowler et al. 2017, "DALI" 1.1.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

MEDIA_TYPE = "application/x-votable+xml"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a VOTable."""

    name: str
    datatype: str
    arraysize: str = ""
    xtype: str = ""
    unit: str = ""
    ucd: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands before the rows of a VOTable."""

    fields: Sequence[Field]
    name: str = "result"
    description: str = ""
    infos: Sequence[tuple[str, str]] = ()


def table_start(heading: Heading) -> str:
    """Return a VOTable up to its first row."""
    told = f"<DESCRIPTION>{in_xml(heading.description)}</DESCRIPTION>\n" if heading.description else ""
    infos = "".join(f"<INFO name={_quoted(name)} value={_quoted(value)}/>\n" for name, value in heading.infos)
    fields = "".join(_field(field) for field in heading.fields)
    return (
        f'{_HEAD}<RESOURCE type="results">\n{told}<INFO name="QUERY_STATUS" value="OK"/>\n{infos}'
        f'<COOSYS ID="icrs" system="ICRS"/>\n'
        f"<TABLE name={_quoted(heading.name)}>\n{fields}<DATA><TABLEDATA>\n"
    )


def table_rows(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Give each row."""
    for row in rows:
        yield "<TR>" + "".join(f"<TD>{in_xml(_cell(value))}</TD>" for value in row) + "</TR>\n"


def table_end(*, is_cut: bool) -> str:
    """Return a VOTable after its last row; it says so where there were more."""
    overflow = '<INFO name="QUERY_STATUS" value="OVERFLOW">There are more rows.</INFO>\n' if is_cut else ""
    return f"</TABLEDATA></DATA>\n</TABLE>\n{overflow}</RESOURCE>\n</VOTABLE>\n"


def error_table(sentence: str) -> str:
    """Return a refusal: as TAP has it within the resource, and as cone searches have it beside it."""
    return (
        f'{_HEAD}<INFO ID="Error" name="Error" value={_quoted(sentence)}/>\n'
        f'<RESOURCE type="results">\n<INFO name="QUERY_STATUS" value="ERROR">{in_xml(sentence)}</INFO>\n'
        "</RESOURCE>\n</VOTABLE>\n"
    )


def in_xml(text: str) -> str:
    """Return a text as it stands in XML; characters that XML cannot hold become question marks."""
    return escape(_NO_XML.sub("?", text))


def plain_value(value: object) -> object:
    """Return a value as text formats write it: times in ISO 8601, lists and structures as JSON."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=str)
    return str(value).replace(" ", "T", 1)


def _cell(value: object) -> str:
    plain = plain_value(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float) and not math.isfinite(plain):
        return "NaN" if math.isnan(plain) else "+Inf" if plain > 0 else "-Inf"
    return repr(plain) if isinstance(plain, float) else str(plain)


def _field(field: Field) -> str:
    attributes = {
        "name": field.name,
        "datatype": field.datatype,
        "arraysize": field.arraysize,
        "xtype": field.xtype,
        "unit": field.unit,
        "ucd": field.ucd,
        "ref": "icrs" if field.ucd.upper().startswith(("POS.EQ", "POS_EQ")) else "",
    }
    told = " ".join(f"{name}={_quoted(value)}" for name, value in attributes.items() if value)
    if not field.description:
        return f"<FIELD {told}/>\n"
    return f"<FIELD {told}><DESCRIPTION>{in_xml(field.description)}</DESCRIPTION></FIELD>\n"


def _quoted(text: str) -> str:
    return quoteattr(_NO_XML.sub("?", text))
