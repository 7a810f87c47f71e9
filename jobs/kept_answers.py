"""Files that all targets of an archive share are asked for once and kept for a while on this machine."""

import hashlib
import logging
import os
import time
import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Unpack

from engine.brokers.protocol import GetWords, Http, PostWords
from engine.errors import Transient
from engine.times import SECONDS_PER_DAY

logger = logging.getLogger(__name__)


class KeptAnswers:
    """An ``Http`` that answers some URLs from a folder, and asks another ``Http`` for everything else.

    Parameters
    ----------
    urls
        What is kept: whole files without parameters, named by the archive's ``index_urls``.
    keep_d
        How long a file stands for the archive's own; an older one is used only while the archive is down.
    """

    def __init__(self, http: Http, folder: Path, *, urls: Collection[str], keep_d: float = 30.0) -> None:
        self._http = http
        self._folder = folder
        self._urls = frozenset(urls)
        self._keep_s = keep_d * SECONDS_PER_DAY

    def get(self, url: str, **asked: Unpack[GetWords]) -> bytes:
        """Return the kept file where it is young enough, else what the archive says now."""
        if url not in self._urls or asked.get("params") or asked.get("json"):
            return self._http.get(url, **asked)
        path = self._path(url)
        if _age_s(path) < self._keep_s:
            return path.read_bytes()
        try:
            body = self._http.get(url, **asked)
        except Transient:
            if not path.exists():
                raise
            logger.warning("an old copy stands in for %s, which does not answer", url)
            return path.read_bytes()
        if body.strip() and not body.lstrip().startswith(b"<"):  # a page says that the archive is ill
            _write_whole(path, body)
        return body

    def forget(self) -> None:
        """Drop what is kept: it could not be read, and the archive shall be asked anew."""
        for url in self._urls:
            self._path(url).unlink(missing_ok=True)

    def post(self, url: str, **asked: Unpack[PostWords]) -> bytes:
        """Return what the archive says now."""
        return self._http.post(url, **asked)

    def secret(self, name: str) -> str:
        """Return a secret of this installation."""
        return self._http.secret(name)

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()


def _age_s(path: Path) -> float:
    return time.time() - path.stat().st_mtime if path.exists() else float("inf")


def _write_whole(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    aside.write_bytes(body)
    os.replace(aside, path)  # noqa: PTH105 - the atomic one, by its own name
