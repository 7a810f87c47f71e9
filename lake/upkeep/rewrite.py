"""Write files again without their deleted rows; older versions keep the old files until they are let go."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import duckdb

from lake.readable import Readable
from lake.tables import table_named
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.live import LiveFile, live_files
from lake.upkeep.merge import FULL_BELOW_BYTES
from lake.upkeep.turns import Turns

DELETED_SHARE = 0.2  # from here on a file is written again; less would copy the lake for few rows
SMALL_BYTES = 4_000_000  # a file below this is written again for any deleted row, when that lets it be merged
STEP_BYTES = 64_000_000
_REWRITE = "CALL ducklake_rewrite_data_files('lake', $table, delete_threshold => $share)"
_NAMES = "SELECT data_file FROM ducklake_list_files('lake', $table)"


def rewrite_deletes(store: Readable, turns: Turns) -> Iterator[Done]:
    """Give what each step did until no file has more than its share of deleted rows.

    DuckLake rewrites every file of a table from a share on, so a step asks for the share that only the worst
    few files reach.
    """
    tables = {file.table for file in live_files(store) if file.deleted_share >= DELETED_SHARE}
    for table in sorted(tables):
        while worst := _worst(live_files(store), table):
            share = worst[-1].deleted_share * (1 - 1e-9)
            done = turns.step("rewrite", _Rewrite(table, share))
            if done == NOTHING:
                break
            yield done


def refresh_small_files(store: Readable, turns: Turns) -> Iterator[Done]:
    """Give what each step did until small files with few deleted rows no longer stand in the way of merging.

    DuckLake merges no file with deleted rows, and rewrites small files only together with large ones of the
    same share. Setting a column to itself moves the rows of exactly the named files into new ones; their
    order is kept because a step takes one file of a partition.
    """
    rounds: dict[tuple[str, int], list[LiveFile]] = defaultdict(list)
    for (table, _), files in _in_the_way(live_files(store)).items():
        for number, file in enumerate(files):
            rounds[table, number].append(file)
    for (table, _), files in rounds.items():
        done = turns.step("refresh", _Refresh(table, files))
        if done != NOTHING:
            yield done


def _worst(files: Sequence[LiveFile], table: str) -> list[LiveFile]:
    """Return the files of a table with the largest shares of deleted rows, together at most one step."""
    wanted = [file for file in files if file.table == table and file.deleted_share >= DELETED_SHARE]
    wanted.sort(key=lambda file: file.deleted_share, reverse=True)
    chosen: list[LiveFile] = []
    size_bytes = 0
    for file in wanted:
        size_bytes += file.size_bytes
        if chosen and size_bytes > STEP_BYTES:
            break
        chosen.append(file)
    return chosen


def _in_the_way(files: Sequence[LiveFile]) -> dict[tuple[str, str], list[LiveFile]]:
    """Return by table and group the small files with deleted rows that have another one to merge with."""
    groups: dict[tuple[str, str], list[LiveFile]] = defaultdict(list)
    for file in files:
        if file.size_bytes < FULL_BELOW_BYTES:
            groups[file.table, file.group].append(file)
    return {
        group: [file for file in members if file.deleted_rows and file.size_bytes < SMALL_BYTES]
        for group, members in groups.items()
        if sum(not file.deleted_rows or file.size_bytes < SMALL_BYTES for file in members) > 1
    }


class _Rewrite:
    """One step: the files of a table from a share of deleted rows on."""

    def __init__(self, table: str, share: float) -> None:
        self._parameters = {"table": table, "share": share}

    def __call__(self, lake: duckdb.DuckDBPyConnection) -> Done:
        outputs = lake.execute(_REWRITE, self._parameters).fetchall()
        return Done(rewritten=sum(row[2] for row in outputs), made=sum(row[3] for row in outputs))


class _Refresh:
    """One step: these files of a table, no two of one partition."""

    def __init__(self, table: str, files: Sequence[LiveFile]) -> None:
        self._table = table_named(table)
        self._names = {file.name for file in files}

    def __call__(self, lake: duckdb.DuckDBPyConnection) -> Done:
        listed = lake.execute(_NAMES, {"table": self._table.name}).fetchall()
        present = [name for (name,) in listed if name.rsplit("/", 1)[-1] in self._names]
        if not present:
            return NOTHING
        column = next(iter(self._table.schema))
        lake.execute(
            f'UPDATE lake.{self._table.name} SET "{column}" = "{column}" '  # noqa: S608 - names from lake.tables
            "WHERE list_contains($names, filename)",
            {"names": present},
        )
        return Done(rewritten=len(present), made=len(present))
