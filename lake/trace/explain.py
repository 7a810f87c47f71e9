"""The whole way back from one point: its batch, its bytes, its code, its frame, its version of the lake."""

import hashlib
import time
from dataclasses import dataclass, fields, replace

import pyarrow as pa

from engine.errors import Rejected
from engine.times import mjd_of
from lake.archives import Harvest, harvests_of_target
from lake.catalog import Catalog
from lake.frame_rows import UPLOAD
from lake.inbox.uploads import Upload, upload
from lake.opening import Lake
from lake.people.accounts import User
from lake.points.bounded import Bounded
from lake.provenance import Batch
from lake.raw import RawStore
from lake.readable import Readable
from lake.rights import SYSTEM, can_see
from lake.seen import closed_to
from lake.tables import CALIBRATIONS, FRAMES, PHOTOMETRY
from lake.targets import get_target
from lake.trace.catalog_rows import moment_of, whole

BELIEVED_S = 600.0
_CHUNK_BYTES = 1 << 20
_ENTRY_BYTES = 500  # some
_IDS = range(-(2**63), 2**63)
_COMMIT = """
    SELECT s.snapshot_id, s.snapshot_time, c.author, c.commit_message
    FROM ducklake_snapshot s JOIN ducklake_snapshot_changes c ON c.snapshot_id = s.snapshot_id
    WHERE c.commit_extra_info LIKE :batch ORDER BY s.snapshot_id"""
_FRAME = """
    SELECT * FROM lake.frames
    WHERE target_id = $target_id AND raw_sha256 = $raw_sha256 AND plane = $plane AND NOT dry_run"""
_FITS = "SELECT * FROM lake.calibrations WHERE frame_id = $frame_id AND chosen"
_STARS = "SELECT count(DISTINCT ref_id) AS stars FROM lake.frame_stars WHERE frame_id = $frame_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row of the table photometry."""

    point_id: int
    target_id: int
    source: str
    source_ref: str
    mjd: float
    bjd_tdb: float | None
    exptime_s: float | None
    band: str
    mag: float | None
    mag_err: float | None
    flux_ujy: float | None
    flux_err_ujy: float | None
    limit_mag: float | None
    facility: str | None
    camera: str | None
    observer: str | None
    calib_version: str | None
    flags: int
    batch_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBytes:
    """The raw file that rows were made of, as it is kept now."""

    sha256: str
    size_bytes: int | None  # unpacked; None where it is not kept
    is_sound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The version of the lake in which a batch came."""

    version: int
    made_mjd: float | None
    author: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """The verdict on the frame that a point was measured on."""

    frame_id: str
    upload_id: int
    status: str
    reason: str
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    filter_name: str | None
    seeing_arcsec: float | None
    solution_method: str | None
    solution_matched: int | None
    solution_rms_arcsec: float | None
    stars: int  # matched on the frame


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFacts:
    """The fit of the chosen band of a frame."""

    band: str
    catalogue: str | None
    zero_point_mag: float | None
    zero_point_err_mag: float | None
    colour_term: float | None
    colour_name: str | None
    scatter_mag: float | None
    stars: int | None  # used for the fit
    outlier_fraction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is known of how a point came to be; None: there is no such thing, or it is gone."""

    point: Point
    target_name: str | None
    batch: Batch | None
    raw: KeptBytes | None
    commit: Commit | None
    upload: Upload | None
    frame: FrameFacts | None
    calibration: CalibrationFacts | None
    harvest: Harvest | None


_SOUND: Bounded[tuple[float, KeptBytes]] = Bounded(most_bytes=1 << 20)  # by the mark of the file


def explain(lake: Lake, point_id: int, user: User | None, *, reader: Readable | None = None) -> Explanation:
    """Return the whole way back from a point, as far as a user (None: anybody) may see its target.

    Parameters
    ----------
    reader
        The lake as it stood in a version; by default the newest.

    Raises
    ------
    Rejected
        ``unknown-point``: there is none that this user may see.
    """
    reader = reader or lake.store
    point = _point(reader, point_id)
    target_name = _target_name(lake, point, user)
    batch = _batch(reader, point)
    frame, calibration = _frame(reader, point) if point.source == UPLOAD else (None, None)
    return Explanation(
        point=point,
        target_name=target_name,
        batch=batch,
        raw=kept_bytes(lake.raw, batch.raw_sha256) if batch and batch.raw_sha256 else None,
        commit=commit_of(lake.store.backend.catalog, point.batch_id),
        upload=_upload(lake, frame, user),
        frame=frame,
        calibration=calibration,
        harvest=_harvest(lake, point),
    )


def kept_bytes(raw: RawStore, sha256: str) -> KeptBytes:
    """Return whether the bytes are kept, how many they are, and whether they are what they were.

    What was found sound is believed for ``BELIEVED_S``, as long as nobody writes to its file.
    """
    try:
        mark = raw.mark(sha256)
    except Rejected:
        mark = None
    known = None if mark is None else _SOUND.get(mark)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    found = _hashed(raw, sha256)
    if mark is not None and found.is_sound:
        _SOUND.put(mark, (time.monotonic() + BELIEVED_S, found), size_bytes=_ENTRY_BYTES)
    return found


def _hashed(raw: RawStore, sha256: str) -> KeptBytes:
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with raw.open(sha256) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
    except Rejected:
        return KeptBytes(sha256=sha256, size_bytes=None, is_sound=False)
    except (OSError, pa.ArrowException):
        return KeptBytes(sha256=sha256, size_bytes=size_bytes, is_sound=False)
    return KeptBytes(sha256=sha256, size_bytes=size_bytes, is_sound=digest.hexdigest() == sha256)


def commit_of(catalog: Catalog, batch_id: str) -> Commit | None:
    """Return the first version that a batch made, None where it expired."""
    for version, made, author, message in catalog.rows(_COMMIT, {"batch": f'%"batch_id": "{batch_id}"%'}):
        moment = moment_of(made)
        return Commit(
            version=whole(version),
            made_mjd=None if moment is None else mjd_of(moment),
            author=author or "",
            message=message or "",
        )
    return None


def _point(reader: Readable, point_id: int) -> Point:
    if point_id in _IDS:
        sql = "SELECT * FROM lake.photometry WHERE point_id = $point_id LIMIT 1"
        rows = PHOTOMETRY.rows(reader.read(sql, {"point_id": point_id}))
        if len(rows):
            return Point(**rows.row(0, named=True))
    raise _unknown(point_id)


def _target_name(lake: Lake, point: Point, user: User | None) -> str | None:
    try:
        target = get_target(lake.operations, point.target_id, SYSTEM)
    except Rejected as gone:  # the target was deleted: only staff may still see its points
        if user is not None and user.is_staff:
            return None
        raise _unknown(point.point_id) from gone
    sha256 = point.source_ref.partition(":")[0]
    closed = closed_to(lake.operations, user, target_id=point.target_id)
    if not can_see(target, user) or (point.source == UPLOAD and (point.target_id, sha256) in closed.files):
        raise _unknown(point.point_id)
    return target.name


def _unknown(point_id: int) -> Rejected:
    return Rejected(f"There is no point {point_id}.", code="unknown-point")


def _batch(reader: Readable, point: Point) -> Batch | None:
    try:
        return reader.batch(point.batch_id)
    except Rejected:
        return None


def _frame(reader: Readable, point: Point) -> tuple[FrameFacts | None, CalibrationFacts | None]:
    raw_sha256, _, plane = point.source_ref.partition(":")
    this = {"target_id": point.target_id, "raw_sha256": raw_sha256, "plane": plane}
    rows = FRAMES.rows(reader.read(_FRAME, this))
    if rows.is_empty():
        return None, None
    row = rows.row(0, named=True) | {"stars": 0}
    frame_id = {"frame_id": row["frame_id"]}
    facts = FrameFacts(**{field.name: row[field.name] for field in fields(FrameFacts)})
    facts = replace(
        facts,
        sentences=tuple(row["sentences"] or ()),
        notes=tuple(row["notes"] or ()),
        stars=int(reader.read(_STARS, frame_id).item()),
    )
    fits = CALIBRATIONS.rows(reader.read(_FITS, frame_id))
    if fits.is_empty():
        return facts, None
    fit = fits.row(0, named=True)
    return facts, CalibrationFacts(**{field.name: fit[field.name] for field in fields(CalibrationFacts)})


def _upload(lake: Lake, frame: FrameFacts | None, user: User | None) -> Upload | None:
    if frame is None:
        return None
    try:
        return upload(lake.operations, frame.upload_id, user)
    except Rejected:
        return None


def _harvest(lake: Lake, point: Point) -> Harvest | None:
    told = harvests_of_target(lake.operations, point.target_id)
    return next((harvest for harvest in told if harvest.archive == point.source), None)
