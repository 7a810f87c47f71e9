"""Merge small files: every version stays what it was, and the new file is sorted like its table.

DuckLake merges files of one partition that carry no deleted rows. It takes files in the order in which they
came until the target size is reached, and holds all files of one output open meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import duckdb

from lake.readable import Readable
from lake.upkeep.done import NOTHING, Done
from lake.upkeep.live import LiveFile, live_files
from lake.upkeep.turns import Turns

TARGET_BYTES = 64_000_000  # of a merged file: bounds how long a step holds the writer's lock
FULL_BELOW_BYTES = TARGET_BYTES // 2  # two files below this always fit into one
LIGHT_BELOW_BYTES = 1_000_000  # cheap enough for every hour
STEP_BYTES = 16_000_000  # several merged files in one step hold memory at the same time
STEP_FILES = 1000  # 0.1 MB of memory each
_TARGET = "CALL lake.set_option('target_file_size', $size, table_name => $table)"
_MERGE = (
    "CALL ducklake_merge_adjacent_files('lake', $table, max_compacted_files => $outputs, "
    "max_file_size => $below_bytes)"
)


def merge_small_files(store: Readable, turns: Turns, *, below_bytes: int) -> Iterator[Done]:
    """Give what each step did until no table has two small files that could be one."""
    for table in mergeable(live_files(store), below_bytes=below_bytes):
        while groups := mergeable(live_files(store), below_bytes=below_bytes).get(table):
            done = turns.step("merge", _Merge(table, groups, below_bytes))
            if done == NOTHING:  # such as files from before a column was added
                break
            yield done


def mergeable(files: Sequence[LiveFile], *, below_bytes: int) -> dict[str, list[list[LiveFile]]]:
    """Return by table the groups of two or more small files that may become one."""
    groups: dict[tuple[str, str], list[LiveFile]] = defaultdict(list)
    for file in files:
        if file.size_bytes < below_bytes and not file.delete_file_bytes:
            groups[file.table, file.group].append(file)
    tables: dict[str, list[list[LiveFile]]] = defaultdict(list)
    for (table, _), members in groups.items():
        if len(members) > 1:
            tables[table].append(members)
    return dict(tables)


class _Merge:
    """One step: as many outputs as stay within the bounds of size and number of files."""

    def __init__(self, table: str, groups: Sequence[Sequence[LiveFile]], below_bytes: int) -> None:
        largest = max(groups, key=len)
        mean_bytes = sum(file.size_bytes for file in largest) / len(largest)
        target_bytes = TARGET_BYTES if len(largest) <= STEP_FILES else mean_bytes * STEP_FILES
        self._target = {"table": table, "size": f"{max(1, round(target_bytes / 1000))}KB"}
        output_bytes = min(TARGET_BYTES, max(sum(file.size_bytes for file in group) for group in groups))
        outputs = min(STEP_BYTES // output_bytes, STEP_FILES // min(len(largest), STEP_FILES))
        self._merge = {"table": table, "outputs": max(1, outputs), "below_bytes": below_bytes}

    def __call__(self, lake: duckdb.DuckDBPyConnection) -> Done:
        lake.execute(_TARGET, self._target)
        outputs = lake.execute(_MERGE, self._merge).fetchall()
        return Done(merged=sum(row[2] for row in outputs), made=sum(row[3] for row in outputs))
