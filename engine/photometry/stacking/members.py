"""Which frames of a night fit a stack, what each counts in it, and why the others were left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from astropy.wcs import WCS

from engine.photometry.solution import Solution
from engine.photometry.stacking.grid import PixelMap, aligned, covered_share, pixel_map
from engine.photometry.verdict import TARGET_REF_ID, Reduction
from engine.target import separation_arcsec

WIDEST = 1.6  # of the usual seeing: such a frame adds noise and no light
MOST_CLOUD_MAG = 1.2  # against the usual frame
LEAST_COVERED = 0.5  # of the stack
SAME_SCALE = 0.05
WORST_SCATTER_MAG = 0.5  # of the stars round a zero point
COMMON_STARS = 5
COMMON_ERR_MAG = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One frame of a stack.

    Attributes
    ----------
    light_scale
        Brings its light [ADU] to that of the first member's frame.
    weight
        One over the variance that its sky gives a star's light, so scaled: (noise x FWHM)^-2.
    """

    number: int  # among the verdicts that were given
    verdict: Reduction
    way: PixelMap
    light_scale: float
    weight: float
    fwhm_pix: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The frames of a stack, the one that gives its grid first, and the others with the reason."""

    members: tuple[Member, ...]
    left_out: tuple[tuple[str, str], ...]  # file, why


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    number: int
    verdict: Reduction
    solution: Solution
    fwhm_pix: float
    noise_adu: float
    shape: tuple[int, int]

    @property
    def wcs(self) -> WCS:
        return self.solution.wcs

    @property
    def centre(self) -> tuple[float, float]:
        ny, nx = self.shape
        ra_deg, dec_deg = self.wcs.all_pix2world((nx - 1) / 2, (ny - 1) / 2, 0)
        return float(ra_deg), float(dec_deg)


def choose_members(verdicts: Sequence[Reduction]) -> Chosen:
    """Return the frames that fit one stack; all verdicts are of one camera and filter.

    A plain sum of frames tells most of a faint star where each has the weight of its light squared over its
    sky's variance and its squared width: the area that noise comes from grows with the seeing.

    References
    ----------
    Zackay & Ofek 2017, ApJ 836, 187; the area: King 1983, PASP 95, 163, and Naylor 1998, MNRAS 296, 339.
    """
    left_out: list[tuple[str, str]] = []
    placed = []
    for number, verdict in enumerate(verdicts):
        one = _placed(number, verdict)
        if isinstance(one, str):
            left_out.append((verdict.file, one))
        else:
            placed.append(one)
    if not placed:
        return Chosen(members=(), left_out=tuple(left_out))
    placed = _by_fitted_width(placed)
    usual_pix = float(np.median([one.fwhm_pix for one in placed]))
    sharp = [one for one in placed if one.fwhm_pix <= WIDEST * usual_pix]
    left_out.extend(
        (one.verdict.file, f"its stars are {one.fwhm_pix / usual_pix:.1f} times as wide as usual")
        for one in placed
        if one.fwhm_pix > WIDEST * usual_pix
    )
    return _joined(sharp, tuple(left_out))


def _joined(sharp: Sequence[_Placed], left_out: tuple[tuple[str, str], ...]) -> Chosen:
    """Return the frames that go with the one in their middle; that one must be clear itself."""
    told = [one for one in sharp if one.verdict.zero_point_mag is not None]
    first = _in_the_middle(told or sharp)
    others = [one for one in sharp if one is not first]
    found = [_member(one, first) for one in (first, *others)]
    members, dark = _clear([one for one in found if isinstance(one, Member)])
    if members and members[0].number != first.number:
        behind_clouds = next(each for each in dark if each[0] == first.verdict.file)
        return _joined(others, (*left_out, behind_clouds))
    refused = (one for one in found if not isinstance(one, Member))
    return Chosen(members=tuple(members), left_out=(*left_out, *refused, *dark))


def _placed(number: int, verdict: Reduction) -> _Placed | str:
    """Return a frame that was placed on the sky, or why it is no use."""
    facts, solution = verdict.facts, verdict.solution
    if solution is None:
        return "it was not placed on the sky"
    if facts.width_pix is None:
        return "it holds no pixels"
    if verdict.code == "target-off-frame":
        return "the target is not on it"
    if facts.fwhm_pix is None or not facts.noise_adu:
        return "too few stars tell its seeing"
    if not verdict.exptime_s or verdict.mjd is None:
        return "its exposure time is not known"
    return _Placed(
        number=number,
        verdict=verdict,
        solution=solution,
        fwhm_pix=facts.fwhm_pix,
        noise_adu=facts.noise_adu,
        shape=(facts.height_pix or 0, facts.width_pix or 0),
    )


def _by_fitted_width(placed: Sequence[_Placed]) -> list[_Placed]:
    """Return the frames with the width of their PSF where all have one: many stars tell it."""
    fitted_pix = [one.verdict.facts.psf_fwhm_pix for one in placed]
    return [
        one if pix is None or None in fitted_pix else replace(one, fwhm_pix=pix)
        for one, pix in zip(placed, fitted_pix, strict=True)
    ]


def _in_the_middle(placed: Sequence[_Placed]) -> _Placed:
    """Return the frame whose centre is nearest to all others: most of the sky that they share is on it."""
    centres = [one.centre for one in placed]
    away = [float(np.median([separation_arcsec(*here, *there) for there in centres])) for here in centres]
    stars = [-one.solution.matched for one in placed]
    return placed[min(range(len(placed)), key=lambda each: (round(away[each]), stars[each]))]


def _member(one: _Placed, first: _Placed) -> Member | tuple[str, str]:
    """Return a frame as a member of the first one's stack, or its name and why it is none."""
    name = one.verdict.file
    sizes = one.solution.pixel_scale_arcsec / first.solution.pixel_scale_arcsec
    if abs(sizes - 1) > SAME_SCALE:
        return name, "its pixels have another size"
    way = pixel_map(first.wcs, one.wcs, shape=first.shape)
    if way is None or covered_share(way, shape=first.shape, frame_shape=one.shape) < LEAST_COVERED:
        return name, "it shows another part of the sky"
    difference_mag = 0.0 if one is first else _difference_mag(one.verdict, first.verdict)
    if difference_mag is None:
        return name, "its zero point is not known well enough"
    if one is not first:
        way = aligned(way, of_grid=first.verdict.sources, of_frame=one.verdict.sources)
    times = (first.verdict.exptime_s or 1.0) / (one.verdict.exptime_s or 1.0)
    scale = times * float(10 ** (0.4 * difference_mag))
    return Member(
        number=one.number,
        verdict=one.verdict,
        way=way,
        light_scale=scale,
        weight=(scale * one.noise_adu * one.fwhm_pix) ** -2,
        fwhm_pix=one.fwhm_pix,
    )


def _difference_mag(verdict: Reduction, first: Reduction) -> float | None:
    """Return by how much stars are fainter on a frame than on the first, None where too little tells it.

    The stars that both show tell it without the band or the catalogue; else the zero points do.
    """
    here, there = (
        each.stars_table.filter(
            pl.col("ref_id") != TARGET_REF_ID, pl.col("flags") == 0, pl.col("inst_mag_err") < COMMON_ERR_MAG
        ).select("ref_id", "inst_mag", "inst_mag_err")
        for each in (verdict, first)
    )
    common = here.join(there, on="ref_id", suffix="_first")
    if len(common) >= COMMON_STARS:
        best = common.sort("inst_mag_err").head(max(COMMON_STARS, len(common) // 2))
        return float(np.median((best["inst_mag"] - best["inst_mag_first"]).to_numpy()))
    is_told = verdict.zero_point_mag is not None and verdict.band == first.band
    if not is_told or first.zero_point_mag is None or (verdict.scatter_mag or 0.0) > WORST_SCATTER_MAG:
        return None
    return first.zero_point_mag - (verdict.zero_point_mag or 0.0)


def _clear(members: Sequence[Member]) -> tuple[list[Member], list[tuple[str, str]]]:
    """Return the members without those behind thick clouds, and these by name."""
    if not members:
        return [], []
    times = [(member.verdict.exptime_s or 1.0) * member.light_scale for member in members]
    lost_mag = 2.5 * np.log10(np.array(times) / np.median(times))
    kept = [member for member, lost in zip(members, lost_mag, strict=True) if lost < MOST_CLOUD_MAG]
    dark = [
        (member.verdict.file, f"clouds took {lost:.1f} mag more of its light than usual")
        for member, lost in zip(members, lost_mag, strict=True)
        if lost >= MOST_CLOUD_MAG
    ]
    return kept, dark
