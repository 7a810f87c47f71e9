"""An explanation as a story: chapters of short sentences for somebody who never saw the lake."""

from collections.abc import Iterator

from engine.bands import BANDS
from engine.lightcurve import flag_words
from engine.times import datetime_of
from lake.trace.explain import CalibrationFacts, Commit, Explanation, FrameFacts, KeptBytes, Point

Chapter = tuple[str, list[str]]  # heading, sentences


def story(told: Explanation) -> list[Chapter]:
    """Return the chapters, from the point back to its bytes."""
    chapters = [
        (
            f"Point {told.point.point_id} of {told.target_name or 'a deleted target'}",
            list(_about_point(told.point)),
        ),
        ("Who made it, and with what", list(_about_batch(told))),
        ("How it was measured", list(_about_frame(told.frame, told.calibration))),
        ("The bytes it was read from", list(_about_raw(told.raw, told))),
        ("In the lake", list(_about_commit(told.commit, told.point))),
    ]
    return [chapter for chapter in chapters if chapter[1]]


def time_words(mjd: float | None) -> str:
    """Return a time in words, UTC to the second."""
    return "an unknown time" if mjd is None else f"{datetime_of(mjd):%Y-%m-%d %H:%M:%S} UTC"


def brightness_words(point: Point) -> str:
    """Return the magnitude, flux or limit of a point with its error and unit."""
    if point.mag is not None:
        return f"{point.mag:.4f}{_error(point.mag_err, '.4f')} mag"
    if point.flux_ujy is not None:
        return f"{point.flux_ujy:.6g}{_error(point.flux_err_ujy, '.3g')} microjansky"
    return f"fainter than {point.limit_mag:.3f} mag (5 sigma)"


def _about_point(point: Point) -> Iterator[str]:
    band = BANDS.get(point.band)
    light = "" if band is None else f", {band.wavelength_nm:g} nm, {band.system} system"
    yield f"{brightness_words(point)} in the band {point.band}{light}."
    yield f"Time: MJD {point.mjd:.6f} UTC, mid-exposure, at the observer ({time_words(point.mjd)})."
    if point.bjd_tdb is not None:
        yield f"Seen from the barycentre: BJD {point.bjd_tdb:.6f} TDB."
    if point.exptime_s is not None:
        yield f"Exposure: {point.exptime_s:g} s."
    where = ", ".join(each for each in (point.facility, point.camera) if each)
    if where or point.observer:
        yield f"Taken with {where or 'an unknown instrument'} by {point.observer or 'nobody named'}."
    if point.flags:
        yield f"Marked as: {flag_words(point.flags)}."
    yield f"Its identity at the source {point.source}: {point.source_ref}."


def _about_batch(told: Explanation) -> Iterator[str]:
    batch, sent = told.batch, told.upload
    if sent is not None:
        yield (
            f"{sent.uploaded_by} sent the file {sent.filename} ({sent.size_bytes:,} bytes) on "
            f"{time_words(sent.received_mjd)}; observers: {', '.join(sent.observers)}."
        )
    if batch is None:
        yield f"Its batch {told.point.batch_id} is not in the lake: nobody can say who made it."
        return
    yield (
        f"{batch.by or 'Somebody'} made it by the task {batch.task} from {batch.source} on "
        f"{time_words(batch.made_mjd)} with tomlake {batch.code_version}."
    )
    yield f"Parameters: {batch.parameters}."
    if told.point.calib_version:
        yield f"Version of the calibration: {told.point.calib_version}."
    if told.harvest is not None:
        yield (
            f"The archive was last asked on {time_words(told.harvest.asked_mjd)}, and has "
            f"{told.harvest.rows:,} points of this target."
        )
    yield f"Batch: {batch.batch_id}."


def _about_frame(frame: FrameFacts | None, fit: CalibrationFacts | None) -> Iterator[str]:
    if frame is None:
        return
    yield f"Frame {frame.frame_id}, {frame.status}: {frame.reason}"
    yield from frame.sentences
    yield from (f"Note: {note}" for note in frame.notes)
    yield f"{frame.stars:,} comparison stars were matched on it."
    if fit is not None:
        zero_point = "unknown" if fit.zero_point_mag is None else f"{fit.zero_point_mag:.4f}"
        yield f"Calibrated to {fit.band} with {fit.stars or 0:,} stars of {fit.catalogue or 'a catalogue'}."
        yield (
            f"Zero point {zero_point}{_error(fit.zero_point_err_mag, '.4f')} mag, colour term "
            f"{fit.colour_term or 0.0:.4f} in {fit.colour_name or 'no colour'}, "
            f"scatter {fit.scatter_mag or 0.0:.4f} mag."
        )


def _about_raw(raw: KeptBytes | None, told: Explanation) -> Iterator[str]:
    if raw is None:
        yield "No raw bytes belong to it." if told.batch else "They are not known."
        return
    yield f"sha256 {raw.sha256}."
    if raw.size_bytes is None:
        yield "They are not kept here."
    elif raw.is_sound:
        yield f"{raw.size_bytes:,} bytes, kept and sound: their sha256 was computed anew just now."
    else:
        yield "They are kept but damaged: put the raw file back from a backup."


def _about_commit(commit: Commit | None, point: Point) -> Iterator[str]:
    if commit is None:
        yield f"The version in which batch {point.batch_id} came has expired; the point itself stays."
        return
    yield (
        f"It came with version {commit.version} on {time_words(commit.made_mjd)}, "
        f"written by {commit.author or 'nobody named'} ({commit.message})."
    )


def _error(error: float | None, form: str) -> str:
    return "" if error is None else f" ± {error:{form}}"
