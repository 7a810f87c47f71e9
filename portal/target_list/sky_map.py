"""The map of the whole sky with targets on it: its marks, and its specification, built once per look."""

from functools import lru_cache

import altair as alt
import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.sky_projection import Array, from_galactic, galactic, mollweide
from engine.times import mjd_now
from engine.visibility.sun import sun_position
from portal.vega import Spec, spec_of
from portal.words import _, language, marked

EQUATORIAL, GALACTIC = marked("Equatorial"), marked("Galactic")
FRAMES = (EQUATORIAL, GALACTIC)
HEIGHT_PX = 430
MOST_DRAWN = 5000
_GRID_COLOUR, _MILKY_WAY_COLOUR = "#8b98ad", "#8b5cf6"
_SUN_COLOUR, _TARGET_COLOUR, _SIMULATED_COLOUR = "#f5b942", "#0e9bd8", "#e07b39"
_TURN = 181
_REACH_X = "max(2.16, 1.06 * width / height)"
_SMALLEST_PX2, _LARGEST_PX2 = 40, 200
_BRIGHT_MAG, _FAINT_MAG = 8.0, 20.0
# the middle of each map: RA 12 h keeps the Milky Way in one piece, l 0 the centre of the Galaxy
_CENTRES_DEG = {EQUATORIAL: 180.0, GALACTIC: 0.0}
_SCHEMA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "line": pl.String(),
    "step": pl.Int64(),
    "x": pl.Float64(),
    "y": pl.Float64(),
    "words": pl.String(),
}


def sky_rows(places: pl.DataFrame, frame: str) -> pl.DataFrame:
    """Return one row per mark: the grid, the plane of the other frame, the Sun, the targets.

    Parameters
    ----------
    places
        ``name``, ``classification``, ``ra_deg``, ``dec_deg``, ``last_mag``, ``simulated``.

    Raises
    ------
    Rejected
        ``bad-frame``
    """
    if frame not in FRAMES:
        raise Rejected(f"Draw the sky as one of: {', '.join(FRAMES)}.", code="bad-frame")
    ra_deg, dec_deg = (places[name].to_numpy().astype(np.float64) for name in ("ra_deg", "dec_deg"))
    x, y = _on_map(ra_deg, dec_deg, frame)
    marks = places.select(
        pl.lit("target").alias("kind"),
        pl.Series("x", np.round(x, 5)),
        pl.Series("y", np.round(y, 5)),
        "name",
        "classification",
        "last_mag",
        size=_sizes(places["last_mag"]),
        data=pl.when(pl.col("simulated")).then(pl.lit(_("simulated"))).otherwise(pl.lit(_("observed"))),
    )
    return pl.concat([_grid(frame), _sun(frame), marks], how="diagonal_relaxed")


def _sizes(mags: pl.Series) -> pl.Series:
    """Return areas on the screen: bright targets are large, those without a magnitude small."""
    bright = (_FAINT_MAG - mags.cast(pl.Float64).clip(_BRIGHT_MAG, _FAINT_MAG)) / (_FAINT_MAG - _BRIGHT_MAG)
    return (_SMALLEST_PX2 + bright * (_LARGEST_PX2 - _SMALLEST_PX2)).fill_null(_SMALLEST_PX2).round(0)


def _on_map(ra_deg: Array, dec_deg: Array, frame: str) -> tuple[Array, Array]:
    lon_deg, lat_deg = galactic(ra_deg, dec_deg) if frame == GALACTIC else (ra_deg, dec_deg)
    return mollweide(lon_deg, lat_deg, centre_deg=_CENTRES_DEG[frame])


def _sun(frame: str) -> pl.DataFrame:
    ra_deg, dec_deg = sun_position(mjd_now())
    x, y = _on_map(np.array([ra_deg]), np.array([dec_deg]), frame)
    return pl.DataFrame({"kind": ["sun"], "x": x, "y": y, "words": [_("The Sun now")]})


@lru_cache(maxsize=2)
def _grid(frame: str) -> pl.DataFrame:
    """Return the lines of the map and their labels; they never change."""
    centre_deg = _CENTRES_DEG[frame]
    turn, half = np.linspace(-180.0, 180.0, _TURN), np.linspace(-90.0, 90.0, _TURN)
    inside = 1.0 - 1e-9
    parts = [_line("edge", "rim", _rim())]
    parts += [
        _line(
            "grid", f"lat {lat_deg}", _flat(centre_deg + turn * inside, np.full(_TURN, lat_deg), centre_deg)
        )
        for lat_deg in (-60.0, -30.0, 0.0, 30.0, 60.0)
    ]
    parts += [
        _line("grid", f"lon {lon_deg}", _flat(np.full(_TURN, centre_deg + lon_deg), half, centre_deg))
        for lon_deg in np.arange(-150.0, 180.0, 30.0)
    ]
    parts += _other_plane(frame)
    parts.append(_labels(frame))
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *parts], how="diagonal_relaxed")


def _flat(lon_deg: Array, lat_deg: Array, centre_deg: float) -> tuple[Array, Array]:
    return mollweide(lon_deg, lat_deg, centre_deg=centre_deg)


def _rim() -> tuple[Array, Array]:
    angle = np.linspace(0.0, 2.0 * np.pi, 2 * _TURN)
    return 2.0 * np.cos(angle), np.sin(angle)


def _other_plane(frame: str) -> list[pl.DataFrame]:
    """Return the Milky Way on the equatorial map, the equator on the galactic one, cut where it leaves."""
    lon_deg, zero = np.linspace(0.0, 360.0, 4 * _TURN), np.zeros(4 * _TURN)
    place = from_galactic(lon_deg, zero) if frame == EQUATORIAL else galactic(lon_deg, zero)
    x, y = _flat(*place, _CENTRES_DEG[frame])
    piece = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) > 1.0)])
    return [
        _line("plane", f"plane {number}", (x[piece == number], y[piece == number]))
        for number in range(int(piece[-1]) + 1)
    ]


def _labels(frame: str) -> pl.DataFrame:
    centre_deg = _CENTRES_DEG[frame]
    lon_deg = centre_deg + np.arange(-120.0, 150.0, 60.0)
    words = [f"{lon / 15 % 24:.0f}h" if frame == EQUATORIAL else f"{lon % 360:.0f}°" for lon in lon_deg]
    lat_deg = np.array([-60.0, -30.0, 30.0, 60.0])
    x, y = _flat(lon_deg, np.zeros(len(lon_deg)), centre_deg)
    edge_x, edge_y = _flat(np.full(4, centre_deg + 180.0 - 1e-6), lat_deg, centre_deg)
    return pl.DataFrame(
        {
            "kind": ["label"] * len(lon_deg) + ["side"] * 4,
            "x": np.concatenate([x, np.abs(edge_x)]),
            "y": np.concatenate([y, edge_y]),
            "words": [*words, *(f"{lat:+.0f}°" for lat in lat_deg)],
        }
    )


def _line(kind: str, name: str, track: tuple[Array, Array]) -> pl.DataFrame:
    x, y = track
    return pl.DataFrame(
        {"kind": kind, "line": name, "step": np.arange(len(x)), "x": np.round(x, 4), "y": np.round(y, 4)}
    )


def sky_spec() -> Spec:
    """Return the chart of ``sky_rows``; a click on a target picks it by name."""
    return _sky_spec(language())


@lru_cache(maxsize=16)
def _sky_spec(language: str) -> Spec:  # noqa: ARG001 - of its words
    rows = alt.Chart(alt.NamedData(name="points"))
    # twice as wide as high on every screen, and at the top where the screen is narrow
    x = alt.X("x:Q", scale=_scale(f"-{_REACH_X}", _REACH_X), axis=None)
    y = alt.Y("y:Q", scale=_scale("1.06 - max(2.12, 4.32 * height / width)", "1.06"), axis=None)
    picked = alt.selection_point(name="picked", fields=["name"], on="click", empty=False)
    line = {"x": x, "y": y, "detail": "line:N", "order": "step:Q", "tooltip": alt.value(None)}
    grid, edge, plane, words, side, sun, target = (
        rows.transform_filter(f"datum.kind == '{kind}'")
        for kind in ("grid", "edge", "plane", "label", "side", "sun", "target")
    )
    text = alt.Text("words:N")
    layers = (
        grid.mark_line(color=_GRID_COLOUR, opacity=0.28, strokeWidth=0.7).encode(**line),
        edge.mark_line(color=_GRID_COLOUR, opacity=0.8, strokeWidth=1.2).encode(**line),
        plane.mark_line(color=_MILKY_WAY_COLOUR, opacity=0.55, strokeWidth=2.5).encode(**line),
        words.mark_text(color=_GRID_COLOUR, dy=-7, fontSize=11).encode(x=x, y=y, text=text),
        side.mark_text(color=_GRID_COLOUR, align="left", dx=5, fontSize=11).encode(x=x, y=y, text=text),
        sun.mark_circle(color=_SUN_COLOUR, size=210, opacity=0.95).encode(
            x=x, y=y, tooltip=[alt.Tooltip("words:N", title=" ")]
        ),
        target.transform_calculate(size="datum.size * (width < 560 ? 0.35 : 1)")
        .mark_circle(opacity=0.85, stroke="white", strokeWidth=0.5, cursor="pointer")
        .encode(
            x=x,
            y=y,
            size=alt.Size("size:Q", scale=None, legend=None),
            color=_data_colour(),
            tooltip=_tooltip(),
        )
        .add_params(picked),
    )
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(*layers).properties(height=HEIGHT_PX, autosize=size)
    return spec_of(chart)


def _scale(least: str, most: str) -> alt.Scale:
    return alt.Scale(domainMin=alt.ExprRef(least), domainMax=alt.ExprRef(most), nice=False, zero=False)


def _data_colour() -> alt.Color:
    scale = alt.Scale(domain=[_("observed"), _("simulated")], range=[_TARGET_COLOUR, _SIMULATED_COLOUR])
    return alt.Color("data:N", scale=scale, legend=None)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=_("Target")),
        alt.Tooltip("classification:N", title=_("Class")),
        alt.Tooltip("last_mag:Q", title=_("Last mag"), format=".2f"),
        alt.Tooltip("data:N", title=_("Data")),
    ]
