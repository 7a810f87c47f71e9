"""Files that come in several pieces: what has come so far outlives the connection and the server.

A transfer is a folder beside the lake with two files: what was said of it, and the bytes. How many bytes
there are is the offset at which the next piece begins; only bytes that are on the disk count.
"""

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import Rejected, Transient
from lake.inbox.allowance import check_allowance
from lake.lock import try_lock
from lake.opening import Lake
from lake.paths import paths_of, writing_to
from lake.people.accounts import User
from lake.raw import RawFile
from lake.trouble import telling

KEPT_S = 48 * 3600.0  # since the last piece
MOST_OPEN = 20  # of one person
MB = 1_000_000
_CHUNK_BYTES = 1 << 20
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A file on its way in."""

    transfer_id: str
    owner: str
    size_bytes: int  # of the whole file
    sha256: str  # that the sender promises, or empty
    about: dict[str, object]  # what the upload will say of the file
    offset_bytes: int = 0  # that have come


def begin(lake: Lake, user: User, *, size_bytes: int, sha256: str, about: dict[str, object]) -> Transfer:
    """Return a new transfer, at offset 0.

    Raises
    ------
    Rejected
        ``upload-too-large``, ``bad-size``, ``too-many-transfers``, ``too-many-uploads``.
    """
    if size_bytes < 1:
        raise Rejected("A file has at least one byte: give its size_bytes.", code="bad-size")
    if size_bytes > lake.settings.upload_max_mb * MB:
        raise Rejected(
            f"A file may have {lake.settings.upload_max_mb} MB at most; compress it (.fz) or cut it.",
            code="upload-too-large",
        )
    folder = _folder(lake)
    with writing_to(folder):
        folder.mkdir(exist_ok=True)
    _forget_old(folder)
    own = [each for each in _all(lake) if each.owner == user.username]
    coming_bytes = size_bytes + sum(each.size_bytes for each in own)
    check_allowance(
        lake.operations, lake.settings, user.username, files=1 + len(own), size_bytes=coming_bytes
    )
    if len(own) >= MOST_OPEN:
        raise Rejected(
            f"You have {MOST_OPEN} unfinished transfers: finish or delete one first.",
            code="too-many-transfers",
        )
    made = Transfer(
        transfer_id=uuid.uuid4().hex,
        owner=user.username,
        size_bytes=size_bytes,
        sha256=sha256.strip().lower(),
        about=about,
    )
    place = folder / made.transfer_id
    with telling():
        place.mkdir()
        (place / "bytes").touch()
        said = {name: value for name, value in asdict(made).items() if name != "offset_bytes"}
        (place / "about.json").write_text(json.dumps(said))
    return made


def transfer(lake: Lake, transfer_id: str, user: User) -> Transfer:
    """Return a transfer of this person as it stands.

    Raises
    ------
    Rejected
        ``unknown-transfer``: there is none, it is another person's, or it was finished or forgotten.
    """
    found = _read(_folder(lake) / transfer_id) if _ID.fullmatch(transfer_id) else None
    if found is None or found.owner != user.username:
        raise Rejected("There is no such transfer: begin a new one.", code="unknown-transfer")
    return found


class Piece:
    """The next bytes of a transfer, written as they come; used in a ``with`` block.

    Whatever came before a connection broke is kept, and the sender goes on from there.
    """

    def __init__(self, lake: Lake, wanted: Transfer, *, offset_bytes: int) -> None:
        self._path = _folder(lake) / wanted.transfer_id / "bytes"
        self._transfer = wanted
        self._offset_bytes = offset_bytes
        self._handle = -1

    def __enter__(self) -> "Piece":
        """Return the piece, alone with its transfer.

        Raises
        ------
        Transient
            ``transfer-busy``: another connection sends the same file.
        Rejected
            ``wrong-offset``
        """
        try:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise Rejected("There is no such transfer: begin a new one.", code="unknown-transfer") from error
        if not try_lock(self._handle):
            os.close(self._handle)
            raise Transient("Another connection sends this file.", code="transfer-busy", retry_after_s=2.0)
        have = os.fstat(self._handle).st_size
        if have != self._offset_bytes:
            os.close(self._handle)
            raise Rejected(f"This transfer stands at {have} bytes: go on from there.", code="wrong-offset")
        os.lseek(self._handle, 0, os.SEEK_END)
        return self

    def __exit__(self, *_: object) -> None:
        """Bring what came to the disk."""
        with telling():
            os.fsync(self._handle)
        os.close(self._handle)

    def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises
        ------
        Rejected
            ``upload-too-large``: more bytes than were announced.
        Transient
            ``disk-full``
        """
        if self._offset_bytes + len(chunk) > self._transfer.size_bytes:
            raise Rejected("More bytes came than size_bytes said.", code="upload-too-large")
        with telling():
            view = memoryview(chunk)
            while view:
                view = view[os.write(self._handle, view) :]
        self._offset_bytes += len(chunk)


def finish(lake: Lake, whole: Transfer, then: Callable[[RawFile], None]) -> None:
    """Keep a complete file among the raw files, let ``then`` accept it, and forget the transfer.

    Raises
    ------
    Rejected
        ``wrong-sha256``: the bytes are not those that were promised; the transfer is forgotten.
    """
    place = _folder(lake) / whole.transfer_id
    digest = hashlib.sha256()
    with (place / "bytes").open("rb") as file, lake.raw.receive() as reception:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            reception.write(chunk)
        if whole.sha256 not in {"", digest.hexdigest()}:
            forget(lake, whole)
            raise Rejected("The bytes that came have another sha256 than was promised.", code="wrong-sha256")
        kept = reception.finish()
    then(kept)
    forget(lake, whole)


def forget(lake: Lake, unwanted: Transfer) -> None:
    """Drop a transfer and its bytes."""
    shutil.rmtree(_folder(lake) / unwanted.transfer_id, ignore_errors=True)


def _folder(lake: Lake) -> Path:
    return paths_of(lake.settings).data_dir / "transfers"


def _all(lake: Lake) -> list[Transfer]:
    return [found for place in _folder(lake).iterdir() if (found := _read(place)) is not None]


def _read(place: Path) -> Transfer | None:
    try:
        said = json.loads((place / "about.json").read_text())
        return Transfer(**said, offset_bytes=(place / "bytes").stat().st_size)
    except (OSError, ValueError):
        return None  # it is being made or taken away just now


def _forget_old(folder: Path) -> None:
    oldest_s = time.time() - KEPT_S
    for place in folder.iterdir():
        try:
            if (place / "bytes").stat().st_mtime < oldest_s:
                shutil.rmtree(place, ignore_errors=True)
        except OSError:
            continue
