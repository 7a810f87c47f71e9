"""A public lake on the web, read by plain HTTP: small files whole, large ones from where they broke off."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from engine.errors import Rejected, Transient
from lake.public.manifest import PublishedFile, versions_of
from lake.public.place import VERSIONS, sha256_of

ATTEMPTS = 5
PAUSE_S = 0.5  # before the second attempt; it doubles
TIMEOUT_S = (10.0, 60.0)
LIST_MAX_BYTES = 256 * 2**20  # of a manifest: a million files
_CHUNK_BYTES = 1 << 20


class Source:
    """A public lake somewhere on the web."""

    def __init__(self, session: requests.Session, base: str) -> None:
        self._session = session
        self.base = base

    def get(self, path: str, *, most_bytes: int) -> bytes:
        """Return a small file.

        Raises
        ------
        Rejected
            ``not-there``; ``bad-manifest``: it is larger than any such file.
        Transient
            ``unreachable``
        """
        for attempt in range(ATTEMPTS):
            try:
                with self._open(path) as answer:
                    body = b""
                    for chunk in answer.iter_content(_CHUNK_BYTES):
                        body += chunk
                        if len(body) > most_bytes:
                            raise Rejected(f"{self.base}/{path} is too large.", code="bad-manifest")
                    return body
            except requests.RequestException as error:
                last = error
                _pause(attempt)
        raise self._unreachable(last) from last

    def fetch(self, file: PublishedFile, name: str, local: Path) -> None:
        """Bring a file of a version to this machine, beginning with what of it is here already.

        Raises
        ------
        Rejected
            ``bad-hash``: the server does not have the bytes that were published.
        Transient
            ``unreachable``
        """
        last: requests.RequestException | None = None
        for attempt in range(ATTEMPTS):
            try:
                self._go_on(file, name, local)
            except requests.RequestException as error:
                last = error
                _pause(attempt)
                continue
            if sha256_of(local) == file.sha256:
                return
            local.unlink()  # once more from the beginning: the part that was here may have been damaged
        if last is not None:
            raise self._unreachable(last) from last
        raise Rejected(
            f"{self.base} does not have {file.path} of version {name} as it was published.", code="bad-hash"
        )

    def _go_on(self, file: PublishedFile, name: str, local: Path) -> None:
        have = local.stat().st_size if local.exists() else 0
        if have == file.size_bytes:
            return
        with self._first_found(f"v/{name}/{file.path}", file.place, start=have) as answer:
            _receive(answer, local, most_bytes=file.size_bytes)
        if local.stat().st_size < file.size_bytes:
            raise requests.ConnectionError(f"{file.path} ended early")

    @contextmanager
    def _first_found(self, path: str, place: str, *, start: int) -> Iterator[requests.Response]:
        """Give a file by its path in a version; a plain copy of the folder has it only under its hash."""
        try:
            with self._open(path, start=start) as answer:
                yield answer
                return
        except Rejected as refusal:
            if refusal.code != "not-there":
                raise
        with self._open(place, start=start) as answer:
            yield answer

    @contextmanager
    def _open(self, path: str, *, start: int = 0) -> Iterator[requests.Response]:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        address = f"{self.base}/{path}"
        with self._session.get(address, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
            if answer.status_code in {404, 410, 403}:
                raise Rejected(f"There is nothing at {address}.", code="not-there")
            answer.raise_for_status()
            yield answer

    def _unreachable(self, error: requests.RequestException) -> Transient:
        return Transient(
            f"{self.base} does not answer ({error}). What has come is kept: the same command goes on.",
            code="unreachable",
            retry_after_s=60,
        )


def find_public_lake(session: requests.Session, url: str) -> Source:
    """Return the public lake of a portal, or of a copy of its folder.

    Raises
    ------
    Rejected
        ``no-public-lake``: there is none at the address.
    Transient
        ``unreachable``
    """
    address = url.strip().rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise Rejected("The address of a portal begins with http:// or https://.", code="no-public-lake")
    for base in (f"{address}/lake", address):
        source = Source(session, base)
        try:
            versions_of(source.get(VERSIONS, most_bytes=LIST_MAX_BYTES))
        except Rejected:
            continue
        return source
    raise Rejected(f"There is no public lake at {address}.", code="no-public-lake")


def _receive(answer: requests.Response, local: Path, *, most_bytes: int) -> None:
    with local.open("ab" if answer.status_code == 206 else "wb") as out:
        for chunk in answer.iter_content(_CHUNK_BYTES):
            out.write(chunk)
            if out.tell() > most_bytes:
                return  # the hash will not fit either
        out.flush()
        os.fsync(out.fileno())


def _pause(attempt: int) -> None:
    if attempt + 1 < ATTEMPTS:
        time.sleep(PAUSE_S * 2**attempt)
