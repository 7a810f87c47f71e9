"""One exposure as the pipeline sees it, and the facts of the camera that took it."""

from dataclasses import dataclass

import numpy as np
from astropy import units
from astropy.coordinates import EarthLocation
from astropy.wcs import WCS
from numpy.typing import NDArray

SIMULATED_NOTE = "This exposure is simulated."


@dataclass(frozen=True, slots=True, kw_only=True)
class BandHabit:
    """How often earlier frames of a camera, through one filter, were surely taken in a band."""

    filter_name: str  # as the header writes it
    plane: str = ""
    band: str
    frames: int
    colour_term: float | None = None  # mean over these frames
    colour_term_spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What a registered camera adds to a poor header; a value here wins over none in the header."""

    name: str = ""
    facility: str = ""
    gain_e_adu: float | None = None
    read_noise_e: float | None = None
    saturation_adu: float | None = None
    pixel_scale_arcsec: float | None = None
    date_keyword: str | None = None
    time_keyword: str | None = None
    exptime_keyword: str | None = None
    longitude_deg: float | None = None  # East is positive
    latitude_deg: float | None = None
    altitude_m: float | None = None
    habits: tuple[BandHabit, ...] = ()

    @property
    def location(self) -> EarthLocation | None:
        """Return where the camera stands, None where nobody says."""
        if self.longitude_deg is None or self.latitude_deg is None:
            return None
        return EarthLocation.from_geodetic(
            self.longitude_deg * units.deg, self.latitude_deg * units.deg, (self.altitude_m or 0.0) * units.m
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One plane of one exposure, in detector units, with the papers that photometry needs.

    ``data`` is C-order native float32 of shape (ny, nx) in ADU; ``mask`` is True where a pixel must not be
    used. Pixels count from 0, ``x`` is the column.
    """

    data: NDArray[np.float32]
    mask: NDArray[np.bool_]
    gain_e_adu: float
    read_noise_e: float
    saturation_adu: float
    exptime_s: float
    mjd: float  # UTC, mid-exposure
    mjd_uncertainty_s: float = 0.5
    filter_name: str = ""  # as the header wrote it
    object_name: str = ""
    pointing_ra_deg: float | None = None
    pointing_dec_deg: float | None = None
    pixel_scale_arcsec: float | None = None
    wcs: WCS | None = None
    camera: Camera = Camera()
    observer: str = ""
    telescope: str = ""
    plane: str = ""  # "", or the colour plane of a one-shot-colour frame: R, G, B
    stacked: int = 1
    notes: tuple[str, ...] = ()  # what reading had to assume, in words

    @property
    def shape(self) -> tuple[int, int]:
        """Return (ny, nx) in pixels."""
        return (self.data.shape[0], self.data.shape[1])
