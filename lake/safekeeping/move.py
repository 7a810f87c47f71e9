"""Carrying a lake over to other places: from a folder to PostgreSQL and S3, or back."""

import logging
import time
from dataclasses import dataclass

from engine.errors import Rejected
from lake.opening import Lake
from lake.raw import open_raw
from lake.safekeeping.checksums import Checksum, database_checksums, total
from lake.safekeeping.moment import Moment, moment_of, working_folder
from lake.safekeeping.place import Place
from lake.safekeeping.settling import Cargo, settle
from lake.safekeeping.sums import Progress, Sums, table_sums
from lake.safekeeping.transfer import Load
from lake.safekeeping.wanted import raw_files
from lake.settings import Settings

logger = logging.getLogger(__name__)

_URLS = {
    "operations_url": "TOMLAKE_OPERATIONS_URL",
    "catalog_url": "TOMLAKE_CATALOG_URL",
    "store_url": "TOMLAKE_STORE_URL",
    "raw_url": "TOMLAKE_RAW_URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReport:
    """What was carried over."""

    lake_version: int
    files: int
    tables: dict[str, Checksum]  # of the lake's tables; equal on both sides
    databases: dict[str, Checksum]
    seconds: float


def move(lake: Lake, new_settings: Settings, *, progress: Progress) -> MoveReport:
    """Return what now lies, checked row by row, in the places of the new settings; the old ones stay.

    Nobody should write meanwhile: if somebody did, nothing takes effect, and the move is simply repeated.

    Raises
    ------
    Rejected
        ``same-place``; ``not-empty``; ``lake-changed``: somebody wrote; ``damaged-lake``: a file is damaged.
    """
    began_s = time.monotonic()
    _refuse_same_places(lake.settings, new_settings)
    with moment_of(lake) as moment, working_folder(new_settings) as folder:
        sums = table_sums(lake.settings, moment.catalog, progress=progress)
        _refuse_unreadable(sums)
        databases = _databases(moment)
        store, raw = (
            Place(lake.settings, url, spool_dir=folder)
            for url in (lake.settings.store_url, lake.settings.raw_url)
        )
        cargo = Cargo(
            operations=moment.operations,
            catalog=moment.catalog,
            store=_loads(store, moment.data_files()),
            raw=_loads(raw, raw_files(raw)),
            databases=databases,
            tables=sums.tables,
            confirm=lambda: _confirm(lake, new_settings, databases, progress),
        )
        settle(cargo, new_settings, folder=folder, progress=progress)
        version = moment.version
    logger.info("the lake was carried over in version %d", version)
    return MoveReport(
        lake_version=version,
        files=len(cargo.store) + len(cargo.raw),
        tables={table: total(files.values()) for table, files in sums.tables.items()},
        databases=databases,
        seconds=time.monotonic() - began_s,
    )


def new_lines(old: Settings, new: Settings) -> list[str]:
    """Return the lines by which programs find the new places, without passwords."""
    shown = {name: value for name, value, _ in new.shown()}
    names = {"data_dir": "TOMLAKE_DATA", **_URLS, "s3_endpoint": "TOMLAKE_S3_ENDPOINT"}
    return [
        f"{variable}={shown[name]}"
        for name, variable in names.items()
        if getattr(new, name) and (name in _URLS or getattr(new, name) != getattr(old, name))
    ]


def _loads(source: Place, paths: list[str]) -> list[Load]:
    return [Load(source=source, path=path, to=path) for path in paths]


def _databases(moment: Moment) -> dict[str, Checksum]:
    return database_checksums(moment.operations) | database_checksums(moment.catalog)


def _refuse_unreadable(sums: Sums) -> None:
    if sums.unreadable:
        raise Rejected(
            f"The data file {min(sums.unreadable)} is missing or damaged, one of {len(sums.unreadable)}: "
            "bring it back from a backup, then move again.",
            code="damaged-lake",
        )


def _confirm(lake: Lake, new: Settings, databases: dict[str, Checksum], progress: Progress) -> None:
    """Refuse raw files that are not what their names say, and a lake that went on."""
    raw = open_raw(new)
    hashes = list(raw.hashes())
    for number, sha256 in enumerate(hashes):
        progress("Checking raw files", number / len(hashes))
        if not raw.is_sound(sha256):
            raise Rejected(
                f"The raw file {sha256} is damaged: bring it back from a backup, then move again.",
                code="damaged-lake",
            )
    with moment_of(lake) as later:
        if _databases(later) != databases:
            raise Rejected(
                "Somebody wrote to the lake while it was carried over: stop tomlake, then move again.",
                code="lake-changed",
            )


def _refuse_same_places(old: Settings, new: Settings) -> None:
    for name, variable in _URLS.items():
        if getattr(old, name) == getattr(new, name):
            raise Rejected(f"{variable} is the same as before: name a new place.", code="same-place")
