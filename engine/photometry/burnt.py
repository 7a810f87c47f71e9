"""See in the stars themselves that a detector was full, where its pixels pile up at no ceiling.

An infrared detector that is read twice gives less, not more, where it is full: the middles of its brightest
stars are flat or hollow.
"""

from dataclasses import replace

import numpy as np

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.clean import clean
from engine.photometry.detect import Detection, detect
from engine.photometry.ground import circle_sums

STAR_SNR = 40.0
LEAST_STARS = 9
LEAST_BURNT = 2  # one alone may be a galaxy or a double star
INNER_FWHM, OUTER_FWHM = 0.5, 1.0
HOLLOW = 0.87  # of the share of its light that a star has in its middle
BRIGHTEST = 0.8  # of the highest peak: all full pixels are about as bright
TOP = 0.85  # of a source's peak
STAR_TOP_AREA = 0.184  # of FWHM², the pixels of a Gaussian above that
FLAT_TOP = 2.0  # times as many, and two for the edges of pixels
FULL = 0.9  # of the lowest burnt peak


def found_stars(frame: Frame) -> tuple[Frame, Detection]:
    """Return the frame cleaned, and its sky and sources; saturation is lowered to where stars are hollow."""
    cleaned = clean(frame)
    detection = detect(cleaned)
    level_adu = full_level_adu(cleaned, detection)
    if level_adu is None:
        return cleaned, detection
    note = f"The middles of the brightest stars are hollow: saturation was set to {level_adu:.0f} ADU."
    cleaned = clean(replace(frame, saturation_adu=level_adu, notes=(*frame.notes, note)))
    return cleaned, detect(cleaned)


def full_level_adu(frame: Frame, detection: Detection) -> float | None:
    """Return the level above which the brightest stars are flat or hollow, None where they are not."""
    sources, fwhm_pix = detection.sources, detection.fwhm_pix
    spoilt = int(Flag.SATURATED | Flag.BLENDED | Flag.NEAR_EDGE | Flag.BAD_PIXEL)
    sound = (sources["snr"].to_numpy() > STAR_SNR) & ((sources["flags"].to_numpy() & spoilt) == 0)
    if fwhm_pix is None or np.count_nonzero(sound) < LEAST_STARS:
        return None
    peaks_adu = sources["peak_adu"].to_numpy()
    x, y = sources["x"].to_numpy(), sources["y"].to_numpy()
    inner_adu, outer_adu = circle_sums(frame, detection, x, y, (INNER_FWHM * fwhm_pix, OUTER_FWHM * fwhm_pix))
    share = inner_adu / np.where(outer_adu > 0, outer_adu, np.inf)
    hollow = sound & (share < HOLLOW * np.median(share[sound])) & (peaks_adu > BRIGHTEST * peaks_adu.max())
    enough = FLAT_TOP * STAR_TOP_AREA * fwhm_pix**2 + 2
    burnt = [row for row in np.flatnonzero(hollow) if _top_pixels(frame, detection, int(row)) > enough]
    if len(burnt) < LEAST_BURNT:
        return None
    return FULL * float(peaks_adu[burnt].min()) + detection.sky_adu


def _top_pixels(frame: Frame, detection: Detection, row: int) -> int:
    y, x = np.nonzero(detection.segments == row + 1)
    light_adu = frame.data[y, x] - detection.background.at(x.astype(np.float64), y.astype(np.float64))
    return int(np.count_nonzero(light_adu > TOP * detection.sources["peak_adu"][row]))
