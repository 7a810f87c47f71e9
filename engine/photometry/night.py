"""A night of one telescope on one field: one circle for all frames, and good frames help the poor ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from engine.lightcurve import Flag
from engine.photometry.calibrate import MIN_STARS
from engine.photometry.exposures import Exposure, read_exposures, reduce_exposure, reduce_file
from engine.photometry.instrumental import InstrumentalTable
from engine.photometry.references import STAR_COLUMNS
from engine.photometry.verdict import TARGET_REF_ID, Reduction
from engine.target import Target

CATALOGUE = "this night"
MIN_FRAMES = 8
MIN_MEASUREMENTS = 3  # of a star, for the night to know its magnitude
FLOOR_MAG = 0.003
_UNSOUND = int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE)

Key = tuple[str, str]  # plane, and the filter as the header wrote it
Verdicts = list[list[Reduction]]  # per file, per exposure in it
Seen = Callable[[Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What all frames in one filter agreed on.

    ``references`` holds every star's position, and in ``band`` the magnitude that the well calibrated frames
    gave it; ``zero_point_err_mag`` is what all of them may be off together.
    """

    radius_pix: float
    band: str | None
    references: pl.DataFrame
    zero_point_err_mag: float


def reduce_night(
    paths: Sequence[Path],
    target: Target,
    references: pl.DataFrame,
    *,
    requested: str = "any",
    index_dir: Path | None = None,
    seen: Seen = lambda _path: None,
) -> Verdicts:
    """Return the verdicts on all files, in their order.

    Every frame is reduced by itself first. Then all frames in one filter are measured in one circle, which
    keeps the light curve free of steps, and a frame with too few sound calibrators is calibrated by the stars
    that the better frames standardised; the error of that first calibration stays in its error.
    """
    first: Verdicts = []
    keys: list[list[Key]] = []
    for path in paths:
        found = reduce_file(path, target, references, requested=requested, index_dir=index_dir)
        first.append(found)
        keys.append([(each.plane, each.filter_name) for each in found])
        seen(path)
    nights = _nights(first, keys, references)
    verdicts: Verdicts = []
    for path, alone, of_file in zip(paths, first, keys, strict=True):
        verdicts.append(_again(path, alone, [nights.get(key) for key in of_file], target, references))
        seen(path)
    return verdicts


def _nights(first: Verdicts, keys: Sequence[Sequence[Key]], references: pl.DataFrame) -> Mapping[Key, Night]:
    groups: dict[Key, list[Reduction]] = {}
    for verdicts, of_file in zip(first, keys, strict=True):
        for verdict, key in zip(verdicts, of_file, strict=True):
            if verdict.solution is not None:
                groups.setdefault(key, []).append(verdict)
    agreed = {key: night_of(group, references) for key, group in groups.items() if len(group) >= MIN_FRAMES}
    return {key: night for key, night in agreed.items() if night is not None}


def night_of(verdicts: Sequence[Reduction], references: pl.DataFrame) -> Night | None:
    """Return what frames in one filter agree on, or None where none of them was calibrated at all."""
    radii_pix = [each.aperture_pix for each in verdicts if each.aperture_pix is not None]
    if not radii_pix:
        return None
    sound = [each for each in verdicts if each.calibration is not None and (each.stars or 0) >= MIN_STARS]
    bands = [each.band for each in sound]
    band = max(sorted(set(bands) - {None}, key=str), key=bands.count, default=None)
    sound = [each for each in sound if each.band == band]
    errors_mag = [each.zero_point_err_mag or 0.0 for each in sound]
    return Night(
        radius_pix=round(float(np.median(radii_pix)), 2),
        band=band,
        references=_standardised(sound, references, band),
        zero_point_err_mag=float(np.median(errors_mag)) if errors_mag else 0.0,
    )


def _standardised(sound: Sequence[Reduction], references: pl.DataFrame, band: str | None) -> pl.DataFrame:
    """Return the field's stars with the median of what the sound frames say of their magnitudes."""
    stars = references.unique("ref_id", keep="first", maintain_order=True).select(STAR_COLUMNS)
    measured = [
        each.stars_table.filter(
            pl.col("ref_id") != TARGET_REF_ID,
            (pl.col("flags") & _UNSOUND) == 0,
            pl.col("inst_mag").is_finite(),
        ).select("ref_id", mag=pl.col("inst_mag") + (each.zero_point_mag or 0.0))
        for each in sound
    ]
    empty = pl.DataFrame(schema={"ref_id": pl.String(), "mag": pl.Float64()})
    spread = 1.4826 * (pl.col("mag") - pl.col("mag").median()).abs().median()
    known = (
        pl.concat([empty, *measured])
        .group_by("ref_id")
        .agg(
            count=pl.len(),
            mag_err=(spread / pl.len().sqrt()).clip(FLOOR_MAG),
            mag=pl.col("mag").median(),
        )
        .filter(pl.col("count") >= MIN_MEASUREMENTS)
    )
    return (
        stars.join(known, on="ref_id", how="left", maintain_order="left")
        .with_columns(
            catalogue=pl.lit(CATALOGUE),
            band=pl.when(pl.col("mag").is_not_null()).then(pl.lit(band, dtype=pl.String())),
        )
        .select(references.columns)
    )


def _again(
    path: Path,
    alone: list[Reduction],
    nights: Sequence[Night | None],
    target: Target,
    references: pl.DataFrame,
) -> list[Reduction]:
    """Return a second look at one file by the light of its night; the first one where there is no night."""
    if not any(nights):
        return alone
    exposures = read_exposures(path)
    return [
        first if night is None else _second_look(exposure, first, night, target, references)
        for exposure, first, night in zip(exposures, alone, nights, strict=True)
    ]


def _second_look(
    exposure: Exposure, first: Reduction, night: Night, target: Target, references: pl.DataFrame
) -> Reduction:
    if isinstance(exposure, InstrumentalTable) or first.solution is None:
        return first
    is_poor = first.calibration is None or (first.stars or 0) < MIN_STARS
    if is_poor and night.band is not None:
        second = reduce_exposure(
            exposure, target, night.references, requested=night.band, radius_pix=night.radius_pix
        )
        second = _with_common_error(second, night.zero_point_err_mag)
    else:
        second = reduce_exposure(
            exposure, target, references, requested=first.band or "any", radius_pix=night.radius_pix
        )
    return replace(second, file=first.file)


def _with_common_error(verdict: Reduction, common_err_mag: float) -> Reduction:
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
