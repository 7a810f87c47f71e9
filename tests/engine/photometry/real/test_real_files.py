"""Every other real file is refused as an exposure in one sentence, or is the catalogue that it should be."""

from pathlib import Path

import pytest
from test_real_frames import SEEN

from engine.errors import Rejected
from engine.photometry.instrumental import read_instrumental_frames
from engine.photometry.read import read_frames
from engine.photometry.reduce_table import reduce_table
from engine.photometry.references import read_references

STRETCHED = "The image has 8 bits per pixel, so it was stretched or cut for display"
TABLES = "The FITS file holds no image: it holds tables"
NO_FITS = "This is not a FITS file"

# fmt: off
REFUSED = {  # as exposures
    "asi6200_kocab_8bit.fits":             ("stretched", STRETCHED),
    "kstars_bahtinov_8bit.fits":           ("stretched", STRETCHED),
    "poss1_m67_plate.fits":                ("plate-scan", "This is a scan of a photographic plate"),
    "lco1m_elp_fa05_w_raw_mef.fits":       ("raw-mosaic", "The file holds 4 images of several amplifiers"),
    "neossat_nova_wcs.fits":               ("no-image", "The FITS file holds no image"),
    "neossat_nova_corr.fits":              ("no-image", TABLES),
    "neossat_nova_axy.fits":               ("no-image", TABLES),
    "cat_feder_eyuma_94frames_R.fits":     ("no-image", TABLES),
    "cat_lco1m_cpt_fa06_i_refcat2.fits":   ("no-image", TABLES),
    "cat_lco1m_elp_fl05_sextractor.fits":  ("no-image", TABLES),
    "cat_lco_ldac.fits":                   ("no-image", TABLES),
    "ref_tycho2_asi1600.fits":             ("no-image", TABLES),
    "ref_tycho2_hatp32.fits":              ("no-image", TABLES),
    "ref_tycho2_kocab.fits":               ("no-image", TABLES),
    "ref_tycho2_randomsky.fits":           ("no-image", TABLES),
    "ref_gaia_G10_asi1600.ecsv":           ("not-fits", NO_FITS),
    "ref_gaia_G10_hatp32.ecsv":            ("not-fits", NO_FITS),
    "ref_gaia_G10_kocab.ecsv":             ("not-fits", NO_FITS),
    "refcat2_eyuma.ecsv":                  ("not-fits", NO_FITS),
    "SOURCES.md":                          ("not-fits", NO_FITS),
}
CATALOGUES = {  # stars, bands, middle of the field in degrees, magnitudes from and to
    "ref_gaia_G10_asi1600.ecsv":         (39, 3, 188.04, 7.95, 4.6, 10.6),
    "ref_gaia_G10_hatp32.ecsv":          (55, 3, 31.17, 46.67, 6.2, 11.2),
    "ref_gaia_G10_kocab.ecsv":           (26, 3, 223.73, 74.20, 1.7, 10.4),
    "refcat2_eyuma.ecsv":                (187, 7, 135.56, 49.86, 5.5, 22.0),
    "cat_lco1m_cpt_fa06_i_refcat2.fits": (2752, 4, 99.79, 8.73, 8.4, 21.7),
    "ref_tycho2_asi1600.fits":           (133, 0, 188.19, 8.18, None, None),
    "ref_tycho2_hatp32.fits":            (152, 0, 31.28, 46.76, None, None),
    "ref_tycho2_kocab.fits":             (163, 0, 222.86, 74.13, None, None),
    "ref_tycho2_randomsky.fits":         (64, 0, 21.69, 69.34, None, None),
}
TABLES_OF_STARS = {  # frames, stars of the first, its filter, exposure, mid-exposure, median instrumental mag
    "cat_feder_eyuma_94frames_R.fits":    (94, 41, "R", 90.0, 57021.187593, -6.48),
    "cat_lco1m_cpt_fa06_i_refcat2.fits":  (1, 2751, "", None, None, -11.38),
    "cat_lco1m_elp_fl05_sextractor.fits": (1, 319, "w", 15.0, 57436.326936, -7.22),
    "cat_lco_ldac.fits":                  (1, 970, "w", 115.0, 57506.842266, -8.27),
    "neossat_nova_axy.fits":              (1, 408, "", None, None, -8.75),
}
# fmt: on


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_exposure_is_refused_in_one_sentence(shared: Path, name: str) -> None:
    code, sentence = REFUSED[name]
    with pytest.raises(Rejected) as refused:
        read_frames(shared / "images" / name)
    assert refused.value.code == code
    assert refused.value.reason.startswith(sentence)
    assert refused.value.reason.count(". ") == 0
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_holds_the_stars_of_its_field(shared: Path, name: str) -> None:
    stars, bands, ra_deg, dec_deg, brightest_mag, faintest_mag = CATALOGUES[name]
    table = read_references(shared / "images" / name)
    assert table["ref_id"].n_unique() == stars
    assert table["band"].drop_nulls().n_unique() == bands
    assert table["ra_deg"].median() == pytest.approx(ra_deg, abs=0.01)
    assert table["dec_deg"].median() == pytest.approx(dec_deg, abs=0.01)
    if bands:
        assert table["mag"].min() == pytest.approx(brightest_mag, abs=0.1)
        assert table["mag"].max() == pytest.approx(faintest_mag, abs=0.1)


@pytest.mark.parametrize("name", TABLES_OF_STARS)
def test_a_table_of_stars_holds_what_its_program_measured(shared: Path, name: str) -> None:
    frames, stars, filter_name, exptime_s, mjd, median_mag = TABLES_OF_STARS[name]
    tables = read_instrumental_frames(shared / "images" / name)
    first = tables[0]
    assert (len(tables), len(first.stars), first.filter_name) == (frames, stars, filter_name)
    assert first.exptime_s == exptime_s
    assert first.mjd == (None if mjd is None else pytest.approx(mjd, abs=2e-6))
    assert first.stars["inst_mag"].median() == pytest.approx(median_mag, abs=0.01)


@pytest.mark.parametrize(
    ("name", "catalogue", "band", "most_scatter_mag"),
    [
        ("cat_lco1m_cpt_fa06_i_refcat2.fits", "cat_lco1m_cpt_fa06_i_refcat2.fits", "i(Refcat2)", 0.035),
        ("cat_feder_eyuma_94frames_R.fits", "refcat2_eyuma.ecsv", "r(Refcat2)", 0.08),
    ],
)
def test_a_table_with_its_catalogue_is_calibrated_in_its_band(
    shared: Path, name: str, catalogue: str, band: str, most_scatter_mag: float
) -> None:
    images = shared / "images"
    table = read_instrumental_frames(images / name)[0]
    verdict = reduce_table(table, None, read_references(images / catalogue))
    assert (verdict.code, verdict.band) == ("calibrated", band)
    assert verdict.scatter_mag is not None
    assert verdict.scatter_mag < most_scatter_mag


@pytest.mark.parametrize("name", ["cat_lco1m_elp_fl05_sextractor.fits", "cat_lco_ldac.fits"])
def test_a_table_without_a_catalogue_is_refused(shared: Path, name: str) -> None:
    images = shared / "images"
    verdict = reduce_table(
        read_instrumental_frames(images / name)[0],
        None,
        read_references(images / "refcat2_eyuma.ecsv").clear(),
    )
    assert verdict.zero_point_mag is None
    assert verdict.code == "no-matches"


def test_no_file_is_without_a_test(shared: Path) -> None:
    files = {path.name for path in (shared / "images").iterdir() if path.is_file()}
    assert files == set(SEEN) | set(REFUSED)
