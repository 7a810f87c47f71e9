"""Every star stands on the stage once, whoever named it."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.photometry.psf.cast import SEEN_SIGMA_PIX, cast_of
from engine.photometry.psf.fit import Stars

SAME_PIX = 2.0
places = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12)


def seen(at: list[tuple[int, int]]) -> Stars:
    x, y = np.array([each[0] for each in at], float), np.array([each[1] for each in at], float)
    flux = np.arange(len(at), 0.0, -1.0)  # brightest first
    return Stars(x=x, y=y, flux_adu=flux, place_sigma_pix=np.full(len(at), SEEN_SIGMA_PIX))


def table(at: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(at, schema={"x": pl.Float64, "y": pl.Float64}, orient="row", strict=False)


@given(sources=places, known=places, target=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_each_place_has_its_star_and_no_star_stands_twice(
    sources: list[tuple[int, int]], known: list[tuple[int, int]], target: tuple[int, int]
) -> None:
    asked = table([*sources, target])
    cast = cast_of(asked, table(known), seen(sources), known_sigma_pix=0.05, same_pix=SAME_PIX)

    assert len(cast.row_of) == len(asked)
    assert cast.row_of[-1] == 0, "the target is nobody else"
    stars = np.column_stack([cast.stars.x, cast.stars.y])
    for place, row in zip(asked.iter_rows(), cast.row_of, strict=True):
        assert np.hypot(*(stars[row] - place)) < SAME_PIX
    named = 1 + len(known)
    assert len(stars) == named + len({int(row) for row in cast.row_of if row >= named})
    for new in stars[named:]:
        assert np.hypot(*(stars[:named] - new).T).min() >= SAME_PIX


def test_a_catalogue_star_that_was_seen_begins_with_the_light_of_its_brightest_source() -> None:
    sources = seen([(10, 10), (11, 10), (20, 20)])
    cast = cast_of(
        table([(10, 10), (11, 10), (20, 20), (5, 25)]), table([(10, 11)]), sources,
        known_sigma_pix=0.05, same_pix=SAME_PIX,
    )  # fmt: skip

    assert cast.stars.flux_adu.tolist() == [0.0, 3.0, 1.0]
    assert cast.row_of.tolist() == [1, 1, 2, 0]
    assert cast.stars.place_sigma_pix.tolist() == [0.05, 0.05, SEEN_SIGMA_PIX]
