"""The tab Sky: the finder chart is true to the sky, can be kept, and shows no frame that is closed."""

import io
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from page_lakes import HOSTILE_NAME, REAL_NAME, SIMULATED_NAME
from page_visits import visit, words
from PIL import Image
from streamlit.testing.v1 import AppTest

from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.solving.wcs_fit import linear_wcs
from engine.target import Target, Visibility
from engine.times import julian_year, mjd_now
from lake.inbox.changes import share_upload
from lake.inbox.uploads import uploads
from lake.opening import Lake
from lake.provenance import new_batch
from lake.references import put_stars
from lake.rights import SYSTEM, Shared
from lake.targets import get_target
from portal.drawing import Disc, Drawing, Words, pdf_of, png_of, svg_of
from portal.one_target import sky
from portal.one_target.finder import SIDE_PX, Field, Turn, finder_chart

SKY = ":material/explore: Sky"


def star(ref_id: str, ra_deg: float, dec_deg: float, **facts: object) -> dict[str, object]:
    plain = {"epoch": 2016.0, "pm_ra_mas_yr": 0.0, "pm_dec_mas_yr": 0.0, "variable": False,
             "catalogue": "GaiaSP", "band": "G(GaiaDR3)", "mag": 14.0, "mag_err": 0.01}  # fmt: skip
    return {"ref_id": ref_id, "ra_deg": ra_deg, "dec_deg": dec_deg} | plain | facts


@pytest.fixture(scope="module")
def stars_kept(built_full_lake: Lake) -> None:
    """Keep four hand-made stars about the measured target, which stands at 20, -20."""
    years = julian_year(mjd_now()) - 2016.0
    stars = [
        star("north", 20.0, -20.0 + 3 / 60, mag=12.0),
        star("east", 20.0 + 3 / 60 / math.cos(math.radians(20.0)), -20.0, mag=13.0),
        star("east", 20.0 + 3 / 60 / math.cos(math.radians(20.0)), -20.0, mag=15.5, band="V(GaiaSP)"),
        star("fast", 20.0, -20.0 - years * 2e4 / 3.6e6, pm_dec_mas_yr=2e4, mag=14.0),  # passes the target
        star("place only", 20.01, -20.01, band=None, mag=None),
    ]
    rows = pl.DataFrame(stars, schema=REFERENCE_SCHEMA)
    put_stars(built_full_lake.store, rows, batch=new_batch("test", "file"))


def open_sky(name: str) -> AppTest:
    at = visit("target", name=name)
    at.session_state["target_tab"] = SKY
    return at.run()


def field_of(stars: pl.DataFrame, **facts: object) -> Field:
    plain = {"side_arcmin": 10.0, "limit_mag": 18.0, "title": "T", "place": "", "origin": ""}
    return Field(stars=stars, **(plain | facts))  # type: ignore[arg-type]


def discs(drawing: Drawing) -> list[Disc]:
    return [each for each in drawing.shapes if isinstance(each, Disc) and each.y < SIDE_PX]


def test_the_stars_stand_where_the_sky_has_them_today(full_lake: Lake, stars_kept: None) -> None:
    target = get_target(full_lake.operations, REAL_NAME, SYSTEM)
    found = sky.star_field(target, 12.0).stars.sort("mag")
    assert found["mag"].to_list() == [12.0, 13.0, 14.0]
    offsets = found.select("east_arcmin", "north_arcmin").to_numpy()
    np.testing.assert_allclose(offsets, [[0, 3], [3, 0], [0, 0]], atol=0.1)  # the fast one has moved by 3.6'
    np.testing.assert_allclose(offsets[:2], [[0, 3], [3, 0]], atol=1e-2)


@pytest.mark.parametrize(
    ("turn", "north", "east"),
    [(Turn.NORTH_UP, (0, -1), (-1, 0)), (Turn.SOUTH_UP, (0, 1), (1, 0)), (Turn.MIRRORED, (0, -1), (1, 0))],
)
def test_stars_and_arrows_turn_together(turn: Turn, north: tuple[int, int], east: tuple[int, int]) -> None:
    stars = pl.DataFrame({"east_arcmin": [0.0, 2.0], "north_arcmin": [2.0, 0.0], "mag": [12.0, 15.0]})
    drawing = finder_chart(field_of(stars), turn=turn)
    to_north, to_east = discs(drawing)
    for disc, way in ((to_north, north), (to_east, east)):
        assert disc.x == pytest.approx(SIDE_PX / 2 + way[0] * SIDE_PX / 5)
        assert disc.y == pytest.approx(SIDE_PX / 2 + way[1] * SIDE_PX / 5)
    assert to_north.radius > to_east.radius  # it is brighter
    letters = {each.text: each for each in drawing.shapes if isinstance(each, Words)}
    corner = np.array([50.0, 54.0])
    for letter, way in (("N", north), ("E", east)):
        there = np.array([letters[letter].x, letters[letter].y - 5.0]) - corner
        assert np.dot(there, way) == pytest.approx(36.0)


def test_a_chart_is_kept_as_svg_png_and_pdf(full_lake: Lake) -> None:
    stars = pl.DataFrame({"east_arcmin": [0.0], "north_arcmin": [2.0], "mag": [9.0]})
    drawing = finder_chart(field_of(stars, title="<b>&'\""))
    root = ET.fromstring(svg_of(drawing, title="<x>"))
    assert [each.text for each in root.iter() if each.tag.endswith("text")].count("<b>&'\"") == 1
    with Image.open(io.BytesIO(png_of(drawing, scale=2.0))) as picture:
        assert picture.size == (2 * drawing.width, 2 * drawing.height)
        assert sum(picture.convert("RGB").getpixel((SIDE_PX, round(SIDE_PX * 0.6)))) < 150  # type: ignore[arg-type]
    assert pdf_of(drawing).startswith(b"%PDF-")


def cutout_of(wcs: WCS, bright: tuple[int, int]) -> bytes:
    pixels = np.zeros((61, 61), dtype=np.float32)
    pixels[bright[1] - 1 : bright[1] + 2, bright[0] - 1 : bright[0] + 2] = 100.0
    body = io.BytesIO()
    fits.PrimaryHDU(pixels, wcs.to_header()).writeto(body)
    return body.getvalue()


def test_a_frame_is_laid_where_its_own_coordinates_put_it(
    full_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that is turned and mirrored, with one star 20 arcsec east and 10 north of the target."""
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    turned = np.array([[0.0, 1.0], [1.0, 0.0]])  # arcsec a pixel: x runs north, y runs east
    wcs = linear_wcs(turned, (target.ra_deg, target.dec_deg), (30.0, 30.0))
    monkeypatch.setattr(sky, "cutout_fits", lambda _: cutout_of(wcs, (40, 50)))
    verdict = next(iter(sky.placed_frames(target, None).values()))
    sky._patch.cache_clear()
    patch = sky.patch_of(verdict, target)
    sky._patch.cache_clear()
    assert patch is not None
    rows, columns = np.nonzero(patch.pixels[..., 3] > 200)
    per_pix = 60.0 * patch.side_arcmin / len(patch.pixels)
    middle = (len(patch.pixels) - 1) / 2
    assert (middle - columns.mean()) * per_pix == pytest.approx(20.0, abs=0.5)
    assert (middle - rows.mean()) * per_pix == pytest.approx(10.0, abs=0.5)


@pytest.fixture
def all_closed(full_lake: Lake) -> Iterator[int]:
    """Close every upload of a target, and return how many of its frames were open before."""
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    sent = uploads(full_lake.operations, SYSTEM, target_id=target.target_id, limit=999)
    before = len(sky.placed_frames(target, None))
    for visibility in (Visibility.PRIVATE, Visibility.PUBLIC):
        for each in sent:
            shared = Shared(owner="maker", visibility=visibility)
            share_upload(full_lake, each.upload_id, shared, user=SYSTEM)
        if visibility == Visibility.PRIVATE:
            yield before


def test_a_closed_frame_is_not_offered(full_lake: Lake, all_closed: int) -> None:
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    assert sky.placed_frames(target, None) == {}
    assert len(sky.placed_frames(target, SYSTEM)) == all_closed >= 2


@pytest.mark.parametrize("name", [SIMULATED_NAME, REAL_NAME, HOSTILE_NAME])
def test_the_tab_is_good_with_and_without_stars(name: str, full_lake: Lake, stars_kept: None) -> None:
    at = open_sky(name)
    assert not at.exception
    assert ("No stars are kept here yet" in words(at)) == (name != REAL_NAME)
    assert ("The cross marks the target" in words(at)) == (name == REAL_NAME)


def test_the_ways_out_lead_to_the_place_and_carry_no_name() -> None:
    links = sky.links_out(Target(name="Secret <b>", ra_deg=10.5, dec_deg=-20.25))
    assert {"Aladin Lite", "SIMBAD", "VizieR", "Legacy Survey"} <= set(links)
    for address in links.values():
        assert "10.500000" in address
        assert "-20.250000" in address
        assert "Secret" not in address
