"""Verify finds any single flipped byte of any file and names that file; what is sound gives no alarm."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installations import needs_folder, opened_in
from sqlalchemy import delete, select, update
from traced_lakes import add_points, fill, flip, kept_files, seal_everything, sentences, verdict

from lake.opening import Lake
from lake.operations import seals, writing
from lake.trace.book import book_of
from lake.trace.catalog_check import catalog_damages, catalog_state
from lake.trace.damage import Part
from lake.trace.file_check import check_files, wanted_files
from lake.trace.ledger import Kind, broken_lines, read_lines
from lake.trace.stored_bytes import StoredBytes

CHANGES: tuple[dict[str, object], ...] = (
    {"kind": "gone"}, {"object_id": 77}, {"name": "x"}, {"version": 99}, {"size_bytes": 1},
    {"sha256": "00"}, {"row_sha256": "00"},
)  # fmt: skip


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("sealed") / "data")
    fill(opened)
    seal_everything(opened)
    yield opened
    opened.close()


def name_of(file: Path) -> str:
    return file.name.removesuffix(".zst")


def test_a_healthy_lake_gives_no_alarm(sealed: Lake) -> None:
    found = verdict(sealed)
    assert found.damages == ()
    assert found.version == sealed.store.version()
    assert (found.lake_files.unsealed, found.unsealed_versions, found.raw_files.unsealed) == (0, 0, 0)
    assert found.lake_files.files > 8
    assert found.raw_files.files == 6


@needs_folder
@given(data=st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_flipped_byte_of_any_file_is_found_and_only_that_file_named(
    sealed: Lake, data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(kept_files(sealed)))
    offset, bits = data.draw(st.integers(0, file.stat().st_size - 1)), data.draw(st.integers(1, 255))
    flip(file, offset, bits)
    try:
        about = {each for each in sentences(sealed) if "cannot be read whole" not in each}
        assert len(about) == 1
        assert name_of(file) in about.pop()
    finally:
        flip(file, offset, bits)


@needs_folder
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_of_all_files_only_the_flipped_one_is_damaged(sealed: Lake, data: st.DataObject) -> None:
    state = catalog_state(sealed.store.backend.catalog)
    wanted = wanted_files(state, book_of(read_lines(sealed.operations)))
    places = StoredBytes(sealed.settings, sealed.store.backend.data_url)
    chosen = data.draw(st.sampled_from(wanted))
    file = Path(sealed.settings.store_url) / chosen.path
    offset, bits = data.draw(st.integers(0, chosen.size_bytes - 1)), data.draw(st.integers(1, 255))
    flip(file, offset, bits)
    try:
        checked = zip(wanted, check_files(places, wanted, quick=False), strict=True)
        assert [each.path for each, found in checked if found.damage is not None] == [chosen.path]
    finally:
        flip(file, offset, bits)


@needs_folder
@pytest.mark.parametrize(("kind", "quick"), [("data", False), ("delete", True), ("raw", True)])
def test_a_truncated_and_a_missing_file_are_named(sealed: Lake, kind: str, quick: bool) -> None:
    suffix = {"data": ".parquet", "delete": "-delete.parquet", "raw": ".zst"}[kind]
    files = [file for file in kept_files(sealed) if file.name.endswith(suffix)]
    file = next(file for file in files if kind != "data" or "-delete" not in file.name)
    body = file.read_bytes()
    try:
        file.write_bytes(body[:-1])
        assert f"has {len(body) - 1:,} bytes instead of {len(body):,}" in " ".join(
            each for each in sentences(sealed, quick=quick) if name_of(file) in each
        )
        file.unlink()
        assert any(name_of(file) in each and "is missing" in each for each in sentences(sealed, quick=quick))
    finally:
        file.write_bytes(body)


@needs_folder
def test_a_damage_tells_table_targets_loss_and_what_to_do(sealed: Lake) -> None:
    file = file_of(sealed, 3)
    body = file.read_bytes()
    try:
        flip(file, 10, 255)
        (found,) = [each for each in verdict(sealed).damages if each.part == Part.DATA]
        assert found.table == "photometry"
        assert "Table photometry, file main/photometry/" in found.sentence
        assert "30 rows are lost or wrong (of target 3: Star 3)" in found.sentence
        assert "put the file back from a backup." in found.sentence
    finally:
        file.write_bytes(body)


def file_of(lake: Lake, target_id: int) -> Path:
    files = catalog_state(lake.store.backend.catalog).files.values()
    (path,) = [
        file.path for file in files if file.table == "photometry" and file.target_ids == (target_id,) * 2
    ]
    return Path(lake.settings.store_url) / path


@pytest.mark.parametrize("kind", [Kind.DATA, Kind.END, Kind.VERSION, Kind.RAW])
def test_a_changed_line_of_the_ledger_is_found_and_gives_no_other_alarm(sealed: Lake, kind: Kind) -> None:
    lines = read_lines(sealed.operations)
    state = catalog_state(sealed.store.backend.catalog)
    number, line = next((number, line) for number, line in enumerate(lines) if line.seal.kind == kind)
    seals_changed = [replace(line.seal, **change) for change in CHANGES]
    changed = [replace(line, seal=seal) for seal in seals_changed]
    changed += [replace(line, seal_id=7_000), replace(line, made_mjd=1.0), replace(line, line_sha256="00")]
    for each in changed:
        altered = [*lines[:number], each, *lines[number + 1 :]]
        broken = broken_lines(altered)
        assert each in broken
        assert set(broken) <= {each, altered[number + 1 : number + 2][0] if altered[number + 1 :] else each}
        assert list(catalog_damages(state, book_of(altered, broken))) == []


def test_a_changed_line_of_the_ledger_is_named(sealed: Lake) -> None:
    this = seals.c.seal_id == 3
    with writing(sealed.operations) as connection:
        row = dict(connection.execute(select(seals).where(this)).mappings().one())
        connection.execute(update(seals).where(this).values(size_bytes=1))
    try:
        (damage,) = verdict(sealed).damages
        assert damage.part == Part.LEDGER
        assert damage.sentence.startswith("The ledger's line 3 ")
    finally:
        with writing(sealed.operations) as connection:
            connection.execute(update(seals).where(this).values(row))


def test_a_line_that_was_taken_out_of_the_ledger_is_missed(sealed: Lake) -> None:
    with writing(sealed.operations) as connection:
        row = dict(connection.execute(select(seals).where(seals.c.seal_id == 5)).mappings().one())
        connection.execute(delete(seals).where(seals.c.seal_id == 5))
    try:
        (damage,) = verdict(sealed).damages
        assert "The ledger's line 6" in damage.sentence
        assert "the line before it is missing" in damage.sentence
    finally:
        with writing(sealed.operations) as connection:
            connection.execute(seals.insert().values(row))
    assert verdict(sealed).damages == ()


@needs_folder
def test_a_file_without_a_seal_must_decode(sealed: Lake) -> None:
    before = set(kept_files(sealed))
    add_points(sealed, 2, 3)
    fresh = [file for file in kept_files(sealed) if file not in before and file.suffix == ".parquet"]
    (file,) = [file for file in fresh if "bucket" in str(file)]
    body = file.read_bytes()
    try:
        file.write_bytes(body[:4] + bytes(40) + body[44:])
        about = [each for each in sentences(sealed) if file.name in each]
        assert any("cannot be decoded" in each for each in about)
    finally:
        file.write_bytes(body)
    found = verdict(sealed)
    assert found.damages == ()
    assert found.lake_files.unsealed >= 2
    seal_everything(sealed)
    assert verdict(sealed).lake_files.unsealed == 0
