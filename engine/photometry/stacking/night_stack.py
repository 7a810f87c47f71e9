"""A night's frames of each filter added up and measured: what no single frame shows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.frame import Frame
from engine.photometry.exposures import Choices, read_exposures
from engine.photometry.masters import Masters
from engine.photometry.night import Verdicts, is_poor, key_of, with_common_error
from engine.photometry.night_stars import standardised_stars
from engine.photometry.pipeline import reduce_frame
from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.stacking.members import Chosen, Member, choose_members
from engine.photometry.stacking.stack import Stack, stack_frames
from engine.photometry.verdict import TARGET_REF_ID, Reduction, Status
from engine.target import Target
from engine.times import julian_year

LEAST_FRAMES = 2
MOST_NAMED = 8
OF_NIGHT = "night-"  # how the stars are named that no catalogue has


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One exposure of the night: its file, which of those in it, and the verdict on it."""

    path: Path
    place: int
    verdict: Reduction


def reduce_stacks(
    paths: Sequence[Path],
    verdicts: Verdicts,
    target: Target,
    references: pl.DataFrame,
    *,
    choices: Choices = Choices(),  # noqa: B008 - frozen
) -> list[Reduction]:
    """Return one more verdict for each filter of a night: on the sum of its frames.

    Parameters
    ----------
    verdicts
        On each file and exposure in it; they tell where each frame looks and what it is worth.
    """
    groups: dict[tuple[str, str], list[_Shot]] = {}
    for path, of_file in zip(paths, verdicts, strict=True):
        for place, verdict in enumerate(of_file):
            groups.setdefault(key_of(verdict), []).append(_Shot(path=path, place=place, verdict=verdict))
    return [
        _reduced(shots, target, references, choices)
        for shots in groups.values()
        if sum(shot.verdict.solution is not None for shot in shots) >= LEAST_FRAMES
    ]


def stack_of(shots: Sequence[_Shot], chosen: Chosen, masters: Masters | None) -> Stack:
    """Return the chosen frames added up, each read when its turn comes."""

    def frame_of(member: Member) -> Frame:
        shot = shots[member.number]
        frame = read_exposures(shot.path, masters=masters)[shot.place]
        if not isinstance(frame, Frame):
            raise Rejected(f"The file {shot.path.name} holds a table, not an image.", code="not-an-image")
        return frame

    return stack_frames(chosen.members, frame_of)


def _reduced(shots: Sequence[_Shot], target: Target, references: pl.DataFrame, choices: Choices) -> Reduction:
    chosen = choose_members([shot.verdict for shot in shots])
    name = f"stack of {len(chosen.members)} frames"
    if len(chosen.members) < LEAST_FRAMES:
        return _no_stack(shots[0].verdict, chosen, of_frames=len(shots))
    stack = stack_of(shots, chosen, choices.masters)
    group = [member.verdict for member in chosen.members]
    bands = Counter(verdict.band for verdict in group if verdict.band is not None)
    band = choices.requested if choices.requested != "any" or not bands else bands.most_common(1)[0][0]
    verdict = reduce_frame(stack.frame, target, references, requested=band)
    if is_poor(verdict):
        verdict = _by_stars_of_night(stack.frame, verdict, group, target, references)
    words = about_stack(stack, chosen)
    return replace(
        verdict,
        file=name,
        reason=" ".join((*words, verdict.reason)),
        sentences=(*words, *verdict.sentences),
    )


def _by_stars_of_night(
    frame: Frame, poor: Reduction, group: Sequence[Reduction], target: Target, references: pl.DataFrame
) -> Reduction:
    """Return the verdict by the stars that the single frames standardised, where these are better."""
    sound = [verdict for verdict in group if not is_poor(verdict)]
    bands = Counter(verdict.band for verdict in sound if verdict.band is not None)
    if not bands:
        return poor
    band = bands.most_common(1)[0][0]
    sound = [verdict for verdict in sound if verdict.band == band]
    stars = pl.concat([references, _stars_of_night(sound)])
    again = reduce_frame(frame, target, standardised_stars(sound, stars, band), requested=band)
    common_err_mag = float(np.median([verdict.zero_point_err_mag or 0.0 for verdict in sound]))
    return poor if is_poor(again) else with_common_error(again, common_err_mag)


def _stars_of_night(group: Sequence[Reduction]) -> pl.DataFrame:
    """Return where the stars stand that no catalogue has, without magnitudes."""
    year = julian_year(group[0].mjd or 0.0)
    rows = pl.concat([verdict.stars_table for verdict in group]).filter(
        pl.col("ref_id").str.starts_with(OF_NIGHT), pl.col("ref_id") != TARGET_REF_ID
    )
    stars = rows.group_by("ref_id", maintain_order=True).agg(pl.col("ra_deg", "dec_deg").median())
    known = stars.with_columns(epoch=pl.lit(year), catalogue=pl.lit("this night"))
    return known.select(
        (pl.col(name) if name in known.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REFERENCE_SCHEMA.items()
    )


def about_stack(stack: Stack, chosen: Chosen) -> tuple[str, ...]:
    """Return what was added up, and what was left out, in plain words."""
    frame = stack.frame
    rejected = f"; {stack.rejected} pixels that only one frame showed were left out" if stack.rejected else ""
    words = f"{len(chosen.members)} frames, {frame.exptime_s:g} s in all, were added up{rejected}."
    return (words,) if not chosen.left_out else (words, _about_left_out(chosen))


def _about_left_out(chosen: Chosen) -> str:
    named = [f"{file or 'one'} ({why})" for file, why in chosen.left_out[:MOST_NAMED]]
    more = len(chosen.left_out) - len(named)
    rest = f" and {more} more" if more > 0 else ""
    return f"Left out of the stack: {', '.join(named)}{rest}."


def _no_stack(verdict: Reduction, chosen: Chosen, *, of_frames: int) -> Reduction:
    why = f"Of {of_frames} frames only {len(chosen.members)} can be added up. {_about_left_out(chosen)}"
    return Reduction(
        status=Status.REJECTED,
        code="no-stack",
        reason=why,
        sentences=(why,),
        file="stack",
        plane=verdict.plane,
        filter_name=verdict.filter_name,
    )
