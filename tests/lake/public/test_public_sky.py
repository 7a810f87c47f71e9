"""The sky is divided into cells: every target in one, no cell too full, none empty."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lake.public.schema import HEALPIX
from lake.public.sky import MAX_ORDER, tiles

CELLS = st.integers(0, 12 * 4**29 - 1)
NEAR = st.integers(5 * 4**29, 5 * 4**29 + 4**14)


@given(st.lists(st.tuples(CELLS | NEAR, st.integers(1, 60)), max_size=40))
def test_every_target_is_in_one_cell_that_is_not_too_full(rows: list[tuple[int, int]]) -> None:
    targets = pl.DataFrame(
        {
            "target_id": range(len(rows)),
            HEALPIX: [cell for cell, _ in rows],
            "points": [points for _, points in rows],
        },
        schema={"target_id": pl.Int64(), HEALPIX: pl.Int64(), "points": pl.Int64()},
    )
    found = tiles(targets, weight="points", most_rows=100)
    ids = [target_id for tile in found for target_id in tile.targets["target_id"]]
    assert sorted(ids) == list(range(len(rows)))
    assert len({tile.path for tile in found}) == len(found)
    for tile in found:
        assert len(tile.targets)
        assert tile.rows == tile.targets["points"].sum()
        assert tile.rows <= 100 or len(tile.targets) == 1 or tile.order == MAX_ORDER
        assert (tile.targets[HEALPIX] // 4 ** (29 - tile.order) == tile.pixel).all()
