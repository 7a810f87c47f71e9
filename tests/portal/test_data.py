"""What the pages get from the lake."""

from functools import partial

import numpy as np
import polars as pl
import pytest
from page_lakes import HOSTILE_NAME, REAL_NAME, SIMULATED_NAME, example_points, example_reduction

from engine.errors import Rejected
from engine.photometry.cutout import STAR_SCHEMA
from engine.photometry.verdict import Status
from engine.times import mjd_now
from lake.opening import Lake
from lake.people.accounts import find_user
from lake.provenance import new_batch
from portal import data
from portal.at_work import work
from portal.frame import verdicts
from portal.light_curve import curves
from portal.target_list.choices import Choices

NO_STARS = pl.DataFrame(schema=STAR_SCHEMA)


def id_of(name: str) -> int:
    row = data.target_named(name, None)
    assert row is not None
    return row.target.target_id or 0


def test_an_empty_lake_has_zeros_and_empty_tables(empty_lake: Lake) -> None:
    numbers = data.numbers(None)
    assert (numbers.targets, numbers.points, numbers.frames, numbers.observers) == (0, 0, 0, 0)
    assert data.interesting_targets(None) == []
    assert verdicts.latest_observations(None) == []
    assert data.target_table([]).is_empty()
    assert work.job_table(work.jobs_listed(None)).is_empty()
    assert data.target_named("anything", None) is None


def test_a_private_target_is_neither_counted_nor_found_nor_proposed(full_lake: Lake) -> None:
    maker = find_user(full_lake.operations, "maker")
    assert data.target_named("Secret1", None) is None
    assert data.target_named("Secret1", maker) is not None
    assert "Secret1" not in data.target_names(None)
    assert data.similar_targets("Secret", None) == []
    assert data.numbers(None).targets + 1 == data.numbers(maker).targets


def test_the_table_of_targets_holds_what_the_page_promises(full_lake: Lake) -> None:
    rows, total = data.targets_page(Choices(name=SIMULATED_NAME).target_filter(1), None)
    line = data.target_table(rows).row(0, named=True)
    assert total == 1
    assert line["Data"] == "simulated"
    assert min(line["Recent"]) == 0.0  # the faintest
    assert 0 <= line["Sun"] <= 180


def test_the_chart_of_a_light_curve_is_made_once_for_each_version_of_the_lake(full_lake: Lake) -> None:
    target_id = id_of("Many06")
    keep = partial(full_lake.store.replace_points, target_id, "ztf", batch=new_batch("test", "ztf"))
    keep(example_points(target_id))
    chart = curves.chart_of(target_id)
    assert chart is not None
    assert curves.chart_of(target_id) is chart
    keep(example_points(target_id, count=41))
    fresh = curves.chart_of(target_id)
    assert fresh is not None
    assert fresh.points == 41


def test_a_target_without_points_has_no_chart(full_lake: Lake) -> None:
    assert curves.chart_of(id_of(HOSTILE_NAME)) is None


def test_a_long_light_curve_is_drawn_as_medians_unless_every_point_is_asked_for(full_lake: Lake) -> None:
    target_id = id_of("Many07")
    points = example_points(target_id, count=12_000)
    full_lake.store.replace_points(target_id, "ztf", points, batch=new_batch("test", "ztf"))
    binned, whole = curves.chart_of(target_id), curves.chart_of(target_id, every_point=True)
    assert binned is not None
    assert whole is not None
    assert binned.is_binned
    assert len(binned.rows) <= 10_000
    assert len(whole.rows) == 12_000
    middle = binned.rows.filter(~pl.col("is_limit")).get_column("level_mag")
    assert middle.min() == pytest.approx(16.0, abs=0.01)


def test_only_points_with_the_flag_count_as_simulated(full_lake: Lake) -> None:
    assert data.has_simulated(curves.light_curve(id_of(SIMULATED_NAME)))
    assert not data.has_simulated(curves.light_curve(id_of(REAL_NAME)))
    assert not data.has_simulated(curves.light_curve(id_of(HOSTILE_NAME)))


def test_every_observer_is_credited_and_an_archive_stands_for_those_it_does_not_name(full_lake: Lake) -> None:
    points = example_points(1).with_columns(
        observer=pl.when(pl.col("observer") == "Adam").then(None).otherwise("observer")
    )
    table = data.credits_table(points)
    assert table.get_column("who").to_list() == ["ztf", "<b>Eve</b>"]
    assert table.get_column("points").sum() == 40


def test_a_position_is_given_in_every_way_people_write_it(full_lake: Lake) -> None:
    place = data.position_of(303.114, 31.482)
    assert place.degrees == "303.114000 +31.482000"
    assert place.sexagesimal == "20:12:27.36 +31:28:55.20"
    assert place.constellation == "Cygnus"


def test_a_verdict_is_told_in_words(full_lake: Lake) -> None:
    told = {verdict.status: verdict for verdict in verdicts.verdicts_of_target(id_of(SIMULATED_NAME))}
    assert told["measured"].headline == "16.321 ± 0.021 mag"
    assert told["limit"].headline == "fainter than 18.50 mag"
    assert told["rejected"].headline == "not measured"
    assert all(verdict.is_simulated for verdict in told.values())
    assert dict(told["measured"].numbers)["Stars used"] == "60"
    assert "Scatter of the stars" not in dict(told["measured"].numbers)  # it is not known


def test_the_latest_observations_leave_out_what_was_not_measured(full_lake: Lake) -> None:
    latest = verdicts.latest_observations(None)
    assert {seen.verdict.status for seen in latest} == {"measured", "limit"}
    assert all(seen.target.name == SIMULATED_NAME for seen in latest)
    assert all(seen.made_mjd <= mjd_now() for seen in latest)


@pytest.mark.parametrize("fill", [0.0, np.nan, np.inf, -1e30])
def test_a_cut_out_without_a_star_is_still_a_picture(fill: float) -> None:
    picture = verdicts.drawn_cutout(np.full((61, 61), fill, dtype=np.float32), NO_STARS)
    assert picture.shape == (366, 366, 3)


def test_a_star_in_the_upper_corner_of_the_image_is_drawn_in_the_upper_corner() -> None:
    reduction = example_reduction(Status.MEASURED, "x.fits")
    assert reduction.cutout is not None
    pixels = reduction.cutout.pixels.copy()
    pixels[55:60, 2:7] += 5000.0  # y counts upward
    brightness = verdicts.drawn_cutout(pixels, NO_STARS).sum(axis=2)
    y, x = np.unravel_index(np.argmax(brightness), brightness.shape)
    assert y < 60
    assert x < 60


def test_a_star_that_fixed_the_zero_point_is_ringed_and_another_is_not() -> None:
    pixels = np.zeros((61, 61), dtype=np.float32)
    stars = pl.DataFrame({"x": [50.0, 10.0], "y": [20.0, 40.0], "used": [True, False]})
    plain = verdicts.drawn_cutout(pixels, NO_STARS)
    changed = np.argwhere((verdicts.drawn_cutout(pixels, stars) != plain).any(axis=2))
    middle = changed.mean(axis=0) / verdicts.PICTURE_SCALE
    assert middle == pytest.approx([61 - 20.5, 50.5], abs=0.3)
    assert np.ptp(changed, axis=0) == pytest.approx(2 * verdicts.RING_PIX * verdicts.PICTURE_SCALE, abs=3)


def test_jobs_of_private_targets_are_not_listed_for_the_public(full_lake: Lake) -> None:
    maker = find_user(full_lake.operations, "maker")
    subjects = [one.subject for one in work.jobs_listed(None)]
    assert f"{REAL_NAME}: waits.fits" in subjects
    assert len(work.jobs_listed(maker)) == len(subjects)


def test_only_staff_may_cancel_or_retry(full_lake: Lake) -> None:
    maker = find_user(full_lake.operations, "maker")
    job_id = work.jobs_listed(None)[0].job.job_id
    for who in (None, maker):
        with pytest.raises(Rejected) as refused:
            work.cancel_job(job_id, who)
        assert refused.value.code == "no-right"
