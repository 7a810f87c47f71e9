"""The tab Points of a target's page: narrowing the list, hiding what is wrong and showing it again."""

from collections.abc import Callable, Iterator

import polars as pl
import pytest
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.lightcurve import light_curve
from engine.target import Target
from lake.hiding import hidden_points
from lake.opening import Lake
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.seen import seen_light_curve
from lake.targets import create_target, delete_target

As = Callable[[str], None]
TAB = ":material/table_rows: Points"


@pytest.fixture
def target(full_lake: Lake) -> Iterator[Target]:
    """A target of its own, whose points the test may hide."""
    made = create_target(full_lake.operations, Target(name="Hidden1", ra_deg=250.0, dec_deg=40.0), by="maker")
    rows = [
        {"target_id": made.target_id, "source": source, "source_ref": str(number), "mjd": 60000.0 + number,
         "band": "ZTF(zr)", "mag": 15.0 + number, "mag_err": 0.1, "flags": 256 * (number == 2)}
        for number, source in enumerate(["ztf", "ztf", "atlas"])
    ]  # fmt: skip
    full_lake.store.append_points(light_curve(pl.DataFrame(rows)), batch=new_batch("test", "test"))
    yield made
    delete_target(full_lake.operations, made.target_id or 0, user=SYSTEM)


def open_points(name: str, *, ticks: list[int], **state: object) -> AppTest:
    at = visit("target", name=name)
    at.session_state["target_tab"] = TAB
    for key, value in state.items():
        at.session_state[key] = value
    at.session_state["points_ticks_0"] = {"selection": {"rows": ticks, "columns": [], "cells": []}}
    return at.run()


def rows_of(at: AppTest) -> pl.DataFrame:
    return pl.from_pandas(at.dataframe[0].value)


def test_who_may_change_the_target_hides_a_ticked_point_and_shows_it_again(
    full_lake: Lake, target: Target, signed_in: As, staff_session: str
) -> None:
    signed_in(staff_session)
    at = open_points(target.name, ticks=[0])
    assert rows_of(at)["Mag"].to_list() == [17.0, 16.0, 15.0]
    at.button(key="points_hide").click().run()
    assert "what is wrong" in at.info[0].value.replace("\\", "")
    at = open_points(target.name, ticks=[0])
    at.text_input(key="points_reason").input("a satellite")
    at.button(key="points_hide").click().run()
    assert not at.exception
    curve = seen_light_curve(full_lake.operations, full_lake.store, target.target_id or 0, None)
    assert curve["mag"].to_list() == [15.0, 16.0]
    assert rows_of(at)["Mag"].to_list() == [16.0, 15.0]
    at = open_points(target.name, ticks=[0], points_which="Hidden")
    assert rows_of(at)["Mag"].to_list() == [17.0]
    at.button(key="points_show").click().run()
    assert hidden_points(full_lake, target.target_id or 0, None).is_empty()


def test_a_visitor_narrows_the_list_and_changes_nothing(full_lake: Lake, target: Target) -> None:
    at = open_points(target.name, ticks=[0], points_source=["atlas"])
    assert rows_of(at)["Source"].to_list() == ["atlas"]
    assert "1 point, 1 ticked" in words(at)
    assert not [button for button in at.button if button.key in {"points_hide", "points_show"}]
    at = open_points(target.name, ticks=[], points_which="With a remark")
    assert rows_of(at)["Remark"].to_list() == ["time uncertain by more than a minute"]
