"""Frames of the HAT-P-32 night, each on its own: an under-sampled camera full of hot pixels."""

from pathlib import Path

import numpy as np
import pytest
from looked_at import look

from engine.photometry.pipeline import reduce_frame
from engine.photometry.read import read_frames
from engine.photometry.references import read_references
from engine.photometry.verdict import Status
from engine.target import Target

# fmt: off
WIDTHS_PIX = {  # start in UTC: FWHM of the stars as detected, and of the PSF that was learnt
    "013343": (2.27, 1.96), "013612": (1.72, 1.56), "014212": (1.91, 1.67), "015112": (1.74, 1.56),
    "020012": (1.91, 1.67), "020912": (1.52, 1.40), "021812": (1.65, 1.43), "022712": (1.86, 1.66),
    "023612": (1.77, 1.55), "024512": (1.57, 1.41), "025412": (1.96, 1.72), "030312": (1.60, 1.47),
    "031212": (1.54, 1.42), "032112": (1.56, 1.40), "033012": (1.57, 1.39), "033912": (1.84, 1.54),
    "034812": (1.63, 1.49), "035712": (1.88, 1.61), "040612": (1.96, 1.69), "041512": (1.81, 1.51),
    "042412": (2.03, 1.73), "043312": (1.94, 1.51), "044212": (2.09, 1.76), "045112": (2.21, 1.90),
    "050012": (2.16, 1.78), "050912": (2.26, 1.92), "051812": (2.23, 2.00), "052712": (1.99, 1.67),
    "053612": (2.22, 1.90), "054512": (2.16, 1.78), "055412": (2.11, 1.77), "060312": (2.33, 2.05),
    "061212": (2.18, 1.91), "062112": (2.07, 1.77), "063012": (2.54, 2.13), "063912": (2.21, 1.89),
    "064812": (2.00, 1.78), "065712": (2.30, 1.99), "070612": (2.19, 1.85), "071512": (1.99, 1.72),
    "072412": (2.52, 2.12), "073312": (2.23, 1.95), "074212": (2.03, 1.77), "075112": (2.10, 1.89),
    "080012": (1.97, 1.75), "080912": (2.09, 1.88), "081812": (2.21, 1.97), "082712": (1.98, 1.76),
    "083612": (2.04, 1.79),
}
# fmt: on
MIDNIGHT_MJD = 58107.0
HAT_P_32 = Target(name="HAT-P-32", ra_deg=31.0427625, dec_deg=46.6878514)
G_MAG = 11.13  # Gaia DR3
LOOKED_AT = list(WIDTHS_PIX)[1::3]  # of 49 alike: the widest stars and nearly the sharpest are among them
EVERY = 8  # of the frames goes the whole way: the night has its own tests


def night(shared: Path) -> dict[str, Path]:
    """Return the frames by their start in UTC, hhmmss."""
    return {path.name[13:19]: path for path in sorted((shared / "images/microobservatory_hatp32").iterdir())}


def test_no_frame_of_the_night_is_without_its_widths(shared: Path) -> None:
    assert set(night(shared)) == set(WIDTHS_PIX)


@pytest.mark.parametrize("start", LOOKED_AT)
def test_a_frame_of_the_night_tells_the_stars_from_the_hot_pixels(shared: Path, start: str) -> None:
    looked = look(night(shared)[start])
    read, detection, light = looked.read, looked.detection, looked.light
    hours = int(start[:2]) + int(start[2:4]) / 60 + int(start[4:]) / 3600
    assert read.shape == (500, 650)
    assert read.exptime_s == 60.0
    assert read.mjd == pytest.approx(MIDNIGHT_MJD + hours / 24 + 30 / 86400, abs=1.1 / 86400)
    assert looked.frame.saturation_adu == pytest.approx(4054, abs=1)  # 12 bits
    assert 3.0 < looked.frame.gain_e_adu < 5.0  # by the noise of the sky; the header has none
    assert 345 < detection.sky_adu < 370
    sources = detection.sources
    assert 1200 < len(sources) < 1800
    assert 320 < int((sources["snr"] > 20).sum()) < 400
    assert light is not None
    fwhm_pix, psf_fwhm_pix = WIDTHS_PIX[start]
    assert detection.fwhm_pix == pytest.approx(fwhm_pix, rel=0.08)
    assert light.psf.fwhm_pix == pytest.approx(psf_fwhm_pix, rel=0.08)
    assert 55 <= light.psf.stars <= 95
    assert light.psf.mismatch < 0.1


def test_the_stars_of_the_psf_drift_over_the_detector_as_hot_pixels_do_not(shared: Path) -> None:
    first, last = (look(night(shared)[start]).model_places for start in ("020012", "080012"))
    stays = [np.min(np.linalg.norm(last - place, axis=1)) < 0.7 for place in first]
    assert len(first) > 50
    assert np.mean(stays) < 0.1


@pytest.mark.parametrize("start", list(WIDTHS_PIX)[::EVERY])
def test_a_frame_of_the_night_alone_measures_the_target_within_its_error(shared: Path, start: str) -> None:
    (frame,) = read_frames(night(shared)[start])
    references = read_references(shared / "images" / "ref_gaia_G10_hatp32.ecsv")
    verdict = reduce_frame(frame, HAT_P_32, references)
    assert verdict.solution is not None
    assert verdict.solution.pixel_scale_arcsec == pytest.approx(5.165, abs=0.01)
    assert verdict.solution.matched >= 13
    assert verdict.solution.rms_arcsec < 0.55 * verdict.solution.pixel_scale_arcsec
    assert verdict.status is Status.MEASURED
    assert verdict.mag is not None
    assert verdict.mag_err is not None
    assert abs(verdict.mag - G_MAG) < 2 * verdict.mag_err
    assert verdict.mag_err > 0.05
    assert verdict.zero_point_mag == pytest.approx(16.15, abs=0.15)
