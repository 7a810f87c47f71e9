"""What spoils the fit of a star: burnt or bad pixels in its core, the border, a rival at its place."""

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.detect import saturated_pixels
from engine.photometry.psf.fit import Stars
from engine.photometry.psf.model import Psf

CORE_FWHM = 0.7
BLENDED_FWHM = 0.5  # nearer than this two stars share their light as they please
RIVAL_SHARE = 0.05  # of a star's light, from which on a neighbour counts


def flags_of(frame: Frame, stars: Stars, psf: Psf) -> NDArray[np.uint32]:
    """Return the flags of every star."""
    x, y = stars.x, stars.y
    ny, nx = frame.shape
    core_pix = max(1.0, CORE_FWHM * psf.fwhm_pix)
    saturated = saturated_pixels(frame)
    bad = frame.mask & ~saturated
    x_safe, y_safe = np.clip(x, 0.0, nx - 1.0), np.clip(y, 0.0, ny - 1.0)
    burnt, _, _ = sep.sum_circle(saturated, x_safe, y_safe, core_pix, subpix=1)
    spoilt, _, _ = sep.sum_circle(bad, x_safe, y_safe, core_pix, subpix=1)
    margin = psf.fwhm_pix
    whole = (x > margin) & (x < nx - 1 - margin) & (y > margin) & (y < ny - 1 - margin)
    flags = np.where(burnt > 0, np.uint32(Flag.SATURATED), np.uint32(0))
    flags |= np.where(spoilt > 0, np.uint32(Flag.BAD_PIXEL), np.uint32(0))
    flags |= np.where(whole, np.uint32(0), np.uint32(Flag.NEAR_EDGE))
    flags |= np.where(_has_rival(stars, psf), np.uint32(Flag.BLENDED), np.uint32(0))
    return flags


def _has_rival(stars: Stars, psf: Psf) -> NDArray[np.bool_]:
    """Return which stars have a neighbour so near that only its catalogued place keeps them apart."""
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    found = np.zeros(len(stars), dtype=np.bool_)
    for one, two in tree.query_pairs(BLENDED_FWHM * psf.fwhm_pix):
        for mine, other in ((one, two), (two, one)):
            if stars.flux_adu[other] > RIVAL_SHARE * stars.flux_adu[mine]:
                found[mine] = True
    return found
