"""Raw answers and uploads, kept for ever under the sha256 of their bytes, compressed.

A file is either whole under its name or not there: it is written aside, brought to the disk, then renamed.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self, cast

import pyarrow as pa

from engine.errors import Rejected
from lake.files import filesystem_of
from lake.lock import try_lock
from lake.paths import local_folder, paths_of, writing_to
from lake.settings import Settings, read_settings
from lake.trouble import telling

SUFFIX = ".zst"
_CHUNK_BYTES = 1 << 20
_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,12}){1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """Bytes that are kept: their name and their size before compression."""

    sha256: str
    size_bytes: int


class RawStore:
    """Files under the sha256 of their uncompressed bytes, in a folder or behind any fsspec URL.

    Parameters
    ----------
    url
        Where finished files are kept.
    spool_dir
        Where files are received and unpacked; by default inside the folder of ``url``.
    settings
        How S3 is reached, where ``url`` is there.
    """

    def __init__(self, url: str, *, spool_dir: Path | None = None, settings: Settings | None = None) -> None:
        self._filesystem, self._root = filesystem_of(settings or read_settings({}), url)
        self._folder = None if local_folder(url) is None else Path(self._root)
        if self._folder is not None:
            self._spool = self._folder / "spool"  # a rename is whole only inside one file system
        elif spool_dir is not None:
            self._spool = spool_dir
        else:
            raise ValueError("a raw store that is not a folder needs a spool folder")
        with writing_to(self._spool):
            self._spool.mkdir(parents=True, exist_ok=True)
        _remove_stale(self._spool)

    def receive(self) -> "Reception":
        """Return a reception to write chunks to; leaving it unfinished keeps nothing."""
        return Reception(self)

    def put(self, body: bytes) -> str:
        """Return the sha256 under which the bytes are kept; the same bytes are kept once."""
        with self.receive() as reception:
            reception.write(body)
            return reception.finish().sha256

    def has(self, sha256: str) -> bool:
        """Return whether the bytes are kept."""
        with telling():
            return bool(self._filesystem.exists(self._place(sha256)))

    def mark(self, sha256: str) -> str | None:
        """Return a word that changes once the file of the bytes is written to, None where there is none."""
        try:
            with telling():
                return str(self._filesystem.ukey(self._place(sha256)))
        except FileNotFoundError:
            return None

    def open(self, sha256: str) -> IO[bytes]:
        """Return the uncompressed bytes as a stream.

        Raises
        ------
        Rejected
            ``raw-missing``: no such bytes are kept.
        """
        try:
            with telling():
                packed = self._filesystem.open(self._place(sha256), "rb")
        except FileNotFoundError as error:
            raise Rejected(f"The raw file {sha256} is not kept here.", code="raw-missing") from error
        return cast("IO[bytes]", pa.CompressedInputStream(packed, "zstd"))

    @contextmanager
    def path_of(self, sha256: str, suffix: str = "") -> Iterator[Path]:
        """Give the uncompressed bytes as a file with this suffix; it is gone afterwards."""
        with self.open(sha256) as stream:
            # a sender names the file: only what looks like a suffix becomes part of a path
            spooled = _Spooled(self._spool, suffix if _SUFFIX.fullmatch(suffix) else "")
            try:
                with telling():
                    while chunk := stream.read(_CHUNK_BYTES):
                        spooled.file.write(chunk)
                    spooled.file.flush()
                yield spooled.path
            finally:
                spooled.remove()

    def remove(self, sha256: str) -> None:
        """Forget the bytes; unknown ones are no error. Only what nobody's row points to may go."""
        if self.has(sha256):
            self._filesystem.rm(self._place(sha256))

    def is_sound(self, sha256: str) -> bool:
        """Return whether the kept bytes still have this sha256."""
        digest = hashlib.sha256()
        try:
            with self.open(sha256) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
        except OSError:  # pyarrow says so of a damaged stream
            return False
        return digest.hexdigest() == sha256

    def hashes(self) -> Iterator[str]:
        """Give the sha256 of every kept file."""
        for place in sorted(self._filesystem.glob(f"{self._root}/[0-9a-f][0-9a-f]/*{SUFFIX}")):
            yield str(place).rsplit("/", 1)[-1].removesuffix(SUFFIX)

    def keep(self, spooled: Path, sha256: str) -> None:
        """Move a finished, compressed spool file to its place; called by a reception."""
        if self.has(sha256):
            return
        if self._folder is not None:
            place = Path(self._place(sha256))
            if not place.parent.exists():
                place.parent.mkdir(exist_ok=True)
                _to_disk(self._folder)
            spooled.replace(place)
            _to_disk(place.parent)
        else:
            self._filesystem.put_file(str(spooled), self._place(sha256))

    @property
    def spool_dir(self) -> Path:
        """Return the folder of half-received files."""
        return self._spool

    def _place(self, sha256: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise Rejected("A raw file is named by the 64 digits of its sha256.", code="raw-missing")
        return f"{self._root}/{sha256[:2]}/{sha256}{SUFFIX}"


def open_raw(settings: Settings) -> RawStore:
    """Return the raw store of an installation; opening it removes what killed programs left half received."""
    return RawStore(settings.raw_url, spool_dir=paths_of(settings).spool_dir, settings=settings)


class Reception:
    """Bytes on their way in; used in a ``with`` block, and nothing is kept unless it is finished."""

    def __init__(self, store: RawStore) -> None:
        self._store = store
        self._spooled = _Spooled(store.spool_dir, SUFFIX)
        self._packed = pa.CompressedOutputStream(self._spooled.file, "zstd")
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Return how many bytes have come so far."""
        return self._size_bytes

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(chunk)
        with telling():
            self._packed.write(chunk)
        self._size_bytes += len(chunk)

    def finish(self) -> RawFile:
        """Return the name and size of what came, now that it is safely on the disk."""
        sha256 = self._digest.hexdigest()
        with telling():
            self._packed.close()
            self._spooled.to_disk()
            self._store.keep(self._spooled.path, sha256)
        self._spooled.remove()
        return RawFile(sha256=sha256, size_bytes=self._size_bytes)

    @contextmanager
    def unpacked(self, suffix: str = "") -> Iterator[Path]:
        """Give what came as a file that is gone afterwards, as is the reception: nothing is kept."""
        self._packed.close()
        self._spooled.to_disk()
        whole = _Spooled(self._store.spool_dir, suffix)
        try:
            with pa.CompressedInputStream(pa.OSFile(str(self._spooled.path)), "zstd") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    whole.file.write(chunk)
            whole.file.flush()
            yield whole.path
        finally:
            whole.remove()
            self.abort()

    def abort(self) -> None:
        """Forget what came; after ``finish`` this does nothing."""
        with suppress(OSError):  # a full disk must not hide why the reception ended
            self._packed.close()
        self._spooled.remove()

    def __enter__(self) -> Self:
        """Return the reception."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forget what came unless it was finished."""
        self.abort()


class _Spooled:
    """A file in the spool, locked while its process lives: what can be locked by another is stale."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.path, self._handle = _new_locked_file(folder, suffix)
        self.file = os.fdopen(os.dup(self._handle), "wb")

    def to_disk(self) -> None:
        if not self.file.closed:
            self.file.flush()
        os.fsync(self._handle)

    def remove(self) -> None:
        if self._handle < 0:
            return
        with suppress(OSError):  # what could not be written is not wanted any more
            self.file.close()
        os.close(self._handle)
        self._handle = -1
        self.path.unlink(missing_ok=True)


def _new_locked_file(folder: Path, suffix: str) -> tuple[Path, int]:
    while True:
        path = folder / f"{uuid.uuid4().hex}{suffix}"
        with telling():
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        if try_lock(handle) and os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # another process took the new file for a stale one between the two lines


def _remove_stale(spool: Path) -> None:
    for path in spool.iterdir():
        if not path.is_file():
            continue
        with suppress(FileNotFoundError), path.open("rb") as file:
            if try_lock(file.fileno()):
                path.unlink()


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
