"""Which bands a frame may be standardised to: what was asked for, and which of them the stars speak for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.bands import BANDS, CATALOGUE_SURVEYS
from engine.errors import Rejected
from engine.frame import BandHabit

_FREE_WORDS = {"", "no", "any", "auto", "none"}
_GROUPS = {"ugriz": tuple("ugriz"), "ubvri": tuple("UBVRI")}
_ALIASES = {"GBP": "BP", "GRP": "RP", "KS": "K"}
# Colour term by which a real filter differs from its standard one, mag per mag: an LCO 1 m in i has 0.02, a
# 2 m in g 0.03, a small telescope in R 0.04.
FILTER_TOLERANCE_MAG = 0.04
# No more stars than these speak for a band by how well they agree: stars of one type share what a camera's
# band and the catalogue have beside the standard, so that more of them tell nothing new.
WITNESS_STARS = 10
HEADER_ODDS = 10.0  # for the band that the header means: one header in ten is wrong
UNUSUAL_FRAMES = 0.5  # that a camera may have taken in any band unseen
LEAST_SHARE = 0.01  # somebody may have changed the filter: the stars can overrule any habit
LEAST_HABIT = 3  # frames, to know a colour term
RARE_ODDS = 0.1  # nobody sells the filters of Gaia's spectrometers
_RARE = frozenset(("BP(GaiaDR3)", "RP(GaiaDR3)"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is known of a frame's band before its stars are asked.

    Attributes
    ----------
    meant
        The band that the header's filter means, if any.
    habits
        The bands of earlier frames of the camera through the same filter.
    """

    meant: str | None = None
    habits: tuple[BandHabit, ...] = ()

    def log_weight(self, band: str) -> float:
        """Return the logarithm of a band's weight before the stars speak."""
        weight = float(np.log(HEADER_ODDS)) * (band == self.meant)
        weight += float(np.log(RARE_ODDS)) * (band in _RARE)
        frames = sum(habit.frames for habit in self.habits)
        own = self._habit(band)
        share = ((own.frames if own else 0) + UNUSUAL_FRAMES) / (frames + UNUSUAL_FRAMES)
        return weight + float(np.log(max(share, LEAST_SHARE)))

    def colour_term(self, band: str) -> tuple[float, float]:
        """Return the colour term that the camera should have in a band, and how far it may be off."""
        own = self._habit(band)
        if own is None or own.colour_term is None or own.frames < LEAST_HABIT:
            return 0.0, FILTER_TOLERANCE_MAG
        return own.colour_term, max(own.colour_term_spread, FILTER_TOLERANCE_MAG / 4)

    def _habit(self, band: str) -> BandHabit | None:
        return next((habit for habit in self.habits if habit.band == band), None)


NOTHING_EXPECTED = Expected()


@dataclass(frozen=True, slots=True, kw_only=True)
class BandEvidence:
    """What the fit of one band says about whether the frame was taken in it."""

    band: str
    colour_term: float | None
    colour_term_err: float | None
    log_likelihood: float  # of the stars against another band that is the same for all
    stars: int  # that have both
    log_prior: float = 0.0  # of what the fit needed beside a line


def candidate_bands(requested: str, star_counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return the bands among those with reference stars that a request allows, sorted.

    Parameters
    ----------
    requested
        ``any``, BHTOM's ``GaiaSP/any``, ``GaiaSP/ugriz``, ``GaiaSP/UBVRI``, ``GaiaSP/V``, a label such as
        ``V(GaiaSP)`` or ``2MASS(J)``, or a bare filter such as ``V``.
    star_counts
        Usable reference stars of each band.

    Raises
    ------
    Rejected
        ``unknown-band``: the request is not understood; ``few-reference-stars``: no star has such a band.
    """
    survey, filters = _parse_request(requested)
    everything = tuple(sorted(band for band, count in star_counts.items() if count and band in BANDS))
    allowed = tuple(
        band
        for band in everything
        if (survey is None or BANDS[band].survey == survey) and (not filters or BANDS[band].filter in filters)
    )
    if allowed:
        return _one_catalogue_per_filter(allowed, star_counts)
    if not filters and everything:  # clients send GaiaSP/any without a thought: take what the field has
        return _one_catalogue_per_filter(everything, star_counts)
    offer = ", ".join(everything) or "none"
    raise Rejected(
        f"No reference star of this field has a magnitude in {requested or 'any band'}; available: {offer}.",
        code="few-reference-stars",
    )


def band_probabilities(
    evidence: Sequence[BandEvidence], *, expected: Expected = NOTHING_EXPECTED
) -> dict[str, float]:
    """Return how probable each band is the one of the frame; they sum to one.

    The true band is the one in which the stars agree best, and which needs no colour term where their colours
    are known. The header's word and the camera's habits count as much as they are usually worth.
    """
    with_colour = [item for item in evidence if item.colour_term is not None]
    judged = with_colour or list(evidence)
    logs = np.array([_log_weight(item, expected) for item in judged])
    weights = np.exp(logs - np.max(logs))
    found = dict(zip((item.band for item in judged), weights / np.sum(weights), strict=True))
    return {item.band: float(found.get(item.band, 0.0)) for item in evidence}


def _log_weight(item: BandEvidence, expected: Expected) -> float:
    weight = item.log_likelihood * min(1.0, WITNESS_STARS / max(item.stars, 1)) + item.log_prior
    weight += expected.log_weight(item.band)
    if item.colour_term is None or item.colour_term_err is None:
        return weight
    usual, tolerance = expected.colour_term(item.band)
    variance = item.colour_term_err**2 + tolerance**2
    return weight - 0.5 * (item.colour_term - usual) ** 2 / variance - 0.5 * float(np.log(variance))


def _parse_request(requested: str) -> tuple[str | None, tuple[str, ...]]:
    text = requested.strip()
    if text in BANDS:
        return BANDS[text].survey, (BANDS[text].filter,)
    survey_text, _, filter_text = (part.strip() for part in text.rpartition("/"))
    label = re.fullmatch(r"([^()]+)\(([^()]+)\)", text)
    if label:
        filter_text, survey_text = label.groups()
    surveys = {band.survey.lower(): band.survey for band in BANDS.values()}
    survey = surveys.get(survey_text.lower())
    if survey_text.lower() not in _FREE_WORDS and survey is None:
        raise _unknown(requested)
    if filter_text.lower() in _FREE_WORDS:
        return survey, ()
    if filter_text.lower() in _GROUPS:
        return survey, _GROUPS[filter_text.lower()]
    name = _ALIASES.get(filter_text.upper(), filter_text.rstrip("'"))
    asked = (survey,) if survey else CATALOGUE_SURVEYS
    if not any(band.filter == name and band.survey in asked for band in BANDS.values()):
        raise _unknown(requested)
    return survey, (name,)


def _unknown(requested: str) -> Rejected:
    return Rejected(
        f"The filter {requested!s:.40} is not known: ask for GaiaSP/any, GaiaSP/ugriz, GaiaSP/UBVRI or one "
        "band such as GaiaSP/V.",
        code="unknown-band",
    )


def _one_catalogue_per_filter(bands: tuple[str, ...], star_counts: Mapping[str, int]) -> tuple[str, ...]:
    """Drop a Refcat2 band whose Gaia twin has as many stars: noise would choose between equals otherwise."""
    return tuple(
        band
        for band in bands
        if BANDS[band].survey != "Refcat2"
        or f"{BANDS[band].filter}(GaiaSP)" not in bands
        or star_counts[f"{BANDS[band].filter}(GaiaSP)"] < 0.5 * star_counts[band]
    )
