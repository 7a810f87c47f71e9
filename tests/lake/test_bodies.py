"""Bodies of the Solar System as targets: they pass by everything, so nobody is their neighbour."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from installations import settings_in
from sqlalchemy import Engine

from engine.errors import Rejected
from engine.target import Target
from lake.operations import open_operations
from lake.rights import SYSTEM
from lake.targets import create_target, get_target, update_target


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Engine]:
    engine = open_operations(settings_in(tmp_path).operations_url)
    yield engine
    engine.dispose()


def test_a_body_may_stand_where_a_star_is_and_a_star_where_a_body_was(operations: Engine) -> None:
    create_target(operations, Target(name="A star", ra_deg=10.0, dec_deg=5.0), by="ada")
    body = create_target(
        operations, Target(name="67P", ra_deg=10.0, dec_deg=5.0, designation="67P"), by="ada"
    )
    create_target(operations, Target(name="433 Eros", ra_deg=10.0, dec_deg=5.0, designation="433"), by="ada")
    create_target(operations, Target(name="B", ra_deg=20.0, dec_deg=5.0, designation="2024 AA"), by="ada")
    create_target(operations, Target(name="Another star", ra_deg=20.0, dec_deg=5.0), by="ada")
    assert get_target(operations, "67p", None).designation == "67P"
    moved = replace(body, ra_deg=20.0)
    assert update_target(operations, moved, user=SYSTEM) == moved


def test_two_stars_are_still_refused_and_a_body_that_turns_out_to_be_a_star_too(operations: Engine) -> None:
    create_target(operations, Target(name="A star", ra_deg=10.0, dec_deg=5.0), by="ada")
    body = create_target(
        operations, Target(name="B", ra_deg=10.0, dec_deg=5.0, designation="2024 AA"), by="ada"
    )
    with pytest.raises(Rejected) as refusal:
        create_target(operations, Target(name="C", ra_deg=10.0, dec_deg=5.0), by="ada")
    assert refusal.value.code == "duplicate-position"
    with pytest.raises(Rejected) as refusal:
        update_target(operations, replace(body, designation=""), user=SYSTEM)
    assert refusal.value.code == "duplicate-position"
