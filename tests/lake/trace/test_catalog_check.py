"""A changed row or a flipped byte of the catalog is found, whatever table it is in."""

import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from installations import needs_folder, opened_in
from traced_lakes import add_points, fill, flip, seal_everything

from lake.backend import Backend
from lake.opening import Lake
from lake.trace.book import Book, book_of
from lake.trace.catalog_check import catalog_damages, catalog_state
from lake.trace.catalog_rows import canonical
from lake.trace.database_check import UNREADABLE, database_damages, why_of
from lake.trace.ledger import read_lines

pytestmark = needs_folder

# what no reader uses: the place of the data is tomlake's setting, and when a file was left behind is a note
NOT_SEALED = {("ducklake_metadata", "data_path")}
PLANS = "ducklake_files_scheduled_for_deletion"
CELLS = 30


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lake, Book]]:
    """Give a sealed lake that nobody has open, with merged, deleted, ended and planned files."""
    lake = opened_in(tmp_path_factory.mktemp("catalog") / "data")
    fill(lake)
    with lake.store.exclusive() as connection:
        connection.execute("ALTER TABLE lake.frames ADD COLUMN old_name BIGINT")
        connection.execute("ALTER TABLE lake.frames DROP COLUMN old_name")
        connection.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall()
    add_points(lake, 3, 4, mag=20.0)
    seal_everything(lake)
    book = book_of(read_lines(lake.operations))
    lake.store.close()
    with closing(sqlite3.connect(file_of(lake))) as catalog:
        catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield lake, book
    lake.close()


def file_of(lake: Lake) -> Path:
    file = lake.store.backend.catalog.file
    assert file is not None
    return file


def alarms(lake: Lake, book: Book) -> list[str]:
    """Return what is found by whoever opens the catalog now."""
    backend = Backend(lake.settings)
    try:
        found = [damage.sentence for damage in database_damages(backend, lake.operations)]
        return found + [each.sentence for each in catalog_damages(catalog_state(backend.catalog), book)]
    except UNREADABLE as error:
        return [why_of(error)]
    finally:
        backend.close()


def changed(value: object) -> object:
    if value is None:
        return 1
    if isinstance(value, int):
        return value ^ 1
    text = str(value)
    return text[:-1] + chr(ord(text[-1]) ^ 1) if text else "x"


def cells(file: Path) -> list[tuple[str, str, int]]:
    """Return (table, column, rowid) of cells in columns of all tables."""
    chance = random.Random(20261121)
    chosen = []
    with closing(sqlite3.connect(file)) as catalog:
        for (table,) in catalog.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in catalog.execute(f"PRAGMA table_info({table})")]
            rowids = [row[0] for row in catalog.execute(f"SELECT rowid FROM {table}")]
            for column in columns:
                chosen += [(table, column, rowid) for rowid in chance.sample(rowids, min(1, len(rowids)))]
    return chance.sample(chosen, CELLS)


def contents(file: Path) -> list[tuple[str, list[Sequence[object]]]] | None:
    """Return everything that a catalog says, None where it cannot be read."""
    try:
        with closing(sqlite3.connect(file)) as catalog:
            tables = catalog.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
            return [
                (str(name) + str(sql), catalog.execute(f"SELECT * FROM {name}").fetchall())
                for name, sql in tables
                if str(sql).startswith("CREATE TABLE")
            ]
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def test_a_healthy_catalog_gives_no_alarm(closed: tuple[Lake, Book]) -> None:
    assert alarms(*closed) == []


def test_a_changed_cell_of_any_table_is_found(closed: tuple[Lake, Book]) -> None:
    lake, book = closed
    file = file_of(lake)
    unseen = []
    for table, column, rowid in cells(file):
        with closing(sqlite3.connect(file)) as catalog:
            row = f"FROM {table} WHERE rowid = {rowid}"
            key = catalog.execute(f"SELECT * {row}").fetchone()[0]
            old = catalog.execute(f'SELECT "{column}" {row}').fetchone()[0]
            put = f'UPDATE {table} SET "{column}" = ? WHERE rowid = {rowid}'
            try:
                catalog.execute(put, (changed(old),))
            except sqlite3.IntegrityError:
                continue
            catalog.commit()
        if not alarms(lake, book) and (table, key) not in NOT_SEALED and table != PLANS:
            unseen.append((table, column, old))
        with closing(sqlite3.connect(file)) as catalog:
            catalog.execute(put, (old,))
            catalog.commit()
    assert unseen == []
    assert alarms(lake, book) == []


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_flipped_byte_of_the_catalog_is_found_or_says_nothing_else(
    closed: tuple[Lake, Book], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lake, book = closed
    file = file_of(lake)
    whole = contents(file)  # and all of it is in the file itself, not in its WAL
    offset = data.draw(st.integers(0, file.stat().st_size - 1))
    flip(file, offset, 0x10)
    try:
        aside = tmp_path_factory.mktemp("aside") / "catalog.sqlite"
        shutil.copyfile(file, aside)
        assert alarms(lake, book) or contents(aside) == whole
    finally:
        flip(file, offset, 0x10)


def test_a_row_that_vanished_from_the_catalog_is_named(closed: tuple[Lake, Book]) -> None:
    lake, book = closed
    file = file_of(lake)
    with closing(sqlite3.connect(file)) as catalog:
        row = catalog.execute(
            "SELECT * FROM ducklake_data_file WHERE end_snapshot IS NULL LIMIT 1"
        ).fetchone()
        catalog.execute("DELETE FROM ducklake_data_file WHERE data_file_id = ?", row[:1])
        catalog.commit()
    try:
        assert any(str(row[5]) in each and "is missing" in each for each in alarms(lake, book))
    finally:
        with closing(sqlite3.connect(file)) as catalog:
            catalog.execute(f"INSERT INTO ducklake_data_file VALUES ({', '.join('?' * len(row))})", row)
            catalog.commit()


def test_checksums_do_not_depend_on_the_database_that_gives_the_row() -> None:
    assert canonical(True) == canonical(1)
    assert canonical("2026-11-21 09:31:02.4+00") == "2026-11-21T09:31:02.400000+00:00"
    assert canonical("2026-11-21 or so") == "2026-11-21 or so"
    assert canonical(None) != canonical("")
