"""Publishing: everything that everybody may see becomes one more immutable version of the public lake.

Files are written first, the manifest next, the list of versions last: a publisher that is killed leaves no
half version, and the next one removes what it left.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import polars as pl

from engine.errors import Rejected, Transient
from lake.opening import Lake
from lake.paths import make_folders
from lake.provenance import code_version
from lake.public.edition import Edition
from lake.public.hats import add_hats
from lake.public.manifest import (
    Manifest,
    PublishedColumn,
    PublishedTable,
    Version,
    checked_version_name,
    versions_json,
)
from lake.public.origin import origin_of
from lake.public.papers import add_batches, add_citations, add_frames
from lake.public.parquet import Layout
from lake.public.place import VERSIONS, Place, manifest_path
from lake.public.points import add_points, count_points
from lake.public.schema import HEALPIX, NAMES, POINTS, PUBLIC_TABLES, TARGETS, PublicTable
from lake.public.selection import Selection, select_public
from lake.public.sky import tiles
from lake.public.versions import manifest, newest, now_utc, publishing_turn, sweep, versions
from lake.readable import Readable
from lake.tables import sql_type

logger = logging.getLogger(__name__)

LICENCE = "CC-BY-4.0"
TARGETS_PER_FILE = 100_000
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a publisher decides."""

    with_simulated: bool = False
    licence: str = LICENCE
    citation: str = ""  # empty: a sentence with the address and the name of the version


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What came of publishing."""

    version: Version
    is_new: bool  # False: nothing had changed, and this is the version that was there
    files: int
    written: int  # files that no earlier version had


def publish(lake: Lake, terms: Terms, *, name: str = "", progress: Progress) -> Publication:
    """Return the version that now holds everything public; where nothing changed, the newest one.

    Parameters
    ----------
    name
        Of the version; without one it is the date, and a version is made only where something changed.

    Raises
    ------
    Rejected
        ``bad-version-name``, ``version-name-taken``; ``nothing-public``: no target may be published.
    Transient
        ``publisher-busy``; ``rights-changed``: a target became private meanwhile, and nothing was published.
    """
    with publishing_turn(lake):
        place = Place(lake.settings)
        known = versions(place)
        free_name = _free_name(name, known)
        last = newest(place)
        before = None if last is None else manifest(place, last)
        chosen = select_public(lake.operations, with_simulated=terms.with_simulated)
        if chosen.targets.is_empty() and last is None:
            raise Rejected(
                "There is no target that everybody may see, so there is nothing to publish.",
                code="nothing-public",
            )
        edition = Edition(place, before=before, spool_dir=make_folders(lake.settings).spool_dir)
        source = lake.store.at(lake.store.version())
        _add_tables(edition, source, chosen, terms, progress)
        if last is not None and before is not None and not name and _is_same(before, edition, terms):
            sweep(place)
            return Publication(version=last, is_new=False, files=len(before.files), written=0)
        made = _manifest(lake, source.version(), edition, terms, free_name)
        _refuse_changed_rights(lake, chosen, terms)
        version = _line(made, chosen)
        place.write(manifest_path(made.name), made.to_json())
        place.write(VERSIONS, versions_json((*known, version)))
        sweep(place)
    logger.info("version %s of the public lake was published", version.name)
    return Publication(version=version, is_new=True, files=len(made.files), written=edition.written)


def is_due(lake: Lake) -> bool:
    """Return whether the lake or its public targets changed since the newest version was published.

    A copy of somebody's public lake is never due: it is theirs to publish.

    Raises
    ------
    Rejected
        ``bad-manifest``: the list of versions is damaged.
    """
    if origin_of(lake.settings) is not None:
        return False
    last = newest(Place(lake.settings))
    chosen = select_public(lake.operations, with_simulated=last is not None and last.simulated)
    if last is None:
        return not chosen.targets.is_empty()
    return last.lake_version != lake.store.version() or last.targets_mark != chosen.mark


def terms_of_last(lake: Lake) -> Terms:
    """Return the terms of the newest version, so that the next one is published on the same."""
    place = Place(lake.settings)
    last = newest(place)
    if last is None:
        return Terms()
    told = manifest(place, last)
    own_words = "" if told.citation == _citation(told.origin, told.name) else told.citation
    return Terms(with_simulated=told.simulated, licence=told.licence, citation=own_words)


def _add_tables(
    edition: Edition, source: Readable, chosen: Selection, terms: Terms, progress: Progress
) -> None:
    simulated = terms.with_simulated
    progress("Counting points", 0.0)
    counted = count_points(source, chosen, with_simulated=simulated)
    paths = add_points(
        edition,
        source,
        counted,
        closed_files=chosen.closed_files,
        with_simulated=simulated,
        progress=lambda words, done: progress(words, 0.05 + 0.8 * done),
    )
    progress("Writing targets, frames and papers", 0.85)
    _add_targets(edition, chosen, counted, paths)
    add_frames(edition, source, chosen, with_simulated=simulated)
    add_batches(edition, source, chosen, with_simulated=simulated)
    add_citations(edition, source, chosen, with_simulated=simulated)


def _add_targets(edition: Edition, chosen: Selection, counted: pl.DataFrame, paths: dict[int, str]) -> None:
    files = pl.DataFrame(
        {"target_id": list(paths), "photometry": list(paths.values())},
        schema={"target_id": pl.Int64(), "photometry": pl.String()},
    )
    summary = counted.select("target_id", "points", "first_mjd", "last_mjd").join(files, on="target_id")
    rows = chosen.targets.join(summary, on="target_id", how="left").with_columns(
        pl.col("points").fill_null(0)
    )
    edition.add_rows("targets.parquet", rows.sort("name"), TARGETS, Layout(sorted_by=("name",)))
    edition.add_rows("names.parquet", chosen.names, NAMES, Layout(sorted_by=("name",)))
    for tile in tiles(rows.with_columns(one=pl.lit(1)), weight="one", most_rows=TARGETS_PER_FILE):
        edition.add_tile(tile, tile.targets.sort(HEALPIX, "target_id"), TARGETS, Layout(sorted_by=(HEALPIX,)))


def _manifest(lake: Lake, lake_version: int, edition: Edition, terms: Terms, name: str) -> Manifest:
    made_utc = now_utc()
    about = {
        "hats_builder": f"tomlake {code_version()}",
        "hats_creation_date": made_utc,
        "obs_copyright": terms.licence,
    }
    add_hats(edition, POINTS, sorted_by="target_id mjd", about=about)
    add_hats(edition, TARGETS, sorted_by=HEALPIX, about=about)
    edition.add_bytes("files.csv", _list_of_files(edition))
    return Manifest(
        name=name,
        made_utc=made_utc,
        lake_version=lake_version,
        code_version=code_version(),
        licence=terms.licence,
        citation=terms.citation or _citation(lake.settings.public_url, name),
        origin=lake.settings.public_url,
        simulated=terms.with_simulated,
        tables=tuple(_described(table, edition.rows_of(table.name)) for table in PUBLIC_TABLES),
        files=tuple(sorted(edition.files, key=lambda file: file.path)),
    )


def _described(table: PublicTable, rows: int) -> PublishedTable:
    columns = tuple(
        PublishedColumn(
            name=column.name,
            type=sql_type(column.dtype),
            unit=column.unit,
            ucd=column.ucd,
            description=column.description,
        )
        for column in table.columns
    )
    return PublishedTable(name=table.name, description=table.description, rows=rows, columns=columns)


def _list_of_files(edition: Edition) -> bytes:
    """Return the data files as CSV, so that SQL can list them without reading JSON."""
    files = [file for file in edition.files if file.table]
    lines = [f"{file.table},{file.path},{file.rows},{file.size_bytes},{file.sha256}\n" for file in files]
    return ("table,path,rows,bytes,sha256\n" + "".join(lines)).encode()


def _line(made: Manifest, chosen: Selection) -> Version:
    rows = {table.name: table.rows for table in made.tables}
    return Version(
        name=made.name,
        made_utc=made.made_utc,
        lake_version=made.lake_version,
        targets_mark=chosen.mark,
        manifest_sha256=hashlib.sha256(made.to_json()).hexdigest(),
        points=rows[POINTS.name],
        targets=rows[TARGETS.name],
        size_bytes=made.size_bytes,
        simulated=made.simulated,
    )


def _citation(origin: str, name: str) -> str:
    return (
        f"tomlake public lake, {origin}/lake/v/{name}. Please cite as well the archives and thank the "
        "telescopes in its table citations."
    )


def _is_same(before: Manifest, edition: Edition, terms: Terms) -> bool:
    then = {(file.path, file.sha256) for file in before.files if file.table}
    now = {(file.path, file.sha256) for file in edition.files if file.table}
    return then == now and (before.licence, before.simulated) == (terms.licence, terms.with_simulated)


def _refuse_changed_rights(lake: Lake, chosen: Selection, terms: Terms) -> None:
    still = select_public(lake.operations, with_simulated=terms.with_simulated)
    newly_closed = still.closed.upload_ids - chosen.closed.upload_ids
    if set(chosen.target_ids) - set(still.target_ids) or newly_closed:
        raise Transient(
            "A target or an upload became private while the lake was published, so nothing was published.",
            code="rights-changed",
            retry_after_s=60,
        )


def _free_name(name: str, known: tuple[Version, ...]) -> str:
    taken = {version.name for version in known}
    if name:
        if checked_version_name(name) in taken:
            raise Rejected(
                f"There was a version {name} already; a name is given once.", code="version-name-taken"
            )
        return name
    today = now_utc()[:10]
    return next(free for free in _numbered(today) if free not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        yield f"{name}.{number}"
