"""Rows of some targets out of Parquet files of one version."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from lake.points.deletes import Deletes
from lake.points.footers import SNAPSHOT, Footer, Footers, has_table_names, names_in
from lake.points.live_files import Column, DataFile, LiveFiles, is_partial
from lake.points.parquet_place import ParquetPlace
from lake.points.span import ALWAYS, Span, spans_of
from lake.tables import PHOTOMETRY

_POSITION = "_position"
_REQUESTS = 8  # at once, where the files lie far away


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What is wanted of one file."""

    file: DataFile
    footer: Footer
    groups: list[int]
    target_ids: list[int]
    span: Span
    names: dict[str, str]  # in the file -> in the table
    is_partial: bool
    has_table_names: bool

    @property
    def is_simple(self) -> bool:
        """Return whether every row counts and columns have the table's names."""
        return self.has_table_names and not self.file.deletes and not self.is_partial


class Rows:
    """Reads rows; serves all threads."""

    def __init__(self, place: ParquetPlace) -> None:
        self._place = place
        self._footers = Footers(place)
        self._deletes = Deletes(place)

    def of(
        self, target_ids: Sequence[int], files: LiveFiles, columns: Sequence[str], span: Span = ALWAYS
    ) -> pl.DataFrame:
        """Return columns of every point that the (sorted) targets have in a version, in no order."""
        read = {*columns, "mjd"} if span != ALWAYS else columns
        wanted = [column for column in files.columns if column.name in read]
        parts = [
            part
            for file, its_targets in files.by_file(target_ids).items()
            if (part := self._part(file, its_targets, wanted, (files, span))) is not None
        ]
        frames = self._near(parts, files.version) if self._place.is_local else self._far(parts, files.version)
        whole = [_complete(frame, columns) for frame in frames]
        if len(whole) == 1:
            return whole[0]
        return pl.concat(whole or [_empty(columns)], rechunk=True)

    def spans(self, target_id: int, files: LiveFiles, *, most_rows: int) -> list[Span]:
        """Return spans of time that follow each other, in each of which a target has about so many points."""
        footers = [self._footers.footer(file, files.columns) for file in files.of(target_id)]
        groups = [footer.groups_of([target_id]) for footer in footers]
        pairs = list(zip(footers, groups, strict=True))
        if not pairs:
            return [ALWAYS]
        earliest_mjd = np.concatenate([footer.earliest_mjd[its] for footer, its in pairs])
        latest_mjd = np.concatenate([footer.latest_mjd[its] for footer, its in pairs])
        rows = np.concatenate([footer.rows_of_one[its] for footer, its in pairs])
        return spans_of(earliest_mjd, latest_mjd, rows, most_rows=most_rows)

    def _part(
        self,
        file: DataFile,
        target_ids: list[int],
        wanted: Sequence[Column],
        of: tuple[LiveFiles, Span],
    ) -> _Part | None:
        files, span = of
        footer = self._footers.footer(file, files.columns)
        groups = footer.groups_of(target_ids, span)
        if not groups:
            return None
        return _Part(
            file=file,
            footer=footer,
            groups=groups,
            target_ids=target_ids,
            span=span,
            names=names_in(footer, wanted),
            is_partial=is_partial(file, files.version),
            has_table_names=has_table_names(footer, wanted),
        )

    def _near(self, parts: Sequence[_Part], version: int) -> list[pl.DataFrame]:
        simple = [part for part in parts if part.is_simple]
        others = [part for part in parts if not part.is_simple]
        scans = ([self._simple_scan(simple)] if simple else []) + [self._scan(part) for part in others]
        frames = [scans[0].collect()] if len(scans) == 1 else pl.collect_all(scans)
        done = frames[: len(scans) - len(others)]
        rest = frames[len(done) :]
        return done + [self._live(frame, part, version) for frame, part in zip(rest, others, strict=True)]

    def _simple_scan(self, parts: Sequence[_Part]) -> pl.LazyFrame:
        if len(parts) == 1:
            return parts[0].footer.scan.filter(_is_wanted(parts[0])).select(*parts[0].names)
        names = set().union(*(part.names for part in parts))
        target_ids = sorted(set().union(*(part.target_ids for part in parts)))
        return pl.scan_parquet(
            [self._place.path(part.file.path) for part in parts],
            schema={name: dtype for name, dtype in PHOTOMETRY.schema.items() if name in names},
            parallel="prefiltered",
            hive_partitioning=False,
            glob=False,
            missing_columns="insert",
            extra_columns="ignore",
        ).filter(_is_of(target_ids, "target_id", parts[0].span))

    def _scan(self, part: _Part) -> pl.LazyFrame:
        hidden = [SNAPSHOT] if part.is_partial else []
        return (
            pl.scan_parquet(
                self._place.path(part.file.path),
                row_index_name=_POSITION,
                parallel="prefiltered",
                hive_partitioning=False,
                glob=False,
            )
            .filter(_is_wanted(part))
            .select(_POSITION, *part.names, *hidden)
        )

    def _far(self, parts: Sequence[_Part], version: int) -> list[pl.DataFrame]:
        if len(parts) < 2:
            return [self._fetched(part, version) for part in parts]
        with ThreadPoolExecutor(max_workers=min(_REQUESTS, len(parts))) as pool:
            return list(pool.map(lambda part: self._fetched(part, version), parts))

    def _fetched(self, part: _Part, version: int) -> pl.DataFrame:
        metadata, footer = part.footer.metadata, part.footer
        if metadata is None:
            raise ValueError("the footer of a file far away was not kept")
        columns = [*part.names, *([SNAPSHOT] if part.is_partial else [])]
        frame = self._place.row_groups(part.file.path, part.file.size_bytes, metadata, part.groups, columns)
        positions = [
            np.arange(footer.starts[group], footer.starts[group] + metadata.row_group(group).num_rows)
            for group in part.groups
        ]
        found = frame.with_columns(pl.Series(_POSITION, np.concatenate(positions))).filter(_is_wanted(part))
        return self._live(found, part, version)

    def _live(self, frame: pl.DataFrame, part: _Part, version: int) -> pl.DataFrame:
        if part.is_partial:
            frame = frame.filter(pl.col(SNAPSHOT) <= version)
        if part.file.deletes and len(frame):
            gone = self._deletes.positions(part.file, version)
            frame = frame.filter(~np.isin(frame[_POSITION].to_numpy(), gone))
        return frame.select(pl.col(name).alias(renamed) for name, renamed in part.names.items())


def _is_wanted(part: _Part) -> pl.Expr:
    """Return whether a row of a file is one of those wanted, by the file's names of the columns."""
    in_file = {renamed: name for name, renamed in part.names.items()}
    return _is_of(part.target_ids, in_file["target_id"], part.span, in_file.get("mjd", "mjd"))


def _is_of(target_ids: Sequence[int], name: str, span: Span, time_name: str = "mjd") -> pl.Expr:
    if len(target_ids) == 1:
        is_theirs = pl.col(name) == target_ids[0]
    else:
        is_theirs = pl.col(name).is_between(target_ids[0], target_ids[-1]) & pl.col(name).is_in(target_ids)
    return is_theirs if span == ALWAYS else is_theirs & span.holds(time_name)


def _empty(columns: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(schema={name: PHOTOMETRY.schema[name] for name in columns})


def _complete(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    if frame.columns == list(columns) and frame.dtypes == [PHOTOMETRY.schema[name] for name in columns]:
        return frame
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(PHOTOMETRY.schema[name]).alias(name)
        for name in columns
    )
