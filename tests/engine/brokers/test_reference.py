"""Reference stars: which magnitudes are taken, how a crowded region is asked for, what if Gaia is down."""

import re
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from recorded_http import RecordedHttp

from engine.bands import BANDS
from engine.brokers import reference
from engine.brokers.reference import (
    GAIA_URL,
    VIZIER_URL,
    cell,
    cone,
    fetch_references,
    fetch_region,
    parse_gaia,
    parse_vizier,
)
from engine.errors import Rejected, Transient
from engine.photometry.references import REFERENCE_SCHEMA

FIELD = cone(ra_deg=346.0, dec_deg=13.28, radius_deg=0.5)
CELL = 5000  # of the hand-made stars
DOWN = Transient("down", code="archive-down")


@pytest.fixture
def gaia(answers: Path) -> bytes:
    return (answers / "reference" / "gaia.csv").read_bytes()


@pytest.fixture
def vizier(answers: Path) -> tuple[bytes, bytes]:
    folder = answers / "reference"
    return (folder / "vizier_gaiadr3.tsv").read_bytes(), (folder / "vizier_syntphot.tsv").read_bytes()


def bands_of(stars: pl.DataFrame, number: int) -> set[str | None]:
    """Return the bands of the n-th star by its source number, from 1."""
    ref_id = sorted(set(stars["ref_id"]))[number - 1]
    return set(stars.filter(pl.col("ref_id") == ref_id)["band"])


GAIA = {"G(GaiaDR3)", "BP(GaiaDR3)", "RP(GaiaDR3)"}
SYNTHETIC = {f"{band}(GaiaSP)" for band in "UBVRIugriz"}


def test_a_clean_star_has_all_thirteen_bands_with_errors(gaia: bytes) -> None:
    stars = parse_gaia(gaia)
    assert dict(stars.schema) == REFERENCE_SCHEMA
    assert bands_of(stars, 1) == GAIA | SYNTHETIC
    assert set(stars["band"].drop_nulls()) <= set(BANDS)
    first = stars.filter(pl.col("ref_id") == "2814749768106560001")
    by_band = {row["band"]: row for row in first.rows(named=True)}
    assert by_band["V(GaiaSP)"]["mag"] == 14.2
    assert by_band["V(GaiaSP)"]["mag_err"] == pytest.approx(0.010857, rel=1e-3)  # flux error 1 %
    assert by_band["G(GaiaDR3)"]["mag_err"] == pytest.approx(0.0010857, rel=1e-3)
    assert by_band["g(GaiaSP)"]["mag"] != by_band["G(GaiaDR3)"]["mag"]


def test_positions_stand_at_2016_with_their_motions(gaia: bytes) -> None:
    first = parse_gaia(gaia).row(0, named=True)
    assert (first["ra_deg"], first["dec_deg"], first["epoch"]) == (345.9575, 13.258015, 2016.0)
    assert (first["pm_ra_mas_yr"], first["pm_dec_mas_yr"]) == (1.5, -2.5)
    assert first["bp_rp_mag"] == pytest.approx(0.9)


def test_a_band_outside_its_validated_range_or_missing_is_not_taken(gaia: bytes) -> None:
    assert bands_of(parse_gaia(gaia), 2) == (GAIA | SYNTHETIC) - {"U(GaiaSP)", "u(GaiaSP)"}


def test_a_variable_star_is_marked_and_kept(gaia: bytes) -> None:
    stars = parse_gaia(gaia)
    assert stars.filter("variable")["ref_id"].unique().to_list() == ["2814749770106560001"]
    assert bands_of(stars, 3) == GAIA | SYNTHETIC


def test_a_double_star_serves_as_a_position_only(gaia: bytes) -> None:
    assert bands_of(parse_gaia(gaia), 4) == {None}


def test_a_blended_or_faint_star_keeps_g_alone(gaia: bytes) -> None:
    assert bands_of(parse_gaia(gaia), 5) == {"G(GaiaDR3)"}
    assert bands_of(parse_gaia(gaia), 6) == {"G(GaiaDR3)"}


def test_source_numbers_keep_all_their_digits(gaia: bytes) -> None:
    assert "2814749768106560001" in set(parse_gaia(gaia)["ref_id"])


def test_no_star_is_an_empty_table(gaia: bytes) -> None:
    stars = parse_gaia(gaia.split(b"\n", 1)[0] + b"\n")
    assert stars.is_empty()
    assert dict(stars.schema) == REFERENCE_SCHEMA


@pytest.mark.parametrize("column", [b"ruwe", b"c_star", b"z_sdss_flag"])
def test_a_missing_column_is_drift(gaia: bytes, column: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        parse_gaia(gaia.replace(column, b"other", 1))
    assert refusal.value.code == "schema-drift"


def test_vizier_gives_the_same_stars(gaia: bytes, vizier: tuple[bytes, bytes]) -> None:
    assert_frame_equal(parse_vizier(*vizier, FIELD), parse_gaia(gaia), rel_tol=1e-3)


def test_vizier_without_fluxes_gives_the_largest_error_of_the_catalogue(vizier: tuple[bytes, bytes]) -> None:
    stars, synthetic = vizier
    stars = parse_vizier(stars, re.sub(rb"\bF([UBVRIugriz])\b", rb"X\1", synthetic), FIELD)
    errors = stars.filter(pl.col("band").is_in(SYNTHETIC))["mag_err"]
    assert errors.min() == errors.max() == pytest.approx(0.0362, abs=1e-4)


def test_vizier_with_nothing_there_is_an_empty_table() -> None:
    nothing = b"#\n#INFO no object found\n#END#\n"
    assert parse_vizier(nothing, nothing, FIELD).is_empty()


def test_vizier_answers_where_gaia_cannot(gaia: bytes, vizier: tuple[bytes, bytes]) -> None:
    http = RecordedHttp(
        answers={GAIA_URL: DOWN, "-source=I/355/gaiadr3": vizier[0], "-source=I/360/syntphot": vizier[1]}
    )
    stars = fetch_references(http, ra_deg=346.0, dec_deg=13.28, radius_deg=0.5)
    assert_frame_equal(stars, parse_gaia(gaia), rel_tol=1e-3)
    assert "-c=346.000000 +13.280000" in http.questions[1]


def test_a_wide_field_without_stars_is_an_archive_that_is_ill(gaia: bytes) -> None:
    nothing = gaia.split(b"\n", 1)[0] + b"\n"
    with pytest.raises(Transient) as failure:
        fetch_region(RecordedHttp(answers={GAIA_URL: nothing}), FIELD)
    assert failure.value.code == "no-stars"
    narrow = cone(ra_deg=346.0, dec_deg=13.28, radius_deg=0.01)
    assert fetch_region(RecordedHttp(answers={GAIA_URL: nothing}), narrow).is_empty()


def test_both_archives_down_is_for_later() -> None:
    with pytest.raises(Transient):
        fetch_region(RecordedHttp(answers={GAIA_URL: DOWN, VIZIER_URL: DOWN}), FIELD)


def test_a_cone_is_asked_once_where_the_answer_is_whole(gaia: bytes) -> None:
    http = RecordedHttp(answers={GAIA_URL: gaia})
    stars = fetch_references(http, ra_deg=346.0, dec_deg=13.28, radius_deg=0.5)
    assert_frame_equal(stars, parse_gaia(gaia))
    (question,) = http.questions
    assert "CIRCLE('ICRS', 346.00000000, 13.28000000, 0.50000000)" in question
    assert "LEFT OUTER JOIN gaiadr3.synthetic_photometry_gspc" in question
    assert f"MAXREC={reference.ROWS_MAX}" in question


class CrowdedSky:
    """A Gaia archive of many stars between G = 14 and 18 that cuts its answers, as the real one does."""

    def __init__(self, head: bytes, row: bytes, *, stars: int, cut_at: int) -> None:
        self.head, self.cut_at = head, cut_at
        self.mags = [14.0 + 4.0 * number / stars for number in range(stars)]
        self.cells = row.decode().split(",")
        self.questions = 0

    def get(self, url: str, **_: object) -> bytes:
        raise AssertionError(url)

    def post(self, _: str, *, form: dict[str, str], **__: object) -> bytes:
        self.questions += 1
        bright, faint = map(float, re.findall(r"phot_g_mean_mag >?=?<? ?([\d.]+)", form["QUERY"]))
        rows = [self.row(number) for number, mag in enumerate(self.mags) if bright <= mag < faint]
        return b"\n".join([self.head, *rows[: self.cut_at], b""])

    def row(self, number: int) -> bytes:
        return ",".join([str(2814749768106560001 + number), *self.cells[1:]]).encode()


def test_an_answer_that_may_be_cut_is_asked_again_in_parts(gaia: bytes) -> None:
    head, row, *_ = gaia.split(b"\n")
    sky = CrowdedSky(head, row, stars=4100, cut_at=2000)
    stars = fetch_region(sky, FIELD)
    assert stars["ref_id"].n_unique() == 4100
    assert sky.questions == 7  # [2, 18) was cut, and so were [2, 17) and [2, 16)


def test_a_region_beyond_all_limits_is_refused(gaia: bytes) -> None:
    head, row, *_ = gaia.split(b"\n")
    sky = CrowdedSky(head, row, stars=1, cut_at=2000)
    sky.mags = [17.5] * 2100
    with pytest.raises(Rejected) as refusal:
        fetch_region(sky, FIELD)
    assert refusal.value.code == "too-many-stars"


def test_a_cell_is_a_range_of_source_numbers(gaia: bytes, vizier: tuple[bytes, bytes]) -> None:
    region = cell(CELL, nside=32, covering=FIELD)
    assert region.ids == (5000 << 49, (5001 << 49) - 1)
    http = RecordedHttp(answers={GAIA_URL: gaia})
    fetch_region(http, region)
    assert f"s.source_id BETWEEN {5000 << 49} AND {(5001 << 49) - 1}" in http.questions[0]
    assert parse_vizier(*vizier, region)["ref_id"].n_unique() == 6
    assert parse_vizier(*vizier, cell(CELL + 1, nside=32, covering=FIELD)).is_empty()


@pytest.mark.parametrize(
    ("source_id", "number"), [(4472832130942575872, 7945), (1476301553808173824, 2622)]
)  # Barnard's star and a star at 201.7847 +38.7451: their cells of nside 32 by position
def test_real_source_numbers_lie_in_the_cell_of_their_position(source_id: int, number: int) -> None:
    first, last = cell(number, nside=32, covering=FIELD).ids or (0, 0)
    assert first <= source_id <= last
