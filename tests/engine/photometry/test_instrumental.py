"""Instrumental tables of other programs enter as one table of stars."""

from pathlib import Path

import polars as pl
import pytest
from astropy.io import fits

from engine.errors import Rejected
from engine.lightcurve import Flag
from engine.photometry.instrumental import (
    INSTRUMENTAL_SCHEMA,
    read_instrumental,
    read_instrumental_frames,
)

BHTOM_TABLE = """#   1 NUMBER          Running object number
#   2 ALPHA_J2000     Right ascension of barycenter (J2000)   [deg]
#   3 DELTA_J2000     Declination of barycenter (J2000)       [deg]
#   4 XWIN_IMAGE      Windowed position estimate along x      [pixel]
#   5 YWIN_IMAGE      Windowed position estimate along y      [pixel]
#   6 MAG_AUTO        Kron-like elliptical aperture magnitude [mag]
#   7 MAGERR_AUTO     RMS error for AUTO magnitude            [mag]
         1 274.1351201 -10.5400133   101.500    52.250 -10.1234   0.0031
         2 274.1371201 -10.5420133   201.500   152.250  -8.5000   0.0110
         3 274.1391201 -10.5440133   301.500   252.250  99.0000  99.0000
         4 274.1391201 -10.5460133   301.500   352.250  78.0000  60000.0
"""


def written(folder: Path, text: str, name: str = "frame.dat") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_sextractor_table_as_bhtom_clients_send_it(tmp_path: Path) -> None:
    table = read_instrumental(written(tmp_path, BHTOM_TABLE))
    assert dict(table.stars.schema) == INSTRUMENTAL_SCHEMA
    assert table.magnitude_column == "MAG_AUTO"
    assert table.stars["inst_mag"].to_list() == [-10.1234, -8.5]
    assert table.stars["inst_mag_err"].to_list() == [0.0031, 0.011]
    assert table.stars["x"].to_list() == [100.5, 200.5]  # SExtractor counts from 1
    assert table.dropped == 2


def test_best_is_preferred_to_auto_and_auto_to_aperture(tmp_path: Path) -> None:
    pairs = ["MAG_APER", "MAGERR_APER", "MAG_AUTO", "MAGERR_AUTO", "MAG_BEST", "MAGERR_BEST"]
    for count, expected in ((6, "MAG_BEST"), (4, "MAG_AUTO"), (2, "MAG_APER")):
        names = ["ALPHA_J2000", "DELTA_J2000", *pairs[:count]]
        head = "\n".join(f"# {number} {name}" for number, name in enumerate(names, 1))
        values = " ".join(["10.0", "20.0", *["1.0 0.1", "2.0 0.1", "3.0 0.1"][: count // 2]])
        table = read_instrumental(written(tmp_path, f"{head}\n{values}\n"))
        assert table.magnitude_column == expected
        assert table.stars["inst_mag"].item() == count / 2


def test_several_apertures_share_one_column_name(tmp_path: Path) -> None:
    text = "# 1 X_IMAGE\n# 2 Y_IMAGE\n# 3 MAG_APER\n# 6 MAGERR_APER\n5 6 -7.0 -7.1 -7.2 0.01 0.02 0.03\n"
    table = read_instrumental(written(tmp_path, text))
    assert table.stars.select("inst_mag", "inst_mag_err").row(0) == (-7.0, 0.01)


def test_a_sextractor_fits_catalogue_brings_its_time_and_filter(shared: Path) -> None:
    table = read_instrumental(shared / "images" / "cat_lco1m_elp_fl05_sextractor.fits")
    assert len(table.stars) + table.dropped == 319
    assert table.magnitude_column == "MAG_APER"
    assert (table.filter_name, table.exptime_s) == ("w", 15.0)
    assert table.mjd == pytest.approx(57436.327, abs=1e-3)


def test_an_ldac_catalogue_brings_the_header_of_its_image(shared: Path) -> None:
    table = read_instrumental(shared / "images" / "cat_lco_ldac.fits")
    assert len(table.stars) + table.dropped == 974
    assert table.mjd == pytest.approx(57506.84160072917 + 57.5 / 86400, abs=1e-7)
    assert table.filter_name == "w"
    assert ((table.stars["flags"] & int(Flag.SATURATED)) > 0).any()


def test_a_banzai_catalogue_gives_magnitudes_of_its_middle_aperture(shared: Path) -> None:
    table = read_instrumental(shared / "images" / "cat_lco1m_cpt_fa06_i_refcat2.fits")
    assert table.magnitude_column == "fluxaper3"
    assert len(table.stars) > 2740
    assert table.stars["inst_mag_err"].is_between(0, 0.2).all()


def test_a_night_of_frames_in_one_table_is_taken_apart_and_never_taken_for_one(shared: Path) -> None:
    path = shared / "images" / "cat_feder_eyuma_94frames_R.fits"
    frames = read_instrumental_frames(path)
    assert len(frames) == 94
    assert {len(frame.stars) for frame in frames} == {41}
    assert frames[0].frame_name == "ey-uma-001R.fit"
    assert frames[0].mjd == pytest.approx(57021.18707 + 45.0 / 86400, abs=1e-4)
    assert frames[0].filter_name == "R"
    with pytest.raises(Rejected) as refusal:
        read_instrumental(path)
    assert refusal.value.code == "several-frames"


def test_csv_with_plain_names(tmp_path: Path) -> None:
    path = written(tmp_path, "x,y,inst_mag,inst_mag_err\n1,2,-5.5,0.01\n3,4,-6.5,\n", "a.csv")
    table = read_instrumental(path)
    assert table.stars["inst_mag_err"].to_list() == [0.01, None]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-a-table"),
        ("# 1 ALPHA_J2000\n# 2 DELTA_J2000\n", "not-a-table"),
        ("# 1 ALPHA_J2000\n# 2 DELTA_J2000\n1.0\n", "not-a-table"),
        ("# 1 ALPHA_J2000\n# 2 DELTA_J2000\n1.0 2.0\n1.0\n", "not-a-table"),
        ("# 1 ALPHA_J2000\n# 2 DELTA_J2000\n1.0 two\n", "not-a-table"),
        ("# 1 ALPHA_J2000\n# 2 DELTA_J2000\n1.0 2.0\n", "no-magnitudes"),
        ("# 1 MAG_AUTO\n# 2 MAGERR_AUTO\n1.0 0.1\n", "no-positions"),
        ("# 1 X_IMAGE\n# 2 Y_IMAGE\n# 3 MAG_AUTO\n# 4 MAGERR_AUTO\n1 2 99 99\n", "no-stars"),
        ("\x00\x01\x02binary", "not-a-table"),
    ],
)
def test_a_malformed_table_is_refused_in_one_sentence(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        read_instrumental(written(tmp_path, text))
    assert refusal.value.code == code
    assert refusal.value.reason.endswith(".")


def test_an_image_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU([[1.0, 2.0]]).writeto(path)
    with pytest.raises(Rejected) as refusal:
        read_instrumental(path)
    assert refusal.value.code == "not-a-table"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="cannot be opened"):
        read_instrumental(tmp_path / "none.dat")


def test_positions_alone_or_pixels_alone_suffice(tmp_path: Path) -> None:
    sky = read_instrumental(written(tmp_path, "ra,dec,MAG,MAGERR\n10,20,-5,0.1\n", "sky.csv"))
    assert sky.stars.select(pl.col("x").is_null().all(), pl.col("ra_deg").is_null().any()).row(0) == (
        True,
        False,
    )
