"""VOTable 1.4 as a time series: times with their scale, bands as groups, one row for a point.

References
----------
Ochsenbein et al. 2019, IVOA Recommendation "VOTable Format Definition", version 1.4.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from engine.bands import BANDS, Band
from engine.formats.columns import COLUMNS, Column, rows_of
from engine.formats.curve import AnyCurve

_NO_NUMBER = -1  # stands for a missing whole number, and says so in the header
_TYPES: dict[type[pl.DataType], str] = {
    pl.Int64: 'datatype="long"',
    pl.Float64: 'datatype="double"',
    pl.String: 'datatype="unicodeChar" arraysize="*"',
}
_TIMES = {"mjd_utc": "mjd_utc_frame", "bjd_tdb": "bjd_tdb_frame"}
_PLACES = {"ra_deg", "dec_deg"}
_FRAMES = (
    '<COOSYS ID="icrs" system="ICRS"/>'
    '<TIMESYS ID="mjd_utc_frame" timeorigin="MJD-origin" timescale="UTC" refposition="TOPOCENTER"/>'
    '<TIMESYS ID="bjd_tdb_frame" timeorigin="0" timescale="TDB" refposition="BARYCENTER"/>'
)
_CONTROL = {code: "" for code in range(32) if code not in (9, 10, 13)}  # XML has no way to write them


def votable_pieces(curve: AnyCurve) -> Iterator[bytes]:
    """Give the document piece by piece."""
    bands = sorted(curve.bands() & set(BANDS))
    fields = "".join(_field(column) for column in COLUMNS)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">'
        f'{_FRAMES}\n<TABLE name={quoteattr(_plain(curve.target.name))} nrows="{curve.total}">\n'
        f"{''.join(_group(BANDS[band]) for band in bands)}{fields}"
        f'<PARAM name="lake_version" datatype="long" value="{curve.version}"/>\n<DATA><TABLEDATA>\n'
    ).encode()
    for points in curve.slices():
        yield _rows(rows_of(curve, points)).encode()
    yield b"</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def _field(column: Column) -> str:
    frame = _TIMES.get(column.name) or ("icrs" if column.name in _PLACES else "")
    words = {"unit": column.unit, "ucd": column.ucd, "ref": frame}
    said = "".join(f" {name}={quoteattr(word)}" for name, word in words.items() if word)
    null = f'<VALUES null="{_NO_NUMBER}"/>' if column.name == "n_ref_stars" else ""
    return (
        f'<FIELD ID="{column.name}" name="{column.name}" {_TYPES[type(column.dtype)]}{said}>'
        f"<DESCRIPTION>{escape(column.description)}</DESCRIPTION>{null}</FIELD>\n"
    )


def _group(band: Band) -> str:
    """Return a band as the photometry data model describes it: identity, wavelength, zero point."""
    zero = ""
    if band.zero_flux_jy is not None:
        zero = (
            f'<PARAM name="zeroPointFlux" datatype="double" unit="Jy" ucd="phot.flux.density;arith.zp" '
            f'utype="photDM:PhotCal.zeroPoint.flux.value" value="{band.zero_flux_jy!r}"/>'
        )
    return (
        f'<GROUP ID="{_name_of(band)}" name={quoteattr(band.band_id)} utype="photDM:PhotCal">'
        f'<PARAM name="filterIdentifier" datatype="char" arraysize="*" '
        f'utype="photDM:PhotometryFilter.identifier" value={quoteattr(band.band_id)}/>'
        f'<PARAM name="effectiveWavelength" datatype="double" unit="nm" ucd="em.wl.effective" '
        f'utype="photDM:PhotometryFilter.spectralLocation.value" value="{band.wavelength_nm!r}"/>'
        f'<PARAM name="magnitudeSystem" datatype="char" arraysize="*" '
        f'utype="photDM:PhotCal.magnitudeSystem.type" value="{band.system}"/>{zero}</GROUP>\n'
    )


def _name_of(band: Band) -> str:
    return "band_" + "".join(char if char.isalnum() else "_" for char in band.band_id)


def _rows(rows: pl.DataFrame) -> str:
    cells = [
        pl.concat_str(pl.lit("<TD>"), _cell(column), pl.lit("</TD>")).alias(column.name) for column in COLUMNS
    ]
    lines = rows.select(cells).select(
        pl.concat_str(pl.lit("<TR>"), *(pl.col(column.name) for column in COLUMNS), pl.lit("</TR>\n"))
    )
    return str(lines.to_series().str.join("").item())


def _cell(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.name == "n_ref_stars":
        return value.fill_null(_NO_NUMBER).cast(pl.String())
    text = value.cast(pl.String()).fill_null("")
    if column.dtype != pl.String():
        return text
    return (
        text.str.replace_all(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "")
        .str.replace_all("&", "&amp;", literal=True)
        .str.replace_all("<", "&lt;", literal=True)
        .str.replace_all(">", "&gt;", literal=True)
    )


def _plain(text: str) -> str:
    return text.translate(_CONTROL)
