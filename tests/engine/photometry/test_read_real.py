"""The real exposures of seventeen instruments end as frames or in the right refusal."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import Rejected
from engine.frame import Frame
from engine.photometry.read import read_frames
from engine.times import mjd_of_jd


@pytest.fixture(scope="session")
def images(shared: Path) -> Path:
    return shared / "images"


def read_one(path: Path) -> Frame:
    frames = read_frames(path)
    assert len(frames) == 1
    return frames[0]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("asi6200_kocab_8bit.fits", "stretched"),
        ("kstars_bahtinov_8bit.fits", "stretched"),
        ("poss1_m67_plate.fits", "plate-scan"),
        ("lco1m_elp_fa05_w_raw_mef.fits", "raw-mosaic"),
        ("neossat_nova_wcs.fits", "no-image"),
        ("neossat_nova_corr.fits", "no-image"),
        ("cat_lco_ldac.fits", "no-image"),
        ("cat_lco1m_elp_fl05_sextractor.fits", "no-image"),
        ("refcat2_eyuma.ecsv", "not-fits"),
    ],
)
def test_what_cannot_be_measured_is_refused(images: Path, name: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_frames(images / name)
    assert refused.value.code == code
    assert refused.value.reason.endswith(".")


def test_every_file_ends_as_sound_frames_or_in_a_refusal(images: Path) -> None:
    files = [path for path in sorted(images.rglob("*")) if path.is_file()]
    assert len(files) > 70
    refused = 0
    for path in files:
        try:
            frames = read_frames(path)
        except Rejected:
            refused += 1
            continue
        for frame in frames:
            assert frame.data.dtype == np.float32
            assert frame.data.flags.c_contiguous
            assert np.isfinite(frame.data).all()
            assert frame.exptime_s > 0
            assert 48000 < frame.mjd < 61000
    assert refused == len(files) - 49 - 13


def test_the_hat_p_32_night_has_universal_mid_exposure_times(images: Path) -> None:
    paths = sorted((images / "microobservatory_hatp32").iterdir())
    frames = [read_one(path) for path in paths]
    mjds = np.array([frame.mjd for frame in frames])
    assert np.all(np.diff(mjds) > 0)
    assert mjds[0] == pytest.approx(
        58107.0650847 + 30 / 86400, abs=1e-7
    )  # 2017-12-20T01:33:43.317 UTC + 30 s
    for path, mjd in zip(paths, mjds, strict=True):  # the file's name is the start in UTC, to the second
        hour, minute, second = (int(path.name[start : start + 2]) for start in (13, 15, 17))
        start_mjd = 58107.0 + (hour * 3600 + minute * 60 + second) / 86400
        assert (mjd - start_mjd) * 86400 == pytest.approx(30.5, abs=0.6)
    assert all(frame.mjd_uncertainty_s < 1.0 for frame in frames)  # two seconds of shutter and read-out
    # the predicted transit lies within the night: T0 = 2454420.44637, P = 2.150008 d (PHOTOMETRY.md)
    transit = mjd_of_jd(2454420.44637) + 2.150008 * 1715
    assert mjds[0] < transit < mjds[-1]


def test_the_hat_p_32_header_is_understood(images: Path) -> None:
    frame = read_one(images / "microobservatory_hatp32" / "HATP-32171220013343.FITS")
    assert frame.shape == (500, 650)
    assert (frame.filter_name, frame.telescope, frame.exptime_s) == ("Clear", "Cecilia", 60.0)
    assert (frame.pointing_ra_deg, frame.pointing_dec_deg) == (31.312099, 46.769087)
    assert frame.pixel_scale_arcsec == 5.21
    assert frame.camera.longitude_deg == -110.88  # LONGITUD is positive to the West
    assert 4000 < frame.saturation_adu < 4095


def test_packing_the_same_night_changes_nothing(images: Path) -> None:
    night = images / "microobservatory_hatp32"
    plain, packed = (
        read_one(night / "HATP-32171220013612.FITS"),
        read_one(night / "HATP-32171220014212.fits.fz"),
    )
    assert plain.shape == packed.shape
    assert plain.notes == packed.notes
    assert abs(float(np.median(plain.data)) - float(np.median(packed.data))) < 10


def test_an_impossible_right_ascension_drops_only_the_pointing(images: Path) -> None:
    frame = read_one(images / "tlemoult_lisa_guider_badheader.fits")
    assert frame.pointing_ra_deg is None
    assert any("654.47" in note for note in frame.notes)
    assert frame.object_name == "TYC 2717-453-1"


def test_camera_settings_are_not_taken_for_gain(images: Path) -> None:
    for name in ("asi1600_ngc4492_2s.fits.fz", "stellarsolver_randomsky_simulated.fits"):
        frame = read_one(images / name)
        assert frame.gain_e_adu == 1.0
        assert any("setting" in note for note in frame.notes)
    assert read_one(images / "neossat_survey_2024.fits.fz").gain_e_adu == 1.10  # written as a string
    assert read_one(images / "c14_2157-0039_V.fit").gain_e_adu == 1.39


@pytest.mark.parametrize(
    ("name", "scale_arcsec", "has_wcs"),
    [
        ("asi1600_ngc4492_2s.fits.fz", 2.6665, True),
        ("vlt_isaac_1740-3052_badcard.fits.gz", 0.1484, True),
        ("decam_i_mini_04a.fits", 0.2623, True),
        ("neossat_survey_2024.fits.fz", 2.997, True),
        ("c14_2157-0039_V.fit", 0.7171, False),
        ("ssdsi_m13_0001.fits.fz", None, False),
        ("sep_image.fits", None, False),
    ],
)
def test_scale_and_wcs_of_real_headers(
    images: Path, name: str, scale_arcsec: float | None, has_wcs: bool
) -> None:
    frame = read_one(images / name)
    assert (frame.wcs is not None) == has_wcs
    expected = None if scale_arcsec is None else pytest.approx(scale_arcsec, rel=1e-3)
    assert frame.pixel_scale_arcsec == expected


def test_an_invalid_card_does_not_hide_the_others(images: Path) -> None:
    frame = read_one(images / "vlt_isaac_1740-3052_badcard.fits.gz")
    assert frame.filter_name == "NB_2.25"
    assert frame.camera.longitude_deg == -70.4051
    assert frame.mjd == pytest.approx(53838.27267296 + 2 / 86400, abs=1e-7)


def test_a_date_split_over_two_keywords_and_a_wrong_mjd_is_told(images: Path) -> None:
    frame = read_one(images / "sep_image.fits")
    assert frame.mjd == pytest.approx(
        48921 + (3 * 3600 + 4 * 60 + 8 + 600) / 86400, abs=1e-6
    )  # as its log says
    assert frame.mjd_uncertainty_s == pytest.approx(43200, abs=1)
    assert any("differ" in note for note in frame.notes)


def test_longitude_and_time_of_the_c14_agree_with_its_sidereal_time(images: Path) -> None:
    frame = read_one(images / "c14_2157-0039_V.fit")
    assert frame.camera.longitude_deg == pytest.approx(-106.9139, abs=1e-4)
    assert frame.mjd == pytest.approx(56830.34928743 + 30 / 86400, abs=1e-7)


def test_the_overscan_of_neossat_is_masked(images: Path) -> None:
    frame = read_one(images / "neossat_survey_2024.fits.fz")
    assert frame.mask[:, :40].all()
    assert not frame.mask[:, 40:1064].any()
