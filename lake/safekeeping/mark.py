"""The mark of a place to which a lake is being brought and is not whole yet."""

import hashlib
import json
from pathlib import Path

from engine.errors import Rejected
from lake.paths import writing_to
from lake.safekeeping.emptiness import refuse_databases, refuse_files
from lake.settings import Settings

_FILES, _DATABASES = "files", "databases"  # what is being brought


def mark_of(settings: Settings) -> Path:
    """Return the file that is there while a lake that is not whole yet is in the places of these settings."""
    urls = (settings.operations_url, settings.catalog_url, settings.store_url, settings.raw_url)
    digest = hashlib.sha256("\n".join(urls).encode()).hexdigest()[:12]
    return settings.data_dir / f"restoring-{digest}.json"


def refuse_unfinished(settings: Settings) -> None:
    """Refuse places to which a lake was being brought when the program was killed.

    Raises
    ------
    Rejected
        ``unfinished-restore``
    """
    if mark_of(settings).exists():
        raise Rejected(
            "A restore or move to this place did not come to its end: do it again.", code="unfinished-restore"
        )


class Mark:
    """Says of a place how far a lake has come there, and so what may be covered when it comes again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = mark_of(settings)

    def begin(self) -> None:
        """Refuse a place that holds anything but what an unfinished work left.

        Raises
        ------
        Rejected
            ``not-empty``
        """
        phase = self._phase()
        if phase != _DATABASES:
            refuse_databases(self._settings)
        if not phase:
            refuse_files(self._settings)
            self._write(_FILES)

    def enter_databases(self) -> None:
        """Say that from now on databases may be there; ``Rejected`` where others put some there."""
        if self._phase() != _DATABASES:
            refuse_databases(self._settings)
            self._write(_DATABASES)

    def end(self) -> None:
        """Let the place be used."""
        self._file.unlink()

    def _phase(self) -> str:
        return str(json.loads(self._file.read_text())["phase"]) if self._file.exists() else ""

    def _write(self, phase: str) -> None:
        with writing_to(self._file.parent):
            aside = self._file.with_suffix(".new")
            aside.write_text(json.dumps({"phase": phase}))
            aside.replace(self._file)
