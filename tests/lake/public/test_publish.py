"""A version of the public lake: whole, true to the lake, shared with the versions before, and for ever."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.io.votable import parse_single_table
from astropy.io.votable.ucd import parse_ucd
from installations import opened_in, same_anywhere
from public_lakes import (
    add_points,
    add_target,
    embargo,
    everything_published,
    make_private,
    published,
    quiet,
    table_of,
)

from engine.errors import Rejected, Transient
from engine.target import Target
from lake.opening import Lake
from lake.public.place import VERSIONS, Place, manifest_path
from lake.public.publish import Terms, is_due, publish, terms_of_last
from lake.public.schema import PUBLIC_TABLES
from lake.public.versions import manifest, newest_manifest, versions, withdraw
from lake.tables import PHOTOMETRY


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("publish") / "data")
    for number in range(8):
        add_points(opened, add_target(opened, f"Star{number}"), 30 + number)
    yield opened
    opened.close()


def star(lake: Lake, name: str) -> Target:
    """Return a new target with a light curve."""
    target = add_target(lake, name)
    add_points(lake, target, 5)
    return target


def test_the_published_points_are_the_points_of_the_lake(lake: Lake) -> None:
    points = table_of(lake, published(lake), "photometry")
    ids = sorted(set(points["target_id"]))
    assert len(ids) == 8
    expected = lake.store.light_curves(ids)
    found = PHOTOMETRY.rows(points.select(*PHOTOMETRY.schema)).sort("target_id", "mjd", "point_id")
    assert found.equals(expected.sort("target_id", "mjd", "point_id"))


def test_every_file_has_the_size_and_the_hash_that_the_manifest_tells(lake: Lake) -> None:
    told = manifest(Place(lake.settings), published(lake).version)
    for file in told.files:
        body = Place(lake.settings).read(file.place)
        assert body is not None
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file.size_bytes, file.sha256)
    assert {table.name: table.rows for table in told.tables}["photometry"] == sum(
        file.rows for file in told.of_table("photometry")
    )


def test_targets_tell_the_file_of_their_points(lake: Lake) -> None:
    done = published(lake)
    told = manifest(Place(lake.settings), done.version)
    places = {file.path: file.place for file in told.files}
    for row in table_of(lake, done, "targets").iter_rows(named=True):
        body = Place(lake.settings).read(places[row["photometry"]])
        found = pl.read_parquet(io.BytesIO(body or b"")).filter(pl.col("target_id") == row["target_id"])
        assert (len(found), found["mjd"].min(), found["mjd"].max()) == (
            row["points"],
            row["first_mjd"],
            row["last_mjd"],
        )


@same_anywhere
def test_one_new_point_rewrites_one_file_of_points(lake: Lake) -> None:
    target = star(lake, "Incremental")
    before = published(lake)
    add_points(lake, target, 1, source="neowise")
    after = published(lake)
    place = Place(lake.settings)
    old, new = (
        {file.path: file.sha256 for file in manifest(place, each.version).of_table("photometry")}
        for each in (before, after)
    )
    assert old.keys() == new.keys()
    assert sum(old[path] != new[path] for path in new) == 1
    assert after.written < after.files / 2


@same_anywhere
def test_nothing_new_makes_no_version_unless_it_is_given_a_name(lake: Lake) -> None:
    first = published(lake)
    assert not is_due(lake)
    again = published(lake)
    assert (again.is_new, again.version) == (False, first.version)
    named = published(lake, name="paper-2026a")
    assert named.is_new
    same, other = (manifest(Place(lake.settings), each.version) for each in (first, named))
    assert [f for f in same.files if f.table] == [f for f in other.files if f.table]


@same_anywhere
def test_a_new_point_or_target_or_the_end_of_an_embargo_makes_publishing_due(lake: Lake) -> None:
    published(lake)
    target = star(lake, "Due")
    assert is_due(lake)
    published(lake)
    assert not is_due(lake)
    waiting = embargo(lake, target, days=1.0)
    assert is_due(lake)
    published(lake)
    assert "Due" not in set(table_of(lake, published(lake), "targets")["name"])
    embargo(lake, waiting, days=-1.0)
    assert is_due(lake)
    assert "Due" in set(table_of(lake, published(lake), "targets")["name"])


@same_anywhere
def test_the_second_version_of_a_day_is_numbered(lake: Lake) -> None:
    star(lake, "Second")
    first = published(lake).version.name
    star(lake, "Third")
    second = published(lake).version.name
    assert second.rpartition(".")[0] in {first, first.rpartition(".")[0]}


@pytest.mark.parametrize("name", ["latest", "../x", "a/b", "", ".hidden", "x" * 65])
def test_a_name_that_is_no_name_is_refused(lake: Lake, name: str) -> None:
    if name:
        with pytest.raises(Rejected) as refusal:
            published(lake, name=name)
        assert refusal.value.code == "bad-version-name"


def test_a_name_is_given_once_even_after_the_version_was_withdrawn(lake: Lake) -> None:
    published(lake, name="once")
    withdraw(lake, "once", reason="a mistake")
    for attempt in (lambda: published(lake, name="once"), lambda: withdraw(lake, "once")):
        with pytest.raises(Rejected) as refusal:
            attempt()
        assert refusal.value.code in {"version-name-taken", "unknown-version"}


def test_withdrawing_removes_only_what_no_other_version_needs(lake: Lake) -> None:
    target = star(lake, "Withdrawn")
    old = published(lake)
    add_points(lake, target, 2, source="neowise")
    new = published(lake)
    place = Place(lake.settings)
    kept = {file.place for file in manifest(place, new.version).files}
    withdraw(lake, old.version.name)
    assert all(place.has(path) for path in kept)
    assert place.read(manifest_path(old.version.name)) is None
    gone = [version for version in versions(place) if version.name == old.version.name]
    assert gone[0].is_withdrawn


def test_a_publisher_that_was_ended_leaves_no_version_and_its_work_is_used(lake: Lake) -> None:
    star(lake, "Ended")
    place = Place(lake.settings)
    listed = place.read(VERSIONS)

    class Ended(BaseException):
        """As when the process is told to stop."""

    def stop_late(_words: str, done: float) -> None:
        if done >= 0.85:
            raise Ended

    with pytest.raises(Ended):
        publish(lake, Terms(), progress=stop_late)
    assert place.read(VERSIONS) == listed
    half_done = set(everything_published(lake))
    done = published(lake)
    assert done.is_new
    told = manifest(place, done.version)
    assert done.written < len(told.files)
    needed = {file.place for version in versions(place) if not version.is_withdrawn
              for file in manifest(place, version).files}  # fmt: skip
    left = {path.partition("/files/")[2] for path in everything_published(lake) if "/files/" in path}
    assert left == {path.removeprefix("files/") for path in needed}
    assert half_done


def test_a_target_that_becomes_private_meanwhile_stops_the_publication(lake: Lake) -> None:
    target = star(lake, "Meanwhile")
    listed = Place(lake.settings).read(VERSIONS)

    def hide_late(_words: str, done: float) -> None:
        if done >= 0.85:
            make_private(lake, target)

    with pytest.raises(Transient) as refusal:
        publish(lake, Terms(), progress=hide_late)
    assert refusal.value.code == "rights-changed"
    assert Place(lake.settings).read(VERSIONS) == listed
    assert "Meanwhile" not in set(table_of(lake, published(lake), "targets")["name"])


def test_publishers_take_turns(lake: Lake) -> None:
    with ThreadPoolExecutor(3) as pool:
        names = list(pool.map(lambda name: published(lake, name=name).version.name, ("one", "two", "three")))
    listed = [version.name for version in versions(Place(lake.settings))]
    assert set(names) <= set(listed)
    assert len(set(listed)) == len(listed)


def test_a_damaged_manifest_is_named_and_nothing_is_swept_for_it(lake: Lake) -> None:
    done = published(lake, name="damaged")
    place = Place(lake.settings)
    body = place.read(manifest_path("damaged")) or b""
    place.write(manifest_path("damaged"), body.replace(b'"rows"', b'"rOws"', 1))
    before = set(everything_published(lake))
    for attempt in (lambda: newest_manifest(lake.settings), lambda: published(lake)):
        with pytest.raises(Rejected) as refusal:
            attempt()
        assert refusal.value.code == "bad-manifest"
    assert set(everything_published(lake)) == before
    place.write(manifest_path("damaged"), body)
    assert manifest(place, done.version).name == "damaged"


@same_anywhere
def test_the_terms_of_a_version_hold_for_the_next(lake: Lake) -> None:
    assert terms_of_last(lake) == Terms()
    terms = Terms(licence="CC0-1.0", citation="Our own words.")
    publish(lake, terms, progress=quiet)
    assert terms_of_last(lake) == terms
    publish(lake, Terms(), progress=quiet)


def test_without_anything_public_nothing_is_published(
    lake: Lake, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = opened_in(tmp_path_factory.mktemp("empty") / "data")
    try:
        add_target(empty, "Simulated", simulated=True)
        assert not is_due(empty)
        with pytest.raises(Rejected) as refusal:
            published(empty)
        assert refusal.value.code == "nothing-public"
        assert published(empty, with_simulated=True).version.simulated
    finally:
        empty.close()


def test_every_column_has_a_valid_unit_and_ucd() -> None:
    for table in PUBLIC_TABLES:
        for column in table.columns:
            assert parse_ucd(column.ucd, check_controlled_vocabulary=True), column.name
            assert column.description
            if column.unit:
                units.Unit(column.unit, format="vounit")


@same_anywhere
@pytest.mark.parametrize("table", ["photometry", "targets", "frames", "citations"])
def test_the_footer_of_a_file_tells_units_to_the_virtual_observatory(lake: Lake, table: str) -> None:
    told = manifest(Place(lake.settings), published(lake).version)
    body = Place(lake.settings).read(told.of_table(table)[0].place) or b""
    footer = pq.read_metadata(io.BytesIO(body))
    votable = parse_single_table(
        io.BytesIO(footer.metadata[b"IVOA.VOTable-Parquet.content"]), verify="exception"
    )
    described = {each.name: each for each in told.tables}[table]
    assert [field.name for field in votable.fields] == list(pq.read_schema(io.BytesIO(body)).names)
    assert [field.ucd or "" for field in votable.fields] == [column.ucd for column in described.columns]


def test_a_light_curve_lies_in_one_row_group(lake: Lake) -> None:
    for number in range(3):
        add_points(lake, add_target(lake, f"Many{number}"), 9000)
    done = published(lake)
    place = Place(lake.settings)
    for file in manifest(place, done.version).of_table("photometry"):
        parquet = pq.ParquetFile(io.BytesIO(place.read(file.place) or b""))
        groups = [set(parquet.read_row_group(group, ["target_id"])["target_id"].to_pylist())
                  for group in range(parquet.num_row_groups)]  # fmt: skip
        assert sum(len(group) for group in groups) == len(set().union(*groups))
