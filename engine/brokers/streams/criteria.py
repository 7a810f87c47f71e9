"""A person's rule: checked against what a stream can do, written and read, and applied to candidates."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import polars as pl
from astropy.coordinates import SkyCoord

from engine.brokers.streams.protocol import Rule, StreamInfo
from engine.errors import Rejected

NEWER_MAX_D = 3650.0
_TEXT_MAX_CHARS = {"classification": 100, "conditions": 2000}
_RANGES: dict[str, tuple[float, float]] = {
    "probability_min": (0.0, 1.0),
    "brighter_than_mag": (-5.0, 35.0),
    "newer_than_d": (0.1, NEWER_MAX_D),
    "dec_min_deg": (-90.0, 90.0),
    "dec_max_deg": (-90.0, 90.0),
    "gal_lat_min_deg": (0.0, 90.0),
    "cone_ra_deg": (0.0, 360.0),
    "cone_dec_deg": (-90.0, 90.0),
    "cone_radius_deg": (0.0001, 180.0),
}
_CONE = ("cone_ra_deg", "cone_dec_deg", "cone_radius_deg")


def rule_of(criteria: Mapping[str, object]) -> Rule:
    """Return a rule from what was stored or typed.

    Raises
    ------
    Rejected
        ``bad-rule``: an unknown word, a value that is no number or out of its range, or half a cone.
    """
    unknown = set(criteria) - {field.name for field in fields(Rule)}
    if unknown:
        raise Rejected(f"A rule knows no {', '.join(sorted(unknown))}.", code="bad-rule")
    values: dict[str, Any] = {
        name: _text(name, criteria[name]) for name in _TEXT_MAX_CHARS if name in criteria
    }
    values |= {name: _number(name, criteria[name]) for name in _RANGES if criteria.get(name) is not None}
    rule = Rule(**values)
    if len({getattr(rule, name) is None for name in _CONE}) > 1:
        raise Rejected("A cone needs RA, Dec and radius, all in degrees.", code="bad-rule")
    least, most = rule.dec_min_deg, rule.dec_max_deg
    if least is not None and most is not None and least > most:
        raise Rejected("The least declination lies above the greatest one: swap them.", code="bad-rule")
    return rule


def criteria_of(rule: Rule) -> dict[str, object]:
    """Return a rule as it is stored: only what narrows it, and how new things must be."""
    return {name: value for name, value in asdict(rule).items() if value not in ("", None)}


def checked_rule(info: StreamInfo, rule: Rule) -> Rule:
    """Return the rule, or say what the stream cannot do.

    Raises
    ------
    Rejected
        ``bad-rule``: the stream needs a class, or cannot judge by what the rule names.
    """
    if info.needs_class and not rule.classification:
        examples = ", ".join(info.classes[:3])
        raise Rejected(f"{info.title} needs a {info.class_words}, such as {examples}.", code="bad-rule")
    if rule.brighter_than_mag is not None and not info.tells_mag:
        raise Rejected(f"{info.title} tells no magnitudes: leave out 'brighter than'.", code="bad-rule")
    if rule.probability_min is not None and not info.tells_probability:
        raise Rejected(f"{info.title} tells no probabilities: leave them out.", code="bad-rule")
    if rule.conditions and not info.takes_conditions:
        raise Rejected(f"{info.title} takes no conditions of its own: leave them out.", code="bad-rule")
    return rule


def fitting(found: pl.DataFrame, rule: Rule, info: StreamInfo, *, now_mjd: float) -> pl.DataFrame:
    """Return the candidates that fit a rule; one without a number that the rule judges by does not fit.

    A class that a stream does not choose by itself fits from its beginning on: SN fits SN Ia.
    """
    if info.class_is_asked:
        unsaid = pl.col("classification") == ""
        found = found.with_columns(
            classification=pl.when(unsaid).then(pl.lit(rule.classification)).otherwise("classification")
        )
    conditions = [pl.coalesce("first_mjd", "mjd") >= now_mjd - rule.newer_than_d]
    if rule.classification and not info.class_is_asked:
        begins = pl.col("classification").str.to_lowercase()
        conditions.append(begins.str.starts_with(rule.classification.lower()))
    if rule.probability_min is not None:
        conditions.append(pl.col("probability") >= rule.probability_min)
    if rule.brighter_than_mag is not None:
        conditions.append(pl.col("mag") <= rule.brighter_than_mag)
    if rule.dec_min_deg is not None:
        conditions.append(pl.col("dec_deg") >= rule.dec_min_deg)
    if rule.dec_max_deg is not None:
        conditions.append(pl.col("dec_deg") <= rule.dec_max_deg)
    return _in_place(found.filter(*conditions), rule)


def told(rule: Rule) -> str:
    """Return a rule in plain words."""
    parts = [
        rule.classification,
        _with(rule.probability_min, "probability from {:g}"),
        _with(rule.brighter_than_mag, "brighter than {:g} mag"),
        f"first seen at most {rule.newer_than_d:g} d ago",
        _with(rule.dec_min_deg, "Dec from {:+g}°"),
        _with(rule.dec_max_deg, "Dec up to {:+g}°"),
        _with(rule.gal_lat_min_deg, "at least {:g}° from the Galactic plane"),
        _with(rule.cone_radius_deg, "within {:g}°")
        and f"within {rule.cone_radius_deg:g}° of {rule.cone_ra_deg:g} {rule.cone_dec_deg:+g}",
        rule.conditions,
    ]
    return ", ".join(part for part in parts if part)


def _in_place(found: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    if found.is_empty() or (rule.gal_lat_min_deg is None and rule.cone_radius_deg is None):
        return found
    places = SkyCoord(found["ra_deg"].to_numpy(), found["dec_deg"].to_numpy(), unit="deg")
    fits = np.ones(len(found), dtype=bool)
    if rule.gal_lat_min_deg is not None:
        fits &= np.abs(places.galactic.b.deg) >= rule.gal_lat_min_deg
    if rule.cone_radius_deg is not None:
        centre = SkyCoord(rule.cone_ra_deg, rule.cone_dec_deg, unit="deg")
        fits &= centre.separation(places).deg <= rule.cone_radius_deg
    return found.filter(pl.Series(fits))


def _with(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _text(name: str, value: object) -> str:
    text = " ".join(str(value).split())
    if len(text) > _TEXT_MAX_CHARS[name] or not text.isprintable():
        raise Rejected(
            f"{_plain(name)} has at most {_TEXT_MAX_CHARS[name]} printable characters.", code="bad-rule"
        )
    return text


def _number(name: str, value: object) -> float:
    least, most = _RANGES[name]
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not least <= number <= most:
        raise Rejected(f"{_plain(name)} is a number from {least:g} to {most:g}.", code="bad-rule")
    return number


def _plain(name: str) -> str:
    return name.removesuffix("_deg").removesuffix("_d").removesuffix("_mag").replace("_", " ").capitalize()
