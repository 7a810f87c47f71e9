"""What the page of one frame shows: the upload, its verdict, its stars, its points, and what it is worth."""

import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from engine.accuracy.one_frame import error_growth, honesty
from engine.accuracy.worth import Circumstance, is_advice, to_change, worth
from engine.errors import Rejected
from engine.photometry.looked import Check, Glance, checks
from engine.photometry.verdict import TARGET_REF_ID
from engine.target import Target
from engine.times import mjd_now
from lake.frames import frames_of_upload, judged_stars, stars_of_frame
from lake.glances import ask_to_look, glances_of
from lake.inbox.quarantine import may_be_given
from lake.inbox.uploads import Upload, UploadKind, upload
from lake.people.accounts import User
from lake.store import Store
from lake.targets import get_target
from portal.frame.verdicts import Verdict, verdict_of
from portal.light_curve.curves import light_curve
from portal.light_curve.moment import address_of, read_version, readable
from portal.opened import lake
from portal.spreadsheet import harmless_texts
from portal.words import _

FRAME = "frame"  # of the address
_ID = re.compile(r"u([0-9]{1,15})(?:-([RGB]))?")
_UPLOAD = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePage:
    """One frame, or an upload that has none, as its page tells of it."""

    sent: Upload
    target: Target | None  # None where it was deleted
    verdict: Verdict | None
    planes: tuple[str, ...]  # frame ids of all colour planes
    worth: str
    changes: tuple[str, ...]
    told: tuple[str, ...]  # how it went, without advice
    width_pix: int
    height_pix: int
    points: tuple[str, ...]  # ids of those that it gave


def page_of(asked: str, user: User | None) -> FramePage | None:
    """Return the page of a frame id, None where this visitor sees no such upload."""
    found = _ID.fullmatch(asked.strip())
    if found is None:
        return None
    try:
        sent = upload(lake().operations, int(found[1]), user)
    except Rejected:
        return None
    rows = frames_of_upload(readable(lake().store, read_version()), sent.upload_id)
    ids = tuple(rows["frame_id"].to_list())
    wanted = found[0] if found[0] in ids else (ids[0] if ids else "")
    row = next((each for each in rows.iter_rows(named=True) if each["frame_id"] == wanted), None)
    target = target_of(sent, user)
    if row is None:
        return _without_frame(sent, target)
    of = _circumstance(row)
    verdict = verdict_of(row)
    return FramePage(
        sent=sent,
        target=target,
        verdict=verdict,
        planes=ids,
        worth=worth(of),
        changes=tuple(dict.fromkeys((*to_change(of), *filter(is_advice, verdict.sentences)))),
        told=tuple(sentence for sentence in verdict.sentences if not is_advice(sentence)),
        width_pix=row["width_pix"] or 0,
        height_pix=row["height_pix"] or 0,
        points=_points(sent, target, str(row["plane"] or ""), user),
    )


def _without_frame(sent: Upload, target: Target | None) -> FramePage:
    return FramePage(
        sent=sent, target=target, verdict=None, planes=(), worth="", changes=(), told=(), width_pix=0,
        height_pix=0, points=(),
    )  # fmt: skip


def frame_address(frame_id: str) -> dict[str, str]:
    """Return the parameters of a link to the page of a frame."""
    return address_of(**{FRAME: frame_id})


def id_of(sent: Upload) -> str:
    """Return the frame of an upload to look at first, or what stands for it where it has none."""
    return sent.frame_ids[0] if sent.frame_ids else f"u{sent.upload_id}"


def glance_of(sent: Upload, plane: str = "") -> Glance | None:
    """Return what a first look at an upload showed, None where there is nothing or nobody looked yet."""
    seen = _glances(sent.sha256) or ()
    return next((each for each in seen if each.plane == plane), seen[0] if seen else None)


def checks_of(sent: Upload, target: Target | None) -> tuple[Check, ...]:
    """Return what the first look says, in words; nothing before it."""
    seen = glance_of(sent)
    return () if seen is None else checks(seen, target, now_mjd=mjd_now())


def wait_for_picture(sent: Upload) -> bool:
    """Return whether a picture will come; one that nobody made yet is asked for."""
    if sent.kind != UploadKind.FITS_FILE or _glances(sent.sha256) is not None:
        return False
    return ask_to_look(lake(), sent.upload_id)


def _glances(sha256: str) -> tuple[Glance, ...] | None:
    try:
        return _kept_glances(lake().store, sha256)
    except LookupError:
        return None


@lru_cache(maxsize=4096)
def _kept_glances(_store: Store, sha256: str) -> tuple[Glance, ...]:
    """Return what was seen of a file, which never changes; that nobody looked yet is not remembered."""
    found = glances_of(lake(), sha256)
    if found is None:
        raise LookupError(sha256)
    return found


def may_take_file(sent: Upload) -> bool:
    """Return whether the file of an upload that a visitor sees may be given as it came."""
    return bool(sent.frame_ids) and may_be_given(lake().operations, sent)


def judged(shown: FramePage) -> pl.DataFrame:
    """Return the field stars of a frame for its charts, empty where it has none with a residual."""
    if shown.verdict is None:
        return pl.DataFrame()
    return _judged(lake().store, read_version(), shown.verdict.frame_id)


@lru_cache(maxsize=32)
def _judged(store: Store, version: int, frame_id: str) -> pl.DataFrame:
    stars = judged_stars(readable(store, version), frame_id)
    return stars.filter(pl.col("residual_mag").is_finite(), pl.col("x").is_finite(), pl.col("y").is_finite())


def marked(shown: FramePage) -> pl.DataFrame:
    """Return every star of a frame and the target, which has no catalogue magnitude: ``ref_id`` names it."""
    if shown.verdict is None:
        return pl.DataFrame()
    return _marked(lake().store, read_version(), shown.verdict.frame_id)


@lru_cache(maxsize=32)
def _marked(store: Store, version: int, frame_id: str) -> pl.DataFrame:
    stars = stars_of_frame(readable(store, version), frame_id)
    return stars.filter(pl.col("x").is_finite(), pl.col("y").is_finite())


def growth(stars: pl.DataFrame) -> pl.DataFrame:
    """Return how errors grow with magnitude on a frame."""
    return error_growth(stars)


def honesty_words(grown: pl.DataFrame) -> str:
    """Return in one sentence whether the stated errors are as large as the real ones."""
    ratio = honesty(grown)
    if ratio is None:
        return _("Too few stars to tell whether the errors are honest.")
    times = f"{ratio:.1f}"
    if ratio > 1.5:
        return _(
            "Stars scatter {times} times more than their errors say: clouds, flat field or focus.",
            times=times,
        )
    if ratio < 0.67:
        return _(
            "Stars scatter less than their errors say ({times} times): the errors are on the safe side.",
            times=times,
        )
    return _("The errors are honest: stars scatter {times} times what they say.", times=times)


def stars_csv(shown: FramePage) -> bytes:
    """Return the stars of a frame as CSV, the target last."""
    stars = marked(shown).drop("upload_id", "target_id", "batch_id", strict=False)
    in_order = stars.sort(pl.col("ref_id") == TARGET_REF_ID, maintain_order=True)
    return harmless_texts(in_order).write_csv().encode()


def target_of(sent: Upload, user: User | None) -> Target | None:
    """Return the target of an upload, None where it was deleted or is closed to this visitor."""
    if sent.target_id is None:
        return None
    try:
        return get_target(lake().operations, sent.target_id, user)
    except Rejected:
        return None  # one's own upload to a target that was closed since


def _points(sent: Upload, target: Target | None, plane: str, user: User | None) -> tuple[str, ...]:
    if target is None or sent.dry_run:
        return ()
    points = light_curve(target.target_id or 0, user)
    own = points.filter(source=_UPLOAD, source_ref=f"{sent.sha256}:{plane}")
    return tuple(own["point_id"].cast(pl.String).to_list())


def _circumstance(row: dict[str, object]) -> Circumstance:
    known = {name: row[name] for name in Circumstance.__dataclass_fields__ if row.get(name) is not None}
    return Circumstance(**known)  # type: ignore[arg-type]
