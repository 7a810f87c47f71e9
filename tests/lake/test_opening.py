"""An installation opens from nothing, opens again cheaply, and says plainly when it cannot."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from installations import needs_folder

from engine.errors import Rejected, Transient
from lake.changes import Change
from lake.layout import LAYOUT
from lake.lock import locked
from lake.opening import open_lake
from lake.provenance import new_batch
from lake.settings import Settings, read_settings
from lake.store import Store
from lake.tables import LAYOUTS, PHOTOMETRY, REFERENCE_CELLS, TABLES

ROOT = Path(__file__).resolve().parents[2]
OPEN_AND_TELL = """
import json, os, sys
from engine.errors import Rejected
from lake.opening import open_lake
from lake.settings import read_settings
if os.geteuid() == 0:
    os.setuid(65534)
try:
    open_lake(read_settings({"TOMLAKE_DATA": sys.argv[1]})).close()
except Rejected as error:
    sys.stdout.write(json.dumps([error.code, error.reason]))
"""


@pytest.fixture
def folder_of_another() -> Iterator[Path]:
    """Return a folder that its visitor may read but not write."""
    folder = Path(tempfile.mkdtemp(prefix="tomlake-read-only-"))
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_new_installation_has_every_table_with_every_column(settings: Settings) -> None:
    lake = open_lake(settings)

    columns = lake.store.read(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake'"
    )
    lake.close()

    assert set(columns.iter_rows()) == {
        (table.name, name, sql_type) for table in TABLES for name, sql_type in table.sql_columns.items()
    }


def test_an_installation_that_exists_opens_quickly_and_unchanged(settings: Settings) -> None:
    first = open_lake(settings)
    version = first.store.version()
    first.close()

    began_s = time.perf_counter()
    again = open_lake(settings)
    opened_s = time.perf_counter() - began_s

    assert again.store.version() == version
    assert opened_s < 3.0  # 0.25 s on a quiet machine
    again.close()


def test_a_lake_of_an_earlier_version_gets_its_new_column(settings: Settings) -> None:
    lake = open_lake(settings)
    lake.store.append("batches", TABLES[1].empty(), batch=new_batch("test", "test"))
    lake.close()
    earlier = Store(settings)
    with earlier.exclusive() as connection:
        connection.execute("ALTER TABLE lake.batches DROP COLUMN parameters")
    earlier.close()

    lake = open_lake(settings)

    assert lake.store.read("SELECT parameters FROM lake.batches")["parameters"].to_list() == [None]
    lake.close()


def test_a_lake_of_a_later_version_is_refused_and_left_as_it_is(settings: Settings) -> None:
    lake = open_lake(settings)
    later = pl.DataFrame({"number": [LAYOUT + 1], "code_version": ["9.9"], "made_mjd": [60000.0]})
    change = Change(table=LAYOUTS, rows=later, keys=later.select("number"))
    version = lake.store.commit([change], batch=new_batch("test", "test"))
    lake.close()

    with pytest.raises(Rejected) as refused:
        open_lake(settings)

    assert refused.value.code == "newer-lake"
    with closing(Store(settings)) as unchanged:
        assert unchanged.version() == version


@needs_folder
def test_a_catalog_of_a_later_format_is_refused(settings: Settings) -> None:
    open_lake(settings).close()
    with closing(sqlite3.connect(settings.data_dir / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE ducklake_metadata SET value = '9.0' WHERE key = 'version'")

    with pytest.raises(Rejected) as refused:
        open_lake(settings)

    assert refused.value.code == "newer-lake"


RELEASED = sorted((ROOT / "tests" / "data" / "released").glob("*.sql"))


@pytest.mark.parametrize("script", RELEASED, ids=lambda path: path.stem)
def test_a_lake_of_every_released_version_opens_with_all_its_rows(settings: Settings, script: Path) -> None:
    store = Store(settings)
    store.backend.prepare()
    with store.exclusive() as connection:
        connection.execute(script.read_text())
    store.close()

    lake = open_lake(settings)

    assert lake.store.light_curve(7)["mag"].to_list() == [17.25, 17.5]
    assert lake.store.batch("first").raw_sha256 == "ab" * 32
    assert lake.store.read("SELECT max(number) FROM lake.layouts").item() == LAYOUT
    version = lake.store.replace_points(7, "ztf", PHOTOMETRY.empty(), batch=new_batch("test", "ztf"))
    assert lake.store.light_curve(7).is_empty()
    assert len(lake.store.at(version - 1).light_curve(7)) == 2
    lake.close()


def test_four_threads_may_open_a_new_installation_at_once(settings: Settings) -> None:
    with ThreadPoolExecutor(4) as threads:
        lakes = list(threads.map(open_lake, [settings] * 4))

    assert len({lake.store.version() for lake in lakes}) == 1
    for lake in lakes:
        lake.close()


@needs_folder
def test_a_moved_data_folder_is_the_same_lake(settings: Settings, tmp_path: Path) -> None:
    lake = open_lake(settings)
    batch = new_batch("test", "test")
    lake.store.append("reference_cells", REFERENCE_CELLS.empty(), batch=batch)
    lake.close()
    shutil.move(settings.data_dir, tmp_path / "elsewhere")

    moved = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "elsewhere")}))

    assert moved.store.batch(batch.batch_id) == batch
    moved.close()


def test_a_folder_without_write_access_is_refused_in_one_sentence(folder_of_another: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", OPEN_AND_TELL, str(folder_of_another / "data")],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )

    code, reason = json.loads(told.stdout)
    assert code == "no-write-access"
    assert reason.count(". ") == 0
    assert str(folder_of_another) in reason


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")

    with pytest.raises(Rejected) as refused:
        open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "data")}))

    assert refused.value.code == "no-write-access"


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("TOMLAKE_CATALOG_URL", "mysql://host/lake"),
        ("TOMLAKE_STORE_URL", "ftp://host/lake"),
        ("TOMLAKE_OPERATIONS_URL", "nonsense"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(tmp_path: Path, variable: str, url: str) -> None:
    with pytest.raises(Rejected, match=variable) as refused:
        open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path / "data"), variable: url}))

    assert refused.value.code == "bad-setting"


def test_a_lock_that_another_holds_is_waited_for_and_then_told(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", timeout_s=1.0),
        pytest.raises(Transient) as busy,
        locked(tmp_path / "lock", timeout_s=0.02),
    ):
        pass

    assert busy.value.code == "lake-busy"
