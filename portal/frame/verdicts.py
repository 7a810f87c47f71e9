"""What the pages show of frames: verdicts in words, the fits behind them, and pictures of the target."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.lightcurve import Flag, flag_words
from engine.photometry.preview import coloured, stretched
from engine.target import Target
from lake.frames import (
    calibrations_of_frame,
    cutout,
    cutout_file,
    frames_of_target,
    frames_of_upload,
    recent_frames,
)
from lake.inbox.uploads import upload
from lake.people.accounts import User
from lake.seen import Closed, closed_to
from lake.store import Store
from lake.targets import get_target
from portal.fmt import duration_text, mag_text, moment_text
from portal.light_curve.moment import read_version, readable, reading
from portal.opened import lake
from portal.words import _, language, marked, several

PICTURE_SCALE = 6  # screen pixels per pixel of the camera
RING_PIX = 5.0
_RING = (94, 234, 212)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One frame as a person reads about it."""

    frame_id: str
    file: str
    plane: str
    status: str  # measured, limit, rejected
    headline: str
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    remark: str  # flags in words
    when: str
    exposure: str
    band: str
    observer: str
    facility: str
    is_simulated: bool
    is_trial: bool
    numbers: tuple[tuple[str, str], ...]
    cutout_sha256: str  # '' where no pixels were kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """A frame for the front page, with the target it shows."""

    target: Target
    verdict: Verdict
    made_mjd: float


def verdicts_of_target(target_id: int, user: User | None = None) -> list[Verdict]:
    """Return the frames of a target that a visitor may see, the last exposure first."""
    closed = closed_to(lake().operations, user, target_id=target_id)
    return list(_of_target(lake().store, read_version(), target_id, closed, language()))


@lru_cache(maxsize=512)
def _of_target(
    store: Store,
    version: int,
    target_id: int,
    closed: Closed,
    language: str,  # noqa: ARG001 - verdicts hold words
) -> tuple[Verdict, ...]:
    frames = closed.open_frames(frames_of_target(readable(store, version), target_id))
    return tuple(verdict_of(row) for row in frames.iter_rows(named=True))


def verdicts_of_upload(upload_id: int, user: User | None) -> list[Verdict]:
    """Return the frames that an upload gave, where a visitor may see it."""
    try:
        upload(lake().operations, upload_id, user)
    except Rejected:
        return []
    return [verdict_of(row) for row in frames_of_upload(reading(), upload_id).iter_rows(named=True)]


def latest_observations(user: User | None, *, limit: int = 8) -> list[Latest]:
    """Return the newest measured frames of targets that this visitor may see."""
    frames = closed_to(lake().operations, user).open_frames(_recent(lake().store, read_version()))
    shown: list[Latest] = []
    for row in frames.iter_rows(named=True):
        target = _visible_target(row["target_id"], user)
        if target is not None:
            shown.append(Latest(target=target, verdict=verdict_of(row), made_mjd=row["made_mjd"]))
        if len(shown) == limit:
            break
    return shown


@lru_cache(maxsize=2)
def _recent(store: Store, version: int) -> pl.DataFrame:
    kept = recent_frames(readable(store, version), limit=100)
    return kept.filter((pl.col("status") != "rejected") & ~pl.col("dry_run").fill_null(False))


def _visible_target(target_id: int, user: User | None) -> Target | None:
    try:
        return get_target(lake().operations, target_id, user)
    except Rejected:
        return None


def fits_of(verdict: Verdict) -> pl.DataFrame:
    """Return how well each candidate band fits a frame, the chosen one first; who has the verdict may."""
    return calibrations_of_frame(reading(), verdict.frame_id).select(
        pl.col("band").alias(marked("Band")),
        pl.col("chosen").alias(marked("Chosen")),
        pl.col("catalogue").alias(marked("Catalogue")),
        pl.col("zero_point_mag").alias(marked("Zero point")),
        pl.col("zero_point_err_mag").alias(marked("Error")),
        pl.col("colour_term").alias(marked("Colour term")),
        pl.col("scatter_mag").alias(marked("Scatter")),
        pl.col("stars").alias(marked("Stars")),
        pl.col("probability").alias(marked("Probability")),
    )


def picture_of(verdict: Verdict) -> NDArray[np.uint8] | None:
    """Return the pixels round the target as an RGB picture with the target marked, or None without pixels."""
    return _picture(verdict.cutout_sha256)


@lru_cache(maxsize=256)
def _picture(sha256: str) -> NDArray[np.uint8] | None:
    kept = cutout(lake(), sha256)
    return None if kept is None else drawn_cutout(*kept)


def cutout_fits(verdict: Verdict) -> bytes | None:
    """Return the pixels round the target, the PSF and the stars among them as a FITS file."""
    return cutout_file(lake(), verdict.cutout_sha256)


def drawn_cutout(pixels: NDArray[np.float32], stars: pl.DataFrame) -> NDArray[np.uint8]:
    """Return a cut-out stretched, coloured and enlarged, north not implied, with ticks beside the target.

    Stars that fixed the zero point are ringed.
    """
    picture = coloured(stretched(pixels))
    # images count y upward, screens downward
    picture = picture.repeat(PICTURE_SCALE, axis=0).repeat(PICTURE_SCALE, axis=1)
    return _marked(_ringed(picture, stars.filter("used"))[::-1])


def _ringed(picture: NDArray[np.uint8], stars: pl.DataFrame) -> NDArray[np.uint8]:
    """Return the picture with a ring round each star."""
    ringed = picture.copy()
    rows, columns = np.indices(ringed.shape[:2])
    for x, y in stars.select("x", "y").iter_rows():
        away = np.hypot(columns - PICTURE_SCALE * (x + 0.5), rows - PICTURE_SCALE * (y + 0.5))
        ringed[np.abs(away - RING_PIX * PICTURE_SCALE) < 1.0] = _RING
    return ringed


def _marked(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with a tick to the right of and above its middle."""
    marked = picture.copy()
    y, x = marked.shape[0] // 2, marked.shape[1] // 2
    near, far = 4 * PICTURE_SCALE, 9 * PICTURE_SCALE
    marked[y - 1 : y + 2, x + near : x + far] = (251, 191, 36)
    marked[max(0, y - far) : max(0, y - near), x - 1 : x + 2] = (251, 191, 36)
    return marked


def verdict_of(row: dict[str, object]) -> Verdict:
    """Return a row of the lake's frames as a person reads it."""
    flags = _whole(row["flags"])
    return Verdict(
        frame_id=_text(row["frame_id"]),
        file=_text(row["file"]),
        plane=_text(row["plane"]),
        status=_text(row["status"]),
        headline=_headline(row),
        sentences=_texts(row["sentences"]) or (_text(row["reason"]),),
        notes=_texts(row["notes"]),
        remark=flag_words(flags & ~int(Flag.SIMULATED)),
        when=moment_text(_number(row["mjd"])),
        exposure=duration_text(_number(row["exptime_s"])),
        band=_text(row["band"]),
        observer=_text(row["observer"]),
        facility=_text(row["facility"]),
        is_simulated=bool(flags & int(Flag.SIMULATED)),
        is_trial=bool(row["dry_run"]),
        numbers=_numbers(row),
        cutout_sha256=_text(row["cutout_sha256"]),
    )


def _headline(row: dict[str, object]) -> str:
    if row["status"] == "measured":
        return f"{mag_text(_number(row['mag']), _number(row['mag_err']))} mag"
    if row["status"] == "limit":
        return _("fainter than {mag} mag", mag=mag_text(_number(row["limit_mag"])))
    return _("not measured")


def _numbers(row: dict[str, object]) -> tuple[tuple[str, str], ...]:
    """Return what is known of a frame as (name, value); what is not known is left out."""
    zero_point = mag_text(_number(row["zero_point_mag"]), _number(row["zero_point_err_mag"]))
    given: Sequence[tuple[str, object, str]] = (
        (_("Limit (5σ)"), row["limit_mag"], f"{_shown(row['limit_mag'], 2)} mag"),
        (_("Zero point"), row["zero_point_mag"], f"{zero_point} mag"),
        (_("Scatter of the stars"), row["scatter_mag"], f"{_shown(row['scatter_mag'], 3)} mag"),
        (_("Stars used"), row["stars"], _text(row["stars"])),
        (_("Seeing"), row["seeing_arcsec"], f"{_shown(row['seeing_arcsec'], 1)}″"),
        (_("Measured"), row["aperture_pix"], _way(row["aperture_pix"])),
        (_("Pixel scale"), row["pixel_scale_arcsec"], f"{_shown(row['pixel_scale_arcsec'], 2)}″/px"),
        (_("Position found by"), row["solution_method"], _(_text(row["solution_method"]))),
        (_("Position fit"), row["solution_rms_arcsec"], f"{_shown(row['solution_rms_arcsec'], 2)}″"),
        (_("Sky"), row["sky_adu"], _sky(row)),
        (_("Gain"), row["gain_e_adu"], f"{_shown(row['gain_e_adu'], 2)} e⁻/ADU"),
        (_("PSF"), row["psf_fwhm_pix"], _psf(row)),
        (_("Airmass"), row["airmass"], _shown(row["airmass"], 2)),
        (_("Moon"), row["moon_lit"], _moon(row)),
        (_("Sun"), row["sun_altitude_deg"], _sun(row)),
        (_("Filter in the header"), row["filter_name"], _text(row["filter_name"])),
        (_("Camera"), row["camera"], _text(row["camera"])),
        (_("Method"), row["calib_version"], _text(row["calib_version"])),
    )
    return tuple((name, words) for name, value, words in given if value not in (None, ""))


def _sky(row: dict[str, object]) -> str:
    level, noise = _shown(row["sky_adu"], 0), _shown(row["noise_adu"], 1)
    return _("{level} ± {noise} ADU a pixel", level=level, noise=noise)


def _psf(row: dict[str, object]) -> str:
    width, stars = _shown(row["psf_fwhm_pix"], 2), _whole(row["psf_stars"])
    return several("{width} px, from {count} star", "{width} px, from {count} stars", stars, width=width)


def _moon(row: dict[str, object]) -> str:
    if (_number(row["moon_altitude_deg"]) or 0.0) <= 0.0:
        return _("below the horizon")
    lit, away = 100.0 * (_number(row["moon_lit"]) or 0.0), _shown(row["moon_separation_deg"], 0)
    return _("{percent} % lit, {degrees}° away", percent=f"{lit:.0f}", degrees=away)


def _sun(row: dict[str, object]) -> str:
    altitude_deg = _number(row["sun_altitude_deg"]) or 0.0
    degrees = f"{abs(altitude_deg):.0f}"
    if altitude_deg > 0:
        return _("{degrees}° above the horizon", degrees=degrees)
    return _("{degrees}° below the horizon", degrees=degrees)


def _way(radius_pix: object) -> str:
    """Return how the stars were measured; the radius is zero where they were fitted."""
    if radius_pix:
        return _("in a circle of {radius} px", radius=_shown(radius_pix, 1))
    return _("by the PSF of the frame's stars")


def _shown(value: object, digits: int) -> str:
    number = _number(value)
    return "" if number is None else f"{number:.{digits}f}"


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(text) for text in value) if isinstance(value, list | tuple) else ()


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
