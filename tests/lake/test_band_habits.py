"""A camera's habits are told by its sure frames, each filter by itself, never by the frame itself."""

from dataclasses import replace
from itertools import count

import polars as pl
import pytest

from engine.frame import BandHabit, Camera
from engine.photometry.calibration import BandFit, Calibration
from engine.photometry.verdict import Reduction, Status
from engine.target import Target
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.habits import band_habits
from lake.opening import Lake
from lake.provenance import new_batch

CAMERA = Camera(name="ZWO", facility="Ostrowik")
NUMBERS = count(1)


def calibrated(band: str, colour_term: float | None, *, probability: float, stars: int) -> Calibration:
    fit = BandFit(
        band=band, catalogue="GaiaSP", zero_point_mag=24.1, zero_point_err_mag=0.004, colour_term=colour_term,
        colour_term_err=0.01, scatter_mag=0.03, intrinsic_mag=0.01, stars=stars, outlier_fraction=0.05,
        is_good=True, probability=probability,
    )  # fmt: skip
    return Calibration(
        band=band, catalogue=fit.catalogue, zero_point_mag=24.1, zero_point_err_mag=0.004,
        colour_name="BP-RP", colour_zero_mag=0.8, colour_spread_mag=0.3, colour_term=colour_term,
        colour_term_err=0.01, spatial=None,
        scatter_mag=0.03, intrinsic_mag=0.01, stars=stars, outlier_fraction=0.05, probability=probability,
        runner_up=None, runner_up_probability=0.0,
        fits=(fit, replace(fit, band="z(GaiaSP)", probability=0.0)),
        residuals=pl.DataFrame(),
    )  # fmt: skip


def seen(
    lake: Lake, *, camera: Camera = CAMERA, filter_name: str = "R", simulated: bool = False,
    band: str = "R(GaiaSP)", colour_term: float | None = 0.02, probability: float = 0.99, stars: int = 50,
    status: Status = Status.LIMIT,
) -> int:  # fmt: skip
    """Keep the verdict on one more frame, and return its upload."""
    number = next(NUMBERS)
    target = Target(target_id=number, name=f"T{number}", ra_deg=1.0, dec_deg=2.0)
    origin = FrameOrigin(
        upload_id=number, raw_sha256=f"{number:064x}", target=target, camera=camera, simulated=simulated
    )
    reduction = Reduction(
        status=status, mjd=61000.0, band=band, limit_mag=18.0, filter_name=filter_name,
        calibration=calibrated(band, colour_term, probability=probability, stars=stars),
    )  # fmt: skip
    save_reduction(lake, origin, [reduction], batch=new_batch("reduce", "upload"))
    return number


def test_sure_frames_tell_band_and_colour_term_of_each_filter(lake: Lake) -> None:
    first = [seen(lake, colour_term=term) for term in (0.01, 0.03)]
    seen(lake, filter_name="V", band="V(GaiaSP)", colour_term=None)
    for unsure in ({"probability": 0.8}, {"stars": 20}, {"status": Status.REJECTED}, {"simulated": True}):
        seen(lake, **unsure)  # type: ignore[arg-type]
    seen(lake, camera=Camera(name="another", facility="Ostrowik"))
    red = BandHabit(
        filter_name="R", band="R(GaiaSP)", frames=2, colour_term=pytest.approx(0.02),
        colour_term_spread=pytest.approx(0.01414, rel=1e-3),
    )  # fmt: skip
    green = BandHabit(filter_name="V", band="V(GaiaSP)", frames=1)
    assert band_habits(lake.store, CAMERA, without_upload=0, simulated=False) == (red, green)
    without = band_habits(lake.store, CAMERA, without_upload=first[0], simulated=False)
    assert (without[0].frames, without[0].colour_term) == (1, pytest.approx(0.03))
    simulated = band_habits(lake.store, CAMERA, without_upload=0, simulated=True)
    assert [habit.frames for habit in simulated] == [1]
    assert band_habits(lake.store, Camera(), without_upload=0, simulated=False) == ()
