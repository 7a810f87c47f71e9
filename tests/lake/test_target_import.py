"""Targets from a file: every row gets a verdict, good rows are made, and the same file twice is once."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installations import opened_in
from sqlalchemy import func, select

from engine.errors import Rejected
from engine.target import Target, Visibility
from lake.opening import Lake
from lake.operations import jobs, reading, targets
from lake.people.accounts import User, create_user
from lake.rights import Shared
from lake.target_groups import add_to_group, targets_of_group
from lake.target_import import Fate, Wanted, import_targets, judge_targets
from lake.target_table import MOST_ROWS, read_targets
from lake.targets import create_target, get_target

GOOD = """name;RA;Dec;class;importance;discovery date;aliases;description
Good 1;10:07:04.45;-66:10:51.2;SN;7.5;2022-03-14;ztf:ZTF22abc|AT2022xyz;"bright; rising"
'-Good 2;151.0;+12.5;;;59000.5;;'=cmd|' /C calc'!A0
"""
MIXED = """name,ra,dec,importance,simulated
Fine,10,10,,
Fine,11,11,,
Near Fine,10.0001,10.0001,,
bad/name,12,12,,
No place,east,12,,
Too important,13,13,99,
Not a number,14,14,nan,
,15,15,,
Computed,16,16,,true
Also fine,17,17,2,false
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("import") / "data")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def ada(lake: Lake) -> User:
    return create_user(lake.operations, "ada", "an honest password")


def wanted(*, group: str = "", visibility: Visibility = Visibility.PUBLIC) -> Wanted:
    return Wanted(shared=Shared(owner="ada", visibility=visibility), group=group)


def counts(lake: Lake) -> tuple[int, int]:
    with reading(lake.operations) as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (targets, jobs)
        )  # type: ignore[return-value]


def code_of(function: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Rejected) as refusal:
        function(*args, **kwargs)  # type: ignore[operator]
    return refusal.value.code


def test_a_file_becomes_targets_with_all_that_it_says(lake: Lake, ada: User) -> None:
    made = import_targets(lake, GOOD.encode("utf-8-sig"), wanted(group="From file"), by=ada)
    assert [(row.line, row.fate) for row in made.rows] == [(2, Fate.NEW), (3, Fate.NEW)]
    first, second = (get_target(lake.operations, name, None) for name in ("Good 1", "-Good 2"))
    assert (first.ra_deg, first.dec_deg) == pytest.approx((151.768542, -66.180889), abs=1e-6)
    assert (first.classification, first.importance, first.discovery_mjd) == ("SN", 7.5, 59652.0)
    assert first.aliases == (("import", "AT2022xyz"), ("ztf", "ZTF22abc"))
    assert first.description == "bright; rising"
    assert (second.discovery_mjd, second.description) == (59000.5, "=cmd|' /C calc'!A0")
    group = add_to_group(lake.operations, "From file", "Good 1", by=ada)
    assert set(targets_of_group(lake.operations, group.group_id, None)) == {first.target_id, second.target_id}


def test_a_dry_run_says_what_the_real_one_does_and_keeps_nothing(lake: Lake, ada: User) -> None:
    before = counts(lake)
    dry = judge_targets(lake.operations, MIXED.encode(), wanted(), by=ada)
    assert counts(lake) == before
    real = import_targets(lake, MIXED.encode(), wanted(), by=ada)
    assert [(row.line, row.fate) for row in dry.rows] == [(row.line, row.fate) for row in real.rows]
    fates = {row.line: row.fate for row in real.rows}
    assert [line for line, fate in fates.items() if fate == Fate.NEW] == [2, 11]
    assert [line for line, fate in fates.items() if fate == Fate.KNOWN] == [3, 4]
    assert all(row.sentence.endswith((".", "#", ":")) for row in real.rows)
    again = import_targets(lake, MIXED.encode(), wanted(), by=ada)
    assert again.count(Fate.NEW) == 0
    assert counts(lake)[0] == before[0] + 2


def test_what_is_imported_for_oneself_is_nobody_elses(lake: Lake, ada: User) -> None:
    import_targets(lake, b"name,ra,dec\nMy own,200,5\n", wanted(visibility=Visibility.PRIVATE), by=ada)
    assert get_target(lake.operations, "My own", ada).visibility == Visibility.PRIVATE
    assert code_of(get_target, lake.operations, "My own", None) == "unknown-target"


def test_a_group_of_somebody_else_is_refused_before_a_row_is_made(lake: Lake, ada: User) -> None:
    eve = create_user(lake.operations, "eve", "an honest password")
    create_target(lake.operations, Target(name="Eves", ra_deg=300.0, dec_deg=0.0), by="eve")
    add_to_group(lake.operations, "Eve's group", "Eves", by=eve)
    body = b"name,ra,dec\nLate,210,5\n"
    assert code_of(import_targets, lake, body, wanted(group="Eve's group"), by=ada) == "no-right"
    assert code_of(judge_targets, lake.operations, body, wanted(group="x" * 10_000), by=ada) == "bad-group"
    assert code_of(get_target, lake.operations, "Late", ada) == "unknown-target"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad-csv"),
        (b"name,ra\nA,1\n", "bad-csv"),
        (b"name,ra,dec\n", "bad-csv"),
        (b"name,ra,dec,colour\nA,1,2,red\n", "bad-csv"),
        (b"name,ra,ra_deg,dec\nA,1,1,2\n", "bad-csv"),
        (b'name,ra,dec\n"A,1,2\n', "bad-csv"),
        (b"name,ra,dec\nA\xff,1,2\n", "bad-csv"),
        (b"name,ra,dec\nA\x00,1,2\n", "bad-csv"),
        (b"x" * 1_000_001, "bad-csv"),
        (b"name,ra,dec\n" + b"A,1,2\n" * (MOST_ROWS + 1), "too-many-rows"),
    ],
)
def test_a_file_that_is_no_table_of_targets_is_refused_as_a_whole(body: bytes, code: str) -> None:
    assert code_of(read_targets, body) == code


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*[st.text(max_size=20)] * 4), min_size=1, max_size=5))
def test_whatever_stands_in_the_cells_each_row_gets_a_verdict(
    lake: Lake, ada: User, rows: list[tuple[str, str, str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("name", "ra", "dec", "aliases"), *rows])
    try:
        made = judge_targets(lake.operations, text.getvalue().encode("utf-8", "replace"), wanted(), by=ada)
    except Rejected as refusal:
        assert refusal.code == "bad-csv"  # NUL, a lone quote, or no row that says anything
    else:
        assert len(made.rows) <= len(rows)
        assert all(row.sentence for row in made.rows)
