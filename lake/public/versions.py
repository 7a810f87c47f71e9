"""The versions of the public lake: which there are, what the newest one holds, and taking one back."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from engine.errors import Rejected, Transient
from lake.lock import locked
from lake.opening import Lake
from lake.operations import serialised
from lake.paths import paths_of
from lake.public.edition import UNFINISHED
from lake.public.manifest import (
    Manifest,
    Version,
    bad_manifest,
    manifest_of,
    versions_json,
    versions_of,
)
from lake.public.place import FILES, VERSIONS, Place, manifest_path, refuse_missing
from lake.settings import Settings

logger = logging.getLogger(__name__)

LATEST = "latest"
_TURN_TIMEOUT_S = 60.0


def versions(place: Place) -> tuple[Version, ...]:
    """Return every version there ever was, oldest first; taken back ones say so.

    Raises
    ------
    Rejected
        ``bad-manifest``: the list of versions is damaged.
    """
    body = place.read(VERSIONS)
    return () if body is None else versions_of(body)


def newest(place: Place) -> Version | None:
    """Return the newest version that is served, or None before the first one."""
    served = [version for version in versions(place) if not version.is_withdrawn]
    return served[-1] if served else None


def manifest(place: Place, version: Version) -> Manifest:
    """Return the manifest of a version.

    Raises
    ------
    Rejected
        ``public-file-missing``; ``bad-manifest``: it is not the one that was published.
    """
    return manifest_of(manifest_bytes(place, version))


def manifest_bytes(place: Place, version: Version) -> bytes:
    """Return the manifest of a version as it was published.

    Raises
    ------
    Rejected
        ``public-file-missing``; ``bad-manifest``: it is not the one that was published.
    """
    path = manifest_path(version.name)
    body = place.read(path)
    if body is None:
        raise refuse_missing(path)
    if hashlib.sha256(body).hexdigest() != version.manifest_sha256:
        raise bad_manifest(f"{path} is not the file that was published")
    return body


def newest_manifest(settings: Settings) -> Manifest | None:
    """Return the manifest of the newest version that is served, or None before the first one.

    Raises
    ------
    Rejected
        ``public-file-missing``, ``bad-manifest``.
    """
    place = Place(settings)
    found = newest(place)
    return None if found is None else manifest(place, found)


def withdraw(lake: Lake, name: str, *, reason: str = "") -> Version:
    """Return the line that stays of a version after taking it and its unshared files back.

    Raises
    ------
    Rejected
        ``unknown-version``: there is none of this name that is served.
    """
    with publishing_turn(lake):
        place = Place(lake.settings)
        known = versions(place)
        found = [version for version in known if version.name == name and not version.is_withdrawn]
        if not found:
            raise Rejected(f"The public lake has no version {name!r:.80}.", code="unknown-version")
        gone = replace(found[0], withdrawn_utc=now_utc(), reason=reason)
        left = tuple(gone if version is found[0] else version for version in known)
        place.write(VERSIONS, versions_json(left))
        sweep(place)
    logger.info("version %s of the public lake was withdrawn", name)
    return gone


def sweep(place: Place) -> int:
    """Return how many files were removed because no served version has them; the caller has the turn.

    Among them is what a publisher that was killed left.
    Where a manifest cannot be read nothing is removed: its files may be needed.
    """
    place.remove_half_written()
    served = [version for version in versions(place) if not version.is_withdrawn]
    try:
        kept = {file.place for version in served for file in manifest(place, version).files}
    except Rejected as refusal:
        logger.warning("nothing was swept from the public lake: %s", refusal.reason)
        return 0
    kept |= {manifest_path(version.name) for version in served}
    place.remove(UNFINISHED)
    left_over = [path for under in (FILES, "v") for path in place.paths(under) if path not in kept]
    for path in left_over:
        place.remove(path)
    return len(left_over)


@contextmanager
def publishing_turn(lake: Lake) -> Iterator[None]:
    """Let one publisher work at a time: on this machine by a file's lock, else also by PostgreSQL's.

    Raises
    ------
    Transient
        ``publisher-busy``: another publisher is at work.
    """
    with ExitStack() as turn:
        try:
            turn.enter_context(
                locked(paths_of(lake.settings).data_dir / "publish.lock", timeout_s=_TURN_TIMEOUT_S)
            )
            if lake.operations.dialect.name == "postgresql":
                _take_turn(turn.enter_context(lake.operations.begin()))
        except (Transient, OperationalError) as error:
            raise Transient(
                "Another process publishes the lake now.", code="publisher-busy", retry_after_s=60
            ) from error
        yield


def _take_turn(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = {int(_TURN_TIMEOUT_S * 1000)}"))
    serialised(connection, "publish")


def now_utc() -> str:
    """Return the time as the manifest writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
