"""Where a frame looks, as its solution tells."""

from dataclasses import dataclass
from enum import StrEnum

from astropy.wcs import WCS


class Method(StrEnum):
    """How a frame was placed."""

    HEADER = "header"
    CATALOGUE = "catalogue"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Where a frame looks; the pixels of ``wcs`` are told from 0 by ``all_pix2world(x, y, 0)``."""

    wcs: WCS
    rms_arcsec: float
    matched: int
    method: Method
    pixel_scale_arcsec: float
    log10_chance: float  # of so many matches by accident, all trials counted
