"""What the pages show of a night: the plan for a telescope, and a target over many telescopes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from engine.target import Target
from engine.times import mjd_now
from engine.visibility.night import ASTRONOMICAL_DEG, NAUTICAL_DEG, SUNSET_DEG, Night, Span, date_of
from engine.visibility.night import tonight as day_of_tonight
from engine.visibility.ranking import best_words, clock
from engine.visibility.windows import Limits
from lake.people.accounts import User
from lake.sites.telescopes import Telescope, telescopes_of
from lake.tonight import Asked, Chance, Plan, chances, plan_night
from portal.fmt import MISSING
from portal.light_curve.moment import reading
from portal.observing.night_charts import night_rows, night_spec, strip_of, sun_down
from portal.opened import lake
from portal.vega import Spec
from portal.words import _, language, several

MOST_LISTED = 200
DRAWN_AT_FIRST = 6
MOST_DRAWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NightChart:
    """A night ready to be drawn."""

    rows: pl.DataFrame
    spec: Spec
    names: tuple[str, ...]


def telescopes(user: User | None) -> list[Telescope]:
    """Return all telescopes, the visitor's favourites and own first."""
    return telescopes_of(lake().operations, user)


def evening_of(telescope: Telescope) -> date:
    """Return the date of the night that is under way at a telescope, or comes next."""
    return date_of(day_of_tonight(telescope.site, mjd_now()))


def plan(asked: Asked, user: User | None, *, most: int = MOST_LISTED) -> Plan:
    """Return the best targets of a night for this visitor."""
    return plan_night(lake().operations, reading(), asked, user, limit=most, now_mjd=mjd_now())


def night_facts(night: Night) -> dict[str, str]:
    """Return Sun and Moon of a night in words."""
    words = {
        _("Sun down"): _span_text(night.with_sun_below(SUNSET_DEG)),
        _("Nautical dark"): _span_text(night.with_sun_below(NAUTICAL_DEG)),
        _("Full dark"): _span_text(night.with_sun_below(ASTRONOMICAL_DEG)),
    }
    moon = _("{percent} lit, {when}", percent=f"{night.moon_lit:.0%}", when=_moon_up(night))
    return words | {_("Moon"): moon}


def first_words(found: Plan) -> str:
    """Return the best target of a plan with its moment and its reasons."""
    row = found.rows.row(0, named=True)
    return _(
        "{target} at {time}: {reasons}.", target=row["name"], time=best_words(row), reasons=row["reasons"]
    )


def depth_words(found: Plan) -> str:
    """Return how faint the telescope sees, and how that is known."""
    if found.depth is not None:
        return _(found.depth.told)
    return _("How faint this telescope sees is not known: that takes its aperture, or frames of it here.")


def _span_text(span: Span | None) -> str:
    if span is None:
        return _("never")
    return _("all day") if span.hours > 23.99 else f"{clock(span.from_mjd)} – {clock(span.to_mjd)} UTC"


def _moon_up(night: Night) -> str:
    span = sun_down(night)
    inside = (night.mjd >= span.from_mjd) & (night.mjd <= span.to_mjd)
    is_up = inside & (night.moon_altitude_deg > 0)
    if not is_up.any():
        return _("below the horizon")
    moments = night.mjd[is_up]
    if is_up.sum() == inside.sum():
        return _("up all night")
    return _("up {rise} – {set}", rise=clock(float(moments[0])), set=clock(float(moments[-1])))


def plan_table(found: Plan) -> pl.DataFrame:
    """Return a plan as the page lists it."""
    rows = found.rows
    return pl.DataFrame(
        {
            "Target": rows["name"],
            "Score": rows["score"],
            "Night": pl.Series(strip_of(found.night, found.altitudes_deg), dtype=pl.List(pl.Float64())),
            "Best": pl.Series([clock(mjd) for mjd in rows["best_mjd"]], dtype=pl.String()),
            "High": rows["best_altitude_deg"],
            "Hours": rows["hours_up"],
            "Moon": rows["moon_separation_deg"],
            "Last mag": rows["last_mag"],
            "Why": rows["reasons"],
            "Class": rows["classification"],
            "Data": pl.Series(
                [_("simulated") if each else _("observed") for each in rows["simulated"]], dtype=pl.String()
            ),
        }
    )


def plan_chart(found: Plan, picked: Sequence[int]) -> NightChart:
    """Return the night with the picked rows of a plan, or with its best where none is picked."""
    numbers = [number for number in picked if number < len(found.rows)][:MOST_DRAWN]
    numbers = numbers or list(range(min(DRAWN_AT_FIRST, len(found.rows))))
    tracks = {
        found.rows["name"][number]: (found.night.mjd, found.altitudes_deg[number]) for number in numbers
    }
    rows = night_rows(
        found.night,
        tracks,
        shown=sun_down(found.night),
        limit_deg=found.asked.limits.altitude_min_deg,
        now_mjd=mjd_now(),
    )
    return NightChart(rows=rows, spec=night_spec(tuple(tracks), language()), names=tuple(tracks))


def target_chances(target: Target, user: User | None) -> list[Chance]:
    """Return what each telescope can see of a target tonight; the demo's telescope sees what is simulated."""
    found = [each for each in telescopes(user) if target.simulated or not each.is_simulated]
    return chances(lake().operations, target, found, limits=Limits(), now_mjd=mjd_now())


def best_sentence(found: Sequence[Chance]) -> str:
    """Return in one sentence from where a target is best observed tonight."""
    if not found:
        return _("No telescope is registered here yet: the page Tonight takes any site.")
    best = found[0]
    if best.hours_up == 0:
        return several(
            "None of {count} telescope here can observe it tonight: "
            "it never stands 30 degrees high in the dark.",
            "None of {count} telescopes here can observe it tonight: "
            "it never stands 30 degrees high in the dark.",
            len(found),
        )
    return _(
        "Best from {telescope} at {time}.", telescope=best.telescope.site.name, time=best_words(best.offer)
    )


def chances_table(found: Sequence[Chance]) -> pl.DataFrame:
    """Return a target's chances as the page lists them."""
    rows = [
        {
            "Telescope": each.telescope.site.name,
            "Evening": each.night.evening,
            "Best": MISSING if each.offer["best_mjd"] is None else clock(each.offer["best_mjd"]),
            "High": each.offer["best_altitude_deg"],
            "Hours": each.hours_up,
            "Moon": each.offer["moon_separation_deg"],
            "Dark": _span_text(each.night.with_sun_below(NAUTICAL_DEG)).removesuffix(" UTC"),
        }
        for each in found
    ]
    return pl.DataFrame(rows, schema=_CHANCE_COLUMNS)


_CHANCE_COLUMNS: dict[str, pl.DataType] = {
    "Telescope": pl.String(),
    "Evening": pl.Date(),
    "Best": pl.String(),
    "High": pl.Float64(),
    "Hours": pl.Float64(),
    "Moon": pl.Float64(),
    "Dark": pl.String(),
}


def chances_chart(found: Sequence[Chance]) -> NightChart | None:
    """Return a target's altitude over several telescopes, each from its sunset to its sunrise.

    The sky and the Moon behind are those of the first, the best one.
    """
    if not found:
        return None
    spans = [sun_down(each.night) for each in found]
    tracks = {}
    for each, span in zip(found, spans, strict=True):
        down = (each.night.mjd >= span.from_mjd) & (each.night.mjd <= span.to_mjd)
        tracks[each.telescope.site.name] = (each.night.mjd[down], each.altitudes_deg[down])
    shown = Span(from_mjd=min(span.from_mjd for span in spans), to_mjd=max(span.to_mjd for span in spans))
    rows = night_rows(
        found[0].night, tracks, shown=shown, limit_deg=Limits().altitude_min_deg, now_mjd=mjd_now()
    )
    return NightChart(rows=rows, spec=night_spec(tuple(tracks), language()), names=tuple(tracks))
