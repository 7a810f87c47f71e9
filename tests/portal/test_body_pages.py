"""Bodies of the Solar System on the page: places and distances now, and reduced magnitudes."""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from page_lakes import example_points
from page_visits import visit
from page_visits import words as told_in_words
from streamlit.testing.v1 import AppTest

from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.ephemerides import KeptEphemeris, Wanted, keep_ephemeris
from lake.opening import Lake
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.targets import create_target, delete_target, update_summary
from portal.one_target.bodies import reduced_chart, standing

DESIGNATION = "2099 YZ"


def words(at: AppTest) -> str:
    """Return all text of a page, its lists of facts too."""
    return told_in_words(at) + "".join(block.proto.body for block in at.get("html"))


def nodes(*, from_mjd: float = 59990.0) -> pl.DataFrame:
    """Return invented places until a month ahead, with the distances 2 and 5 au."""
    mjd = np.arange(from_mjd, mjd_now() + 30.0)
    level = {name: np.full(len(mjd), value) for name, value in (("r_au", 2.0), ("delta_au", 5.0))}
    places = {"ra_deg": np.full(len(mjd), 77.0), "dec_deg": np.full(len(mjd), 10.0)}
    phase = {"phase_deg": (mjd - from_mjd) / 100.0, "v_mag": np.full(len(mjd), 17.0)}
    return pl.DataFrame({"mjd": mjd} | places | level | phase)


@pytest.fixture
def body(full_lake: Lake) -> Iterator[Target]:
    target = create_target(
        full_lake.operations,
        Target(name="Wanderer", ra_deg=3.0, dec_deg=1.0, designation=DESIGNATION),
        by="maker",
    )
    target_id = target.target_id or 0
    points = example_points(target_id)
    full_lake.store.replace_points(target_id, "ztf", points, batch=new_batch("test", "ztf"))
    update_summary(full_lake.operations, target_id, points)
    yield target
    delete_target(full_lake.operations, target_id, user=SYSTEM)


def keep(lake: Lake, target: Target, designation: str = DESIGNATION, **told: str) -> None:
    table = nodes() if not told else nodes().clear()
    kept = KeptEphemeris(designation=designation, asked_mjd=mjd_now(), nodes=table, **told)
    keep_ephemeris(lake.operations, Wanted(target_id=target.target_id or 0), kept)


def test_a_body_stands_where_its_ephemeris_says_now(full_lake: Lake, body: Target) -> None:
    keep(full_lake, body)
    at = visit("target", name=body.name)
    assert not at.exception
    assert "77.000000 +10.000000" in [code.value for code in at.code]
    assert len(at.get("vega_lite_chart")) == 2
    page = words(at)
    for said in ("Position now", "Reduced magnitude", DESIGNATION, "2.000 au", "5.000 au"):
        assert said in page


def test_without_an_ephemeris_the_page_says_so_and_draws_no_phases(full_lake: Lake, body: Target) -> None:
    at = visit("target", name=body.name)
    assert not at.exception
    assert "3.000000 +1.000000" in [code.value for code in at.code]
    page = words(at)
    assert "Position when added" in page
    assert "is being asked" in page
    assert "Reduced magnitude" not in page
    keep(full_lake, body, reason="Horizons knows no body of this name.", code="unknown-body")
    assert "Horizons knows no body" in words(visit("target", name=body.name))


def test_an_ephemeris_of_another_body_is_not_believed(full_lake: Lake, body: Target) -> None:
    keep(full_lake, body, designation="2")
    assert standing(body).title == "Position when added"
    assert reduced_chart(body) is None


def test_the_chart_takes_the_distances_off_and_limits_are_not_drawn(full_lake: Lake, body: Target) -> None:
    keep(full_lake, body)
    chart = reduced_chart(body)
    assert chart is not None
    points = full_lake.store.light_curve(body.target_id or 0).filter(pl.col("mag").is_not_null())
    assert chart.points == len(chart.rows) == len(points)
    assert chart.rows["level_mag"].to_list() == pytest.approx((points["mag"] - 5.0).to_list())
    assert chart.rows["phase_deg"].to_list() == pytest.approx(((points["mjd"] - 59990.0) / 100.0).to_list())
    assert chart.rows["error_mag"].is_not_null().all()


def test_a_star_stays_as_it_is_and_a_private_body_is_shown_to_nobody(full_lake: Lake) -> None:
    star = Target(name="Star", ra_deg=3.0, dec_deg=1.0)
    assert standing(star).target is star
    assert reduced_chart(star) is None
    hidden = create_target(
        full_lake.operations,
        Target(
            name="Hidden", ra_deg=3.0, dec_deg=1.0, designation=DESIGNATION, visibility=Visibility.PRIVATE
        ),
        by="maker",
    )
    keep(full_lake, hidden)
    page = words(visit("target", name="Hidden"))
    delete_target(full_lake.operations, hidden.target_id or 0, user=SYSTEM)
    assert "No such target" in page
    assert DESIGNATION not in page
