"""What a chart of points says of each mark: the browser works it out, so that only numbers are sent."""

import json
from collections.abc import Sequence

import polars as pl

from portal.words import _

Steps = list[dict[str, str]]

_MJD_OF_UNIX_EPOCH = 40587
_TIMES = {
    "when": f"utcFormat(round((datum.mjd - {_MJD_OF_UNIX_EPOCH}) * 86400000), '%Y-%m-%d %H:%M:%S')",
    "mjd_text": "format(datum.mjd, '.5f')",
}
_BAR = {
    "bright_mag": "isValid(datum.error_mag) ? datum.level_mag - datum.error_mag : null",
    "faint_mag": "isValid(datum.error_mag) ? datum.level_mag + datum.error_mag : null",
}


def magnitude_steps() -> Steps:
    """Return how a browser gets the bar and the words of a mark on a chart of magnitudes."""
    limit = _said(_("fainter than {mag}"), "{mag}", "format(datum.level_mag, '.2f')")
    seen = f"format(datum.level_mag, '.3f'){_plus_minus('error_mag', '.3f')}"
    return _steps(_TIMES | _BAR | {"reading": f"datum.is_limit ? {limit} : {seen}"})


def flux_look_steps() -> Steps:
    """Return the same where fluxes in µJy are drawn in place of magnitudes."""
    limit = _said(_("below {flux} µJy"), "{flux}", "format(datum.level_mag, '.4~g')")
    seen = f"format(datum.level_mag, '.5~g'){_plus_minus('error_mag', '.2~g')}"
    return _steps(_TIMES | _BAR | {"reading": f"datum.is_limit ? {limit} : {seen} + ' µJy'"})


def flux_steps(unit: str) -> Steps:
    """Return the same for fluxes as radio and gamma astronomers write them."""
    bar = {
        "low": "isValid(datum.error) ? datum.level - datum.error : null",
        "high": "isValid(datum.error) ? datum.level + datum.error : null",
    }
    reading = f"format(datum.level, '.4~g'){_plus_minus('error', '.2~g')} + ' {unit}'"
    return _steps(_TIMES | bar | {"reading": reading})


def _said(text: str, place: str, number: str) -> str:
    """Return the expression of a text that holds a number, with the text quoted, whatever its language."""
    before, _place, after = text.partition(place)
    return f"{json.dumps(before)} + {number} + {json.dumps(after)}"


def _plus_minus(field: str, digits: str) -> str:
    return f" + (isValid(datum.{field}) ? ' ± ' + format(datum.{field}, '{digits}') : '')"


def _steps(values: dict[str, str]) -> Steps:
    return [{"calculate": expression, "as": name} for name, expression in values.items()]


def coded(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return rows whose words are sent once each, and as a small number where they stand."""
    return rows.with_columns(
        pl.col(name).cast(pl.Enum(rows[name].cast(pl.String).unique().sort())) for name in columns
    )
