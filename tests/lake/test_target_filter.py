"""What a list of targets is narrowed by beside names and places: points, dates, groups, sets and flags."""

from collections.abc import Iterator

import pytest
from installations import settings_in
from sqlalchemy import Engine, update

from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.operations import open_operations, targets, writing
from lake.people.accounts import User, create_user
from lake.rights import SYSTEM
from lake.target_groups import add_to_group
from lake.target_list import Order, TargetFilter, find_targets
from lake.targets import create_target

NOW_MJD = mjd_now()


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("filters")).operations_url)
    create_user(opened, "ada", "an honest password")
    _make(opened, "Fresh", 10.0, last_mjd=NOW_MJD - 0.5, points=40, cadence_d=1.0)
    _make(opened, "Stale", 20.0, last_mjd=NOW_MJD - 30.0, points=400, cadence_d=1.0)
    _make(opened, "Never", 30.0, last_mjd=None, points=0, cadence_d=5.0, visibility=Visibility.PRIVATE)
    _make(opened, "Lazy", 40.0, last_mjd=None, points=3, cadence_d=0.0, embargo_until_mjd=NOW_MJD + 9.0)
    _make(opened, "Ceres", 50.0, last_mjd=None, points=0, cadence_d=0.0, by="bob", designation="1")
    yield opened
    opened.dispose()


def _make(operations: Engine, name: str, ra_deg: float, **facts: object) -> None:
    summary = {word: facts.pop(word) for word in ("last_mjd", "points")}
    by = str(facts.pop("by", "ada"))
    target = create_target(operations, Target(name=name, ra_deg=ra_deg, dec_deg=0.0, **facts), by=by)  # type: ignore[arg-type]
    with writing(operations) as connection:
        this = targets.c.target_id == target.target_id
        connection.execute(update(targets).where(this).values(summary))


def names(operations: Engine, wanted: TargetFilter, user: User | None = SYSTEM) -> set[str]:
    return {row.target.name for row in find_targets(operations, wanted, user)[0]}


def test_ranges_and_flags_narrow_a_list(operations: Engine) -> None:
    cases = {
        TargetFilter(points_min=40): {"Fresh", "Stale"},
        TargetFilter(points_min=1, points_max=40): {"Fresh", "Lazy"},
        TargetFilter(seen_since_mjd=NOW_MJD - 1.0): {"Fresh"},
        TargetFilter(seen_before_mjd=NOW_MJD - 1.0): {"Stale"},
        TargetFilter(is_seen=False): {"Never", "Lazy", "Ceres"},
        TargetFilter(is_seen=True): {"Fresh", "Stale"},
        TargetFilter(is_overdue=True): {"Stale", "Never"},
        TargetFilter(moves=True): {"Ceres"},
        TargetFilter(moves=False, is_seen=False): {"Never", "Lazy"},
        TargetFilter(is_closed=True): {"Never", "Lazy"},
        TargetFilter(made_by="bob"): {"Ceres"},
        TargetFilter(target_ids=frozenset()): set(),
        TargetFilter(target_ids=frozenset({1, 3, 99}), order=Order.NUMBER): {"Fresh", "Never"},
    }
    for wanted, expected in cases.items():
        assert names(operations, wanted) == expected, wanted


def test_no_flag_and_no_set_shows_what_may_not_be_seen(operations: Engine) -> None:
    everything = frozenset(range(10))
    for wanted in (TargetFilter(is_closed=True), TargetFilter(is_closed=True, target_ids=everything)):
        assert names(operations, wanted, None) == set()
    assert names(operations, TargetFilter(target_ids=everything), None) == {"Fresh", "Stale", "Ceres"}


def test_a_group_narrows_a_list_to_those_of_it_that_may_be_seen(operations: Engine) -> None:
    for name in ("Stale", "Never"):
        group = add_to_group(operations, "Follow-up", name, by=SYSTEM)
    of_group = TargetFilter(group_id=group.group_id)
    assert names(operations, of_group) == {"Stale", "Never"}
    assert names(operations, of_group, None) == {"Stale"}
