"""What a frame was like, beside its verdict: where it looked, how its camera counted, what its PSF was."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:  # who reads facts needs no compiler
    from engine.frame import Frame
    from engine.photometry.circumstances import Circumstances
    from engine.photometry.detect import Detection
    from engine.photometry.psf.light import StarLight


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """Numbers that tell about telescope, camera and sky; what is not known is None."""

    width_pix: int | None = None
    height_pix: int | None = None
    gain_e_adu: float | None = None  # as used
    read_noise_e: float | None = None
    saturation_adu: float | None = None
    sky_adu: float | None = None  # median over the frame
    noise_adu: float | None = None  # of one pixel of sky
    fwhm_pix: float | None = None  # of the stars as detected
    sources: int | None = None
    psf_fwhm_pix: float | None = None
    psf_order: int | None = None  # of its polynomial in field position
    psf_stars: int | None = None  # that taught the PSF
    psf_mismatch: float | None = None  # rms of what stars differ from it, as a fraction
    altitude_deg: float | None = None
    airmass: float | None = None
    sun_altitude_deg: float | None = None
    moon_altitude_deg: float | None = None
    moon_separation_deg: float | None = None
    moon_lit: float | None = None


NO_FACTS = FrameFacts()
FACTS_SCHEMA: dict[str, pl.DataType] = {
    each.name: pl.Int64() if each.type == "int | None" else pl.Float64() for each in fields(FrameFacts)
}


def with_frame(facts: FrameFacts, frame: Frame, detection: Detection) -> FrameFacts:
    """Return the facts with what frame and detection tell."""
    ny, nx = frame.shape
    return replace(
        facts,
        width_pix=nx,
        height_pix=ny,
        gain_e_adu=frame.gain_e_adu,
        read_noise_e=frame.read_noise_e,
        saturation_adu=frame.saturation_adu if np.isfinite(frame.saturation_adu) else None,
        sky_adu=detection.background.usual,
        noise_adu=detection.noise_adu,
        fwhm_pix=detection.fwhm_pix,
        sources=len(detection.sources),
    )


def with_fitted(facts: FrameFacts, light: StarLight | None) -> FrameFacts:
    """Return the facts with what the fitted PSF tells."""
    if light is None:
        return facts
    psf = light.psf
    return replace(
        facts,
        psf_fwhm_pix=psf.fwhm_pix,
        psf_order=psf.order,
        psf_stars=psf.stars,
        psf_mismatch=psf.mismatch,
    )


def with_sky(facts: FrameFacts, told: Circumstances) -> FrameFacts:
    """Return the facts with where target, Sun and Moon stood."""
    return replace(
        facts,
        altitude_deg=told.altitude_deg,
        airmass=told.airmass,
        sun_altitude_deg=told.sun_altitude_deg,
        moon_altitude_deg=told.moon_altitude_deg,
        moon_separation_deg=told.moon_separation_deg,
        moon_lit=told.moon_lit,
    )
