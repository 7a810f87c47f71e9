"""Reference stars enter from any usual file as one table."""

from pathlib import Path

import polars as pl
import pytest
from astropy.table import Table

from engine.bands import BANDS
from engine.errors import Rejected
from engine.photometry.references import REFERENCE_SCHEMA, read_references


def bands_of(references: pl.DataFrame) -> set[str | None]:
    return set(references["band"].to_list())


def written(folder: Path, text: str, name: str = "stars.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_positions_without_magnitudes_are_stars_with_a_null_band(shared: Path) -> None:
    references = read_references(shared / "images" / "ref_tycho2_hatp32.fits")
    assert dict(references.schema) == REFERENCE_SCHEMA
    assert len(references) == references["ref_id"].n_unique() == 152
    assert bands_of(references) == {None}


def test_gaia_magnitudes_named_as_motions_are_magnitudes_and_never_motions(shared: Path) -> None:
    for field in ("hatp32", "asi1600", "kocab"):
        references = read_references(shared / "images" / f"ref_gaia_G10_{field}.ecsv")
        assert bands_of(references) >= {"G(GaiaDR3)", "BP(GaiaDR3)", "RP(GaiaDR3)"}
        assert references["pm_ra_mas_yr"].null_count() == len(references)
        assert references["bp_rp_mag"].drop_nulls().is_between(-0.5, 5.0).all()


def test_a_filler_of_zero_is_no_magnitude(shared: Path) -> None:
    references = read_references(shared / "images" / "ref_gaia_G10_kocab.ecsv")
    kochab = references.filter(pl.col("ref_id") == "-72607")
    assert bands_of(kochab) == {"G(GaiaDR3)"}
    assert kochab["bp_rp_mag"].to_list() == [None]


def test_real_motions_beside_a_g_magnitude_stay_motions(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{10 + i / 100},{i / 50},{9 + i / 10},{3 - i},{i * 1.7 - 20}" for i in range(1, 30))
    references = read_references(written(tmp_path, f"source_id,ra,dec,phot_g_mean_mag,pmra,pmdec\n{rows}\n"))
    assert bands_of(references) == {"G(GaiaDR3)"}
    assert references.filter(ref_id="5")["pm_ra_mas_yr"].to_list() == [-2.0]
    assert references["epoch"].unique().to_list() == [2016.0]


def test_refcat2_is_told_from_gaia_by_its_columns(shared: Path) -> None:
    in_banzai = read_references(shared / "images" / "cat_lco1m_cpt_fa06_i_refcat2.fits")
    assert bands_of(in_banzai) == {"g(Refcat2)", "r(Refcat2)", "i(Refcat2)", "z(Refcat2)"}
    assert in_banzai["ref_id"].n_unique() == 2752
    of_vizier = read_references(shared / "images" / "refcat2_eyuma.ecsv")
    assert bands_of(of_vizier) == bands_of(in_banzai) | {"2MASS(J)", "2MASS(H)", "2MASS(K)"}
    assert of_vizier["pm_ra_mas_yr"].null_count() < 10
    assert (of_vizier["mag_err"].drop_nulls() > 0).all()


def test_gaia_synthetic_photometry_takes_errors_from_fluxes_and_heeds_flags(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "source_id,ra,dec,bp_rp,v_jkc_mag,v_jkc_flux,v_jkc_flux_error,v_jkc_flag,g_sdss_mag,phot_variable_flag\n"
        "11,10.0,-5.0,0.9,14.5,100.0,1.0,1,15.0,VARIABLE\n"
        "12,10.1,-5.0,0.7,15.5,50.0,1.0,0,15.9,NOT_AVAILABLE\n",
    )
    references = read_references(path)
    v_band = references.filter(band="V(GaiaSP)")
    assert v_band["ref_id"].to_list() == ["11"]
    assert v_band["mag_err"].item() == pytest.approx(0.010857, abs=1e-5)
    assert references.filter(band="g(GaiaSP)")["variable"].to_list() == [True, False]
    assert references["catalogue"].unique().to_list() == ["GaiaSP"]


def test_capital_and_small_letters_are_different_bands_at_vizier(tmp_path: Path) -> None:
    path = written(
        tmp_path, "RAJ2000,DEJ2000,Umag,Bmag,Vmag,Rmag,Imag,gmag,rmag\n10,5,15,14,13,12,11,13.5,12.5\n"
    )
    bands = bands_of(read_references(path))
    assert bands == {f"{name}(GaiaSP)" for name in "UBVRIgr"}


def test_every_file_format_gives_the_same_stars(shared: Path, tmp_path: Path) -> None:
    source = shared / "images" / "refcat2_eyuma.ecsv"
    expected = read_references(source)
    table = Table.read(source)
    table.meta.clear()
    table.keep_columns([name for name in table.colnames if name.startswith(("RA", "DE", "pm", "id"))
                        or name.endswith("mag")])  # fmt: skip
    table.write(tmp_path / "a.fits")
    table.write(tmp_path / "a.xml", format="votable")
    table.write(tmp_path / "a.csv", format="ascii.csv")
    expected.write_parquet(tmp_path / "a.parquet")
    for name in ("a.fits", "a.xml", "a.csv", "a.parquet"):
        references = read_references(tmp_path / name)
        assert references.select("ref_id", "band").equals(expected.select("ref_id", "band")), name
        assert references["mag"].to_numpy() == pytest.approx(expected["mag"].to_numpy(), abs=1e-5)
        assert references["bp_rp_mag"].null_count() == expected["bp_rp_mag"].null_count()


def test_all_bands_are_known_to_the_project(shared: Path) -> None:
    references = read_references(shared / "images" / "refcat2_eyuma.ecsv")
    assert bands_of(references) <= set(BANDS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-a-table"),
        ("hello world\n", "not-a-table"),
        ("a,b\n1,2\n", "no-positions"),
        ("ra,dec\n,\n", "no-stars"),
        ("ra,dec\n1,2\n3\n4,5,6\n", "not-a-table"),
        ("# %ECSV 1.0\n# nonsense\n", "not-a-table"),
        ("SIMPLE  =                    T", "not-a-table"),
        ("PAR1 and nothing", "not-a-table"),
    ],
)
def test_a_file_that_is_no_star_table_is_refused_in_one_sentence(
    tmp_path: Path, text: str, code: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        read_references(written(tmp_path, text))
    assert refusal.value.code == code
    assert refusal.value.reason.endswith(".")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="cannot be opened"):
        read_references(tmp_path / "none.csv")
