"""Where the public lake is kept: a folder or a place on S3; a file is whole under its name, or absent."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fsspec import AbstractFileSystem

from engine.errors import Rejected
from lake.files import filesystem_of
from lake.paths import local_folder, writing_to
from lake.settings import Settings

VERSIONS = "versions.json"
FILES = "files"
_HALF_WRITTEN = ".half-"
_CHUNK_BYTES = 1 << 20


class Place:
    """The root of the public lake; paths are relative to it and use slashes."""

    def __init__(self, settings: Settings) -> None:
        self._filesystem: AbstractFileSystem
        self._filesystem, self._root = filesystem_of(settings, settings.publish_url)
        self._folder = None if local_folder(settings.publish_url) is None else Path(self._root)

    @property
    def is_folder(self) -> bool:
        """Return whether the public lake is kept in a folder."""
        return self._folder is not None

    def url(self, path: str) -> str:
        """Return what DuckDB or polars read a file by."""
        return f"{self._root}/{path}" if self._folder is not None else f"s3://{self._root}/{path}"

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None where there is none."""
        try:
            return bytes(self._filesystem.cat_file(self._at(path)))
        except FileNotFoundError:
            return None

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return bool(self._filesystem.exists(self._at(path)))

    def write(self, path: str, body: bytes) -> None:
        """Keep the bytes under a path, in place of what was there."""
        if self._folder is None:
            self._filesystem.pipe_file(self._at(path), body)
            return
        with writing_to(self._folder):
            half = self._half_written()
            half.write_bytes(body)
            self._finish(half, path)

    def put(self, local: Path, path: str) -> None:
        """Keep a file of this machine under a path; the file itself may be gone afterwards."""
        if self._folder is None:
            self._filesystem.put_file(str(local), self._at(path))
            return
        with writing_to(self._folder):
            half = self._half_written()
            shutil.move(local, half)
            self._finish(half, path)

    def chunks(self, path: str, start: int, end: int) -> Iterator[bytes]:
        """Give the bytes from ``start`` up to and without ``end``, a megabyte at a time."""
        for first in range(start, end, _CHUNK_BYTES):
            last = min(first + _CHUNK_BYTES, end)
            yield bytes(self._filesystem.cat_file(self._at(path), start=first, end=last))

    def paths(self, under: str) -> list[str]:
        """Return the paths of all files below a folder, half-written ones included."""
        try:
            found = self._filesystem.find(self._at(under))
        except FileNotFoundError:
            return []
        return sorted(str(each).removeprefix(f"{self._root}/") for each in found)

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        with suppress(FileNotFoundError):
            self._filesystem.rm_file(self._at(path))

    def remove_half_written(self) -> None:
        """Remove what a killed publisher left; the caller is the only publisher."""
        if self._folder is not None:
            for half in self._folder.glob(f"{_HALF_WRITTEN}*"):
                half.unlink(missing_ok=True)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _half_written(self) -> Path:
        folder = self._folder or Path()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{_HALF_WRITTEN}{uuid.uuid4().hex}"

    def _finish(self, half: Path, path: str) -> None:
        final = Path(self._at(path))
        final.parent.mkdir(parents=True, exist_ok=True)
        _to_disk(half)
        half.replace(final)
        _to_disk(final.parent)


def manifest_path(version: str) -> str:
    """Return where the manifest of a version lies."""
    return f"v/{version}/manifest.json"


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file of this machine."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_missing(path: str) -> Rejected:
    """Return the refusal of a file that the public lake should have and has not."""
    return Rejected(
        f"The public lake lacks its file {path}: publish again, or restore it from a backup.",
        code="public-file-missing",
    )


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
