"""Which points tell of an exposure that a better archive tells of as well."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.repeats import PREFERENCE, SAME_EXPOSURE_S, is_repeat

SECOND_D = 1.0 / 86400.0


def points(*rows: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=["source", "band", "mjd"], orient="row")


def test_of_one_exposure_the_surveys_own_point_stays() -> None:
    found = points(
        ("fink", "ZTF(zg)", 60000.5), ("ztf", "ZTF(zg)", 60000.5 + SECOND_D), ("alerce", "ZTF(zg)", 60000.5)
    )  # fmt: skip
    assert is_repeat(found).to_list() == [True, False, True]


def test_other_bands_other_times_and_observers_repeat_nothing() -> None:
    found = points(
        ("ztf", "ZTF(zg)", 60000.5), ("fink", "ZTF(zr)", 60000.5), ("fink", "ZTF(zg)", 60000.501),
        ("upload", "ZTF(zg)", 60000.5), ("atlas", "ATLAS(o)", 60000.5),
    )  # fmt: skip
    assert not is_repeat(found).any()


def test_an_empty_light_curve_has_no_repeats() -> None:
    assert is_repeat(points().cast({"source": pl.String, "band": pl.String, "mjd": pl.Float64})).len() == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PREFERENCE[:5], "upload"]),
            st.sampled_from(["ZTF(zg)", "ZTF(zr)"]),
            st.integers(0, 20).map(lambda night: 60000.0 + night),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_every_exposure_keeps_exactly_the_points_of_its_best_archive(
    rows: list[tuple[str, str, float]],
) -> None:
    found = points(*rows)
    kept = found.filter(~is_repeat(found))
    for (band, mjd), told in found.filter(pl.col("source") != "upload").group_by("band", "mjd"):
        best = min(told["source"], key=PREFERENCE.index)
        here = kept.filter(pl.col("band") == band, pl.col("mjd") == mjd, pl.col("source") != "upload")
        assert here["source"].to_list() == [best] * told.filter(pl.col("source") == best).height
    assert (
        kept.filter(pl.col("source") == "upload").height == found.filter(pl.col("source") == "upload").height
    )


@pytest.mark.parametrize("apart_s", [0.0, SAME_EXPOSURE_S - 0.1])
def test_clocks_may_differ_by_seconds(apart_s: float) -> None:
    assert is_repeat(
        points(("fink", "ZTF(zg)", 60000.5), ("ztf", "ZTF(zg)", 60000.5 + apart_s * SECOND_D))
    ).to_list() == [True, False]
