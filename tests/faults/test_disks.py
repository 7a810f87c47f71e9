"""Disks that are full or read-only, and files that were cut, removed or set back."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import polars as pl
import pytest
from actor import points_of, source_of
from installations import needs_folder, settings_in
from test_kills import damages

from engine.errors import Rejected, Transient
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import Settings, child_environment
from lake.trace.seals import seal_new

pytestmark = [pytest.mark.alone, needs_folder]

ROOT = Path(__file__).resolve().parents[2]
KILLED_WRITER = """
import os, signal, sys
sys.path.insert(0, "tests/faults")
from actor import points_of, source_of
from lake.opening import open_lake
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.trace.seals import seal_new
lake = open_lake(read_settings())
for write in range(1, 6):
    lake.store.replace_points(write, source_of(1), points_of(write, 1, write), batch=new_batch("faults", "w"))
seal_new(lake.store.backend, lake.operations, lake.store.version())
os.kill(os.getpid(), signal.SIGKILL)
"""

READER = """
import sys, time
from lake.backend import Backend
from lake.settings import read_settings
connection = Backend(read_settings()).connect(read_only=True)
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM lake.photometry").fetchall()
sys.stdout.write("ready\\n")
sys.stdout.flush()
time.sleep(600)
"""


def write(lake: Lake, target_id: int, number: int = 1) -> int:
    """Return the version after writing one light curve."""
    points = points_of(target_id, number, target_id)
    return lake.store.replace_points(target_id, source_of(number), points, batch=new_batch("faults", "w"))


def held(lake: Lake) -> list[int]:
    """Return the targets that have points, after checking that each light curve is whole."""
    counted = lake.store.read("SELECT target_id, count(*) AS n FROM lake.photometry GROUP BY 1 ORDER BY 1")
    assert set(counted["n"]) <= {40}
    return counted["target_id"].to_list()


def start(
    program: str, settings: Settings, *, stdout: int | None = None, **more: str
) -> subprocess.Popen[str]:
    """Return a process that works on the lake."""
    environment = {**child_environment(settings), "PYTHONPATH": str(ROOT), **more}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, stdout=stdout, text=True
    )


def mounted(*arguments: str) -> None:
    """Mount, or skip where this user may not."""
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no right to mount a small disk here")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 12 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted("-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place))
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Return a file that takes what is left of a disk."""
    rest = disk / "rest"
    with rest.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return rest


def test_a_full_disk_refuses_in_one_sentence_and_loses_nothing(
    small_disk: Path, figure: Callable[[str, str], None]
) -> None:
    lake = open_lake(settings_in(small_disk / "data"))
    for target_id in (1, 2, 3):
        write(lake, target_id)
    rest = fill(small_disk)

    refused = 0
    for target_id in (4, 5, 6):
        with pytest.raises(Transient) as full:
            write(lake, target_id)
        assert full.value.code == "disk-full"
        refused += 1
    with pytest.raises(Transient) as full:
        lake.raw.put(os.urandom(100_000))
    assert full.value.code == "disk-full"
    assert len(lake.store.light_curve(2)) == 40

    rest.unlink()
    write(lake, 7)
    assert held(lake) == [1, 2, 3, 7]
    assert damages(lake) == []
    lake.close()
    figure(
        "full disk", f"{refused + 1} writes refused in one sentence; reading went on; nothing lost or torn"
    )


def test_a_full_disk_refuses_a_hundred_thousand_points_and_takes_them_later(small_disk: Path) -> None:
    lake = open_lake(settings_in(small_disk / "data"))
    write(lake, 1)
    number = pl.int_range(100_000, eager=True).cast(pl.Int64)
    points = points_of(2, 1, 1).select(pl.exclude("target_id", "source_ref", "mjd").first())
    many = pl.select(
        target_id=2 + number % 50, source_ref=number.cast(pl.String()), mjd=60000.0 + number
    ).join(points, how="cross")
    rest = fill(small_disk)

    with pytest.raises(Transient) as full:
        lake.store.ingest(many, batch=new_batch("faults", "w"))

    assert full.value.code == "disk-full"
    assert held(lake) == [1]
    rest.unlink()
    lake.store.ingest(many, batch=new_batch("faults", "w"))
    assert len(lake.store.light_curve(51)) == 2000
    assert damages(lake) == []
    lake.close()


def test_a_read_only_disk_refuses_in_one_sentence(tmp_path: Path, figure: Callable[[str, str], None]) -> None:
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    write(lake, 1)
    lake.close()
    view = tmp_path / "view"
    view.mkdir()
    mounted("--bind", str(settings.data_dir), str(view))
    try:
        mounted("-o", "remount,bind,ro", str(view))
        with pytest.raises(Rejected) as refused:
            open_lake(settings_in(view))
    finally:
        subprocess.run(["umount", "-l", str(view)], check=True)
    assert refused.value.code == "no-write-access"
    again = open_lake(settings)
    assert held(again) == [1]
    again.close()
    figure("read-only disk", "opening refused in one sentence; the lake unchanged")


def test_cut_and_missing_files_are_named_and_the_rest_stays_readable(
    tmp_path: Path, figure: Callable[[str, str], None]
) -> None:
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    for target_id in range(1, 7):
        write(lake, target_id)
    file_of = {
        target_id: Path(str(place))
        for target_id, place in lake.store.read(
            "SELECT DISTINCT target_id, filename FROM lake.photometry ORDER BY 1"
        ).iter_rows()
    }
    lake.close()
    os.truncate(file_of[1], file_of[1].stat().st_size // 2)
    file_of[2].unlink()

    lake = open_lake(settings)
    for target_id in (1, 2):
        with pytest.raises(Rejected, match=file_of[target_id].name) as refused:
            lake.store.light_curve(target_id)
        assert refused.value.code == "lake-damaged"
    assert all(len(lake.store.light_curve(target_id)) == 40 for target_id in (3, 4, 5, 6))
    write(lake, 8)
    told = damages(lake)
    assert len(told) == 2
    assert all(any(file_of[target_id].name in sentence for sentence in told) for target_id in (1, 2))
    lake.close()
    figure("one Parquet file cut, one missing", "both named by reading and by verify; the rest readable")


def test_a_deleted_wal_is_told_of_and_the_lake_goes_on(
    tmp_path: Path, figure: Callable[[str, str], None]
) -> None:
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    write(lake, 20)
    lake.close()  # what was written so far is in the catalog itself
    reader = start(READER, settings, stdout=subprocess.PIPE)
    assert reader.stdout is not None
    reader.stdout.readline()  # as long as it reads, the catalog takes nothing over from its WAL
    start(KILLED_WRITER, settings).wait()
    reader.kill()
    reader.wait()
    reader.stdout.close()
    wal = settings.data_dir / "catalog.sqlite-wal"
    assert wal.stat().st_size > 0
    wal.unlink()
    with suppress(FileNotFoundError):
        (settings.data_dir / "catalog.sqlite-shm").unlink()

    lake = open_lake(settings)
    told = damages(lake)
    assert told, "the loss of acknowledged versions must be told"
    assert 20 in held(lake)
    before = lake.store.version()
    assert write(lake, 21) > before
    assert len(lake.store.light_curve(21)) == 40
    lake.close()
    figure(
        "the catalog's WAL deleted after kill -9", f"verify names the lost versions ({len(told)} sentences)"
    )


def test_a_clock_that_jumps_back_disturbs_nobody(tmp_path: Path, figure: Callable[[str, str], None]) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed: no clock that jumps")
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    write(lake, 20)
    start(KILLED_WRITER, settings, LD_PRELOAD=str(library), FAKETIME="-2d").wait()
    write(lake, 21)

    assert held(lake) == [1, 2, 3, 4, 5, 20, 21]
    times = lake.store.read(
        "SELECT epoch(snapshot_time) AS t FROM ducklake_snapshots('lake') ORDER BY snapshot_id"
    )
    assert times["t"].diff().min() < -86400.0  # it did jump
    assert abs(times["t"][-1] - time.time()) < 3600.0
    assert damages(lake) == []
    lake.close()
    figure("the clock two days back for one writer", "7 of 7 light curves whole; verify found nothing")


def test_seals_of_a_whole_lake_raise_no_alarm(tmp_path: Path) -> None:
    lake = open_lake(settings_in(tmp_path / "data"))
    write(lake, 1)
    seal_new(lake.store.backend, lake.operations, lake.store.version())
    assert damages(lake) == []
    lake.close()
    with closing(sqlite3.connect(lake.settings.data_dir / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE ducklake_data_file SET record_count = record_count + 1")
    lake = open_lake(lake.settings)
    assert damages(lake)
    assert isinstance(lake.store.light_curve(1), pl.DataFrame)
    lake.close()
