"""A night of one telescope on one field: one circle for all frames, and good frames help the poor ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from engine.photometry.calibration import MIN_STARS
from engine.photometry.exposures import Choices, Exposure, read_exposures, reduce_exposure, reduce_file
from engine.photometry.instrumental import InstrumentalTable
from engine.photometry.masters import Masters
from engine.photometry.measure import PSF_FIT
from engine.photometry.night_stars import field_stars, standardised_stars
from engine.photometry.verdict import Reduction
from engine.target import Target

MIN_FRAMES = 8

Key = tuple[str, str]  # plane, and the filter as the header wrote it
Verdicts = list[list[Reduction]]  # per file, per exposure in it
Seen = Callable[[Path], None]
Look = Callable[[Exposure, Reduction], Reduction]


def reduce_night(
    paths: Sequence[Path],
    target: Target,
    references: pl.DataFrame,
    *,
    choices: Choices = Choices(),  # noqa: B008 - frozen
    seen: Seen = lambda _path: None,
) -> Verdicts:
    """Return the verdicts on all files, in their order.

    Every frame is reduced by itself first. Then all frames in one filter are measured in one circle, which
    keeps the light curve free of steps; and a frame with too few sound calibrators is calibrated by the stars
    that the better frames standardised, with the error of their calibration in its own.

    Parameters
    ----------
    seen
        Told of each file twice: after its first and after its second look.
    """
    verdicts: Verdicts = []
    for path in paths:
        verdicts.append(reduce_file(path, target, references, choices=choices))
        seen(path)
    groups = _groups(verdicts)
    # chosen once: their names must mean the same stars in every look
    stars = {
        key: pl.concat([references, field_stars(group, references, target)]) for key, group in groups.items()
    }
    looks = {key: _second_look(group, target, stars[key]) for key, group in groups.items()}
    for number, path in enumerate(paths):
        verdicts[number] = _looked_at(
            path, verdicts[number], looks, is_wanted=_is_placed, masters=choices.masters
        )
        seen(path)
    looks = {key: _third_look(group, target, stars[key]) for key, group in _groups(verdicts).items()}
    return [
        _looked_at(path, found, looks, is_wanted=_is_placed_but_poor, masters=choices.masters)
        for path, found in zip(paths, verdicts, strict=True)
    ]


def _groups(verdicts: Verdicts) -> dict[Key, list[Reduction]]:
    """Return the frames that were placed on the sky, by filter; too few of one kind are no night."""
    groups: dict[Key, list[Reduction]] = {}
    for verdict in (each for of_file in verdicts for each in of_file):
        if _is_placed(verdict):
            groups.setdefault(key_of(verdict), []).append(verdict)
    return {key: group for key, group in groups.items() if len(group) >= MIN_FRAMES}


def key_of(verdict: Reduction) -> Key:
    """Return what the frames of one light curve share."""
    return (verdict.plane, verdict.filter_name)


def _looked_at(
    path: Path,
    found: list[Reduction],
    looks: Mapping[Key, Look | None],
    *,
    is_wanted: Callable[[Reduction], bool],
    masters: Masters | None,
) -> list[Reduction]:
    """Return the verdicts on a file after another look at the wanted ones; it is read only for these."""
    chosen = [looks.get(key_of(verdict)) if is_wanted(verdict) else None for verdict in found]
    if not any(chosen):
        return found
    exposures = read_exposures(path, masters=masters)
    return [
        verdict
        if look is None or isinstance(exposure, InstrumentalTable)
        else replace(look(exposure, verdict), file=verdict.file)
        for exposure, verdict, look in zip(exposures, found, chosen, strict=True)
    ]


def _second_look(group: Sequence[Reduction], target: Target, stars: pl.DataFrame) -> Look | None:
    """Return what measures a frame as its whole night is, all bright stars of the field with it."""
    radius_pix = _common_radius_pix(group)
    if radius_pix is None:
        return None

    def look(exposure: Exposure, first: Reduction) -> Reduction:
        return reduce_exposure(exposure, target, stars, requested=first.band or "any", radius_pix=radius_pix)

    return look


def _third_look(group: Sequence[Reduction], target: Target, stars: pl.DataFrame) -> Look | None:
    """Return what calibrates a poor frame by the stars of the sound ones, None where none is sound."""
    sound = [each for each in group if not is_poor(each)]
    if not sound or len(sound) == len(group):
        return None
    bands = [each.band or "" for each in sound]
    band = max(sorted(set(bands)), key=bands.count)
    sound = [each for each in sound if each.band == band]
    known = standardised_stars(sound, stars, band)
    radius_pix = _common_radius_pix(sound)
    common_err_mag = float(np.median([each.zero_point_err_mag or 0.0 for each in sound]))

    def look(exposure: Exposure, poor: Reduction) -> Reduction:
        again = reduce_exposure(exposure, target, known, requested=band, radius_pix=radius_pix)
        return poor if is_poor(again) else with_common_error(again, common_err_mag)

    return look


def _common_radius_pix(group: Sequence[Reduction]) -> float | None:
    """Return the circle that suits a night, or ``PSF_FIT`` where that suits most of its frames."""
    radii_pix = [each.aperture_pix for each in group if each.aperture_pix is not None]
    if not radii_pix:
        return None
    circles_pix = [radius for radius in radii_pix if radius != PSF_FIT]
    if 2 * len(circles_pix) < len(radii_pix):
        return PSF_FIT
    return round(float(np.median(circles_pix)), 2)


def _is_placed(verdict: Reduction) -> bool:
    return verdict.solution is not None


def _is_placed_but_poor(verdict: Reduction) -> bool:
    return _is_placed(verdict) and is_poor(verdict)


def is_poor(verdict: Reduction) -> bool:
    """Return whether too few stars of the catalogue gave a frame its zero point, or none."""
    return verdict.calibration is None or (verdict.stars or 0) < MIN_STARS


def with_common_error(verdict: Reduction, common_err_mag: float) -> Reduction:
    """Return a verdict whose errors hold what the whole night may be off."""

    def widened(err_mag: float | None) -> float | None:
        return None if err_mag is None else float(np.hypot(err_mag, common_err_mag))

    return replace(
        verdict,
        zero_point_err_mag=widened(verdict.zero_point_err_mag),
        mag_err=widened(verdict.mag_err),
        sys_err_mag=widened(verdict.sys_err_mag),
        sentences=(
            *verdict.sentences,
            "Too few catalogue stars are sound on this frame: stars that better frames of the night "
            f"standardised gave its zero point; all of them may be off by {common_err_mag:.3f} mag.",
        ),
    )
