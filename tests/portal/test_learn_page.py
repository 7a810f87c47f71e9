"""The page *Learn*: lessons on targets that fit, marked where simulated, and numbers that are right."""

import math

import numpy as np
import polars as pl
import pytest
from page_lakes import REAL_NAME, example_points
from page_visits import visit, words

from engine.target import Target, Visibility
from lake.opening import Lake, open_lake
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.targets import create_target, update_summary
from portal import opened
from portal.learning import lessons
from portal.learning.learn_sections import LESSONS


@pytest.mark.parametrize("lesson", [*LESSONS, "<script>"])
def test_each_lesson_is_good_with_targets_and_without(lesson: str, full_lake: Lake, empty_lake: Lake) -> None:
    for lake in (empty_lake, full_lake):
        opened.use_lake(lake)
        at = visit("learn", lesson=lesson)
        assert not at.exception
        assert at.header[0].value == LESSONS.get(lesson, LESSONS["light-curves"])[0]


def test_a_lesson_takes_an_observed_target_of_its_class_and_its_own_numbers(full_lake: Lake) -> None:
    found = lessons.example(lessons.MICROLENSING)
    assert found is None  # its bands have fewer than thirty points each
    found = lessons.example(source="ztf")
    assert found is not None
    assert found.target.name == REAL_NAME  # not the simulated one, which has as many points
    mags = example_points(1).filter(pl.col("band") == found.band)["mag"].drop_nulls().to_numpy()
    assert found.swing_mag == pytest.approx(np.quantile(mags, 0.98) - np.quantile(mags, 0.02))


def test_a_simulated_target_is_marked_and_a_private_one_is_nobodys_lesson(tmp_path) -> None:  # noqa: ANN001
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path)}))
    opened.use_lake(lake)
    for name, visibility, count in (("Open", Visibility.PUBLIC, 100), ("Secret", Visibility.PRIVATE, 200)):
        asked = Target(
            name=name, ra_deg=count, dec_deg=0.0, classification="LPV", simulated=True, visibility=visibility
        )
        target = create_target(lake.operations, asked, by="maker")
        points = example_points(target.target_id or 0, count=count)
        batch = new_batch("test", "ztf", target_id=target.target_id)
        lake.store.replace_points(target.target_id or 0, "ztf", points, batch=batch)
        update_summary(lake.operations, target.target_id or 0, points)
    at = visit("learn", lesson="periods")
    told = words(at)
    assert "Secret" not in told
    assert lessons.example(lessons.LONG_PERIOD).target.name == "Open"  # type: ignore[union-attr]
    assert any("simulated" in badge.value for badge in at.markdown if "badge" in badge.value)
    at.toggle(key="learn_answer").set_value(True).run()
    assert not at.exception
    lake.close()


def test_folding_at_the_true_period_is_the_tidiest() -> None:
    mjd = np.sort(np.random.default_rng(5).uniform(55000.0, 58000.0, 300))
    mags = pl.DataFrame({"mjd": mjd, "mag": 12.0 + 2.0 * np.sin(2 * math.pi * mjd / 332.0)})
    periods = range(lessons.SHORTEST_D, 600)
    assert min(periods, key=lambda days: lessons.untidiness_mag(mags, days)) in (331, 332, 333)
    turns = lessons.folded(mags, 332.0)["turn"]
    assert len(turns) == 600
    assert 0.0 <= turns.min() < turns.max() < 2.0  # type: ignore[operator]


def test_a_short_peak_counts_and_a_single_wrong_point_does_not() -> None:
    mags = [15.0] * 500 + [13.2, 13.1, 13.0]
    target = Target(name="Peak", ra_deg=1.0, dec_deg=2.0)
    found = lessons.Example(
        target=target, band="GSA(G)", mags=pl.DataFrame({"mjd": range(503), "mag": mags}), points=503
    )
    assert found.rise_mag == pytest.approx(1.8)
    alone = lessons.Example(
        target=target,
        band="GSA(G)",
        mags=pl.DataFrame({"mjd": range(503), "mag": [15.0] * 501 + [13.1, 13.0]}),
        points=503,
    )
    assert alone.rise_mag == pytest.approx(0.0)


def test_five_magnitudes_are_a_hundred_times_the_light() -> None:
    assert lessons.times_brighter(5.0) == pytest.approx(100.0)
    assert lessons.percent_of_light(0.01) == pytest.approx(0.925, abs=0.001)
