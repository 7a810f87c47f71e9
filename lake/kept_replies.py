"""Replies to requests that carry a key of their own, so that asking twice does the work once.

They are small files beside the lake: a restart forgets none, and several server processes share them.
"""

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Rejected, Transient
from lake.lock import try_lock
from lake.paths import paths_of, writing_to
from lake.settings import Settings
from lake.trouble import telling

KEPT_S = 24 * 3600.0
KEY_MAX_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReply:
    """What was answered."""

    status: int
    body: str
    location: str


class ReplyKeeper:
    """Holds one key while its request is answered; used in a ``with`` block.

    Parameters
    ----------
    who
        Whose key it is: keys of different people never meet.
    request
        What is asked, byte for byte: one key may not mean two things.
    """

    def __init__(self, settings: Settings, *, who: str, key: str, request: bytes) -> None:
        if not key.isprintable() or not 0 < len(key) <= KEY_MAX_CHARS:
            raise Rejected(
                f"An Idempotency-Key has 1 to {KEY_MAX_CHARS} printable characters.",
                code="bad-idempotency-key",
            )
        self._folder = paths_of(settings).data_dir / "replies"
        name = hashlib.sha256(f"{who}\n{key}".encode()).hexdigest()
        self._path = self._folder / f"{name}.json"
        self._asked = hashlib.sha256(request).hexdigest()
        self._handle = -1

    def __enter__(self) -> "ReplyKeeper":
        """Return the keeper, alone with its key.

        Raises
        ------
        Transient
            ``still-answering``: the first request with this key is under way.
        """
        with writing_to(self._folder):
            self._folder.mkdir(exist_ok=True)
            _forget_old(self._folder)
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not try_lock(self._handle):
            os.close(self._handle)
            raise Transient(
                "The first request with this Idempotency-Key is still answered: ask again in a second.",
                code="still-answering",
                retry_after_s=1.0,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Let others have the key."""
        os.close(self._handle)

    def found(self) -> KeptReply | None:
        """Return what was answered to this key, or None where it is new.

        Raises
        ------
        Rejected
            ``idempotency-key-reused``: it was used for another request.
        """
        try:
            kept = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None  # new, or its process was killed before it had answered
        if kept["asked"] != self._asked:
            raise Rejected(
                "This Idempotency-Key was used for another request: choose a new one.",
                code="idempotency-key-reused",
            )
        return KeptReply(status=kept["status"], body=kept["body"], location=kept["location"])

    def keep(self, reply: KeptReply) -> None:
        """Keep what is answered."""
        told = {"asked": self._asked, "status": reply.status, "body": reply.body, "location": reply.location}
        with telling():
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, json.dumps(told).encode(), 0)
            os.fsync(self._handle)


def _forget_old(folder: Path) -> None:
    oldest_s = time.time() - KEPT_S
    for path in folder.glob("*.json"):
        try:
            if path.stat().st_mtime < oldest_s:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was quicker
