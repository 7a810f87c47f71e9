"""Three lines of Python measure a folder of frames."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.errors import Rejected
from engine.photometry.results import RESULTS_SCHEMA
from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import gaia_like_stars, one_star
from tomlake.photometry import reduce

RA_DEG, DEC_DEG = 150.03, 30.02
SCENE = Scene(ra_deg=150.0, dec_deg=30.0, shape=(400, 420), is_wcs_known=False, filter_name="r")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two exposures of a star, beside a catalogue of its field."""
    made = tmp_path_factory.mktemp("night")
    (made / "frames").mkdir()
    rng = np.random.default_rng(3)
    stars = gaia_like_stars(rng, ra_deg=150.0, dec_deg=30.0, radius_deg=0.25, density_per_deg2=2500.0)
    stars.write_parquet(made / "stars.parquet")
    star = one_star("target", ra_deg=RA_DEG, dec_deg=DEC_DEG, g_mag=14.0)
    for number in range(2):
        exposure = simulate_exposure(pl.concat([stars, star]), rng=rng, scene=SCENE)
        write_fits(exposure, made / "frames" / f"frame{number}.fits", object_name="target")
    (made / "true.txt").write_text(str(star.filter(pl.col("band") == SCENE.band)["mag"].item()))
    return made


def test_a_folder_becomes_a_table(folder: Path) -> None:
    table = reduce(folder / "frames", ra_deg=RA_DEG, dec_deg=DEC_DEG, references=folder / "stars.parquet")
    assert dict(table.schema) == RESULTS_SCHEMA
    assert table["file"].to_list() == ["frame0.fits", "frame1.fits"]
    assert table["status"].to_list() == ["measured"] * 2
    assert table["band"].to_list() == [SCENE.band] * 2
    true_mag = float((folder / "true.txt").read_text())
    assert (((table["mag"] - true_mag) / table["mag_err"]).abs() < 3).all()
    assert table["psf_fwhm_pix"].is_between(2.5, 3.6).all()


def test_what_cannot_be_measured_is_a_row_and_what_is_not_there_an_error(folder: Path) -> None:
    (folder / "broken.fits").write_bytes(b"no image")
    where = {"ra_deg": RA_DEG, "dec_deg": DEC_DEG, "references": str(folder / "stars.parquet")}
    table = reduce([str(folder / "broken.fits")], **where)  # type: ignore[arg-type]
    assert table["status"].to_list() == ["rejected"]
    assert table["reason"][0]
    with pytest.raises(Rejected, match="no file"):
        reduce(folder / "nothing.fits", **where)  # type: ignore[arg-type]
