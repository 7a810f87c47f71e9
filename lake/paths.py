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


def paths_of(settings: Settings) -> Paths:
    """Return the places of an installation; nothing is created."""
    return Paths(
        data_dir=settings.data_dir,
        writer_lock=settings.data_dir / "writer.lock",
        opening_lock=settings.data_dir / "opening.lock",
        spool_dir=settings.data_dir / "spool",
    )


def make_folders(settings: Settings) -> Paths:
    """Return the places of an installation after creating its folders.

    Raises
    ------
    Rejected
        ``no-write-access``: a folder cannot be created or written.
    """
    places = paths_of(settings)
    store_dir = local_folder(settings.store_url)
    for folder in (places.data_dir, places.spool_dir, *([store_dir] if store_dir else [])):
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
