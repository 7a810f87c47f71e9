"""The versions of the public lake as the sandbox reads them: files of this machine, fetched first from S3."""

import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from engine.errors import Rejected
from lake.paths import paths_of
from lake.public.manifest import Manifest, PublishedFile, PublishedTable
from lake.public.place import Place, refuse_missing, sha256_of
from lake.public.shelf import Item, Shelf
from lake.public.versions import LATEST
from lake.sandbox.publication import Publication
from lake.settings import Settings

logger = logging.getLogger(__name__)

_FETCHED = "published"  # folder below the spool folder
_KEPT_S = 86400.0  # a fetched file that no query asked for
_TYPE = re.compile(r"[A-Z][A-Z0-9 ]*(\([0-9, ]+\))?(\[\])*")


class PublishedLake:
    """Finds the files of a published version; one object serves all threads."""

    def __init__(self, settings: Settings) -> None:
        self._shelf = Shelf(settings)
        self._place = Place(settings)
        self._fetched = paths_of(settings).spool_dir / _FETCHED
        self._fetching = threading.Lock()

    def manifest(self, name: str = LATEST) -> Manifest:
        """Return what is told of a version, by default of the newest one.

        Raises
        ------
        Rejected
            ``unknown-version``, ``withdrawn-version``; ``bad-manifest``, ``public-file-missing``.
        """
        return self._shelf.manifest(self._shelf.version(name))

    def publication(self, name: str = LATEST) -> Publication:
        """Return the tables of a version, by default of the newest one, as files that a query can open.

        Raises
        ------
        Rejected
            As ``manifest``.
        """
        told = self.manifest(name)
        return Publication(
            name=told.name,
            snapshot=told.lake_version,
            tables={table.name: self._files(told.of_table(table.name)) for table in told.tables},
            columns={table.name: _columns(table) for table in told.tables},
        )

    def _files(self, files: tuple[PublishedFile, ...]) -> tuple[Path, ...]:
        if self._place.is_folder:
            return tuple(Path(self._place.url(file.place)) for file in files)
        with self._fetching:
            return tuple(self._local(file) for file in files)

    def _local(self, file: PublishedFile) -> Path:
        """Return a file of S3 on this machine; its name is its sha256, so it is never stale."""
        local = self._fetched / f"{file.sha256}.parquet"
        if not local.exists():
            self._fetched.mkdir(parents=True, exist_ok=True)
            self._forget_old()
            half = self._fetched / f"{uuid.uuid4().hex}.half"
            item = Item(place=file.place, sha256=file.sha256, size_bytes=file.size_bytes)
            with half.open("wb") as out:
                out.writelines(self._shelf.chunks(item, 0, file.size_bytes))
            if sha256_of(half) != file.sha256:
                half.unlink()
                raise refuse_missing(file.place)
            half.replace(local)
            logger.info("a published file was fetched for queries", extra={"path": file.path})
        os.utime(local)
        return local

    def _forget_old(self) -> None:
        for file in self._fetched.iterdir():
            if time.time() - file.stat().st_mtime > _KEPT_S:
                file.unlink(missing_ok=True)


def _columns(table: PublishedTable) -> Mapping[str, str]:
    if not all(_TYPE.fullmatch(column.type) for column in table.columns):
        raise Rejected(
            f"The manifest gives {table.name:.50} a column type that is none.", code="bad-manifest"
        )
    return {column.name: column.type for column in table.columns}
