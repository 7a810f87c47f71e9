"""Every real frame gives the numbers that were checked by eye on its picture and its stars' profiles."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from looked_at import Looked, Places, look, width_pix

from engine.lightcurve import Flag

CUBE = "ssdsi_m13_000{}.fits.fz"  # five exposures in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the header says, and what an eye sees."""

    size: tuple[int, int]  # nx, ny
    mjd: float  # mid-exposure
    exptime_s: float
    gain_e_adu: float
    saturation_adu: float
    sources: int
    fwhm_pix: float | None  # of the stars; None where there are none to tell
    psf_fwhm_pix: float | None = None  # None: too few stars to learn it from
    stars: Places = ()  # sound ones, picked by eye
    burnt: Places = ()  # with a flat or hollow middle


# fmt: off
SEEN = {
    # survey cut-out of a cluster of galaxies; one burnt star, the others too few for a PSF
    "sep_image.fits": Seen(
        size=(256, 256), mjd=48921.134815, exptime_s=1200, gain_e_adu=1.0, saturation_adu=98215,
        sources=70, fwhm_pix=2.1, stars=((148, 32), (80, 11), (4, 152)), burnt=((232, 182),)),
    # DECam cut-out: five stars, a galaxy in the middle
    "decam_i_mini_04a.fits": Seen(
        size=(256, 256), mjd=58334.393248, exptime_s=330, gain_e_adu=3.984, saturation_adu=46536,
        sources=21, fwhm_pix=5.0, stars=((58, 181), (101, 73), (105, 233), (179, 202))),
    # hot pixels, spread by the alignment of dark frames, outnumber stars and are 1.2 pixels wide
    "c14_2157-0039_V.fit": Seen(
        size=(1092, 736), mjd=56830.349635, exptime_s=60, gain_e_adu=1.39, saturation_adu=59573,
        sources=1629, fwhm_pix=3.3, psf_fwhm_pix=3.1, burnt=((895, 641),),
        stars=((426, 491), (136, 535), (482, 636), (415, 73), (636, 351), (290, 66))),
    # slit, dirt and the glow of an edge; one good star
    "tlemoult_lisa_guider_badheader.fits": Seen(
        size=(752, 580), mjd=59983.790025, exptime_s=2, gain_e_adu=1.0, saturation_adu=65535,
        sources=39, fwhm_pix=5.2, stars=((307, 92),)),
    # infrared, read twice: the three brightest stars are hollow
    "vlt_isaac_1740-3052_badcard.fits.gz": Seen(
        size=(1024, 1024), mjd=53838.272696, exptime_s=4, gain_e_adu=1.0, saturation_adu=26813,
        sources=1722, fwhm_pix=2.85, psf_fwhm_pix=2.7,
        burnt=((254, 894), (266, 166), (451, 941), (505, 1014)),
        stars=((955, 428), (827, 984), (726, 377), (224, 408), (721, 246))),
    # no dark frame taken off: a pixel in ten is hot, every star holds some, so there is no PSF
    "neossat_survey_2024.fits.fz": Seen(
        size=(1078, 1020), mjd=60310.010348, exptime_s=100.0251, gain_e_adu=1.10, saturation_adu=64880,
        sources=1563, fwhm_pix=3.8, burnt=((476, 519), (467, 745), (711, 105), (849, 169)),
        stars=((909, 261), (622, 284), (991, 583), (367, 661), (163, 140))),
    # a satellite's trail falls into some thirty sources
    "asi1600_ngc4492_2s.fits.fz": Seen(
        size=(2328, 1760), mjd=58952.169195, exptime_s=2, gain_e_adu=1.0, saturation_adu=64849,
        sources=252, fwhm_pix=2.25, psf_fwhm_pix=2.13, burnt=((1616, 1488), (874, 1494), (539, 1468)),
        stars=((866, 1130), (539, 291), (323, 363), (1668, 220), (1337, 1482))),
    # stars of a telescope simulator, none bright enough for a PSF
    "stellarsolver_randomsky_simulated.fits": Seen(
        size=(1280, 1024), mjd=58903.812108, exptime_s=1, gain_e_adu=1.0, saturation_adu=65535,
        sources=90, fwhm_pix=3.6, stars=((642, 524), (832, 451), (807, 899), (418, 190))),
    # the haze of a globular cluster at a low signal: no star stands out, no width is told
    CUBE.format(1): Seen(size=(1392, 1040), mjd=56417.173397, exptime_s=5, gain_e_adu=1.0,
                         saturation_adu=65535, sources=19, fwhm_pix=None),
    CUBE.format(2): Seen(size=(1392, 1040), mjd=56417.173536, exptime_s=5, gain_e_adu=1.0,
                         saturation_adu=65535, sources=39, fwhm_pix=None),
    CUBE.format(3): Seen(size=(1392, 1040), mjd=56417.173663, exptime_s=5, gain_e_adu=1.0,
                         saturation_adu=65535, sources=27, fwhm_pix=None),
    CUBE.format(4): Seen(size=(1392, 1040), mjd=56417.173802, exptime_s=5, gain_e_adu=1.0,
                         saturation_adu=65535, sources=33, fwhm_pix=None),
    CUBE.format(5): Seen(size=(1392, 1040), mjd=56417.173941, exptime_s=5, gain_e_adu=1.0,
                         saturation_adu=65535, sources=19, fwhm_pix=None),
}
# fmt: on
every_frame = pytest.mark.parametrize("name", SEEN)


@cache
def looked(path: Path) -> Looked:
    return look(path)


@pytest.fixture
def frame(shared: Path, name: str) -> Looked:
    return looked(shared / "images" / name)


@every_frame
def test_the_papers_are_those_of_the_header(frame: Looked, name: str) -> None:
    seen, read = SEEN[name], frame.read
    assert (read.shape[1], read.shape[0]) == seen.size
    assert read.mjd == pytest.approx(seen.mjd, abs=2e-6)
    assert read.exptime_s == pytest.approx(seen.exptime_s, abs=1e-3)
    assert read.gain_e_adu == pytest.approx(seen.gain_e_adu, abs=2e-3)
    assert frame.frame.saturation_adu == pytest.approx(seen.saturation_adu, rel=0.01)


@every_frame
def test_as_many_sources_are_found_as_an_eye_sees(frame: Looked, name: str) -> None:
    found = frame.detection.sources
    assert len(found) == pytest.approx(SEEN[name].sources, rel=0.1, abs=3)
    for place in SEEN[name].stars:
        assert not frame.flags_at(*place) & Flag.SATURATED
    for place in SEEN[name].burnt:
        assert frame.flags_at(*place, within_pix=6.0) & Flag.SATURATED


@every_frame
def test_the_width_is_that_of_the_stars(frame: Looked, name: str) -> None:
    expected_pix, found_pix = SEEN[name].fwhm_pix, frame.detection.fwhm_pix
    if expected_pix is None:
        assert found_pix is None
        return
    assert found_pix == pytest.approx(expected_pix, rel=0.1)


@pytest.mark.parametrize("name", [name for name in SEEN if SEEN[name].stars])
def test_stars_picked_by_eye_are_as_wide(frame: Looked, name: str) -> None:
    picked_pix = width_pix(frame, SEEN[name].stars)
    assert frame.detection.fwhm_pix == pytest.approx(picked_pix, rel=0.25)
    if frame.light is not None:
        assert frame.light.psf.fwhm_pix == pytest.approx(picked_pix, rel=0.1)


@every_frame
def test_a_psf_is_learnt_from_stars_or_from_nothing(frame: Looked, name: str) -> None:
    expected_pix = SEEN[name].psf_fwhm_pix
    assert (frame.light is None) == (expected_pix is None)
    if frame.light is None:
        return
    psf = frame.light.psf
    assert psf.fwhm_pix == pytest.approx(expected_pix, rel=0.06)
    assert psf.mismatch < 0.12
    assert psf.stars >= 20
    burnt = np.array(SEEN[name].burnt)
    distances_pix = np.linalg.norm(frame.model_places[:, None] - burnt[None], axis=2)
    assert distances_pix.min() > 5


@pytest.mark.parametrize("name", [name for name in SEEN if SEEN[name].psf_fwhm_pix])
def test_the_fit_leaves_little_of_the_picked_stars(frame: Looked, name: str) -> None:
    assert frame.light is not None
    left, flat = frame.light.fit.residual_adu, frame.light.pixels.light_adu
    shares = []
    for x, y in SEEN[name].stars:
        core = (slice(y - 2, y + 3), slice(x - 2, x + 3))
        shares.append(np.abs(left[core]).sum() / flat[core].sum())
    assert np.median(shares) < 0.1
    assert max(shares) < 0.25


def test_hot_pixels_that_were_spread_are_no_sources_where_stars_are_wider(shared: Path) -> None:
    frame = looked(shared / "images" / "c14_2157-0039_V.fit")
    sound = frame.detection.sources.filter(pl.col("flags") == 0)
    for x, y in ((403, 107), (943, 381), (50, 130), (228, 30), (804, 410)):
        distance_pix = np.hypot(sound["x"].to_numpy() - x, sound["y"].to_numpy() - y)
        assert distance_pix.min() > 3


def test_the_trail_of_a_satellite_tells_no_shape(shared: Path) -> None:
    frame = looked(shared / "images" / "asi1600_ngc4492_2s.fits.fz")
    ends = np.array([[1430.0, 822.0], [1915.0, 358.0]])
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    offsets = frame.model_places - ends[0]
    across_pix = np.abs(offsets[:, 0] * along[1] - offsets[:, 1] * along[0])
    on_trail = (offsets @ along > -20) & (offsets @ along < np.linalg.norm(ends[1] - ends[0]) + 20)
    assert not np.any(on_trail & (across_pix < 15))
