"""Every real frame that can be read ends in a verdict whose numbers can be true."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from engine.lightcurve import Flag
from engine.photometry.pipeline import reduce_frame
from engine.photometry.read import read_frames
from engine.photometry.references import REFERENCE_SCHEMA, read_references
from engine.photometry.verdict import Reduction, Status
from engine.target import Target

NOWHERE = (10.0, 10.0)  # for frames that do not say where they look
GAIA_ASI = ("ref_gaia_G10_asi1600.ecsv", "ref_tycho2_asi1600.fits")
HAT_P_32_NIGHT = "microobservatory_hatp32/HATP-32171220"
NO_CATALOGUE = "The catalogue has only 0 stars there; 5 are needed to place the frame on the sky"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The catalogue at hand, and what the verdict on the frame's own centre says."""

    references: tuple[str, ...] = ()
    code: str = "few-stars"
    reason: str = NO_CATALOGUE
    flags: int = 0
    scale_arcsec: float | None = None  # of a pixel; None: there is no catalogue to solve it by
    matched: int = 0
    seeing_arcsec: float | None = None
    zero_point_mag: float | None = None
    limit_mag: float | None = None


# fmt: off
TOLD = {
    "sep_image.fits": Told(flags=Flag.TIME_UNCERTAIN),  # its two dates differ by half a day
    "decam_i_mini_04a.fits": Told(),
    "c14_2157-0039_V.fit": Told(),
    "tlemoult_lisa_guider_badheader.fits": Told(),
    "vlt_isaac_1740-3052_badcard.fits.gz": Told(),
    "neossat_survey_2024.fits.fz": Told(),
    "ssdsi_m13_0001.fits.fz": Told(),
    "ssdsi_m13_0002.fits.fz": Told(),
    "ssdsi_m13_0003.fits.fz": Told(),
    "ssdsi_m13_0004.fits.fz": Told(),
    "ssdsi_m13_0005.fits.fz": Told(),
    "asi1600_ngc4492_2s.fits.fz": Told(
        references=GAIA_ASI, code="limit", reason="The target was not seen", flags=Flag.FEW_REFERENCE_STARS,
        scale_arcsec=2.649, matched=56, seeing_arcsec=6.1, zero_point_mag=20.4, limit_mag=13.9),
    "stellarsolver_randomsky_simulated.fits": Told(
        references=("ref_tycho2_randomsky.fits",), code="few-reference-stars", reason="No reference star of",
        flags=Flag.TIME_UNCERTAIN, scale_arcsec=2.681, matched=39, seeing_arcsec=9.8),
    f"{HAT_P_32_NIGHT}013343.FITS": Told(
        references=("ref_gaia_G10_hatp32.ecsv",), code="limit", reason="The target was not seen",
        flags=Flag.FEW_REFERENCE_STARS, scale_arcsec=5.164, matched=19, seeing_arcsec=11.7,
        zero_point_mag=16.13, limit_mag=16.8),
}
# fmt: on
every_frame = pytest.mark.parametrize("name", TOLD)


@cache
def references_of(images: Path, names: tuple[str, ...]) -> pl.DataFrame:
    return pl.concat(
        [pl.DataFrame(schema=REFERENCE_SCHEMA), *(read_references(images / one) for one in names)]
    )


@cache
def verdict_of(images: Path, name: str) -> Reduction:
    (frame,) = read_frames(images / name)
    ra_deg, dec_deg = NOWHERE
    if frame.pointing_ra_deg is not None and frame.pointing_dec_deg is not None:
        ra_deg, dec_deg = frame.pointing_ra_deg, frame.pointing_dec_deg
    centre = Target(name="made up", ra_deg=ra_deg, dec_deg=dec_deg)
    return reduce_frame(frame, centre, references_of(images, TOLD[name].references))


@pytest.fixture
def verdict(shared: Path, name: str) -> Reduction:
    return verdict_of(shared / "images", name)


@every_frame
def test_the_verdict_is_one_sentence_and_its_code(verdict: Reduction, name: str) -> None:
    told = TOLD[name]
    assert verdict.code == told.code
    assert verdict.reason.startswith(told.reason)
    assert verdict.flags == told.flags
    assert verdict.status is (Status.LIMIT if told.code == "limit" else Status.REJECTED)
    assert verdict.mag is None


@every_frame
def test_the_place_and_the_seeing_can_be_true(verdict: Reduction, name: str) -> None:
    told, solution = TOLD[name], verdict.solution
    assert (solution is None) == (told.scale_arcsec is None)
    if solution is None:
        return
    assert solution.pixel_scale_arcsec == pytest.approx(told.scale_arcsec, rel=0.002)
    assert solution.matched == pytest.approx(told.matched, abs=4)
    assert solution.rms_arcsec < 0.7 * solution.pixel_scale_arcsec
    assert verdict.seeing_arcsec == pytest.approx(told.seeing_arcsec, rel=0.1)


@every_frame
def test_the_zero_point_and_the_limit_can_be_true(verdict: Reduction, name: str) -> None:
    told = TOLD[name]
    if told.zero_point_mag is None:
        assert verdict.zero_point_mag is None
        return
    assert verdict.zero_point_mag == pytest.approx(told.zero_point_mag, abs=0.15)
    assert verdict.limit_mag == pytest.approx(told.limit_mag, abs=0.3)


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg", "g_mag"),
    [(188.35226, 7.94573, 7.285), (188.50186, 8.59098, 8.729), (187.70949, 8.44535, 9.707)],
)
def test_a_catalogue_star_as_target_has_its_catalogued_magnitude(
    shared: Path, ra_deg: float, dec_deg: float, g_mag: float
) -> None:
    images = shared / "images"
    (frame,) = read_frames(images / "asi1600_ngc4492_2s.fits.fz")
    star = Target(name="star", ra_deg=ra_deg, dec_deg=dec_deg)
    verdict = reduce_frame(frame, star, references_of(images, GAIA_ASI), requested="GaiaDR3/G")
    assert verdict.status is Status.MEASURED
    assert verdict.mag is not None
    assert verdict.mag_err is not None
    assert verdict.mag_err < 0.15
    assert abs(verdict.mag - g_mag) < 3 * verdict.mag_err  # the filter is wider than G, the stars are few


def test_a_burnt_star_as_target_is_refused(shared: Path) -> None:
    images = shared / "images"
    (frame,) = read_frames(images / "asi1600_ngc4492_2s.fits.fz")
    star = Target(name="star", ra_deg=187.83914, dec_deg=7.60435)  # G = 5.5
    verdict = reduce_frame(frame, star, references_of(images, GAIA_ASI), requested="GaiaDR3/G")
    assert (verdict.status, verdict.code) == (Status.REJECTED, "saturated")
