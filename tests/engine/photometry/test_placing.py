"""Artificial fields are placed where they are, and unrelated ones nowhere."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.wcs import WCS
from numpy.typing import NDArray

from engine.errors import Rejected
from engine.photometry.references import reference_table
from engine.photometry.solution import Solution
from engine.photometry.solve import solve
from engine.photometry.solving.index_files import index_files
from engine.photometry.solving.wcs_fit import deproject, fit_wcs, linear_wcs, project


def offsets_pix(solution: Solution, truth: WCS, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return by how many pixels the solution differs from the truth over the frame."""
    x, y = np.meshgrid(np.linspace(0, shape[1] - 1, 7), np.linspace(0, shape[0] - 1, 7))
    back_x, back_y = truth.all_world2pix(*solution.wcs.all_pix2world(x.ravel(), y.ravel(), 0), 0)
    return np.asarray(np.hypot(back_x - x.ravel(), back_y - y.ravel()))


def artificial_field(
    rng: np.random.Generator,
    *,
    stars: int = 40,
    spurious: int = 30,
    missing: float = 0.2,
    bend: float = 0.0,
    magnitudes: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame, WCS, float]:
    """Return sources, references, the true WCS and the scale of a frame of any rotation and handedness."""
    centre = (float(rng.uniform(0, 360)), float(rng.uniform(-88, 88)))
    scale_arcsec = float(rng.uniform(0.3, 8.0))
    turn, sign = rng.uniform(0, 2 * np.pi), rng.choice([-1.0, 1.0])
    matrix = scale_arcsec * np.array(
        [[np.cos(turn), -sign * np.sin(turn)], [np.sin(turn), sign * np.cos(turn)]]
    )
    truth = linear_wcs(matrix, centre, (499.5, 399.5))
    reach = 900.0
    x, y = rng.uniform(500 - reach, 500 + reach, 4 * stars), rng.uniform(400 - reach, 400 + reach, 4 * stars)
    sky_ra_deg, sky_dec_deg = truth.all_pix2world(x, y, 0)
    mag = rng.uniform(8, 13, len(x))
    references = reference_table(
        pl.DataFrame(
            {
                "ref_id": [f"s{number:03d}" for number in range(len(x))],
                "ra_deg": sky_ra_deg % 360.0,
                "dec_deg": sky_dec_deg,
                "band": ["G(GaiaDR3)" if magnitudes else None] * len(x),
                "mag": mag if magnitudes else [None] * len(x),
            },
            schema_overrides={"band": pl.String, "mag": pl.Float64},
        )
    )
    seen = (x > 0) & (x < 999) & (y > 0) & (y < 799) & (rng.uniform(size=len(x)) > missing)
    u, v = x[seen] - 499.5, y[seen] - 399.5
    radius2 = (u**2 + v**2) / 500**2
    sources = pl.DataFrame(
        {
            "x": np.concatenate((499.5 + u * (1 + bend * radius2), rng.uniform(0, 999, spurious)))
            + rng.normal(0, 0.2, int(np.sum(seen)) + spurious),
            "y": np.concatenate((399.5 + v * (1 + bend * radius2), rng.uniform(0, 799, spurious))),
            "flux_adu": np.concatenate(
                (
                    10 ** (-0.4 * (mag[seen] + rng.normal(0, 0.2, int(np.sum(seen))))),
                    10 ** (-0.4 * rng.uniform(8, 13, spurious)),
                )
            ),
        }
    )
    return sources, references, truth, scale_arcsec


@pytest.mark.parametrize("magnitudes", [True, False])
def test_any_rotation_and_handedness_is_solved_among_spurious_sources(magnitudes: bool) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sources, references, truth, scale_arcsec = artificial_field(rng, magnitudes=magnitudes)
        ra_deg, dec_deg = truth.all_pix2world(
            499.5 + rng.uniform(-250, 250), 399.5 + rng.uniform(-200, 200), 0
        )
        solution = solve(
            sources,
            shape=(800, 1000),
            pointing=(float(ra_deg), float(dec_deg)),
            pixel_scale_arcsec=scale_arcsec * rng.uniform(0.85, 1.18),
            wcs_hint=None,
            references=references,
            mjd=60000.0,
        )
        assert np.max(offsets_pix(solution, truth, (800, 1000))) < 0.8, seed
        assert solution.pixel_scale_arcsec == pytest.approx(scale_arcsec, rel=2e-3)


def test_a_hundred_unrelated_star_fields_are_all_refused() -> None:
    for seed in range(100):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(12, 40))
        sources = pl.DataFrame(
            {
                "x": rng.uniform(0, 999, count),
                "y": rng.uniform(0, 799, count),
                "flux_adu": rng.exponential(size=count),
            }
        )
        _, references, truth, scale_arcsec = artificial_field(rng, stars=int(rng.integers(3, 8)))
        with pytest.raises(Rejected) as refusal:
            solve(
                sources,
                shape=(800, 1000),
                pointing=(float(truth.wcs.crval[0]), float(truth.wcs.crval[1])),
                pixel_scale_arcsec=scale_arcsec,
                wcs_hint=truth if seed % 2 else None,
                references=references,
                mjd=60000.0,
            )
        assert refusal.value.code == "not-solved"


def test_a_bent_field_gets_distortion_terms_and_a_straight_one_does_not() -> None:
    for bend, ctype in ((0.004, "RA---TAN-SIP"), (0.0, "RA---TAN")):
        sources, references, truth, scale_arcsec = artificial_field(
            np.random.default_rng(5), stars=400, spurious=20, bend=bend
        )
        solution = solve(
            sources,
            shape=(800, 1000),
            pointing=(float(truth.wcs.crval[0]), float(truth.wcs.crval[1])),
            pixel_scale_arcsec=scale_arcsec,
            wcs_hint=None,
            references=references,
            mjd=60000.0,
        )
        assert str(solution.wcs.wcs.ctype[0]) == ctype
        assert solution.rms_arcsec < 0.35 * scale_arcsec


def test_few_sources_are_refused() -> None:
    sources, references, truth, scale_arcsec = artificial_field(np.random.default_rng(1))
    with pytest.raises(Rejected) as refusal:
        solve(
            sources.head(4),
            shape=(800, 1000),
            pointing=None,
            pixel_scale_arcsec=scale_arcsec,
            wcs_hint=truth,
            references=references,
            mjd=60000.0,
        )
    assert refusal.value.code == "few-stars"


@pytest.mark.parametrize(
    ("rows", "pointing", "code"),
    [(0, None, "no-position"), (0, (10.0, 10.0), "few-stars"), (3, None, "few-stars")],
)
def test_without_position_or_catalogue_the_refusal_says_what_is_missing(
    rows: int, pointing: tuple[float, float] | None, code: str
) -> None:
    sources, references, _, _ = artificial_field(np.random.default_rng(2))
    with pytest.raises(Rejected) as refusal:
        solve(
            sources,
            shape=(800, 1000),
            pointing=pointing,
            pixel_scale_arcsec=None,
            wcs_hint=None,
            references=references.head(rows),
            mjd=60000.0,
        )
    assert refusal.value.code == code


def test_projecting_and_back_is_the_identity_even_at_the_pole() -> None:
    for centre in ((10.0, 89.999), (359.999, -45.0), (0.0, 0.0)):
        ra_deg, dec_deg = deproject(1200.0, -700.0, centre)
        xi, eta = project(np.array([ra_deg]), np.array([dec_deg]), centre)
        assert (xi[0], eta[0]) == pytest.approx((1200.0, -700.0), abs=1e-6)


def test_five_stars_fix_a_rotation_and_scale_of_either_handedness() -> None:
    for sign in (-1.0, 1.0):
        truth = linear_wcs(np.array([[sign * 1.2, 0.3], [-sign * 0.3, 1.2]]), (150.0, 40.0), (499.5, 399.5))
        x, y = np.array([10.0, 900, 300, 700, 450]), np.array([20.0, 100, 700, 650, 400])
        ra_deg, dec_deg = truth.all_pix2world(x, y, 0)
        fitted = fit_wcs(x, y, ra_deg, dec_deg, shape=(800, 1000), start=(150.1, 40.1))
        assert fitted.pixel_scale_matrix == pytest.approx(truth.pixel_scale_matrix, abs=1e-8)


def test_a_folder_without_index_files_is_no_help(tmp_path: Path) -> None:
    assert index_files(tmp_path) == []
    assert index_files(tmp_path / "missing") == []
    sources, references, _, _ = artificial_field(np.random.default_rng(2))
    with pytest.raises(Rejected):
        solve(
            sources,
            shape=(800, 1000),
            pointing=None,
            pixel_scale_arcsec=None,
            wcs_hint=None,
            references=references.clear(),
            mjd=60000.0,
            index_dir=tmp_path,
        )
