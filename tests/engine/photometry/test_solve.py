"""Real frames are placed on the sky, by their headers, by catalogues and by index files."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import sep
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from engine.photometry.references import read_references, reference_table
from engine.photometry.solution import Method, Solution
from engine.photometry.solve import solve
from engine.photometry.solving.index_files import index_files
from engine.photometry.solving.wcs_fit import linear_wcs

HATP32_DEG = (31.04279, 46.68785)
HATP32_POINTING = (31.312099, 46.769087)
HATP32_MJD = 58107.1
INDEX_DIR = Path("/usr/share/astrometry")  # where Debian's astrometry-data packages put them


def sources_of(image: NDArray[np.float32], *, sigmas: float = 5.0, minarea: int = 5) -> pl.DataFrame:
    sky = sep.Background(image)
    found = sep.extract(image - sky.back(), sigmas, err=max(sky.globalrms, 0.3), minarea=minarea)
    return pl.DataFrame({"x": found["x"], "y": found["y"], "flux_adu": found["flux"].astype(float)})


def image_of(path: Path) -> tuple[NDArray[np.float32], fits.Header]:
    with fits.open(path) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        return np.ascontiguousarray(hdu.data, dtype=np.float32), hdu.header


def references_of(shared: Path, *names: str) -> pl.DataFrame:
    return pl.concat([read_references(shared / "images" / name) for name in names])


def bare_wcs(header: fits.Header) -> WCS:
    """Return the linear WCS of a header by the CD matrix or by CDELT and CROTA2."""
    scale = np.array([header["CDELT1"], header["CDELT2"]]) * 3600
    turn = np.radians(header["CROTA2"])
    matrix = np.array([[scale[0] * np.cos(turn), -scale[1] * np.sin(turn)],
                       [scale[0] * np.sin(turn), scale[1] * np.cos(turn)]])  # fmt: skip
    reference_pixel = (header["CRPIX1"] - 1, header["CRPIX2"] - 1)
    return linear_wcs(matrix, (header["CRVAL1"], header["CRVAL2"]), reference_pixel)


def offsets_pix(solution: Solution, truth: WCS, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return by how many pixels the solution differs from the truth over the frame."""
    x, y = np.meshgrid(np.linspace(0, shape[1] - 1, 7), np.linspace(0, shape[0] - 1, 7))
    back_x, back_y = truth.all_world2pix(*solution.wcs.all_pix2world(x.ravel(), y.ravel(), 0), 0)
    return np.asarray(np.hypot(back_x - x.ravel(), back_y - y.ravel()))


@pytest.fixture(scope="module")
def drifting_night(shared: Path) -> list[tuple[str, pl.DataFrame, fits.Header]]:
    frames = sorted((shared / "images" / "microobservatory_hatp32").iterdir())
    opened = [(path.name, *image_of(path)) for path in frames]
    return [(name, sources_of(image, minarea=3), header) for name, image, header in opened]


@pytest.mark.parametrize(
    "catalogues",
    [
        ("ref_tycho2_hatp32.fits", "ref_gaia_G10_hatp32.ecsv"),
        ("ref_gaia_G10_hatp32.ecsv",),
        ("ref_tycho2_hatp32.fits",),
    ],
    ids=["tycho and gaia", "gaia alone", "positions alone"],
)
def test_every_frame_of_a_drifting_night_full_of_hot_pixels_is_solved(
    shared: Path,
    drifting_night: list[tuple[str, pl.DataFrame, fits.Header]],
    catalogues: tuple[str, ...],
) -> None:
    references = references_of(shared, *catalogues)
    assert len(drifting_night) == 49
    for name, sources, header in drifting_night:
        solution = solve(
            sources,
            shape=(500, 650),
            pointing=(header["RA"], header["DEC"]),
            pixel_scale_arcsec=header["IM_SCALE"],
            wcs_hint=None,
            references=references,
            mjd=HATP32_MJD,
        )
        assert solution.method == Method.CATALOGUE
        assert solution.pixel_scale_arcsec == pytest.approx(5.165, abs=0.015)
        assert solution.rms_arcsec < 0.8 * solution.pixel_scale_arcsec
        x, y = solution.wcs.all_world2pix(*HATP32_DEG, 0)
        nearest = np.min(np.hypot(sources["x"].to_numpy() - x, sources["y"].to_numpy() - y))
        assert nearest < 1.5, name


def test_a_roughly_right_header_is_corrected_by_the_stars(shared: Path) -> None:
    image, header = image_of(shared / "images" / "asi1600_ngc4492_2s.fits.fz")
    solution = solve(
        sources_of(image),
        shape=(1760, 2328),
        pointing=None,
        pixel_scale_arcsec=None,
        wcs_hint=bare_wcs(header),
        references=references_of(shared, "ref_tycho2_asi1600.fits"),
        mjd=58952.17,
    )
    assert solution.method == Method.HEADER
    assert solution.matched > 40
    assert solution.rms_arcsec < 0.8 * solution.pixel_scale_arcsec
    assert solution.pixel_scale_arcsec == pytest.approx(2.65, abs=0.01)  # the header says 2.667


def test_the_header_of_a_simulated_telescope_is_confirmed_with_and_without_it(shared: Path) -> None:
    image, header = image_of(shared / "images" / "stellarsolver_randomsky_simulated.fits")
    truth = bare_wcs(header)
    for hint, scale_arcsec in ((truth, None), (None, 2.5), (None, None)):
        solution = solve(
            sources_of(image),
            shape=(1024, 1280),
            pointing=(21.9, 69.1),
            pixel_scale_arcsec=scale_arcsec,
            wcs_hint=hint,
            references=references_of(shared, "ref_tycho2_randomsky.fits"),
            mjd=58903.8,
        )
        assert np.median(offsets_pix(solution, truth, (1024, 1280))) < 1.5


def test_a_stretched_frame_whose_header_is_nonsense_is_solved_by_its_pattern(shared: Path) -> None:
    image, _ = image_of(shared / "images" / "asi6200_kocab_8bit.fits")
    garbage = linear_wcs(np.diag([-6.7, 6.7]), (42.7, 15.8), (347.0, 202.0))
    solution = solve(
        sources_of(image, minarea=3),
        shape=(405, 695),
        pointing=(222.67, 74.16),
        pixel_scale_arcsec=6.895,
        wcs_hint=garbage,
        references=references_of(shared, "ref_tycho2_kocab.fits"),
        mjd=59511.7,
    )
    assert solution.pixel_scale_arcsec == pytest.approx(6.711, abs=0.01)
    ra_deg, dec_deg = solution.wcs.all_pix2world(346.75, 203.9, 0)  # the brightest star is Kochab
    assert (float(ra_deg), float(dec_deg)) == pytest.approx((222.676, 74.1555), abs=0.006)


def test_a_space_telescope_agrees_with_another_solver(shared: Path) -> None:
    images = shared / "images"
    found = fits.getdata(images / "neossat_nova_axy.fits")
    stars = fits.getdata(images / "neossat_nova_corr.fits")
    truth = WCS(fits.getheader(images / "neossat_nova_wcs.fits").copy(strip=True))
    references = reference_table(
        pl.DataFrame(
            {
                "ref_id": [str(number) for number in range(len(stars))],
                "ra_deg": stars["index_ra"].astype(float),
                "dec_deg": stars["index_dec"].astype(float),
            }
        )
    )
    solution = solve(
        pl.DataFrame({name: found[name.upper()].astype(float) for name in ("x", "y", "flux")}).select(
            x=pl.col("x") - 1, y=pl.col("y") - 1, flux_adu="flux"
        ),
        shape=(1020, 1078),
        pointing=(236.8, -19.8),
        pixel_scale_arcsec=3.2,
        wcs_hint=None,
        references=references,
        mjd=59800.0,
    )
    assert solution.matched > 100
    assert np.max(offsets_pix(solution, truth, (1020, 1078))) < 1.0


def test_a_crowded_frame_of_an_observatory_is_fitted_to_a_tenth_of_a_pixel(shared: Path) -> None:
    path = shared / "images" / "cat_lco1m_cpt_fa06_i_refcat2.fits"
    stars = fits.getdata(path)
    rng = np.random.default_rng(1)
    x, y, flux = (stars[name].astype(float) for name in ("x", "y", "flux"))
    spurious = 10 ** rng.uniform(np.log10(np.median(flux)), np.log10(np.max(flux) / 10), 2000)
    sources = pl.DataFrame(
        {
            "x": np.concatenate((x - 1, rng.uniform(0, 4096, 2000))),
            "y": np.concatenate((y - 1, rng.uniform(0, 4096, 2000))),
            "flux_adu": np.concatenate((flux, spurious)),
        }
    )
    solution = solve(
        sources.sample(fraction=0.7, seed=1),
        shape=(4096, 4096),
        pointing=(99.9, 8.8),
        pixel_scale_arcsec=0.43,
        wcs_hint=None,
        references=read_references(path),
        mjd=58861.0,
    )
    there = solution.wcs.all_world2pix(stars["ra"].astype(float), stars["dec"].astype(float), 0)
    misfit_pix = np.hypot(there[0] - x + 1, there[1] - y + 1)
    assert np.median(misfit_pix) * solution.pixel_scale_arcsec < 0.06
    again = WCS(solution.wcs.to_header(relax=True))
    corner = np.array([[10.0, 4000.0]])
    assert again.all_pix2world(corner, 0) == pytest.approx(solution.wcs.all_pix2world(corner, 0), abs=1e-9)


def test_index_files_place_a_frame_without_any_catalogue(shared: Path) -> None:
    if not index_files(INDEX_DIR):
        pytest.skip(f"no index files of astrometry.net in {INDEX_DIR}")
    path = next(iter(sorted((shared / "images" / "microobservatory_hatp32").iterdir())))
    image, _ = image_of(path)
    references = references_of(shared, "ref_tycho2_hatp32.fits")
    for pointing in (HATP32_POINTING, None):
        solution = solve(
            sources_of(image, minarea=3),
            shape=(500, 650),
            pointing=pointing,
            pixel_scale_arcsec=5.21,
            wcs_hint=None,
            references=references.clear(),
            mjd=HATP32_MJD,
            index_dir=INDEX_DIR,
        )
        assert solution.method == Method.INDEX
        assert solution.pixel_scale_arcsec == pytest.approx(5.165, abs=0.015)
