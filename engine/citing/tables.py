"""The points of a light curve as a table of LaTeX, plain or AASTeX's."""

from collections.abc import Iterator

import polars as pl

from engine.citing.latex import latex_text

_HEADS = ("MJD", "Band", "Brightness", "Error", "Unit", "Facility", "Observer", "Source")
_NOTE = "Times are MJD (UTC) of mid-exposure at the observer; a $>$ marks a 5$\\sigma$ limit."


def latex_table(points: pl.DataFrame, target_name: str) -> str:
    """Return the points as a ``longtable``, by time."""
    head = " & ".join(_HEADS) + r" \\"
    return "\n".join(
        [
            r"% \usepackage[T1]{fontenc,textcomp}, \usepackage{longtable}",
            r"\begin{longtable}{rlrrllll}",
            rf"\caption{{Photometry of {latex_text(target_name)}. {_NOTE}}} \\",
            r"\hline",
            head,
            r"\hline",
            r"\endhead",
            *(f"{row} \\\\" for row in _rows(points)),
            r"\hline",
            r"\end{longtable}",
            "",
        ]
    )


def deluxetable(points: pl.DataFrame, target_name: str) -> str:
    """Return the points as AASTeX's ``deluxetable``, by time."""
    heads = " & ".join(rf"\colhead{{{head}}}" for head in _HEADS)
    rows = list(_rows(points))
    return "\n".join(
        [
            r"\startlongtable",
            r"\begin{deluxetable*}{rlrrllll}",
            rf"\tablecaption{{Photometry of {latex_text(target_name)}}}",
            rf"\tablehead{{{heads}}}",
            r"\startdata",
            *(f"{row} \\\\" for row in rows[:-1]),
            *rows[-1:],  # the last row of a deluxetable has no end of line
            r"\enddata",
            rf"\tablecomments{{{_NOTE}}}",
            r"\end{deluxetable*}",
            "",
        ]
    )


def _rows(points: pl.DataFrame) -> Iterator[str]:
    for row in points.sort("mjd", "point_id").iter_rows(named=True):
        words = (row["band"], row["facility"] or "", row["observer"] or "", row["source"])
        band, facility, observer, source = (latex_text(word) for word in words)
        value, error, unit = _brightness(row)
        yield " & ".join((f"{row['mjd']:.5f}", band, value, error, unit, facility, observer, source))


def _brightness(row: dict[str, float | None]) -> tuple[str, str, str]:
    """Return brightness, error and unit as cells; what is missing is an ellipsis."""
    mag, flux_ujy, limit_mag = row["mag"], row["flux_ujy"], row["limit_mag"]
    if mag is not None:
        return f"{mag:.3f}", _number(row["mag_err"], ".3f"), "mag"
    if flux_ujy is not None:
        return f"{flux_ujy:.6g}", _number(row["flux_err_ujy"], ".3g"), r"$\mu$Jy"
    return f"$>${_number(limit_mag, '.3f')}", r"\ldots", "mag"


def _number(value: float | None, form: str) -> str:
    return r"\ldots" if value is None else f"{value:{form}}"
