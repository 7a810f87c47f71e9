"""A light curve as a figure of plotly: plain JSON, drawn by the client."""

import polars as pl

from engine.bands import BANDS
from engine.lightcurve import utc_time

UNKNOWN_COLOUR = "#64748b"
_TIME = utc_time()


def figure_of(points: pl.DataFrame) -> dict[str, object] | None:
    """Return magnitudes by filter, limits as series of their own as in BHTOM, or None without magnitudes."""
    rows = points.filter(pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null())).sort("mjd")
    if rows.is_empty():
        return None
    rows = rows.with_columns(
        when=_TIME.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f"), is_limit=pl.col("mag").is_null()
    )
    return {
        "data": [
            _series(str(band), bool(is_limit), part)
            for (band, is_limit), part in rows.group_by("band", "is_limit", maintain_order=True)
        ],
        "layout": {
            "xaxis": {"title": {"text": "UTC"}, "type": "date"},
            "yaxis": {"title": {"text": "Magnitude"}, "autorange": "reversed"},
            "hovermode": "closest",
        },
    }


def _series(band: str, is_limit: bool, part: pl.DataFrame) -> dict[str, object]:
    colour = BANDS[band].colour if band in BANDS else UNKNOWN_COLOUR
    series: dict[str, object] = {
        "type": "scatter",
        "mode": "markers",
        "name": f"{band}-LIMIT" if is_limit else band,
        "x": part["when"].to_list(),
        "y": part["limit_mag" if is_limit else "mag"].to_list(),
        "marker": {"color": colour, "symbol": "triangle-down-open" if is_limit else "circle"},
        "customdata": part.select("mjd", "facility", "observer").rows(),
    }
    if not is_limit:
        series["error_y"] = {"type": "data", "array": part["mag_err"].to_list(), "visible": True}
    return series
