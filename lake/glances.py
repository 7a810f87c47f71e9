"""First looks at uploads: a picture and what it shows, made from the bytes once and kept beside them.

Nothing here is a measurement: whatever is lost is made again from the raw file.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict

from fsspec import AbstractFileSystem
from sqlalchemy import select

from engine.photometry.looked import Glance
from lake.files import filesystem_of
from lake.job_rows import JobState
from lake.opening import Lake
from lake.operations import jobs, reading
from lake.queue import enqueue
from lake.settings import Settings
from lake.trouble import telling

LOOK = "look"  # the task that looks again
LOOK_PRIORITY = 2  # somebody waits
_FAILED = (JobState.DEAD.value, JobState.REJECTED.value, JobState.CANCELLED.value)
_EDITION = "1"  # another look at the same bytes gets another number


def keep_glances(lake: Lake, raw_sha256: str, seen: Sequence[tuple[Glance, bytes]]) -> None:
    """Keep what a look at a file showed, with a PNG of each plane; none: there is nothing to be seen."""
    for glance, picture in seen:
        _write(lake.settings, _picture_name(raw_sha256, glance.plane), picture)
    told = json.dumps([asdict(glance) for glance, _ in seen])
    _write(lake.settings, f"{raw_sha256}.json", told.encode())


def glances_of(lake: Lake, raw_sha256: str) -> tuple[Glance, ...] | None:
    """Return what a look at a file showed, None where nobody has looked yet."""
    body = _read(lake.settings, f"{raw_sha256}.json")
    try:
        return None if body is None else tuple(Glance(**each) for each in json.loads(body))
    except (TypeError, ValueError):
        return None  # damaged: a new look mends it


def picture_png(lake: Lake, raw_sha256: str, plane: str) -> bytes | None:
    """Return the picture of one plane of a file, None where there is none."""
    return _read(lake.settings, _picture_name(raw_sha256, plane))


def ask_to_look(lake: Lake, upload_id: int) -> bool:
    """Return whether a look at an upload will come: asked for once, and not again where one failed."""
    name = f"{LOOK}:{upload_id}"
    with reading(lake.operations) as connection:
        newest = select(jobs.c.state).where(jobs.c.dedupe == name).order_by(jobs.c.job_id.desc()).limit(1)
        state = connection.execute(newest).scalar_one_or_none()
    if state in _FAILED:
        return False
    if state is None or state == JobState.DONE.value:  # what it made may be lost
        args = {"upload_id": str(upload_id)}
        enqueue(lake.operations, LOOK, args, dedupe=name, lock=name, priority=LOOK_PRIORITY)
    return True


def _picture_name(raw_sha256: str, plane: str) -> str:
    return f"{raw_sha256}{'-' if plane else ''}{plane}.png"


def _write(settings: Settings, name: str, body: bytes) -> None:
    filesystem, folder = _folder(settings, name)
    with telling():
        filesystem.makedirs(folder, exist_ok=True)
        aside = f"{folder}/{uuid.uuid4().hex}.part"
        filesystem.pipe_file(aside, body)
        filesystem.mv(aside, f"{folder}/{name}")


def _read(settings: Settings, name: str) -> bytes | None:
    filesystem, folder = _folder(settings, name)
    try:
        with telling():
            return bytes(filesystem.cat_file(f"{folder}/{name}"))
    except FileNotFoundError:
        return None


def _folder(settings: Settings, name: str) -> tuple[AbstractFileSystem, str]:
    """Return where a look is kept: beside the raw files, whose folder holds nothing but them."""
    filesystem, root = filesystem_of(settings, settings.raw_url)
    beside = f"{root}-glances" if "/" in root else f"{root}/glances"
    return filesystem, f"{beside}/{_EDITION}/{name[:2]}"
