"""How a visitor wants a light curve shown: magnitudes or fluxes, without dust or distance, which colours."""

import json
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from engine.bands import BANDS
from engine.distances import modulus_of_distance, modulus_of_redshift
from engine.errors import Rejected
from engine.extinction import MOST_EBV_MAG, extinction_mag
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR
from portal.light_curve.charts import MAG_BANDS, light_curve_spec
from portal.light_curve.readings import coded, flux_look_steps
from portal.vega import Spec
from portal.words import _, language, marked

MAGNITUDE, FLUX, ABSOLUTE = marked("Magnitude"), marked("Flux"), marked("Absolute magnitude")
BRIGHTNESSES = (MAGNITUDE, FLUX, ABSOLUTE)
COLOUR_COLUMNS = {"Band": "band", "Observatory": "facility", "Observer": "observer", "Archive": "source"}
PARSECS, MEGAPARSECS, REDSHIFT = "pc", "Mpc", marked("redshift")
DISTANCE_UNITS = (PARSECS, MEGAPARSECS, REDSHIFT)
OTHERS = marked("all others")
_SIGNS = "#8b98ad"
_UJY_PER_JY = 1e6
# Okabe & Ito 2008: told apart by people who see red and green alike
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a800", "#8b5cf6", "#8b98ad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a visitor switched on; the defaults show magnitudes as they were measured, coloured by band."""

    brightness: str = MAGNITUDE
    colour_by: str = "Band"
    ebv_mag: float = 0.0
    modulus_mag: float = 0.0  # of the distance; counts for absolute magnitudes only

    @property
    def axis(self) -> str:
        """What stands beside the axis."""
        if self.ebv_mag:
            without_dust = {
                MAGNITUDE: _("magnitude, without dust"),
                FLUX: _("flux [µJy], without dust"),
                ABSOLUTE: _("absolute magnitude, without dust"),
            }
            return without_dust[self.brightness]
        words = {MAGNITUDE: _("magnitude"), FLUX: _("flux [µJy]"), ABSOLUTE: _("absolute magnitude")}
        return words[self.brightness]

    @property
    def is_plain(self) -> bool:
        """Whether nothing was switched."""
        return self == Look(modulus_mag=self.modulus_mag)


def look_of(*, brightness: str, colour_by: str, ebv_mag: float, distance: float, unit: str) -> Look:
    """Return a look from what stands in the fields.

    Raises
    ------
    Rejected
        ``bad-look``: a choice that is none; ``bad-ebv``: a reddening outside 0 to 10; ``bad-distance``,
        ``bad-redshift``
    """
    known = brightness in BRIGHTNESSES and colour_by in COLOUR_COLUMNS and unit in DISTANCE_UNITS
    if not known:
        raise Rejected("Choose one of the words that are offered.", code="bad-look")
    if not 0.0 <= ebv_mag <= MOST_EBV_MAG:
        raise Rejected("A reddening E(B-V) must lie between 0 and 10 magnitudes.", code="bad-ebv")
    modulus_mag = 0.0
    if brightness == ABSOLUTE:
        per_unit = {PARSECS: 1.0, MEGAPARSECS: 1e6}
        modulus_mag = (
            modulus_of_redshift(distance)
            if unit == REDSHIFT
            else modulus_of_distance(distance * per_unit[unit])
        )
    return Look(brightness=brightness, colour_by=colour_by, ebv_mag=ebv_mag, modulus_mag=modulus_mag)


def as_shown(points: pl.DataFrame, look: Look) -> pl.DataFrame:
    """Return points whose ``mag``, ``mag_err`` and ``limit_mag`` hold what is shown, be it a flux.

    Points are left out where dust or the flux of magnitude zero is not known for their band.
    """
    dust = {name: extinction_mag(BANDS[name].wavelength_nm, ebv_mag=look.ebv_mag) for name in MAG_BANDS}
    dust_mag = _by_band(dust) if look.ebv_mag else pl.lit(0.0)
    if look.brightness == FLUX:
        return _as_flux(points, dust_mag)
    shift_mag = dust_mag + (look.modulus_mag if look.brightness == ABSOLUTE else 0.0)
    return points.filter(shift_mag.is_not_null()).with_columns(
        mag=pl.col("mag") - shift_mag, limit_mag=pl.col("limit_mag") - shift_mag
    )


def _as_flux(points: pl.DataFrame, dust_mag: pl.Expr) -> pl.DataFrame:
    zero = _by_band(
        {name: None if (jy := BANDS[name].zero_flux_jy) is None else jy * _UJY_PER_JY for name in MAG_BANDS}
    )
    brighter = 10.0 ** (0.4 * dust_mag)
    of_mag = zero * 10.0 ** (-0.4 * pl.col("mag"))
    flux = pl.coalesce(of_mag, "flux_ujy") * brighter
    relative_err = pl.col("mag_err") / MAG_ERR_PER_RELATIVE_FLUX_ERR
    error = pl.coalesce(of_mag * relative_err, "flux_err_ujy") * brighter
    limit = zero * 10.0 ** (-0.4 * pl.col("limit_mag")) * brighter
    shown = points.filter(pl.col("band").is_in(list(MAG_BANDS))).with_columns(
        mag=flux, mag_err=pl.when(flux.is_not_null()).then(error), limit_mag=limit
    )
    return shown.filter(pl.any_horizontal(pl.col("mag", "limit_mag").is_not_null()))


def _by_band(values: dict[str, float | None]) -> pl.Expr:
    return pl.col("band").replace_strict(values, default=None, return_dtype=pl.Float64)


def with_groups(rows: pl.DataFrame, look: Look) -> pl.DataFrame:
    """Return the marks of a chart with who or what colours each."""
    column = COLOUR_COLUMNS[look.colour_by]
    if column == "band":
        return rows
    names = rows[column].cast(pl.String)
    most = names.value_counts(sort=True).head(len(_COLOURS) - 1)[column].to_list()
    named = pl.when(names.is_in(most)).then(names).otherwise(pl.lit(_(OTHERS)))
    return coded(rows.with_columns(shown_as=named), ("shown_as",))


def groups_of(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return what the colours of ``with_words`` stand for, those with most points first."""
    if "shown_as" not in rows.columns:
        return ()
    names: list[str] = rows["shown_as"].value_counts(sort=True)["shown_as"].to_list()
    others = _(OTHERS)
    return tuple(sorted(names, key=lambda name: name == others))


def looked_spec(bands: tuple[str, ...], groups: tuple[str, ...], axis: str, upward: bool) -> Spec:
    """Return the chart of a light curve with another axis, and coloured by groups where there are any."""
    return _looked_spec(bands, groups, axis, upward, language())


@lru_cache(maxsize=64)
def _looked_spec(
    bands: tuple[str, ...],
    groups: tuple[str, ...],
    axis: str,
    upward: bool,
    language: str,  # noqa: ARG001 - of its words
) -> Spec:
    spec: Spec = json.loads(json.dumps(light_curve_spec(bands)))  # a copy: the plain one is shared
    if upward:
        spec["transform"] = flux_look_steps()
    layers = spec["layer"]
    assert isinstance(layers, list)  # noqa: S101 - altair's own shape
    for layer in layers:
        encoding = layer["encoding"]
        encoding["y"]["title"] = axis
        encoding["y"]["scale"]["reverse"] = not upward
        if upward:
            # else vega writes 14,000 as 1.4e+4
            encoding["y"]["axis"]["labelExpr"] = "format(datum.value, ',')"
        if groups and "color" in encoding:
            encoding["color"]["field"] = "shown_as"
            encoding["color"]["legend"]["columns"] = {"expr": "max(1, floor(width / 200))"}
            if "shape" in encoding:  # else its signs are black, on a dark page too
                encoding["shape"]["legend"] |= {"symbolFillColor": _SIGNS, "symbolStrokeColor": _SIGNS}
            encoding["color"]["scale"] = {"domain": list(groups), "range": list(_COLOURS[: len(groups)])}
    if groups:
        _click_on_groups(spec)
    return spec


def _click_on_groups(spec: Spec) -> None:
    params = spec["params"]
    assert isinstance(params, list)  # noqa: S101
    for param in params:
        if param["name"] == "only":
            param["select"]["fields"] = ["shown_as"]
