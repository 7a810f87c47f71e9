"""A table's columns as a VOTable without rows, which VOParquet keeps in the footer: TOPCAT reads units there.

References
----------
Taylor et al. 2025, IVOA note "Parquet in the VO", version 1.0.
"""

from xml.sax.saxutils import quoteattr

import polars as pl

from lake.public.schema import Column, PublicTable

_DATATYPES: dict[type[pl.DataType], str] = {
    pl.Int64: 'datatype="long"',
    pl.UInt32: 'datatype="long"',
    pl.Float64: 'datatype="double"',
    pl.Boolean: 'datatype="boolean"',
    pl.String: 'datatype="char" arraysize="*"',
    pl.List: 'datatype="char" arraysize="*"',
}
_FRAME_OF_REFERENCE = (
    '<COOSYS ID="icrs" system="ICRS"/>'
    '<TIMESYS ID="mjd_utc" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>'
    '<TIMESYS ID="bjd_tdb" timeorigin="0" timescale="TDB" refposition="BARYCENTER"/>'
)


def votable_of(table: PublicTable) -> str:
    """Return the VOTable that describes a table; its fields stand in the order of the columns."""
    fields = "".join(_field(column) for column in table.columns)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>'
        f"{_FRAME_OF_REFERENCE}<TABLE name={quoteattr(table.name)}>"
        f"<DESCRIPTION>{table.description}</DESCRIPTION>{fields}</TABLE></RESOURCE></VOTABLE>"
    )


def _field(column: Column) -> str:
    attributes = {"name": column.name, "unit": column.unit, "ucd": column.ucd, "ref": _system_of(column)}
    told = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items() if value)
    description = f"<DESCRIPTION>{column.description}</DESCRIPTION>"
    return f"<FIELD {told} {_DATATYPES[type(column.dtype)]}>{description}</FIELD>"


def _system_of(column: Column) -> str:
    if column.name.startswith(("ra_", "dec_")):
        return "icrs"
    if column.unit == "d" and "bjd" in column.name:
        return "bjd_tdb"
    return "mjd_utc" if column.unit == "d" and "mjd" in column.name else ""
