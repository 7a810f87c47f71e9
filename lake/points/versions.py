"""The live files of the newest version and of a few older ones, asked again only after a commit."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from lake.catalog import Catalog
from lake.points.catalog_rows import (
    NotPlain,
    has_version,
    live_files,
    newer_files,
    newest_version,
)
from lake.points.commit_mark import commit_mark
from lake.points.live_files import LiveFiles
from lake.trouble import unknown_version

_OLDER_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a look into the catalog found; it holds as long as the catalog's mark stays."""

    mark: bytes | None
    files: LiveFiles | None  # None: not plain


class Versions:
    """Knows the live files; serves all threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._loading = threading.Lock()
        self._newest: _Known | None = None
        self._number: tuple[bytes, int] | None = None  # of the newest version, and the catalog's mark then
        self._older: OrderedDict[int, _Known] = OrderedDict()

    def newest_version(self) -> int:
        """Return the number of the newest version."""
        mark, known = self._mark(), self._newest
        if known is not None and known.files is not None and known.mark == mark and mark is not None:
            return known.files.version
        number = self._number
        if number is None or mark is None or number[0] != mark:
            number = (mark or b"", newest_version(self._catalog))
            self._number = number
        return number[1]

    def newest(self) -> LiveFiles:
        """Return the files of the newest version.

        Raises
        ------
        NotPlain
        """
        mark, known = self._mark(), self._newest
        if known is None or known.mark != mark or mark is None:
            known = self._looked(mark)
        return _plain(known)

    def at(self, version: int) -> LiveFiles:
        """Return the files of a version.

        Raises
        ------
        NotPlain
        Rejected
            ``unknown-version``
        """
        mark, known = self._mark(), self._older.get(version)
        if known is None:
            known = _Known(mark=mark, files=self._files(version))
        elif known.mark != mark or mark is None:
            if not has_version(self._catalog, version):
                raise unknown_version(version)
            known = replace(known, mark=mark)
        with self._loading:
            self._older[version] = known
            self._older.move_to_end(version)
            if len(self._older) > _OLDER_KEPT:
                self._older.popitem(last=False)
        return _plain(known)

    def forget(self) -> None:
        """Look into the catalog anew at the next reading."""
        with self._loading:
            self._newest = None
            self._older.clear()

    def _mark(self) -> bytes | None:
        return None if self._catalog.file is None else commit_mark(self._catalog.file)

    def _looked(self, mark: bytes | None) -> _Known:
        with self._loading:
            known = self._newest
            if known is None or known.mark != mark or mark is None:  # else another thread was first
                known = self._loaded(mark, known.files if known else None)
                self._newest = known
            return known

    def _loaded(self, mark: bytes | None, earlier: LiveFiles | None) -> _Known:
        """Look; the mark is older than the look, so that it is never too new for it."""
        try:
            files = live_files(self._catalog) if earlier is None else newer_files(self._catalog, earlier)
        except NotPlain:
            return _Known(mark=None, files=None)
        return _Known(mark=mark, files=files)

    def _files(self, version: int) -> LiveFiles | None:
        try:
            return live_files(self._catalog, version=version)
        except NotPlain:
            return None


def _plain(known: _Known) -> LiveFiles:
    if known.files is None:
        raise NotPlain
    return known.files
