"""Which sources may tell the shape of a star, and whether what they told can be true."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.detect import Detection
from engine.photometry.psf.model import Psf

MOST_MODEL_STARS = 250
MODEL_SNR = 40.0
MODEL_PEAK_SIGMA = 25.0
BRIGHTEST = 0.6  # of saturation: above it cameras are not linear
ALONE_FWHM = 3.0
ALONE_SHARE = 0.05  # of a model star's light that neighbours may have within that
SIZE_RANGE = (0.75, 1.35)  # of the typical width: rays are narrower, galaxies wider
NARROWEST_PIX, WIDEST_PIX = 0.9, 20.0
WIDTH_RANGE = (0.6, 1.7)  # of the width that the stars themselves seem to have
WORST_MISMATCH = 0.15  # of the light: no star looks like the model


def model_stars(frame: Frame, detection: Detection) -> NDArray[np.bool_]:
    """Return which sources may tell the shape of a star: bright, whole, alone, and as wide as the others."""
    sources = detection.sources
    if not len(sources) or detection.fwhm_pix is None:
        return np.zeros(len(sources), dtype=np.bool_)
    fwhm_pix = detection.fwhm_pix
    margin = 2.0 * fwhm_pix
    (ny, nx), x, y = frame.shape, sources["x"].to_numpy(), sources["y"].to_numpy()
    spoilt = int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.NEAR_EDGE | Flag.BLENDED)
    good: NDArray[np.bool_] = (sources["flags"].to_numpy() & spoilt) == 0
    good &= (sources["snr"].to_numpy() > MODEL_SNR) & (
        sources["peak_adu"].to_numpy() > MODEL_PEAK_SIGMA * detection.noise_adu
    )
    good &= sources["peak_adu"].to_numpy() + detection.sky_adu < BRIGHTEST * frame.saturation_adu
    good &= (x > margin) & (x < nx - 1 - margin) & (y > margin) & (y < ny - 1 - margin)
    sizes = sources["fwhm_pix"].to_numpy()
    if not good.any():
        return good
    typical = float(np.median(sizes[good]))
    good &= (sizes > SIZE_RANGE[0] * typical) & (sizes < SIZE_RANGE[1] * typical)
    good &= _alone(sources, reach_pix=ALONE_FWHM * fwhm_pix)
    good[np.flatnonzero(good)[MOST_MODEL_STARS:]] = False
    return good


def is_plausible(psf: Psf, detection: Detection) -> bool:
    """Return whether a PSF can be that of stars: not of hot pixels, and near to what the stars look like."""
    expected_pix = detection.fwhm_pix or psf.fwhm_pix
    return (
        NARROWEST_PIX < psf.fwhm_pix < WIDEST_PIX
        and WIDTH_RANGE[0] < psf.fwhm_pix / expected_pix < WIDTH_RANGE[1]
        and psf.mismatch < WORST_MISMATCH
    )


def _alone(sources: pl.DataFrame, *, reach_pix: float) -> NDArray[np.bool_]:
    flux = np.maximum(sources["flux_adu"].to_numpy(), 0.0)
    tree = cKDTree(sources.select("x", "y").to_numpy())
    strangers = np.zeros(len(flux))
    for one, two in tree.query_pairs(reach_pix):
        strangers[one] += flux[two]
        strangers[two] += flux[one]
    return np.asarray(strangers < ALONE_SHARE * flux)
