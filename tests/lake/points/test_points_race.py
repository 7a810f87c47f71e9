"""Light curves stay whole while another process writes and this one compacts and cleans up."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deeds import CLEAN, MERGE, REWRITE, do, expire

from lake.opening import Lake, open_lake
from lake.points.reader import PointReader
from lake.settings import Settings, child_environment

ROOT = Path(__file__).resolve().parents[3]
TARGETS = list(range(1, 9))
GENERATIONS = 15
READERS = 2

# Replaces the light curves of all targets in one version, again and again, and acknowledges each version;
# the next one is written while readers still look at it.
WRITER = """
import sys
import polars as pl
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.store import Replacement, Store

targets, generations = map(int, sys.argv[1:3])
store = Store(read_settings())
for generation in range(1, generations + 1):
    replacements = []
    for target_id in range(1, targets + 1):
        numbers = pl.int_range(10 + generation % 4, eager=True)
        rows = pl.DataFrame({"source_ref": numbers.cast(pl.String), "mjd": 60000.0 + numbers}).with_columns(
            target_id=pl.lit(target_id), source=pl.lit("ztf"), band=pl.lit("ZTF(zg)"),
            mag=pl.lit(float(generation)),
        )
        replacements.append(Replacement(target_id=target_id, source="ztf", points=rows))
    version = store.replace_many(replacements, batch=new_batch("test", "ztf"))
    sys.stdout.write(f"{generation} {version}\\n")
    sys.stdout.flush()
    sys.stdin.readline()
"""


class Watch:
    """What the writer acknowledged and what readers found wrong."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self.is_over = threading.Event()
        self.seen: set[int] = set()
        self.wrong: list[str] = []


@pytest.fixture
def separate_lake(settings: Settings) -> Iterator[Lake]:
    opened = open_lake(settings)
    yield opened
    opened.close()


def look(reader: PointReader, watch: Watch, chance: random.Random) -> None:
    before = watch.acknowledged
    target_ids = TARGETS if chance.random() < 0.3 else [chance.choice(TARGETS)]
    found = reader.light_curve(target_ids[0]) if len(target_ids) == 1 else reader.light_curves(target_ids)
    if found.is_empty() and before == 0:
        return
    generations = found["mag"].unique().to_list()
    if len(generations) != 1 or generations[0] < before:
        watch.wrong.append(f"after {before}: torn or old, {generations}")
    elif len(found) != len(target_ids) * (10 + int(generations[0]) % 4):
        watch.wrong.append(f"{len(found)} points of generation {generations[0]}")
    watch.seen.update(map(int, generations))


def keep_looking(reader: PointReader, watch: Watch, seed: int) -> None:
    chance = random.Random(seed)
    while not watch.is_over.is_set():
        try:
            look(reader, watch, chance)
        except BaseException as error:
            watch.wrong.append(repr(error))
            raise


def compact(lake: Lake, watch: Watch) -> None:
    while not watch.is_over.is_set():
        do(lake, MERGE)
        do(lake, REWRITE)
        rows = lake.store.backend.catalog.rows("SELECT snapshot_id AS version FROM ducklake_snapshot")
        older = sorted(int(version) for (version,) in rows)[:-1]
        if older:
            do(lake, expire(*older))
        do(lake, CLEAN)


def test_light_curves_are_whole_while_others_write_and_compact(separate_lake: Lake) -> None:
    watch, reader = Watch(), PointReader(separate_lake.store.backend)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(len(TARGETS)), str(GENERATIONS)],
        cwd=ROOT,
        env=child_environment(separate_lake.settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    threads = [threading.Thread(target=keep_looking, args=(reader, watch, seed)) for seed in range(READERS)]
    threads.append(threading.Thread(target=compact, args=(separate_lake, watch)))
    for thread in threads:
        thread.start()

    assert writer.stdout is not None
    assert writer.stdin is not None
    for line in writer.stdout:
        watch.acknowledged = int(line.split()[0])
        deadline_s = time.monotonic() + 20
        while watch.acknowledged not in watch.seen and time.monotonic() < deadline_s:
            time.sleep(0.001)
        writer.stdin.write("\n")
        writer.stdin.flush()
    writer.communicate()
    watch.is_over.set()
    for thread in threads:
        thread.join()

    assert writer.returncode == 0
    assert watch.acknowledged == GENERATIONS
    assert not watch.wrong
    assert watch.seen == set(range(1, GENERATIONS + 1))
    assert set(reader.light_curves(TARGETS)["mag"]) == {float(GENERATIONS)}
    reader.close()
