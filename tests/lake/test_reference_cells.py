"""Reference stars are kept once per star and band, and a cone finds all of them."""

from itertools import count

import numpy as np
import polars as pl
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.photometry.references import REFERENCE_SCHEMA, reference_table
from lake.opening import Lake
from lake.provenance import new_batch
from lake.references import (
    cells_of_cone,
    cells_of_stars,
    cone,
    cone_of_cell,
    has_cells,
    missing_cells,
    put_cell,
    put_stars,
)

BANDS = ("g(GaiaSP)", "r(GaiaSP)")
NEW_NAMES = count(1)


def positions_about(ra_deg: float, dec_deg: float, *, n: int, radius_deg: float) -> SkyCoord:
    rng = np.random.default_rng(n)
    centre = SkyCoord(ra_deg, dec_deg, unit="deg")
    return centre.directional_offset_by(
        SkyCoord(rng.uniform(0, 360, n), 0, unit="deg").ra,
        SkyCoord(rng.uniform(0, radius_deg, n), 0, unit="deg").ra,
    )


def stars_at(
    positions: SkyCoord, *, mag: float = 15.0, bands: tuple[str | None, ...] = BANDS
) -> pl.DataFrame:
    name = next(NEW_NAMES)
    one_band = pl.DataFrame({"ra_deg": positions.ra.deg, "dec_deg": positions.dec.deg}).with_columns(
        ref_id=pl.format("star {}-{}", pl.lit(name), pl.int_range(pl.len())),
        epoch=pl.lit(2016.0),
        catalogue=pl.lit("GaiaSP"),
        mag_err=pl.lit(0.01),
    )
    return reference_table(
        pl.concat(
            one_band.with_columns(
                band=pl.lit(band, dtype=pl.String()),
                mag=pl.lit(None if band is None else mag, dtype=pl.Float64()),
            )
            for band in bands
        )
    )


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg"), [(0.0, 0.0), (359.999, -30.0), (120.0, 89.95), (10.0, -90.0), (83.6, 22.0)]
)
def test_a_cone_finds_exactly_the_stars_within_it(lake: Lake, ra_deg: float, dec_deg: float) -> None:
    stars = stars_at(positions_about(ra_deg, dec_deg, n=200, radius_deg=0.4))
    put_stars(lake.store, stars, batch=new_batch("references", "file"))
    centre = SkyCoord(ra_deg, dec_deg, unit="deg")
    places = SkyCoord(stars["ra_deg"].to_numpy(), stars["dec_deg"].to_numpy(), unit="deg")
    is_inside = pl.Series(places.separation(centre).deg <= 0.2)

    found = cone(lake.store, ra_deg, dec_deg, 0.2)

    assert found.schema == pl.Schema(REFERENCE_SCHEMA)
    assert found.sort("ref_id", "band").equals(stars.filter(is_inside).sort("ref_id", "band"))
    assert 0 < len(found) < len(stars)


@given(
    ra_deg=st.floats(0, 360),
    dec_deg=st.floats(-90, 90),
    radius_deg=st.floats(0.001, 3.0),
)
@example(ra_deg=66.92, dec_deg=-72.12, radius_deg=0.099)  # places that HEALPix.cone_search_lonlat misses
@example(ra_deg=355.94, dec_deg=-46.1, radius_deg=0.423)
@settings(max_examples=40, deadline=None)
def test_every_place_in_a_cone_lies_in_one_of_its_cells(
    ra_deg: float, dec_deg: float, radius_deg: float
) -> None:
    places = positions_about(ra_deg, dec_deg, n=50, radius_deg=radius_deg)
    table = pl.DataFrame({"ra_deg": places.ra.deg, "dec_deg": places.dec.deg})

    assert set(cells_of_stars(table).tolist()) <= set(cells_of_cone(ra_deg, dec_deg, radius_deg))


@given(cell=st.integers(0, 12 * 32 * 32 - 1), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_cone_of_a_cell_covers_the_cell(cell: int, seed: int) -> None:
    ra_deg, dec_deg, radius_deg = cone_of_cell(cell)
    places = positions_about(ra_deg, dec_deg, n=300 + seed, radius_deg=1.3 * radius_deg)
    table = pl.DataFrame({"ra_deg": places.ra.deg, "dec_deg": places.dec.deg})
    inside = places[cells_of_stars(table) == cell]

    assert len(inside) > 0
    assert inside.separation(SkyCoord(ra_deg, dec_deg, unit="deg")).deg.max() <= radius_deg


def test_the_same_file_twice_is_the_same_stars(lake: Lake) -> None:
    places = positions_about(40.0, 10.0, n=20, radius_deg=0.1)
    stars = pl.concat([stars_at(places), stars_at(places, bands=(None,))])  # some with positions only

    for _ in range(2):
        put_stars(lake.store, stars, batch=new_batch("references", "file"))

    assert len(cone(lake.store, 40.0, 10.0, 0.2)) == len(stars) == 60


def test_a_later_file_corrects_a_magnitude_and_adds_a_band(lake: Lake) -> None:
    places = positions_about(50.0, 10.0, n=1, radius_deg=0.1)
    first = stars_at(places, mag=15.0, bands=("g(GaiaSP)",))
    second = stars_at(places, mag=14.0).with_columns(ref_id=pl.lit(first["ref_id"][0]))
    put_stars(lake.store, first, batch=new_batch("references", "file"))

    put_stars(lake.store, second, batch=new_batch("references", "file"))

    found = cone(lake.store, 50.0, 10.0, 0.2)
    assert found.select("band", "mag").rows() == [("g(GaiaSP)", 14.0), ("r(GaiaSP)", 14.0)]


def test_an_answer_makes_its_cell_known_also_when_it_is_empty(lake: Lake) -> None:
    cells = cells_of_cone(200.0, 45.0, 1.0)
    assert missing_cells(lake.store, cells) == cells

    for cell in cells:
        put_cell(
            lake.store,
            cell,
            reference_table(pl.DataFrame(schema=REFERENCE_SCHEMA)),
            batch=new_batch("r", "g"),
        )

    assert has_cells(lake.store, cells)
    assert cone(lake.store, 200.0, 45.0, 1.0).is_empty()


def test_a_file_does_not_make_a_cell_known(lake: Lake) -> None:
    stars = stars_at(positions_about(220.0, 45.0, n=5, radius_deg=0.1))

    put_stars(lake.store, stars, batch=new_batch("references", "file"))

    assert not has_cells(lake.store, cells_of_cone(220.0, 45.0, 0.1))


def test_a_newer_answer_replaces_the_older_but_not_the_stars_of_files(lake: Lake) -> None:
    ra_deg, dec_deg, _ = cone_of_cell(77)
    places = positions_about(ra_deg, dec_deg, n=9, radius_deg=0.1)
    older, newer, of_file = stars_at(places[:3]), stars_at(places[3:6]), stars_at(places[6:])
    batch = new_batch("references", "gaia")
    put_stars(lake.store, of_file, batch=new_batch("references", "file"))

    for answer in (older, newer, newer):
        put_cell(lake.store, 77, answer, batch=batch)

    found = cone(lake.store, ra_deg, dec_deg, 0.2)
    assert found.sort("ref_id", "band").equals(pl.concat([newer, of_file]).sort("ref_id", "band"))


def test_stars_beyond_the_edge_belong_to_the_neighbours_answer(lake: Lake) -> None:
    ra_deg, dec_deg, radius_deg = cone_of_cell(500)
    stars = stars_at(positions_about(ra_deg, dec_deg, n=300, radius_deg=1.5 * radius_deg))

    put_cell(lake.store, 500, stars, batch=new_batch("references", "gaia"))

    found = cone(lake.store, ra_deg, dec_deg, 2 * radius_deg)
    assert set(cells_of_stars(found).tolist()) == {500}
    assert len(found) == int((cells_of_stars(stars) == 500).sum())
