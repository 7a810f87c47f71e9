"""Names for versions, and what a person may write as "as of"."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from engine.errors import Rejected
from engine.times import datetime_of, mjd_now
from lake.opening import Lake
from lake.operations import snapshots, writing
from lake.people.accounts import User
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.snapshots import (
    create_snapshot,
    delete_snapshot,
    find_snapshot,
    list_snapshots,
    mjd_of_version,
    version_of,
)

ADA = User(user_id=1, username="ada", full_name="Ada", is_staff=False)


@pytest.fixture(autouse=True)
def no_names(lake: Lake) -> Iterator[None]:
    yield
    with writing(lake.operations) as connection:
        connection.execute(delete(snapshots))


def append(lake: Lake, target_id: int, n: int = 3) -> int:
    numbers = pl.int_range(n, eager=True)
    points = pl.DataFrame({"source_ref": numbers.cast(pl.String), "mjd": 60000.0 + numbers}).with_columns(
        target_id=pl.lit(target_id), source=pl.lit("ztf"), band=pl.lit("ZTF(zg)"), mag=pl.lit(17.0)
    )
    return lake.store.append_points(points, batch=new_batch("test", "ztf"))


def refused(lake: Lake, text: str) -> Rejected:
    with pytest.raises(Rejected) as caught:
        version_of(lake, text)
    assert "\n" not in caught.value.reason
    return caught.value


def test_a_name_keeps_pointing_at_its_version(lake: Lake) -> None:
    version = append(lake, 1)

    made = create_snapshot(lake, "paper-2026a", note="Table 2", by="ada")
    append(lake, 2)

    assert (made.name, made.version, made.note, made.created_by) == ("paper-2026a", version, "Table 2", "ada")
    assert made.created_mjd == pytest.approx(mjd_now(), abs=0.01)
    assert version_of(lake, "paper-2026a") == version
    assert version_of(lake, " PAPER-2026A ") == version
    assert find_snapshot(lake.operations, "Paper-2026A") == made
    assert list_snapshots(lake.operations) == [made]


def test_an_earlier_version_can_be_named_and_one_that_is_not_there_cannot(lake: Lake) -> None:
    first = append(lake, 3)
    append(lake, 4)

    assert create_snapshot(lake, "first", version=first).version == first
    for version in (10**6, 0, -1, 2**70):
        with pytest.raises(Rejected) as caught:
            create_snapshot(lake, "nothing", version=version)
        assert caught.value.code == "unknown-version"
    assert [each.name for each in list_snapshots(lake.operations)] == ["first"]


def test_a_name_is_given_once(lake: Lake) -> None:
    create_snapshot(lake, "once")
    with pytest.raises(Rejected) as caught:
        create_snapshot(lake, "ONCE")
    assert caught.value.code == "name-taken"


@pytest.mark.parametrize(
    "name", ["", "2026", "2026-03-01", "a b", "a/b", "../x", "a'b", "x" * 101, "ünï", "-a"]
)
def test_a_name_that_could_be_a_number_a_date_or_a_path_is_refused(lake: Lake, name: str) -> None:
    with pytest.raises(Rejected) as caught:
        create_snapshot(lake, name)
    assert caught.value.code == "bad-name"


def test_a_version_number_means_itself(lake: Lake) -> None:
    version = append(lake, 5)
    assert version_of(lake, str(version)) == version
    for text in ("99999999", "9" * 40, "0"):
        assert refused(lake, text).code == "unknown-version"


def test_a_time_means_the_newest_version_not_later_than_it(lake: Lake) -> None:
    first = append(lake, 6)
    between = datetime.now(UTC)
    second = append(lake, 7)

    assert version_of(lake, between.isoformat()) == first
    assert version_of(lake, between.replace(tzinfo=None).isoformat(sep=" ")) == first
    assert version_of(lake, between.astimezone(tz=None).isoformat()) == first
    assert version_of(lake, between.isoformat().replace("+00:00", "Z")) == first
    assert version_of(lake, (between + timedelta(hours=1)).isoformat()) == second
    assert refused(lake, "2001-01-01").code == "unknown-version"
    assert refused(lake, "0001-01-01T00:00:00+14:00").code == "unknown-version"
    assert version_of(lake, "9999-12-31") == second


def test_a_date_means_the_whole_day(lake: Lake) -> None:
    version = append(lake, 8)
    made = datetime_of(mjd_of_version(lake, version))
    assert version_of(lake, made.date().isoformat()) >= version
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=5)
    assert refused(lake, (made.date() - timedelta(days=1)).isoformat()).code == "unknown-version"


@given(text=st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_whatever_a_person_writes_is_a_version_or_a_sentence(lake: Lake, text: str) -> None:
    try:
        assert version_of(lake, text) <= lake.store.version()
    except Rejected as error:
        assert error.code in {"unknown-version", "bad-as-of"}
        assert "\n" not in error.reason


def test_what_is_neither_name_number_nor_time_is_refused_with_what_would_do(lake: Lake) -> None:
    error = refused(lake, "2026-13-45")
    assert error.code == "bad-as-of"
    assert "2026-03-01" in error.reason
    assert refused(lake, "paper-never").code == "unknown-version"


def test_only_staff_deletes_a_name(lake: Lake) -> None:
    made = create_snapshot(lake, "kept")
    with pytest.raises(Rejected) as caught:
        delete_snapshot(lake.operations, "kept", user=ADA)
    assert caught.value.code == "no-right"

    assert delete_snapshot(lake.operations, "KEPT", user=SYSTEM) == made
    assert list_snapshots(lake.operations) == []
    with pytest.raises(Rejected) as caught:
        delete_snapshot(lake.operations, "kept", user=SYSTEM)
    assert caught.value.code == "unknown-snapshot"
