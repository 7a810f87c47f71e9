"""What the service tells of itself: its capabilities, whether it can be used, its tables, and examples.

References
----------
Graham et al. 2017, "VOSI" 1.1; Demleitner et al. 2012, "TAPRegExt" 1.0;
Plante et al. 2010, "VODataService" 1.1.
"""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from lake.adql.reading import MOST_CHARACTERS
from lake.adql.schema import AdqlTable, links_of, votable_type, written_name
from lake.sandbox.run import LIMITS
from portal.api.vo.cone import MOST_ROWS
from portal.api.vo.tap import DEFAULT_ROWS, MEDIA_TYPES, Output
from portal.api.vo.votable import in_xml

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_VODATA = 'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
_CAPABILITIES = (
    '<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" '
    f'xmlns:vr="http://www.ivoa.net/xml/VOResource/v1.0" {_VODATA} {_XSI} '
)
_GEOMETRY = ("POINT", "CIRCLE", "BOX", "CONTAINS", "INTERSECTS", "DISTANCE", "COORD1", "COORD2")
_FEATURES = {
    "ivo://ivoa.net/std/TAPRegExt#features-adqlgeo": _GEOMETRY,
    "ivo://ivoa.net/std/TAPRegExt#features-adql-string": ("LOWER", "UPPER", "ILIKE"),
    "ivo://ivoa.net/std/TAPRegExt#features-adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    "ivo://ivoa.net/std/TAPRegExt#features-adql-common-table": ("WITH",),
    "ivo://ivoa.net/std/TAPRegExt#features-adql-type": ("CAST",),
    "ivo://ivoa.net/std/TAPRegExt#features-adql-conditional": ("COALESCE", "CASE"),
    "ivo://ivoa.net/std/TAPRegExt#features-adql-offset": ("OFFSET",),
}
EXAMPLES: tuple[tuple[str, str], ...] = (
    (
        "The ten brightest points",
        "SELECT TOP 10 target, mjd, band, mag FROM tomlake.photometry\nWHERE mag IS NOT NULL ORDER BY mag",
    ),
    (
        "Targets within two degrees of a place",
        "SELECT name, ra_deg, dec_deg, DISTANCE(POINT(ra_deg, dec_deg), POINT(290.5, 12.1)) AS d_deg\n"
        "FROM tomlake.targets\n"
        "WHERE 1 = CONTAINS(POINT(ra_deg, dec_deg), CIRCLE(290.5, 12.1, 2.0))\nORDER BY d_deg",
    ),
    (
        "How many points each class of targets has",
        "SELECT t.classification, COUNT(*) AS points\n"
        "FROM tomlake.photometry AS p JOIN tomlake.targets AS t ON p.target_id = t.target_id\n"
        "GROUP BY t.classification ORDER BY points DESC",
    ),
    (
        "What the columns mean",
        "SELECT column_name, unit, ucd, description FROM TAP_SCHEMA.columns\n"
        "WHERE table_name = 'tomlake.photometry'",
    ),
)


def tap_capabilities(base_url: str) -> str:
    """Return what TAP here can do; there is no asynchronous interface in it, because there is none."""
    vosi = "".join(
        f'<capability standardID="ivo://ivoa.net/std/VOSI#{name}">'
        f"{_interface('vs:ParamHTTP', f'{base_url}/tap/{name}', 'full')}</capability>\n"
        for name in ("capabilities", "availability")
    )
    return (
        f'{_XML}{_CAPABILITIES} xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0">\n{vosi}'
        '<capability standardID="ivo://ivoa.net/std/VOSI#tables-1.1">'
        f"{_interface('vs:ParamHTTP', f'{base_url}/tap/tables', 'full', version='1.1')}</capability>\n"
        '<capability standardID="ivo://ivoa.net/std/DALI#examples">'
        f"{_interface('vr:WebBrowser', f'{base_url}/tap/examples', 'full')}</capability>\n"
        f'<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">\n'
        "<description>Queries are answered while you wait (sync) and end after "
        f"{LIMITS.wall_clock_s:g} s; there is no async and no upload. A query has at most "
        f"{MOST_CHARACTERS:,} characters.</description>\n"
        f"{_interface('vs:ParamHTTP', f'{base_url}/tap', 'base', version='1.1')}\n"
        f"{_language()}{_formats()}"
        f"<executionDuration><hard>{int(LIMITS.wall_clock_s)}</hard></executionDuration>\n"
        f'<outputLimit><default unit="row">{DEFAULT_ROWS}</default>'
        f'<hard unit="row">{LIMITS.rows}</hard></outputLimit>\n'
        "</capability>\n</vosi:capabilities>\n"
    )


def cone_capabilities(base_url: str) -> str:
    """Return what the cone search can do."""
    return (
        f'{_XML}{_CAPABILITIES} xmlns:cs="http://www.ivoa.net/xml/ConeSearch/v1.0">\n'
        '<capability standardID="ivo://ivoa.net/std/ConeSearch" xsi:type="cs:ConeSearch">\n'
        f"{_interface('vs:ParamHTTP', f'{base_url}/scs', 'base', version='1.03')}\n"
        f"<maxSR>180</maxSR><maxRecords>{MOST_ROWS}</maxRecords><verbosity>true</verbosity>\n"
        "<testQuery><ra>0</ra><dec>0</dec><sr>1</sr></testQuery>\n"
        "</capability>\n</vosi:capabilities>\n"
    )


def availability(refusal: str) -> str:
    """Return whether queries are answered, and where they are not, why."""
    note = f"<vosi:note>{in_xml(refusal)}</vosi:note>" if refusal else ""
    return (
        f'{_XML}<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">'
        f"<vosi:available>{'false' if refusal else 'true'}</vosi:available>{note}</vosi:availability>\n"
    )


def tableset(tables: Sequence[AdqlTable], *, with_columns: bool) -> str:
    """Return the tables by schema, with their columns or without."""
    schemas = dict.fromkeys(table.schema for table in tables)
    told = "".join(
        f"<schema><name>{schema}</name>\n"
        + "".join(_table(table, with_columns=with_columns) for table in tables if table.schema == schema)
        + "</schema>\n"
        for schema in schemas
    )
    return (
        f'{_XML}<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" {_VODATA} {_XSI} '
        f'version="1.1">\n{told}</vosi:tableset>\n'
    )


def one_table(table: AdqlTable) -> str:
    """Return one table with its columns."""
    body = _table(table, with_columns=True).removeprefix("<table>").removesuffix("</table>\n")
    return (
        f'{_XML}<vosi:table xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" {_VODATA} {_XSI} '
        f'version="1.1" xsi:type="vs:Table">{body}</vosi:table>\n'
    )


def examples_page() -> str:
    """Return queries to begin with, as a page that programs read too."""
    told = "".join(
        f'<div typeof="example" id="example{number}" resource="#example{number}">'
        f'<h2 property="name">{in_xml(name)}</h2><pre property="query">{in_xml(query)}</pre></div>\n'
        for number, (name, query) in enumerate(EXAMPLES)
    )
    return (
        f'{_XML}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Examples</title></head>'
        f'<body vocab="http://www.ivoa.net/rdf/examples#">\n<h1>Queries to begin with</h1>\n{told}'
        "</body></html>\n"
    )


def _interface(kind: str, url: str, use: str, *, version: str = "") -> str:
    told = f" version={quoteattr(version)}" if version else ""
    return (
        f'<interface xsi:type="{kind}" role="std"{told}>'
        f'<accessURL use="{use}">{in_xml(url)}</accessURL></interface>'
    )


def _language() -> str:
    features = "".join(
        f'<languageFeatures type="{kind}">'
        + "".join(f"<feature><form>{form}</form></feature>" for form in forms)
        + "</languageFeatures>\n"
        for kind, forms in _FEATURES.items()
    )
    versions = "".join(
        f'<version ivo-id="ivo://ivoa.net/std/ADQL#v{number}">{number}</version>' for number in ("2.0", "2.1")
    )
    return (
        f"<language><name>ADQL</name>{versions}<description>a subset of ADQL</description>\n"
        f"{features}</language>\n"
    )


def _formats() -> str:
    return "".join(
        f"<outputFormat><mime>{MEDIA_TYPES[output].partition(';')[0]}</mime><alias>{output}</alias></outputFormat>\n"
        for output in Output
    )


def _table(table: AdqlTable, *, with_columns: bool) -> str:
    columns = "".join(
        f"<column><name>{in_xml(written_name(column.name))}</name>"
        f"<description>{in_xml(column.description)}</description>"
        + (f"<unit>{in_xml(column.unit)}</unit>" if column.unit else "")
        + (f"<ucd>{in_xml(column.ucd)}</ucd>" if column.ucd else "")
        + _data_type(column.type)
        + "</column>\n"
        for column in (table.columns if with_columns else ())
    )
    links = "".join(
        f"<foreignKey><targetTable>{to}</targetTable><fkColumn><fromColumn>{by}</fromColumn>"
        f"<targetColumn>{by}</targetColumn></fkColumn><description>{in_xml(why)}</description></foreignKey>\n"
        for to, by, why in (links_of(table) if with_columns else ())
    )
    return (
        f"<table><name>{table.full_name}</name><description>{in_xml(table.description)}</description>\n"
        f"{columns}{links}</table>\n"
    )


def _data_type(sql_type: str) -> str:
    datatype, arraysize = votable_type(sql_type)
    told = f" arraysize={quoteattr(arraysize)}" if arraysize else ""
    return f'<dataType xsi:type="vs:VOTableType"{told}>{datatype}</dataType>'
