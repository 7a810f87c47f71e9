"""Bias, dark and flat of a folder: applied where they fit, told, and never taken for the sky."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.io import fits

from engine.errors import Rejected
from engine.frame import Frame
from engine.photometry.exposures import Choices, read_exposures, reduce_file
from engine.photometry.masters import Masters, is_calibration, masters_of
from engine.photometry.pipeline import reduce_frame
from engine.photometry.read import read_frames
from engine.photometry.sky import write_fits
from engine.photometry.verdict import Reduction
from tests.engine.photometry.exposure_file import exposure_bytes, write
from tests.engine.photometry.night_of_shots import (
    FLAT_ADU,
    SCENE,
    TARGET,
    bias,
    dark,
    field,
    vignetting,
    write_flats,
    write_light,
    write_shots,
)


def reduced(path: Path, stars: pl.DataFrame, masters: Masters | None) -> Reduction:
    choices = Choices(requested=SCENE.band, masters=masters)
    return reduce_file(path, TARGET, stars, choices=choices)[0]


def masters_in(folder: Path) -> Masters:
    return masters_of([path for path in sorted(folder.iterdir()) if is_calibration(path)])


def light_of(path: Path, masters: Masters) -> Frame:
    exposure = read_exposures(path, masters=masters)[0]
    assert isinstance(exposure, Frame)
    return exposure


def test_a_raw_frame_with_its_masters_gives_what_the_clean_one_gives(tmp_path: Path) -> None:
    exposure, stars = write_light(tmp_path)
    write_shots(tmp_path, "Bias Frame", bias())
    write_shots(tmp_path, "DARK", dark(60.0), EXPTIME=60.0)
    write_flats(tmp_path)
    true_mag = float(exposure.truth.filter(pl.col("ref_id") == "target")["mag"][0])

    clean = reduce_frame(exposure.frame, TARGET, stars, requested=SCENE.band)
    raw = reduced(tmp_path / "light.fits", stars, None)
    found = reduced(tmp_path / "light.fits", stars, masters_in(tmp_path))

    assert clean.scatter_mag and raw.scatter_mag and found.scatter_mag
    assert clean.mag and raw.mag and found.mag and found.mag_err
    assert "Dark (5 x 60 s), flat (5, filter r) applied." in found.notes
    assert abs(found.mag - true_mag) < 2 * found.mag_err
    assert found.mag == pytest.approx(clean.mag, abs=found.mag_err)
    assert found.zero_point_mag == pytest.approx(clean.zero_point_mag, abs=0.02)
    assert found.scatter_mag < 1.5 * clean.scatter_mag + 0.005
    assert raw.scatter_mag > 3 * found.scatter_mag
    assert abs(raw.mag - true_mag) > 3 * found.mag_err


def test_a_dark_of_another_exposure_is_scaled_only_with_a_bias(tmp_path: Path) -> None:
    write_light(tmp_path)
    write_shots(tmp_path, "dark", dark(120.0), count=9, EXPTIME=120.0)
    alone = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    assert any("only with bias frames can it be scaled" in note for note in alone.notes)
    raw = read_frames(tmp_path / "light.fits")[0]
    assert np.array_equal(alone.data, raw.data)

    write_shots(tmp_path, "zero", bias(), count=9)
    both = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    assert "Bias (9 frames), dark (9 x 120 s) applied." in both.notes
    left = both.data - (raw.data - dark(60.0))
    assert abs(np.median(left)) < 1.0
    assert 1.4826 * np.median(np.abs(left)) < 8.0
    assert both.read_noise_e > raw.read_noise_e


def test_saturation_is_judged_on_the_raw_pixels(tmp_path: Path) -> None:
    write_light(tmp_path)
    write_shots(tmp_path, "bias", bias())
    write_flats(tmp_path)
    path = tmp_path / "light.fits"
    with fits.open(path, mode="update") as units:
        units[0].data[5:9, 5:9] = 60000  # in a corner, where the flat brightens
        units[0].data[200:204, 200:204] = 60000
        units[0].data[20:24, 20:24] = 50000
    frame = light_of(path, masters_in(tmp_path))
    raw = read_frames(path)[0]
    burnt = frame.data >= 0.95 * frame.saturation_adu
    assert np.array_equal(burnt, raw.data >= 0.95 * raw.saturation_adu)
    assert burnt[6, 6]
    assert burnt[201, 201]
    assert not burnt[21, 21]


@pytest.mark.parametrize(
    ("cards", "why"),
    [
        ({"FILTER": "V"}, "No flat was applied: those at hand differ in filter."),
        ({"FILTER": "r", "XBINNING": 2}, "No flat was applied: those at hand differ in binning."),
    ],
)
def test_flats_that_do_not_fit_are_told_and_not_applied(
    tmp_path: Path, cards: dict[str, str | float], why: str
) -> None:
    write_light(tmp_path, XBINNING=1)
    write_shots(tmp_path, "skyflat", FLAT_ADU * vignetting() + bias(), **cards)
    frame = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    assert why in frame.notes
    assert np.array_equal(frame.data, read_frames(tmp_path / "light.fits")[0].data)


def test_frames_of_another_size_temperature_or_gain_are_told_and_not_applied(tmp_path: Path) -> None:
    write_light(tmp_path, GAIN=1.5, **{"CCD-TEMP": -10.0})
    write_shots(tmp_path, "bias", bias(), GAIN=0.5)
    write_shots(tmp_path, "dark", dark(60.0), EXPTIME=60.0, **{"CCD-TEMP": 5.0})
    write_shots(tmp_path, "flat", FLAT_ADU * vignetting()[:200], FILTER="r")
    frame = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    for kind, what in (("bias", "gain"), ("dark", "temperature"), ("flat", "size")):
        assert f"No {kind} was applied: those at hand differ in {what}." in frame.notes
    assert np.array_equal(frame.data, read_frames(tmp_path / "light.fits")[0].data)


def test_a_frame_that_was_calibrated_before_is_not_calibrated_again(tmp_path: Path) -> None:
    write_light(tmp_path, CALSTAT="BDF")
    write_shots(tmp_path, "bias", bias())
    write_flats(tmp_path)
    frame = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    assert np.array_equal(frame.data, read_frames(tmp_path / "light.fits")[0].data)
    assert "The header says that the flat was applied before: not applied again." in frame.notes


@pytest.mark.parametrize("value", [0.0, np.nan, -500.0, np.inf])
def test_flats_without_light_are_told_and_not_applied(tmp_path: Path, value: float) -> None:
    write_light(tmp_path)
    pixels = np.full(SCENE.shape, value, dtype=np.float32)
    header = fits.Header({"IMAGETYP": "Flat", "FILTER": "r"})
    fits.PrimaryHDU(pixels, header=header).writeto(tmp_path / "flat.fits")
    frame = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    assert any("too little light" in note for note in frame.notes)
    assert np.array_equal(frame.data, read_frames(tmp_path / "light.fits")[0].data)


def test_dark_corners_and_holes_of_a_flat_are_masked(tmp_path: Path) -> None:
    write_light(tmp_path)
    pixels = np.asarray(FLAT_ADU * vignetting(), dtype=np.float32)
    pixels[:10, :10], pixels[50, 60], pixels[70, 80] = 0.2 * FLAT_ADU, np.nan, -3.0
    header = fits.Header({"IMAGETYP": "Flat", "FILTER": "r"})
    fits.PrimaryHDU(pixels, header=header).writeto(tmp_path / "flat.fits")
    frame = light_of(tmp_path / "light.fits", masters_in(tmp_path))
    assert frame.mask[:10, :10].all()
    assert frame.mask[50, 60]
    assert frame.mask[70, 80]
    assert frame.mask.sum() == 102
    assert np.isfinite(frame.data).all()


def test_a_ray_on_one_dark_does_not_stay_in_the_master(tmp_path: Path) -> None:
    write_shots(tmp_path, "dark", dark(60.0), EXPTIME=60.0)
    first = min(tmp_path.iterdir())
    with fits.open(first, mode="update") as units:
        units[0].data[100:103, 100:140] = 40000
    (master,) = masters_in(tmp_path).darks
    assert np.abs(master.data[0, 100:103, 100:140] - dark(60.0)[100:103, 100:140]).max() < 60
    assert master.frames == 5


@pytest.mark.parametrize(
    "card",
    [
        "IMAGETYP= 'Bias Frame'",
        "IMAGETYP= 'zero'",
        "OBSTYPE = 'DARK'",
        "IMAGETYP= 'Dark Frame'",
        "IMAGETYP= 'Flat Field'",
        "FRAME   = 'flatfield'",
        "FRAME   = 'bias_frame'",
        "OBSTYPE = 'skyflat'",
        "OBSTYPE = 'DOME FLAT'",
        "IMAGETYP= 'LAMPFLAT'",
        "HIERARCH IMAGE_TYPE = 'Master Dark'",
        "IMAGETYP= 'FLAT,SKY'",
    ],
)
def test_a_calibration_frame_alone_is_refused_in_every_spelling(tmp_path: Path, card: str) -> None:
    path = write(tmp_path, exposure_bytes(card))
    with pytest.raises(Rejected) as refused:
        read_frames(path)
    assert refused.value.code == "calibration-frame"
    assert is_calibration(path)


@pytest.mark.parametrize(
    "kind", ["Light Frame", "object", "SCIENCE", "Light (dark subtracted, flat fielded)", ""]
)
def test_an_exposure_of_the_sky_is_none(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, exposure_bytes(f"IMAGETYP= '{kind}'"))
    assert len(read_frames(path)) == 1
    assert not is_calibration(path)


def test_what_cannot_be_read_is_no_calibration_frame_and_told_among_them(tmp_path: Path) -> None:
    path = write(tmp_path, b"no fits at all")
    assert not is_calibration(path)
    assert "was not used" in masters_of([path]).notes[0]


def test_the_colours_of_a_mosaic_keep_their_balance(tmp_path: Path) -> None:
    exposure, _ = field()
    write_fits(exposure, tmp_path / "light.fits")
    lamp = np.ones(SCENE.shape)
    lamp[0::2, 0::2] = 0.25  # red pixels see little of a blue lamp
    with fits.open(tmp_path / "light.fits", mode="update") as units:
        units[0].header["BAYERPAT"] = "RGGB"
    header = fits.Header({"IMAGETYP": "Flat", "FILTER": "r", "BAYERPAT": "RGGB"})
    pixels = np.asarray(FLAT_ADU * lamp * vignetting(), dtype=np.float32)
    fits.PrimaryHDU(pixels, header=header).writeto(tmp_path / "flat.fits")
    plain = read_frames(tmp_path / "light.fits")
    flat = read_frames(tmp_path / "light.fits", masters=masters_in(tmp_path))
    for before, after in zip(plain, flat, strict=True):
        assert not after.mask.any()
        middle = np.median(after.data[80:120, 80:120]) / np.median(before.data[80:120, 80:120])
        assert 0.75 < middle < 1.0
