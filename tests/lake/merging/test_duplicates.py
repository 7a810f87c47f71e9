"""Pairs of targets that lie close together are found wherever they are on the sphere, and none else."""

import math
from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from installations import settings_in
from sqlalchemy import Engine, delete, insert

from engine.errors import Rejected
from engine.target import Target, Visibility, separation_arcsec
from engine.times import mjd_now
from lake.merging.duplicates import duplicates
from lake.operations import open_operations, targets, writing
from lake.people.accounts import User
from lake.target_rows import row_of

ADA, BOB = (
    User(user_id=n, username=name, full_name="", is_staff=False) for n, name in ((1, "ada"), (2, "bob"))
)


@pytest.fixture(scope="module", name="operations")
def engine_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_operations(settings_in(tmp_path_factory.mktemp("duplicates")).operations_url)
    yield engine
    engine.dispose()


def filled(operations: Engine, made: list[Target]) -> None:
    """Put targets into the table as they are: people cannot make two so near each other."""
    rows = [
        row_of(target)
        | {"target_id": number, "created_by": target.created_by or "ada", "created_mjd": mjd_now()}
        for number, target in enumerate(made, 1)
    ]
    with writing(operations) as connection:
        connection.execute(delete(targets))
        connection.execute(insert(targets), rows)


def at(number: int, ra_deg: float, dec_deg: float, **values: object) -> Target:
    return Target(**{"name": f"T{number}", "ra_deg": ra_deg % 360.0, "dec_deg": dec_deg} | values)


centres = st.sampled_from(
    [(0.0, 0.0), (359.9999, 12.0), (123.0, 89.9999), (7.0, -90.0), (200.0, 90.0), (45.0, -89.9995)]
)
offsets = st.tuples(st.floats(-6.0, 6.0), st.floats(-6.0, 6.0))


@given(
    centre=centres, shifts=st.lists(offsets, min_size=2, max_size=8), radius=st.sampled_from([0.5, 3.0, 10.0])
)
@example(centre=(200.0, 90.0), shifts=[(0.0, 1.0), (180.0 * 3600, 1.0)], radius=3.0)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_pairs_are_found_that_the_sphere_says(
    operations: Engine, centre: tuple[float, float], shifts: list[tuple[float, float]], radius: float
) -> None:
    places = []
    for along, across in shifts:
        dec_deg = max(-90.0, min(90.0, centre[1] + across / 3600.0))
        stretch = max(math.cos(math.radians(dec_deg)), 1e-6)
        places.append(((centre[0] + along / 3600.0 / stretch) % 360.0, dec_deg))
    filled(operations, [at(number, *place) for number, place in enumerate(places, 1)])
    found = {(pair.first_id, pair.second_id): pair for pair in duplicates(operations, radius_arcsec=radius)}
    for (one, first), (two, second) in combinations(enumerate(places, 1), 2):
        separation = separation_arcsec(*first, *second)
        if abs(separation - radius) > 1e-6:
            assert ((one, two) in found) == (separation < radius)
        if (one, two) in found:
            assert found[one, two].separation_arcsec == pytest.approx(separation, abs=1e-6)
    assert [pair.separation_arcsec for pair in found.values()] == sorted(
        p.separation_arcsec for p in found.values()
    )


def test_bodies_and_simulated_targets_are_no_duplicates_of_real_ones(operations: Engine) -> None:
    filled(operations, [
        at(1, 10.0, 5.0), at(2, 10.0, 5.0, designation="67P"),
        at(3, 10.0, 5.0, simulated=True), at(4, 10.0, 5.0),
    ])  # fmt: skip
    assert [(pair.first_name, pair.second_name) for pair in duplicates(operations)] == [("T1", "T4")]


def test_a_pair_with_a_private_target_is_told_only_to_who_may_see_it(operations: Engine) -> None:
    hidden = at(2, 10.0, 5.0, visibility=Visibility.PRIVATE, created_by="ada")
    filled(operations, [at(1, 10.0, 5.0), hidden])
    assert [len(duplicates(operations, user=user)) for user in (ADA, BOB, None)] == [1, 0, 0]


def test_an_empty_list_has_no_duplicates_and_a_wild_radius_is_refused(operations: Engine) -> None:
    with writing(operations) as connection:
        connection.execute(delete(targets))
    assert duplicates(operations) == []
    for radius in (-1.0, 61.0, float("nan")):
        with pytest.raises(Rejected) as refusal:
            duplicates(operations, radius_arcsec=radius)
        assert refusal.value.code == "bad-cone"
