"""AAVSO Extended File Format 1.2: what can be sent to the AAVSO as it is.

Only points that observers measured here, in a band that the AAVSO knows; simulated points never. Points of
archives are not ours to report.
"""

from collections.abc import Iterator

import polars as pl

from engine.formats.columns import UPLOAD, rows_of
from engine.formats.curve import AnyCurve
from engine.lightcurve import Flag, has_flag

JD_OF_MJD_0 = 2400000.5
NO_OBSERVER_CODE = "na"
_FILTERS = {  # AAVSO's codes of our bands
    "U": "U", "B": "B", "V": "V", "R": "R", "I": "I",
    "u": "SU", "g": "SG", "r": "SR", "i": "SI", "z": "SZ",
}  # fmt: skip
_CODES = {f"{ours}(GaiaSP)": code for ours, code in _FILTERS.items()}
_COLUMNS = "NAME,DATE,MAG,MERR,FILT,TRANS,MTYPE,CNAME,CMAG,KNAME,KMAG,AMASS,GROUP,CHART,NOTES"
_NAME_CHARS = 30


def aavso_pieces(curve: AnyCurve, *, observer_code: str = NO_OBSERVER_CODE) -> Iterator[bytes]:
    """Give the file piece by piece; the magnitudes rest on an ensemble of catalogue stars."""
    yield (
        "#TYPE=Extended\n"
        f"#OBSCODE={observer_code}\n"
        "#SOFTWARE=tomlake\n"
        "#DELIM=,\n"
        "#DATE=JD\n"
        "#OBSTYPE=CCD\n"
        f"#{_COLUMNS}\n"
    ).encode()
    for points in curve.slices():
        reported = points.filter(
            pl.col("source") == UPLOAD,
            pl.col("band").is_in(list(_CODES)),
            ~has_flag(Flag.SIMULATED),
            pl.col("mag").is_not_null() | pl.col("limit_mag").is_not_null(),
        )
        if len(reported):
            yield _lines(curve, rows_of(curve, reported)).encode("ascii", "replace")


def _lines(curve: AnyCurve, rows: pl.DataFrame) -> str:
    columns = ("mjd_utc", "mag", "mag_err", "limit_mag", "filter", "airmass", "ref_catalogue")
    name = curve.target.name[:_NAME_CHARS]
    return "".join(_line(name, *row) for row in rows.select(columns).iter_rows())


def _line(name: str, mjd: float, mag: float | None, *rest: object) -> str:
    mag_err, limit_mag, band, airmass, catalogue = rest
    shown = f"<{limit_mag:.3f}" if mag is None else f"{mag:.3f}"
    values = (
        name,
        f"{mjd + JD_OF_MJD_0:.6f}",
        shown,
        "na" if mag is None or mag_err is None else f"{mag_err:.3f}",
        _CODES[str(band)],
        "NO",  # no colour of the target itself went in
        "STD",
        "ENSEMBLE",
        "na", "na", "na",
        "na" if airmass is None else f"{airmass:.3f}",
        "na",
        "na",
        "na" if catalogue is None else str(catalogue).replace(",", " "),
    )  # fmt: skip
    return ",".join(values) + "\n"
