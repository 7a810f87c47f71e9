"""A folder or a place on S3 that holds files: each is there whole under its path, or not at all."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from engine.errors import Rejected, Transient
from lake.files import filesystem_of
from lake.paths import local_folder, writing_to
from lake.settings import Settings
from lake.trouble import store_errors

PART = ".part"  # ends the names of files that are not whole yet
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A file, and what its bytes must be."""

    path: str  # inside its place
    size_bytes: int
    sha256: str


class Place:
    """Files under a URL.

    Parameters
    ----------
    settings
        How S3 is reached, where the URL is there.
    spool_dir
        Where files are written on their way to S3.
    """

    def __init__(self, settings: Settings, url: str, *, spool_dir: Path) -> None:
        self.settings = settings
        self.url = url.rstrip("/")
        self._filesystem, self._root = filesystem_of(settings, self.url)
        self._folder = None if local_folder(self.url) is None else Path(self._root)
        self._spool = spool_dir

    @property
    def is_folder(self) -> bool:
        """Return whether the place is a folder of this machine."""
        return self._folder is not None

    def sizes(self, under: str = "") -> dict[str, int]:
        """Return path and size of every file, half-written ones included."""
        found: dict[str, dict[str, Any]] = {}
        with reaching(self.url), suppress(FileNotFoundError):
            found = self._filesystem.find(f"{self._root}/{under}".rstrip("/"), detail=True)
        start = len(self._root) + 1
        return {str(path)[start:]: int(facts["size"]) for path, facts in found.items()}

    def age_s(self, path: str, *, now_s: float) -> float:
        """Return how long ago a file was written."""
        with reaching(self.url):
            return now_s - float(self._filesystem.modified(self._whole(path)).timestamp())

    def open(self, path: str) -> IO[bytes]:
        """Return a file as a stream; ``FileNotFoundError`` where there is none."""
        with reaching(self.url):
            return cast("IO[bytes]", self._filesystem.open(self._whole(path), "rb"))

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        with reaching(self.url), self.open(path) as stream:
            return stream.read()

    def write(self, path: str, body: bytes) -> None:
        """Put bytes under a path, in place of what was there."""
        with self.incoming(path) as part:
            part.write_bytes(body)

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""
        with reaching(self.url), suppress(FileNotFoundError):
            self._filesystem.rm_file(self._whole(path))

    def piece(self, path: str) -> Piece:
        """Return what a file's bytes are, after reading them all."""
        with reaching(self.url), self.open(path) as stream:
            return _piece_of(path, stream)

    @contextmanager
    def incoming(self, path: str) -> Iterator[Path]:
        """Give a file to fill; it takes its place under the path when the body ends well."""
        final = self._spool / path if self._folder is None else self._folder / path
        part = final.with_name(f"{final.name}.{uuid.uuid4().hex}{PART}")
        with writing_to(part.parent):
            part.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            with writing_to(part.parent):
                _to_disk(part)
                if self._folder is not None:
                    part.replace(final)
            if self._folder is None:
                self._put(part, path)
        finally:
            part.unlink(missing_ok=True)

    def _put(self, part: Path, path: str) -> None:
        try:
            with reaching(self.url):
                self._filesystem.put_file(str(part), self._whole(path))
        except FileNotFoundError as error:
            raise Rejected(
                f"The bucket of {self.url} does not exist: create it.", code="no-bucket"
            ) from error

    def _whole(self, path: str) -> str:
        return f"{self._root}/{path}"


def copy(source: Place, target: Place, path: str, *, to: str = "", expected: Piece | None = None) -> Piece:
    """Return the file that was copied, under ``to`` where it shall have another path there.

    Raises
    ------
    FileNotFoundError
        The source has no such file.
    Damaged
        The bytes are not what they are expected to be; nothing was kept.
    """
    with reaching(source.url), source.open(path) as stream, target.incoming(to or path) as part:
        piece = _piece_of(to or path, stream, part)
        if expected is not None and piece.sha256 != expected.sha256:
            raise Damaged(path)
    return piece


class Damaged(Exception):  # noqa: N818 - says what the file is
    """A file's bytes are not what they were."""


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn a failure of a disk or of S3 into one sentence; a file that is not there is no failure."""
    try:
        yield
    except FileNotFoundError:
        raise
    except store_errors() as error:
        raise Transient(
            f"The place {url} cannot be reached ({error}); try again when it can.",
            code="place-away",
            retry_after_s=300,
        ) from error


def _piece_of(path: str, stream: IO[bytes], copied_to: Path | None = None) -> Piece:
    digest, size_bytes = hashlib.sha256(), 0
    with nullcontext() if copied_to is None else copied_to.open("wb") as out:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
            if copied_to is not None and out is not None:
                with writing_to(copied_to.parent):
                    out.write(chunk)
    return Piece(path=path, size_bytes=size_bytes, sha256=digest.hexdigest())


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
