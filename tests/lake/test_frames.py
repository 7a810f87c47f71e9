"""A reduction is kept whole: verdict, calibration, stars, cut-out and point, in one transaction, once."""

import json
from dataclasses import asdict, replace
from itertools import count

import numpy as np
import polars as pl
import pytest
from astropy.wcs import WCS

from engine.errors import Rejected
from engine.frame import Camera
from engine.lightcurve import Flag
from engine.photometry.calibration import BandFit, Calibration
from engine.photometry.cutout import STAR_SCHEMA, Cutout
from engine.photometry.facts import FACTS_SCHEMA, FrameFacts
from engine.photometry.solution import Method, Solution
from engine.photometry.verdict import STARS_SCHEMA, Reduction, Status, no_stars
from engine.target import Target
from lake.frame_rows import FrameOrigin
from lake.frames import (
    calibrations_of_frame,
    cutout,
    frame,
    frames_of_target,
    frames_of_upload,
    recent_frames,
    save_reduction,
    stars_of_frame,
)
from lake.opening import Lake
from lake.provenance import Batch, new_batch

NEW_IDS = count(1)
FACTS = FrameFacts(width_pix=1024, height_pix=1000, gain_e_adu=1.5, sky_adu=300.0, airmass=1.2, moon_lit=0.5)
CAMERA = Camera(name="ZWO", facility="Ostrowik", longitude_deg=21.4, latitude_deg=52.1, altitude_m=110.0)


def origin(*, simulated: bool = False) -> FrameOrigin:
    """Return an upload of a target of its own."""
    number = next(NEW_IDS)
    target = Target(target_id=number, name=f"T{number}", ra_deg=83.6, dec_deg=22.0)
    return FrameOrigin(
        upload_id=number,
        raw_sha256=f"{number:064x}",
        target=target,
        camera=CAMERA,
        observer="A. Observer",
        simulated=simulated,
    )


def batch_of(origin: FrameOrigin) -> Batch:
    return new_batch("reduce", "upload", target_id=origin.target.target_id, raw_sha256=origin.raw_sha256)


def band_fit(band: str, probability: float) -> BandFit:
    return BandFit(
        band=band,
        catalogue="GaiaSP",
        zero_point_mag=24.1,
        zero_point_err_mag=0.004,
        colour_term=0.02,
        colour_term_err=0.01,
        scatter_mag=0.03,
        intrinsic_mag=0.01,
        stars=41,
        outlier_fraction=0.05,
        is_good=True,
        probability=probability,
    )


def calibration() -> Calibration:
    chosen = band_fit("r(GaiaSP)", 0.9)
    return Calibration(
        band=chosen.band,
        catalogue=chosen.catalogue,
        zero_point_mag=chosen.zero_point_mag,
        zero_point_err_mag=chosen.zero_point_err_mag,
        colour_name="BP-RP",
        colour_zero_mag=0.8,
        colour_spread_mag=0.3,
        colour_term=chosen.colour_term,
        colour_term_err=chosen.colour_term_err,
        spatial=None,
        scatter_mag=chosen.scatter_mag,
        intrinsic_mag=chosen.intrinsic_mag,
        stars=chosen.stars,
        outlier_fraction=chosen.outlier_fraction,
        probability=chosen.probability,
        runner_up="R(GaiaSP)",
        runner_up_probability=0.1,
        fits=(chosen, band_fit("R(GaiaSP)", 0.1)),
        residuals=pl.DataFrame(),
    )


def solution() -> Solution:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [83.6, 22.0]
    wcs.wcs.crpix = [512.0, 512.0]
    wcs.wcs.cdelt = [-2e-4, 2e-4]
    return Solution(
        wcs=wcs,
        rms_arcsec=0.2,
        matched=50,
        method=Method.CATALOGUE,
        pixel_scale_arcsec=0.72,
        log10_chance=-40.0,
    )


def stars(n: int) -> pl.DataFrame:
    return no_stars().vstack(
        pl.DataFrame({"ref_id": [f"star {star}" for star in range(n)]})
        .select(
            (pl.col(name) if name == "ref_id" else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in STARS_SCHEMA.items()
        )
        .with_columns(x=502.0 + 100 * pl.int_range(n), y=pl.lit(511.0), used=pl.lit(value=False))
    )


def measured(*, plane: str = "", mag: float = 15.2) -> Reduction:
    return Reduction(
        status=Status.MEASURED,
        code="measured",
        reason="The target was measured.",
        filter_name="rp",
        sentences=("41 stars fix the zero point.", "The seeing was 2.1 arcsec."),
        file="img_001.fits",
        plane=plane,
        band="r(GaiaSP)",
        mjd=61000.25,
        exptime_s=120.0,
        mag=mag,
        mag_err=0.02,
        limit_mag=19.5,
        zero_point_mag=24.1,
        zero_point_err_mag=0.004,
        scatter_mag=0.03,
        stars=41,
        seeing_arcsec=2.1,
        calibration=calibration(),
        solution=solution(),
        stars_table=stars(4),
        cutout=Cutout(pixels=np.arange(12, dtype=np.float32).reshape(3, 4), x=500, y=510),
        flags=int(Flag.BLENDED),
        facts=FACTS,
        stages_s={"clean": 0.1, "solve": 0.25},
    )


def refused(*, plane: str = "") -> Reduction:
    return Reduction(
        status=Status.REJECTED,
        code="no-time",
        reason="The header has no DATE-OBS.",
        file="img.fits",
        plane=plane,
    )


def test_a_measured_frame_becomes_a_point_with_its_papers(lake: Lake) -> None:
    upload = origin()
    batch = batch_of(upload)

    frame_ids = save_reduction(lake, upload, [measured()], batch=batch)

    assert frame_ids == (f"u{upload.upload_id}",)
    point = lake.store.light_curve(upload.upload_id).row(0, named=True)
    assert (point["source"], point["source_ref"]) == ("upload", f"{upload.raw_sha256}:")
    assert (point["mag"], point["mag_err"], point["limit_mag"]) == (15.2, 0.02, 19.5)
    assert (point["facility"], point["camera"], point["observer"]) == ("Ostrowik", "ZWO", "A. Observer")
    assert point["flags"] == Flag.BLENDED
    assert abs(point["bjd_tdb"] - (61000.25 + 2400000.5)) < 0.01  # at most 8.3 minutes of light and 69 s
    assert lake.store.batch(str(point["batch_id"])) == batch


def test_a_frame_is_read_back_as_it_was_judged(lake: Lake) -> None:
    upload = origin()
    (frame_id,) = save_reduction(lake, upload, [measured()], batch=batch_of(upload))

    kept = frame(lake.store, frame_id)

    assert (kept["status"], kept["code"], kept["file"], kept["filter_name"]) == (
        "measured",
        "measured",
        "img_001.fits",
        "rp",
    )
    assert kept["sentences"] == ["41 stars fix the zero point.", "The seeing was 2.1 arcsec."]
    assert (kept["solution_method"], kept["solution_matched"], kept["pixel_scale_arcsec"]) == (
        "catalogue",
        50,
        0.72,
    )
    assert "CTYPE1  = 'RA---TAN'" in str(kept["wcs_header"])
    assert kept["raw_sha256"] == upload.raw_sha256
    assert frames_of_target(lake.store, upload.upload_id)["frame_id"].to_list() == [frame_id]
    assert recent_frames(lake.store, limit=1)["frame_id"].to_list() == [frame_id]
    assert {name: kept[name] for name in FACTS_SCHEMA} == asdict(FACTS)
    assert json.loads(str(kept["stages_s"])) == {"clean": 0.1, "solve": 0.25}
    whole = cutout(lake, str(kept["cutout_sha256"]))
    assert whole is not None
    pixels, inside = whole
    assert inside.equals(
        pl.DataFrame([{"x": 2.0, "y": 1.0, "ref_id": "star 0", "used": False}], schema=STAR_SCHEMA)
    )
    assert pixels.dtype == np.float32
    assert pixels.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_every_candidate_band_and_star_of_a_frame_is_kept(lake: Lake) -> None:
    upload = origin()
    (frame_id,) = save_reduction(lake, upload, [measured()], batch=batch_of(upload))

    fits = calibrations_of_frame(lake.store, frame_id)

    assert fits.select("band", "chosen", "probability").rows() == [
        ("r(GaiaSP)", True, 0.9),
        ("R(GaiaSP)", False, 0.1),
    ]
    assert fits.null_count().sum_horizontal().item() == 0
    assert stars_of_frame(lake.store, frame_id)["ref_id"].to_list() == [f"star {star}" for star in range(4)]


def test_reducing_an_upload_again_replaces_everything_it_left(lake: Lake) -> None:
    upload = origin()
    save_reduction(lake, upload, [measured(plane=plane) for plane in ("R", "G", "B")], batch=batch_of(upload))
    assert len(lake.store.light_curve(upload.upload_id)) == 3
    again = replace(measured(plane="R", mag=15.5), calib_version="aperture-2")

    for _ in range(2):
        save_reduction(lake, upload, [again, refused(plane="G")], batch=batch_of(upload))

    assert lake.store.light_curve(upload.upload_id)["mag"].to_list() == [15.5]
    assert frames_of_upload(lake.store, upload.upload_id).select("plane", "status").rows() == [
        ("G", "rejected"),
        ("R", "measured"),
    ]
    assert len(calibrations_of_frame(lake.store, f"u{upload.upload_id}-R")) == 2
    assert len(stars_of_frame(lake.store, f"u{upload.upload_id}-R")) == 4
    assert stars_of_frame(lake.store, f"u{upload.upload_id}-B").is_empty()


def test_a_limit_is_a_point_without_a_magnitude(lake: Lake) -> None:
    upload = origin()
    limit = replace(measured(), status=Status.LIMIT, code="limit", mag=19.9, mag_err=0.4)

    save_reduction(lake, upload, [limit], batch=batch_of(upload))

    point = lake.store.light_curve(upload.upload_id).row(0, named=True)
    assert (point["mag"], point["mag_err"], point["limit_mag"]) == (None, None, 19.5)


def test_a_refused_file_keeps_its_reason_and_makes_no_point(lake: Lake) -> None:
    upload = origin()

    (frame_id,) = save_reduction(lake, upload, [refused()], batch=batch_of(upload))

    assert lake.store.light_curve(upload.upload_id).is_empty()
    kept = frame(lake.store, frame_id)
    assert kept["reason"] == "The header has no DATE-OBS."
    assert cutout(lake, str(kept["cutout_sha256"])) is None


def test_a_dry_run_makes_no_point_and_leaves_the_real_one_alone(lake: Lake) -> None:
    upload = origin()
    save_reduction(lake, upload, [measured()], batch=batch_of(upload))
    trial = replace(upload, upload_id=next(NEW_IDS), dry_run=True)

    (frame_id,) = save_reduction(lake, trial, [measured(mag=10.0)], batch=batch_of(trial))

    assert lake.store.light_curve(upload.upload_id)["mag"].to_list() == [15.2]
    assert frame(lake.store, frame_id)["dry_run"] is True
    assert frame(lake.store, frame_id)["mag"] == 10.0


def test_a_simulated_frame_says_so_for_ever(lake: Lake) -> None:
    upload = origin(simulated=True)

    save_reduction(lake, upload, [measured()], batch=batch_of(upload))

    assert lake.store.light_curve(upload.upload_id)["flags"][0] & Flag.SIMULATED


def test_all_rows_of_a_reduction_appear_in_one_version(lake: Lake) -> None:
    upload = origin()
    before = lake.store.version()

    save_reduction(lake, upload, [measured()], batch=batch_of(upload))

    assert lake.store.version() == before + 1


def test_a_frame_that_is_not_there_is_refused(lake: Lake) -> None:
    with pytest.raises(Rejected) as unknown:
        frame(lake.store, "u999999")

    assert unknown.value.code == "unknown-frame"
