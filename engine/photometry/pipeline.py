"""The whole way of one frame: clean, detect, solve, measure, calibrate, and the verdict on the target."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from astropy.wcs import WCS

from engine.errors import Rejected
from engine.frame import SIMULATED_NOTE, Frame
from engine.lightcurve import Flag
from engine.photometry.burnt import found_stars
from engine.photometry.calibration import Calibration
from engine.photometry.circumstances import about_circumstances, circumstances
from engine.photometry.conclude import calibrated, concluded, refused
from engine.photometry.cutout import cut_out, with_psf
from engine.photometry.detect import Detection
from engine.photometry.facts import with_fitted, with_frame, with_sky
from engine.photometry.field import field_of, pixel_of, position_of
from engine.photometry.match import positions_at
from engine.photometry.measure import Ladder, climb, forced_place
from engine.photometry.noise import with_gain_of_noise
from engine.photometry.psf.cast import SEEN_SIGMA_PIX
from engine.photometry.psf.light import psf_light
from engine.photometry.rays import without_rays
from engine.photometry.reduce_table import reduce_table
from engine.photometry.satellites import target_trails, without_trails
from engine.photometry.sentences import about_motion, about_satellites, about_solution, about_stars
from engine.photometry.solution import Solution
from engine.photometry.solve import solve
from engine.photometry.standard import SolvedFrame, pairs_of, standardise
from engine.photometry.target_mag import standard_target
from engine.photometry.trail import Trail, check_on_frame, trail_of, with_trail, without_trail
from engine.photometry.verdict import Reduction, Status, stars_table
from engine.target import Target, separation_arcsec
from engine.times import Laps

__all__ = ["reduce_frame", "reduce_table"]

TIME_UNCERTAIN_S = 60.0
PLACE_SIGMAS = 3.0  # of the solution's residuals, within which a source is the target
MAX_DOUBT_PIX = 2.0
LEAST_DOUBT_PIX = 0.05
WIDE_RUNG = 4  # 2 FWHM
POINTING_DOUBT_ARCSEC = 300.0
TRAIL_DOUBT_PIX = 0.3  # of an ephemeris


def reduce_frame(
    frame: Frame,
    target: Target,
    references: pl.DataFrame,
    *,
    requested: str = "any",
    index_dir: Path | None = None,
    radius_pix: float | None = None,
) -> Reduction:
    """Return the verdict on one frame; it is never raised, and keeps what was known when a stage gave up.

    Parameters
    ----------
    references
        Stars of the field in ``REFERENCE_SCHEMA``.
    requested
        Band to standardise to, or ``any`` for the one that fits best.
    radius_pix
        Of the circle, or ``PSF_FIT``, where all frames of a night shall be measured alike; None for what
        suits the frame.
    """
    known, laps = _begun(frame), Laps()
    try:
        frame, detection = found_stars(frame)
        laps.end("find")
        frame, detection = without_rays(*without_trails(frame, detection))
        frame = with_gain_of_noise(frame, noise_adu=detection.noise_adu)
        known = _with_detection(known, frame, detection)
        laps.end("rays")
        solution = _solve(frame, detection, target, references, index_dir)
        known = _with_solution(known, solution, detection)
        laps.end("solve")
        field = field_of(references, target, mjd=frame.mjd, pixel_scale_arcsec=solution.pixel_scale_arcsec)
        solved = SolvedFrame(frame=frame, detection=detection, solution=solution, field=field)
        known = _with_circumstances(known, solved)
        solved, trail = _with_trail_known(solved, target)
        place = _target_place(solved, trail)
        words = about_motion(trail.length_pix if trail and trail.is_long else None)
        known = replace(known, cutout=cut_out(frame, place), sentences=(*known.sentences, *words))
        known = _with_trails(known, detection, place)
        ladder = _measured(solved, place, trail, radius_pix=radius_pix)
        known = _with_stars(known, solved, ladder, place)
        laps.end("measure")
        chosen_pix, calibration = standardise(solved, ladder, requested=requested)
        known = _with_calibration(known, solved, ladder, chosen_pix, calibration)
        light = ladder.table(chosen_pix)[-1:]
        measurement = standard_target(
            solved, light, calibration, radius_pix=chosen_pix, star_light=ladder.light
        )
    except Rejected as refusal:
        laps.end("refuse")
        return replace(refused(known, refusal), stages_s=laps.told())
    laps.end("calibrate")
    return replace(concluded(known, measurement), stages_s=laps.told())


def _begun(frame: Frame) -> Reduction:
    flags = int(Flag.TIME_UNCERTAIN) if frame.mjd_uncertainty_s > TIME_UNCERTAIN_S else 0
    if SIMULATED_NOTE in frame.notes:
        flags |= int(Flag.SIMULATED)
    return Reduction(
        status=Status.REJECTED,
        plane=frame.plane,
        filter_name=frame.filter_name,
        mjd=frame.mjd,
        exptime_s=frame.exptime_s,
        notes=frame.notes,
        flags=flags,
    )


def _with_detection(known: Reduction, frame: Frame, detection: Detection) -> Reduction:
    found = detection.sources.select("x", "y", "snr", "flags")
    return replace(
        known,
        notes=frame.notes,
        sources=found,
        sentences=about_stars(detection),
        facts=with_frame(known.facts, frame, detection),
    )


def _solve(
    frame: Frame, detection: Detection, target: Target, references: pl.DataFrame, index_dir: Path | None
) -> Solution:
    """Return the frame's place on the sky, looked for where its header points, then round the target."""

    def solve_at(ra_deg: float, dec_deg: float, wcs_hint: WCS | None) -> Solution:
        return solve(
            detection.sources,
            shape=frame.shape,
            pointing=(ra_deg, dec_deg),
            pixel_scale_arcsec=frame.pixel_scale_arcsec,
            wcs_hint=wcs_hint,
            references=references,
            mjd=frame.mjd,
            index_dir=index_dir,
        )

    at_target = position_of(target, frame.mjd)
    target_deg = (float(at_target.ra.deg), float(at_target.dec.deg))
    if frame.pointing_ra_deg is None or frame.pointing_dec_deg is None:
        return solve_at(*target_deg, frame.wcs)
    try:
        return solve_at(frame.pointing_ra_deg, frame.pointing_dec_deg, frame.wcs)
    except Rejected as refusal:
        header_is_off = separation_arcsec(frame.pointing_ra_deg, frame.pointing_dec_deg, *target_deg)
        if refusal.code != "not-solved" or header_is_off < POINTING_DOUBT_ARCSEC:
            raise
        return solve_at(*target_deg, None)


def _with_solution(known: Reduction, solution: Solution, detection: Detection) -> Reduction:
    seeing_arcsec = None if detection.fwhm_pix is None else detection.fwhm_pix * solution.pixel_scale_arcsec
    return replace(
        known,
        solution=solution,
        seeing_arcsec=seeing_arcsec,
        sentences=(*known.sentences, *about_solution(solution, seeing_arcsec=seeing_arcsec)),
    )


def _with_circumstances(known: Reduction, solved: SolvedFrame) -> Reduction:
    told = circumstances(solved.frame.camera, solved.field.target_position, solved.frame.mjd)
    if told is None:
        return known
    flags = known.flags | (int(Flag.TIME_UNCERTAIN) if told.is_impossible else 0)
    return replace(
        known,
        flags=flags,
        sentences=(*known.sentences, *about_circumstances(told)),
        facts=with_sky(known.facts, told),
    )


def _with_trail_known(solved: SolvedFrame, target: Target) -> tuple[SolvedFrame, Trail | None]:
    """Return the frame without the sources that its moving target draws, and its trail if it has one."""
    trail = trail_of(solved, target)
    if trail is None or not trail.is_long:
        return solved, trail
    check_on_frame(trail, solved.frame)
    return without_trail(solved, trail, _catalogue_places(solved)), trail


def _target_place(solved: SolvedFrame, trail: Trail | None) -> tuple[float, float]:
    if trail is not None and trail.is_long:
        return trail.x, trail.y
    solution = solved.solution
    x, y = pixel_of(solved.field.target_position, solution.wcs, shape=solved.frame.shape)
    doubt_pix = PLACE_SIGMAS * solution.rms_arcsec / solution.pixel_scale_arcsec
    return forced_place(x, y, solved.detection, tolerance_pix=max(1.0, min(doubt_pix, MAX_DOUBT_PIX)))


def _with_trails(known: Reduction, detection: Detection, place: tuple[float, float]) -> Reduction:
    if not detection.trails:
        return known
    over = len(target_trails(detection, place))
    flags = known.flags | (int(Flag.BAD_PIXEL) if over else 0)
    told = about_satellites(len(detection.trails), over_target=over)
    return replace(known, flags=flags, sentences=(*known.sentences, told))


def _measured(
    solved: SolvedFrame, place: tuple[float, float], trail: Trail | None, *, radius_pix: float | None
) -> Ladder:
    """Return all stars measured, the target last; they are fitted where a single circle is not wanted."""
    positions = _positions(solved.detection, place)
    light = None
    if not radius_pix:
        light = psf_light(
            solved.frame,
            solved.detection,
            positions,
            _catalogue_places(solved),
            known_sigma_pix=_place_doubt_pix(solved),
        )
    ladder = climb(solved.frame, positions, solved.detection, light, radius_pix=radius_pix)
    if trail is None:
        return ladder
    sigma_pix = max(TRAIL_DOUBT_PIX, _place_doubt_pix(solved))
    return with_trail(ladder, solved, trail, _catalogue_places(solved), place_sigma_pix=sigma_pix)


def _catalogue_places(solved: SolvedFrame) -> pl.DataFrame:
    """Return where the catalogue's stars stand on the frame."""
    stars = positions_at(solved.field.calibrators, solved.frame.mjd)
    x, y = solved.solution.wcs.all_world2pix(
        stars["ra_deg"].to_numpy(), stars["dec_deg"].to_numpy(), 0, quiet=True
    )
    ny, nx = solved.frame.shape
    return pl.DataFrame({"x": x, "y": y}, schema={"x": pl.Float64, "y": pl.Float64}).filter(
        pl.col("x").is_between(0, nx - 1), pl.col("y").is_between(0, ny - 1)
    )


def _place_doubt_pix(solved: SolvedFrame) -> float:
    """Return by how much a catalogued place may be off on the frame: the stars' own centres are noisier."""
    rms_pix = solved.solution.rms_arcsec / solved.solution.pixel_scale_arcsec
    return float(np.clip(rms_pix / 2, LEAST_DOUBT_PIX, SEEN_SIGMA_PIX))


def _positions(detection: Detection, place: tuple[float, float]) -> pl.DataFrame:
    """Return the places to be measured: every source, and the target last."""
    target = pl.DataFrame({"x": [place[0]], "y": [place[1]]})
    return pl.concat([detection.sources.select("x", "y"), target])


def _with_stars(
    known: Reduction, solved: SolvedFrame, ladder: Ladder, place: tuple[float, float]
) -> Reduction:
    radius_pix = ladder.radii_pix[min(WIDE_RUNG, len(ladder.radii_pix) - 1)]  # before the frame has its own
    pairs = pairs_of(solved, ladder, radius_pix)
    return replace(
        known,
        stars_table=stars_table(pairs, None, _target_row(solved, ladder.table(radius_pix))),
        cutout=None if known.cutout is None else with_psf(known.cutout, ladder.light, place),
        facts=with_fitted(known.facts, ladder.light),
    )


def _with_calibration(
    known: Reduction, solved: SolvedFrame, ladder: Ladder, radius_pix: float, calibration: Calibration
) -> Reduction:
    target = _target_row(solved, ladder.table(radius_pix))
    stars = stars_table(pairs_of(solved, ladder, radius_pix), calibration, target)
    return replace(calibrated(known, calibration, stars), aperture_pix=radius_pix)


def _target_row(solved: SolvedFrame, table: pl.DataFrame) -> pl.DataFrame:
    position = solved.field.target_position
    return table[-1:].with_columns(
        ra_deg=pl.lit(float(position.ra.deg)), dec_deg=pl.lit(float(position.dec.deg))
    )
