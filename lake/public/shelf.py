"""The public lake as readers get it: a version and a path in, bytes out of what a manifest names."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import Rejected
from lake.public.manifest import Manifest, Version, manifest_of
from lake.public.place import VERSIONS, Place, manifest_path, refuse_missing
from lake.public.versions import LATEST, manifest_bytes, versions
from lake.settings import Settings

MANIFEST = "manifest.json"
_KEPT_MANIFESTS = 8
_LIST_IS_FRESH_S = 2.0  # so long the list of versions on S3 is not asked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Bytes that can be read."""

    place: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    manifest: Manifest
    items: dict[str, Item]  # by path


class Shelf:
    """Serves all threads of a process."""

    def __init__(self, settings: Settings) -> None:
        self._place = Place(settings)
        self._lock = threading.Lock()
        self._listed: tuple[float, tuple[Version, ...]] = (-math.inf, ())
        self._manifests: OrderedDict[str, _Open] = OrderedDict()

    def versions(self, *, naming: str = "") -> tuple[Version, ...]:
        """Return every version there ever was, oldest first; on S3 the list may be two seconds old.

        Parameters
        ----------
        naming
            A list without this version is asked for again at once: it may have been published meanwhile.

        Raises
        ------
        Rejected
            ``bad-manifest``: the list of versions is damaged.
        """
        if self._place.is_folder:
            return versions(self._place)
        asked_s, known = self._listed
        is_stale = time.monotonic() - asked_s > _LIST_IS_FRESH_S
        if is_stale or not any(naming in ("", version.name) for version in known):
            asked_s, known = time.monotonic(), versions(self._place)
            self._listed = (asked_s, known)
        return known

    def list_of_versions(self) -> bytes | None:
        """Return the list of versions as it is kept, or None before the first one."""
        return self._place.read(VERSIONS)

    def latest(self) -> Version:
        """Return the newest version that is served.

        Raises
        ------
        Rejected
            ``unknown-version``: there is none; ``bad-manifest``.
        """
        served = [version for version in self.versions() if not version.is_withdrawn]
        if not served:
            raise Rejected("Nothing has been published yet.", code="unknown-version")
        return served[-1]

    def version(self, name: str) -> Version:
        """Return the version of a name, or the newest one by ``latest``.

        Raises
        ------
        Rejected
            ``unknown-version``; ``withdrawn-version``; ``bad-manifest``.
        """
        if name == LATEST:
            return self.latest()
        found = [version for version in self.versions(naming=name) if version.name == name]
        if not found:
            raise Rejected(f"There is no version {name:.80}.", code="unknown-version")
        if found[0].is_withdrawn:
            why = f": {found[0].reason}" if found[0].reason else "."
            raise Rejected(f"Version {name} was withdrawn{why}", code="withdrawn-version")
        return found[0]

    def item(self, version: Version, path: str) -> Item:
        """Return where the bytes of a path are.

        Raises
        ------
        Rejected
            ``unknown-file``: the version has no such file; ``public-file-missing``, ``bad-manifest``.
        """
        items = self._opened(version).items
        if path not in items:
            raise Rejected(f"Version {version.name} has no file {path!r:.120}.", code="unknown-file")
        return items[path]

    def manifest(self, version: Version) -> Manifest:
        """Return the manifest of a version.

        Raises
        ------
        Rejected
            ``public-file-missing``, ``bad-manifest``.
        """
        return self._opened(version).manifest

    def chunks(self, item: Item, start: int, end: int) -> Iterator[bytes]:
        """Give the bytes from ``start`` up to and without ``end``; what is missing is said before the first.

        Raises
        ------
        Rejected
            ``public-file-missing``
        """
        try:
            for chunk in self._place.chunks(item.place, start, end):
                start += len(chunk)
                yield chunk
        except FileNotFoundError as error:
            raise refuse_missing(item.place) from error
        if start != end:
            raise refuse_missing(item.place)

    def _opened(self, version: Version) -> _Open:
        key = version.manifest_sha256
        with self._lock:
            known = self._manifests.pop(key, None)
            if known is not None:
                self._manifests[key] = known
                return known
        opened = _open(manifest_bytes(self._place, version), key)
        with self._lock:
            self._manifests[key] = opened
            while len(self._manifests) > _KEPT_MANIFESTS:
                self._manifests.popitem(last=False)
        return opened


def _open(body: bytes, sha256: str) -> _Open:
    told = manifest_of(body)
    items = {
        file.path: Item(place=file.place, sha256=file.sha256, size_bytes=file.size_bytes)
        for file in told.files
    }
    place = manifest_path(told.name)
    items[MANIFEST] = Item(place=place, sha256=sha256, size_bytes=len(body))
    return _Open(manifest=told, items=items)
