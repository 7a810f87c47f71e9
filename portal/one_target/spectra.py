"""The spectra of a target as the page draws them: thinned, side by side, with lines that a redshift moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import altair as alt
import numpy as np
import polars as pl

from engine.sent.spectrum import Spectrum
from engine.spectral_lines import GROUPS, LINES, MOST_REDSHIFT, observed_angstrom
from engine.target import Target
from lake.people.accounts import User
from lake.raw import RawStore
from lake.spectra import SentSpectrum, points_of, spectra_of
from portal.fmt import MISSING, date_text, moment_text
from portal.opened import lake
from portal.spreadsheet import harmless_texts
from portal.vega import Spec, spec_of
from portal.words import _, language, marked

HEIGHT_PX = 420
MOST_DRAWN = 8_000  # marks of all spectra together
MOST_AT_ONCE = 8
GROUP_WORDS = {
    "Hydrogen": marked("Hydrogen"), "Helium": marked("Helium"), "Calcium": marked("Calcium"),
    "Sodium": marked("Sodium"), "Magnesium": marked("Magnesium"), "Silicon": marked("Silicon"),
    "Iron": marked("Iron"), "Oxygen": marked("Oxygen"), "Nebular": marked("Nebular"),
    "Air of the Earth": marked("Air of the Earth"),
}  # fmt: skip
GROUPS_AT_FIRST = ("Hydrogen", "Helium", "Calcium", "Sodium")
_LABEL_SHARE = 0.022  # of the chart's width, between two names of lines
_LINE_SCHEMA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "name": pl.String(),
    "label": pl.String(),
    "group": pl.String(),
    "angstrom": pl.Float64(),
}
_STEP = 1.0  # between two spectra, in medians of their flux
_BRIGHT_SHARE, _DIM_SHARE = 99.8, 0.2  # percentiles that fix the scale: a cosmic ray does not
_GROUP_COLOURS = (
    "#e5484d", "#f59e0b", "#8b5cf6", "#eab308", "#10b981", "#06b6d4", "#b45309", "#ec4899", "#22c55e",
    "#8b98ad",
)  # fmt: skip
_SPECTRUM_COLOURS = ("#0e9bd8", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a800", "#8b98ad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A spectrum with what is said of it."""

    sent: SentSpectrum
    spectrum: Spectrum  # thinned
    points: int  # that were sent

    @property
    def name(self) -> str:
        """When, where and by whom it was taken, in the reader's language."""
        sent, spectrum = self.sent, self.spectrum
        date = moment_text(spectrum.mjd) if spectrum.mjd else ""
        when = date or _("sent {date}", date=date_text(sent.received_mjd))
        number = _("no. {number}", number=sent.upload_id)
        words = (when, spectrum.facility or sent.oname, sent.observers, number)
        return " · ".join(word for word in words if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The chart of some spectra."""

    rows: pl.DataFrame
    spec: Spec
    unit: str  # of the flux, empty where it is relative


def spectra(target: Target, user: User | None) -> list[Shown]:
    """Return the spectra of a target that a visitor may see, the newest first."""
    found = [_shown(lake().raw, sent) for sent in spectra_of(lake(), target.target_id or 0, user)]
    return [each for each in found if each is not None]


@lru_cache(maxsize=64)  # thinned ones are small
def _shown(raw: RawStore, sent: SentSpectrum) -> Shown | None:
    whole = points_of(raw, sent)
    if whole is None:
        return None
    return Shown(sent=sent, spectrum=thinned(whole, MOST_DRAWN), points=len(whole.flux))


def spectra_table(shown: Sequence[Shown]) -> pl.DataFrame:
    """Return what is known of each spectrum: when, who, where and how far it reaches."""
    return pl.DataFrame(
        {
            "Observed (UTC)": [moment_text(each.spectrum.mjd) for each in shown],
            "Observer": [each.sent.observers or MISSING for each in shown],
            "Facility": [each.spectrum.facility or each.sent.oname or MISSING for each in shown],
            "From [Å]": [float(each.spectrum.wavelength_angstrom[0]) for each in shown],
            "To [Å]": [float(each.spectrum.wavelength_angstrom[-1]) for each in shown],
            "Points": [each.points for each in shown],
            "Unit": [each.spectrum.flux_unit for each in shown],
            "Upload": [each.sent.upload_id for each in shown],
        }
    )


def redshift_of_text(text: str) -> float:
    """Return the redshift in an address; what is none counts as zero."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0.0 <= number <= MOST_REDSHIFT else 0.0


def spectra_chart(
    shown: Sequence[Shown], *, groups: Sequence[str], redshift: float, is_vacuum: bool
) -> Drawn:
    """Return the chart of spectra, each above the next where there are several, with lines marked."""
    is_relative = len(shown) > 1
    most = MOST_DRAWN // max(1, len(shown))
    parts = [
        _curve(each, (len(shown) - 1 - number) * _STEP, most, is_relative=is_relative)
        for number, each in enumerate(shown)
    ]
    rows = pl.concat(parts)
    lines = _lines(rows, groups, redshift=redshift, is_vacuum=is_vacuum)
    names = tuple(each.name for each in shown)
    unit = "" if is_relative else shown[0].spectrum.flux_unit
    title = _("flux over its median, shifted") if is_relative else _("flux [{unit}]", unit=unit)
    spec = _spec(names, title, language())
    return Drawn(rows=pl.concat([rows, lines], how="diagonal"), spec=spec, unit=unit)


def _curve(each: Shown, shift: float, most: int, *, is_relative: bool) -> pl.DataFrame:
    spectrum = thinned(each.spectrum, most)
    flux = spectrum.flux
    if is_relative:
        middle = float(np.median(np.abs(flux))) or 1.0
        flux = np.clip(flux / middle, *np.percentile(flux / middle, [_DIM_SHARE, _BRIGHT_SHARE])) + shift
    return pl.DataFrame(
        {"kind": "flux", "name": each.name, "angstrom": spectrum.wavelength_angstrom, "flux": flux}
    )


def thinned(spectrum: Spectrum, most: int) -> Spectrum:
    """Return a spectrum of at most so many points: means of neighbours, as many for each."""
    per_point = -(-len(spectrum.flux) // most)
    if per_point == 1:
        return spectrum
    starts = np.arange(0, len(spectrum.flux), per_point)
    counts = np.diff(np.append(starts, len(spectrum.flux)))
    return Spectrum(
        wavelength_angstrom=np.add.reduceat(spectrum.wavelength_angstrom, starts) / counts,
        flux=np.add.reduceat(spectrum.flux, starts) / counts,
        flux_unit=spectrum.flux_unit,
        mjd=spectrum.mjd,
        facility=spectrum.facility,
    )


def _lines(rows: pl.DataFrame, groups: Sequence[str], *, redshift: float, is_vacuum: bool) -> pl.DataFrame:
    first, last = float(rows["angstrom"].min()), float(rows["angstrom"].max())  # type: ignore[arg-type]
    marks = [
        (line, observed_angstrom(line, redshift=redshift, vacuum=is_vacuum))
        for line in LINES
        if line.group in groups
    ]
    inside = sorted(((line, at) for line, at in marks if first <= at <= last), key=lambda mark: mark[1])
    labels, free_from = [], first
    for line, at in inside:
        labels.append(line.name if at >= free_from else "")  # pointing at the line tells its name
        free_from = at + _LABEL_SHARE * (last - first) if labels[-1] else free_from
    return pl.DataFrame(
        {
            "kind": ["line"] * len(inside),
            "name": [line.name for line, _ in inside],
            "label": labels,
            "group": [line.group for line, _ in inside],
            "angstrom": [at for _, at in inside],
        },
        schema=_LINE_SCHEMA,
    )


@lru_cache(maxsize=64)
def _spec(names: tuple[str, ...], title: str, language: str) -> Spec:  # noqa: ARG001 - of its words
    rows = alt.Chart(alt.NamedData(name="rows"))
    x = alt.X(
        "angstrom:Q",
        title=_("wavelength [Å]"),
        scale=alt.Scale(zero=False, nice=False, padding=4),
        axis=alt.Axis(format="~f", tickSize=0, labelFlush=True),
    )
    axis = alt.Axis(minExtent=52, format="~g", tickSize=0)
    y = alt.Y("flux:Q", title=title, scale=alt.Scale(zero=False, nice=False, padding=10), axis=axis)
    legend = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=250, symbolType="stroke")
    colours = alt.Scale(domain=list(names), range=list(_SPECTRUM_COLOURS[: len(names)]))
    curves = (
        rows.transform_filter("datum.kind == 'flux'")
        .mark_line(strokeWidth=1.2, clip=True, interpolate="step")
        .encode(x=x, y=y, color=alt.Color("name:N", scale=colours, legend=legend))
    )
    marks = rows.transform_filter("datum.kind == 'line'")
    shades = alt.Scale(domain=list(GROUPS), range=list(_GROUP_COLOURS))
    shade = alt.Color("group:N", scale=shades, legend=None)
    tooltip = [
        alt.Tooltip("name:N", title=_("Line")),
        alt.Tooltip("angstrom:Q", title=_("At [Å]"), format=".1f"),
    ]
    rules = marks.mark_rule(strokeWidth=1.3, strokeDash=[4, 3], opacity=0.75, clip=True).encode(
        x=x, color=shade, tooltip=tooltip
    )
    words = marks.mark_text(angle=270, align="right", baseline="bottom", dx=-4, dy=-2, fontSize=11, clip=True)
    labels = words.encode(x=x, y=alt.value(0), text="label:N", color=shade)
    zoom = alt.selection_interval(name="zoom", encodings=["x", "y"], bind="scales")
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart = alt.layer(curves.add_params(zoom), rules, labels).resolve_scale(color="independent")
    return spec_of(chart.properties(height=HEIGHT_PX, autosize=size))


def spectra_csv(shown: Sequence[Shown]) -> bytes:
    """Return every point of spectra as it was sent, with whom to credit."""
    whole = [(each.sent, points_of(lake().raw, each.sent)) for each in shown]
    parts = [
        pl.DataFrame({"wavelength_angstrom": spectrum.wavelength_angstrom, "flux": spectrum.flux}).select(
            pl.lit(sent.upload_id).alias("upload"),
            "wavelength_angstrom",
            "flux",
            pl.lit(spectrum.flux_unit).alias("flux_unit"),
            pl.lit(spectrum.mjd, dtype=pl.Float64()).alias("mjd_utc"),
            pl.lit(spectrum.facility or sent.oname).alias("facility"),
            pl.lit(sent.observers).alias("observers"),
        )
        for sent, spectrum in whole
        if spectrum is not None
    ]
    return harmless_texts(pl.concat(parts)).write_csv().encode() if parts else b""
