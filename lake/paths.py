"""The folders and files of one installation."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Rejected
from lake.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where things lie on this machine."""

    data_dir: Path
    writer_lock: Path  # held round every write to the lake
    opening_lock: Path  # held while an installation is opened
    spool_dir: Path  # half-received and short-lived files
    store_dir: Path  # the lake's Parquet files
    catalog_file: Path  # the lake's catalog


def paths_of(settings: Settings) -> Paths:
    """Return the places of an installation; nothing is created.

    Raises
    ------
    Rejected
        ``bad-setting``: the lake's catalog is no SQLite file or its store no folder.
    """
    return Paths(
        data_dir=settings.data_dir,
        writer_lock=settings.data_dir / "writer.lock",
        opening_lock=settings.data_dir / "opening.lock",
        spool_dir=settings.data_dir / "spool",
        store_dir=_store_dir(settings.store_url),
        catalog_file=_catalog_file(settings.catalog_url),
    )


def make_folders(settings: Settings) -> Paths:
    """Return the places of an installation after creating its folders.

    Raises
    ------
    Rejected
        ``no-write-access``: a folder cannot be created or written; ``bad-setting`` as ``paths_of``.
    """
    places = paths_of(settings)
    for folder in (places.data_dir, places.spool_dir, places.store_dir, places.catalog_file.parent):
        with writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "no write access", str(folder))
    return places


def local_folder(url: str) -> Path | None:
    """Return the folder that a URL means, or None for a URL of another file system."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return Path(url)
    return Path(rest) if scheme in {"file", "local"} else None


def _store_dir(store_url: str) -> Path:
    folder = local_folder(store_url)
    if folder is None:
        raise Rejected("TOMLAKE_STORE_URL must be the path of a folder.", code="bad-setting")
    return folder


def _catalog_file(catalog_url: str) -> Path:
    scheme, _, path = catalog_url.partition(":///")
    if scheme != "sqlite" or not path:
        raise Rejected(
            "TOMLAKE_CATALOG_URL must be sqlite:/// followed by the path of a file.", code="bad-setting"
        )
    return Path(path)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a refusal of the file system into one sentence for the person who started the program."""
    try:
        yield
    except OSError as error:
        raise Rejected(
            f"The folder {folder} cannot be written ({error.strerror or error}): give this user write access "
            "to it, or set TOMLAKE_DATA to another folder.",
            code="no-write-access",
        ) from error
