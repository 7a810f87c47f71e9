"""Each format is read back by somebody else's reader, and a small example is compared byte by byte."""

import io
import json

import polars as pl
import pytest
from astropy.io import fits, votable
from astropy.table import Table

from engine.errors import Rejected
from engine.formats.columns import COLUMNS, NAMES, rows_of
from engine.formats.curve import SLICE_ROWS, Curve
from engine.formats.registry import FORMATS, format_accepted, format_named
from engine.lightcurve import empty, light_curve
from engine.target import Target

TARGET = Target(name="Gaia22dkv", ra_deg=151.76854, dec_deg=-66.18089)
ROWS = [  # made by hand
    {"point_id": 2**60 + 1, "source": "upload", "source_ref": "aa:", "mjd": 60000.25, "band": "V(GaiaSP)",
     "mag": 15.5, "mag_err": 0.02, "facility": "ROAD", "observer": "An <O> & Co", "exptime_s": 60.0},
    {"point_id": 2, "source": "upload", "source_ref": "bb:", "mjd": 60001.25, "band": "g(GaiaSP)",
     "limit_mag": 18.0, "facility": "ROAD, dome \"2\""},
    {"point_id": 3, "source": "atlas", "source_ref": "c", "mjd": 60002.25, "band": "ATLAS(o)",
     "flux_ujy": 100.0, "flux_err_ujy": 5.0, "flags": 1},
    {"point_id": 4, "source": "gaia_alerts", "source_ref": "d", "mjd": 60003.25, "band": "GSA(G)",
     "mag": 16.0},
]  # fmt: skip
FRAMES = pl.DataFrame(
    [{"source_ref": "aa:", "airmass": 1.25, "fwhm_arcsec": 2.0, "zp": 25.0, "zp_err": 0.01,
      "n_ref_stars": 40, "ref_catalogue": "GaiaSP", "image_sha256": "aa"}]
)  # fmt: skip


def curve_of(rows: list[dict[str, object]]) -> Curve:
    points = light_curve(pl.DataFrame([{"target_id": 1, **row} for row in rows], infer_schema_length=None))
    return Curve(target=TARGET, points=points, version=7, frames=FRAMES)


@pytest.fixture
def curve() -> Curve:
    return curve_of(ROWS)


def written(curve: Curve, key: str) -> bytes:
    return b"".join(format_named(key).pieces(curve))


def expected(curve: Curve) -> pl.DataFrame:
    return rows_of(curve, curve.points)


PROMISED = """
point_id target ra_deg dec_deg mjd_utc bjd_tdb exptime_s mag mag_err limit_mag mag_system flux_uJy
flux_err_uJy
filter filter_standard survey facility camera observer orcid airmass fwhm_arcsec zp zp_err n_ref_stars
ref_catalogue calib_version quality_flags quality_text image_sha256 source_url bibcode licence
"""


def test_the_columns_are_those_that_were_promised_and_our_own_behind_them() -> None:
    promised = PROMISED.split()
    assert list(NAMES[: len(promised)]) == promised
    assert NAMES[-1] == "snapshot"


def test_a_point_carries_what_its_frame_knows(curve: Curve) -> None:
    first, second = expected(curve).head(2).iter_rows(named=True)
    assert (first["airmass"], first["zp"], first["n_ref_stars"], first["image_sha256"]) == (
        1.25,
        25.0,
        40,
        "aa",
    )
    assert (first["mag_system"], first["filter_standard"], first["survey"]) == ("Vega", "V", "GaiaSP")
    assert second["airmass"] is None


def test_csv_is_read_back_by_polars(curve: Curve) -> None:
    read = pl.read_csv(written(curve, "csv"), schema={column.name: column.dtype for column in COLUMNS})
    assert read.equals(expected(curve).with_columns(quality_text=pl.col("quality_text").replace("", "")))


def test_parquet_is_read_back_by_polars_without_a_difference(curve: Curve) -> None:
    assert pl.read_parquet(io.BytesIO(written(curve, "parquet"))).equals(expected(curve))


def test_json_has_every_point_and_ids_as_text(curve: Curve) -> None:
    told = json.loads(written(curve, "json"))
    assert (told["target"], told["snapshot"], told["points_total"]) == ("Gaia22dkv", 7, 4)
    assert [point["point_id"] for point in told["points"]] == [str(2**60 + 1), "2", "3", "4"]
    assert told["points"][1]["mag"] is None


@pytest.mark.parametrize("rows", [ROWS, []], ids=["some points", "none"])
def test_a_votable_is_valid_for_astropy_and_read_back(rows: list[dict[str, object]]) -> None:
    curve = curve_of(rows) if rows else Curve(target=TARGET, points=empty(), version=7)
    body = written(curve, "votable")
    table = votable.parse(io.BytesIO(body), verify="exception").get_first_table()
    assert [field.name for field in table.fields] == list(NAMES)
    read = table.to_table()
    assert list(read["point_id"]) == curve.points["point_id"].to_list()
    if rows:
        assert read["observer"][0] == "An <O> & Co"
        assert read["mag"][0] == 15.5
        assert read["mag"].mask[1]
        assert read["n_ref_stars"][0] == 40
        assert read["n_ref_stars"].mask[1]
        assert str(read["flux_uJy"].unit) == "uJy"


@pytest.mark.parametrize("rows", [ROWS, []], ids=["some points", "none"])
def test_a_fits_table_is_valid_for_astropy_and_read_back(rows: list[dict[str, object]]) -> None:
    curve = curve_of(rows) if rows else Curve(target=TARGET, points=empty(), version=7)
    body = written(curve, "fits")
    assert len(body) % 2880 == 0
    with fits.open(io.BytesIO(body)) as file:
        file.verify("exception")
        assert file[1].header["OBJECT"] == "Gaia22dkv"
    read = Table.read(io.BytesIO(body), hdu=1)
    assert read.colnames == list(NAMES)
    assert list(read["point_id"]) == curve.points["point_id"].to_list()
    if rows:
        assert read["observer"][0] == "An <O> & Co"
        assert list(read["mag"].filled(-9)) == [15.5, -9, -9, 16.0]
        assert str(read["flux_uJy"].unit) == "uJy"


def test_aavso_has_only_what_was_measured_here_byte_by_byte(curve: Curve) -> None:
    assert written(curve, "aavso").decode() == (
        "#TYPE=Extended\n#OBSCODE=na\n#SOFTWARE=tomlake\n#DELIM=,\n#DATE=JD\n#OBSTYPE=CCD\n"
        "#NAME,DATE,MAG,MERR,FILT,TRANS,MTYPE,CNAME,CMAG,KNAME,KMAG,AMASS,GROUP,CHART,NOTES\n"
        "Gaia22dkv,2460000.750000,15.500,0.020,V,NO,STD,ENSEMBLE,na,na,na,1.250,na,na,GaiaSP\n"
        "Gaia22dkv,2460001.750000,<18.000,na,SG,NO,STD,ENSEMBLE,na,na,na,na,na,na,na\n"
    )


def test_aavso_never_reports_a_simulated_point() -> None:
    simulated = curve_of([{**ROWS[0], "flags": 1}])
    assert not written(simulated, "aavso").decode().splitlines()[7:]


def test_tom_toolkits_file_byte_by_byte(curve: Curve) -> None:
    assert written(curve, "tom").decode() == (
        "time,magnitude,error,filter,telescope,instrument,limit,unit\n"
        "60000.25,15.5,0.02,V(GaiaSP),ROAD,,,mag\n"
        '60001.25,,,g(GaiaSP),"ROAD, dome ""2""",,18.0,mag(AB)\n'
        "60003.25,16.0,,GSA(G),,,,mag\n"
    )


def test_skyportals_fluxes_have_the_magnitudes_that_they_came_from(curve: Curve) -> None:
    read = pl.read_csv(written(curve, "skyportal"))
    assert read.columns[:6] == ["mjd", "flux", "fluxerr", "zp", "magsys", "filter"]
    assert read["filter"].to_list() == ["bessellv", "sdssg", "atlaso"]  # GSA(G) has no error to say
    assert read["magsys"].to_list() == ["vega", "ab", "ab"]
    assert read["flux"].to_list() == [pytest.approx(10 ** (-0.4 * (15.5 - 23.9))), None, 100.0]
    mag = -2.5 * pl.Series([read["flux"][0]]).log10()[0] + 23.9
    assert mag == pytest.approx(15.5)
    assert read["fluxerr"][0] / read["flux"][0] == pytest.approx(0.02 / 1.0857362)
    limit = -2.5 * pl.Series([5 * read["fluxerr"][1]]).log10()[0] + 23.9
    assert limit == pytest.approx(18.0)


@pytest.mark.parametrize("key", [each.key for each in FORMATS])
def test_a_long_light_curve_comes_in_pieces_and_none_is_lost(key: str) -> None:
    length = 2 * SLICE_ROWS + 3
    points = pl.DataFrame(
        {"target_id": 1, "source": "upload", "source_ref": [str(n) for n in range(length)],
         "mjd": [50_000.0 + n for n in range(length)], "band": "V(GaiaSP)", "mag": 15.5, "mag_err": 0.1}
    )  # fmt: skip
    long = Curve(target=TARGET, points=light_curve(points), version=7)
    pieces = list(format_named(key).pieces(long))
    assert len(pieces) >= 3
    body = b"".join(pieces)
    if key == "json":
        assert len(json.loads(body)["points"]) == length
    elif key == "parquet":
        assert len(pl.read_parquet(io.BytesIO(body))) == length
    elif key == "fits":
        assert len(Table.read(io.BytesIO(body), hdu=1)) == length
    elif key == "votable":
        assert body.count(b"<TR>") == length
    else:
        heads = {"aavso": 7}.get(key, 1)
        assert body.count(b"\n") == length + heads


@pytest.mark.parametrize(
    ("accept", "key"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "json"),
        ("application/json;q=0.5, application/vnd.apache.parquet", "parquet"),
        ("*/*, text/csv", "csv"),
        ("text/*", "csv"),
        ("application/fits;q=x, application/x-votable+xml;q=0.1", "votable"),
    ],
)
def test_the_dearest_of_the_accepted_formats_is_chosen(accept: str, key: str) -> None:
    assert format_accepted(accept).key == key


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "text/csv;q=nan"])
def test_a_format_that_there_is_not_is_refused(accept: str) -> None:
    with pytest.raises(Rejected) as refusal:
        format_accepted(accept)
    assert refusal.value.code == "not-acceptable"
