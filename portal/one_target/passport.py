"""The passport of a point: everything known of how it came to be, as far as a visitor may see it."""

from dataclasses import dataclass
from urllib.parse import urlencode

import polars as pl

from engine.errors import Rejected
from engine.lightcurve import utc_time
from engine.target import Target
from lake.frames import stars_of_frame
from lake.people.accounts import User
from lake.public.papers import public_parameters
from lake.raw_answer import RawAnswer, raw_answer
from lake.trace.explain import CalibrationFacts, Explanation, FrameFacts, Point, explain, kept_bytes
from lake.trace.story import brightness_words, time_words
from portal.flags import flags_text
from portal.fmt import number_text
from portal.frame.verdicts import Verdict, verdicts_of_target
from portal.light_curve.moment import permalink, reading
from portal.opened import lake
from portal.words import _, several

PREVIEW_CHARS = 4000
Section = tuple[str, dict[str, str]]  # heading, facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """One point with its papers, ready to be shown."""

    point_id: int
    title: str
    sections: tuple[Section, ...]
    link: str
    verdict: Verdict | None  # of the frame that it was measured on
    stars: pl.DataFrame  # compared with, empty without a frame
    answer: RawAnswer | None  # of the archive that gave it
    preview: str  # of the answer


def passport_of(point_id: int, target: Target, user: User | None) -> Passport | None:
    """Return the passport of a point of a target, None where this visitor sees no such point."""
    try:
        told = explain(lake(), point_id, user, reader=reading())
    except Rejected:
        return None
    if told.point.target_id != target.target_id:
        return None
    verdict = _verdict(told, target, user)
    answer = raw_answer(lake(), told)
    return Passport(
        point_id=point_id,
        title=_("{brightness} in {band}", brightness=_brightness(told.point), band=told.point.band),
        sections=tuple((heading, facts) for heading, facts in _sections(told, verdict, user) if facts),
        link=f"{permalink(target.name)}&{urlencode({'point': str(point_id)})}",
        verdict=verdict,
        stars=_stars(told.frame.frame_id) if told.frame and verdict else pl.DataFrame(),
        answer=answer,
        preview=_preview(answer),
    )


def _brightness(point: Point) -> str:
    if point.mag is None and point.flux_ujy is None:
        return _("fainter than {mag} mag (5 sigma)", mag=f"{point.limit_mag:.3f}")
    return brightness_words(point)


def choice_table(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points to choose from, the newest first; ``Point`` names each."""
    return points.sort("mjd", "point_id", descending=True).select(
        utc_time().alias("Time (UTC)"),
        pl.col("band").alias("Band"),
        pl.col("mag").alias("Mag"),
        pl.col("limit_mag").alias("Limit"),
        pl.col("source").alias("Source"),
        pl.col("observer").alias("Observer"),
        pl.col("point_id").cast(pl.String).alias("Point"),  # browsers round whole numbers above 2^53
    )


def _sections(told: Explanation, verdict: Verdict | None, user: User | None) -> list[Section]:
    return [
        (_("The point"), _about_point(told)),
        (_("Bytes"), _about_bytes(told)),
        (_("Frame"), _about_frame(told.frame)),
        (_("Measured on the frame"), dict(verdict.numbers) if verdict else {}),
        (_("Calibration"), _about_fit(told.calibration)),
        (_("Software and parameters"), _about_batch(told, user)),
        (_("In the lake"), _about_commit(told)),
    ]


def _about_point(told: Explanation) -> dict[str, str]:
    point = told.point
    return _known(
        {
            _("Time"): f"MJD {point.mjd:.6f} ({time_words(point.mjd)})",
            _("BJD (TDB)"): _number(point.bjd_tdb, ".6f"),
            _("Exposure"): _number(point.exptime_s, "g", " s"),
            _("Facility"): point.facility,
            _("Camera"): point.camera,
            _("Observer"): point.observer,
            _("Marked as"): flags_text(point.flags),
            _("Source"): point.source,
            _("Name at source"): point.source_ref,
            _("Point"): str(point.point_id),
        }
    )


def _about_bytes(told: Explanation) -> dict[str, str]:
    sent, raw = told.upload, told.raw
    if (
        raw is None and told.frame is not None
    ):  # a later deed rewrote the row; its name keeps the file's sha256
        raw = kept_bytes(lake().raw, told.point.source_ref.partition(":")[0])
    if raw is None:
        return {}
    if raw.size_bytes is None:
        state = _("not kept here")
    elif raw.is_sound:
        state = several(
            "{count} byte, sound: hashed within the last ten minutes",
            "{count} bytes, sound: hashed within the last ten minutes",
            raw.size_bytes,
        )
    else:
        state = several("{count} byte, damaged", "{count} bytes, damaged", raw.size_bytes)
    return _known(
        {
            _("sha256"): raw.sha256,
            _("Kept"): state,
            _("File"): sent.filename if sent else "",
            _("Received"): time_words(sent.received_mjd) if sent else "",
        }
    )


def _about_frame(frame: FrameFacts | None) -> dict[str, str]:
    if frame is None:
        return {}
    solution = frame.solution_method or ""
    if solution and frame.solution_matched is not None:
        solution = several(
            "{method}, {count} star", "{method}, {count} stars", frame.solution_matched, method=solution
        )
    status, reason = _(frame.status), _(frame.reason)
    return _known(
        {
            _("Frame"): frame.frame_id,
            _("Verdict"): f"{status}: {reason}" if reason else status,
            _("Filter in header"): frame.filter_name,
            _("Seeing"): _number(frame.seeing_arcsec, ".2f", "″"),
            _("Position from"): solution,
            _("Its scatter"): _number(frame.solution_rms_arcsec, ".3f", "″"),
            _("Stars compared"): number_text(frame.stars),
        }
    )


def _about_fit(fit: CalibrationFacts | None) -> dict[str, str]:
    if fit is None:
        return {}
    return _known(
        {
            _("Band"): fit.band,
            _("Catalogue"): fit.catalogue,
            _("Zero point"): _number(fit.zero_point_mag, ".4f", " mag"),
            _("Its error"): _number(fit.zero_point_err_mag, ".4f", " mag"),
            _("Colour term"): _colour_term(fit),
            _("Scatter"): _number(fit.scatter_mag, ".4f", " mag"),
            _("Stars used"): number_text(fit.stars),
        }
    )


def _colour_term(fit: CalibrationFacts) -> str:
    if fit.colour_term is None:
        return ""
    return _("{term} in {colour}", term=f"{fit.colour_term:.4f}", colour=fit.colour_name or _("no colour"))


def _about_batch(told: Explanation, user: User | None) -> dict[str, str]:
    # for others, only what is published: the rest may name people and files
    batch, is_staff = told.batch, user is not None and user.is_staff
    if batch is None:
        return {}
    parameters = batch.parameters if is_staff else public_parameters(batch.parameters)
    return _known(
        {
            _("Software"): f"tomlake {batch.code_version}",
            _("Calibration version"): told.point.calib_version,
            _("Task"): batch.task,
            _("Written"): time_words(batch.made_mjd),
            _("By"): batch.by if is_staff else "",
            _("Parameters"): "" if parameters == "{}" else parameters,
            _("Batch"): batch.batch_id,
        }
    )


def _about_commit(told: Explanation) -> dict[str, str]:
    if told.commit is None:
        return {_("Version"): _("expired; the point itself stays")}
    return {_("Version"): str(told.commit.version), _("Of"): time_words(told.commit.made_mjd)}


def _verdict(told: Explanation, target: Target, user: User | None) -> Verdict | None:
    frame_id = told.frame.frame_id if told.frame else ""
    shown = verdicts_of_target(target.target_id or 0, user) if frame_id else []
    return next((verdict for verdict in shown if verdict.frame_id == frame_id), None)


def _stars(frame_id: str) -> pl.DataFrame:
    return stars_of_frame(reading(), frame_id).select(
        pl.col("ref_id").alias("Star"),
        pl.col("ra_deg").alias("RA"),
        pl.col("dec_deg").alias("Dec"),
        pl.col("ref_mag").alias("Catalogue mag"),
        pl.col("residual_mag").alias("Off by"),
        pl.col("used").alias("Used"),
    )


def _preview(answer: RawAnswer | None) -> str:
    """Return how an answer begins, empty where it is no text."""
    if answer is None or b"\0" in answer.body[:PREVIEW_CHARS]:
        return ""
    return answer.body[:PREVIEW_CHARS].decode("utf-8", "replace")


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{form}}{unit}"


def _known(facts: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}
