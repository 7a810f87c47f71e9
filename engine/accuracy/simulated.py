"""Frames and stars of a camera with known accuracy, as the lake keeps them: for laws and benchmarks."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.lightcurve import Flag

BAND = "r(GaiaSP)"
FIRST_MJD = 60000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCamera:
    """The truth about a camera."""

    facility: str = "Simulated"
    camera: str = "Simulated"
    floor_mag: float = 0.01  # scatter of the brightest stars
    photon_err_mag: float = 0.05  # at 17 mag
    error_factor: float = 1.0  # how much larger the scatter is than the stated errors
    colour_slope: float = 0.0  # mag of residual per mag of BP-RP
    fading_mag_per_y: float = 0.0
    frames_per_night: int = 20


def simulated_frames(
    rng: np.random.Generator, camera: SimulatedCamera, *, count: int, first: int = 0
) -> pl.DataFrame:
    """Return frames of consecutive nights, each an upload of its own with the number of its row."""
    number = np.arange(first, first + count)
    mjd = FIRST_MJD + number // camera.frames_per_night + rng.uniform(0.1, 0.4, count)
    zero_point = 22.0 - camera.fading_mag_per_y * (mjd - FIRST_MJD) / 365.25 + rng.normal(0, 0.03, count)
    return pl.DataFrame(
        {
            "frame_id": [f"u{each}" for each in number],
            "upload_id": number,
            "target_id": number % 20,
            "mjd": mjd,
            "exptime_s": 60.0,
            "status": "measured",
            "code": "measured",
            "band": BAND,
            "zero_point_mag": zero_point,
            "zero_point_err_mag": camera.floor_mag,
            "limit_mag": zero_point - 2.5 + rng.normal(0, 0.1, count),
            "seeing_arcsec": rng.gamma(20.0, 0.1, count),
            "facility": camera.facility,
            "camera": camera.camera,
            "flags": int(Flag.SIMULATED),
            "made_mjd": mjd + 0.1,
        },
        schema_overrides={"flags": pl.UInt32()},
    )


def simulated_references(rng: np.random.Generator, *, stars: int) -> pl.DataFrame:
    """Return a catalogue without errors of its own."""
    return pl.DataFrame(
        {
            "cell": 0,
            "origin": "archive",
            "ref_id": [f"Gaia {each}" for each in range(stars)],
            "ra_deg": rng.uniform(0.0, 1.0, stars),
            "dec_deg": rng.uniform(0.0, 1.0, stars),
            "bp_rp_mag": rng.normal(1.0, 0.4, stars),
            "catalogue": "GaiaSP",
            "band": BAND,
            "mag": 18.5 - rng.exponential(1.5, stars),
            "mag_err": 0.0,
        }
    )


def simulated_stars(
    rng: np.random.Generator,
    frames: pl.DataFrame,
    references: pl.DataFrame,
    *,
    stars: int,
    camera: SimulatedCamera = SimulatedCamera(),
) -> pl.DataFrame:
    """Return stars of the catalogue as measured on each frame, with the scatter of the camera."""
    total = len(frames) * stars
    row = rng.integers(0, len(references), total)
    picked = references[row]
    mag, colour = picked["mag"].to_numpy(), picked["bp_rp_mag"].to_numpy()
    photon = camera.photon_err_mag * 10 ** (0.2 * (mag - 17.0))
    scatter = camera.error_factor * np.hypot(photon, camera.floor_mag)
    residual = rng.normal(0.0, scatter) + camera.colour_slope * (colour - 1.0)
    return pl.DataFrame(
        {
            "frame_id": np.repeat(frames["frame_id"].to_numpy(), stars),
            "upload_id": np.repeat(frames["upload_id"].to_numpy(), stars),
            "target_id": np.repeat(frames["target_id"].to_numpy(), stars),
            "ref_id": picked["ref_id"],
            "x": rng.uniform(0, 4000, total),
            "y": rng.uniform(0, 4000, total),
            "inst_mag": mag - 22.0 - residual,
            "inst_mag_err": photon,
            "ref_mag": mag,
            "residual_mag": residual,
            "used": True,
            "flags": 0,
        },
        schema_overrides={"flags": pl.UInt32()},
    )
