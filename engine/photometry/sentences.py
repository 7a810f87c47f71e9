"""What a reduction tells the observer in plain words: what went well, what is wrong, what to change."""

import numpy as np

from engine.frame import Frame
from engine.lightcurve import Flag
from engine.photometry.calibration import MIN_STARS, Calibration
from engine.photometry.detect import Detection
from engine.photometry.measure import LIMIT_SIGMA, UNDERSAMPLED_PIX, TargetMeasurement
from engine.photometry.solution import Solution

WIDE_FWHM_PIX = 8.0
SURE = 0.9
STANDARD_COLOUR_TERM = 0.15  # beyond it the camera's band is not the standard one
MANY_SATURATED = 0.2
GOOD_INTRINSIC_MAG = 0.03
FEW_STARS = 8
METHOD_WORDS = {
    "header": "by the position in its header",
    "catalogue": "by the pattern of the reference stars",
    "index": "by the pattern of its stars alone",
}


def about_stars(detection: Detection) -> tuple[str, ...]:
    """Return what the frame shows before anything is known of its place."""
    count = len(detection.sources)
    if detection.trail_pix is not None:
        return (
            f"{count} sources were found; the stars are trailed over {detection.trail_pix:.0f} pixels: check "
            "the tracking, or expose shorter.",
        )
    if detection.fwhm_pix is None:
        return (f"{count} sources were found, but too few clean stars to tell the seeing.",)
    words = [f"{count} sources were found; stars are {detection.fwhm_pix:.1f} pixels wide."]
    if detection.fwhm_pix < UNDERSAMPLED_PIX:
        words.append("Stars narrower than two pixels cost precision: defocus a little for better magnitudes.")
    if detection.fwhm_pix > WIDE_FWHM_PIX:
        words.append("The stars are wide: check the focus, or bin the camera.")
    bright = detection.sources.head(20)
    if len(bright) >= 10 and np.mean(bright["flags"].to_numpy() & Flag.SATURATED > 0) > MANY_SATURATED:
        words.append("Many of the brightest stars are saturated: shorter exposures give more calibrators.")
    return tuple(words)


def about_satellites(count: int, *, over_target: int) -> str:
    """Return what crosses the frame, and whether the target suffers."""
    if count == 1:
        crosses, over = "A satellite's trail crosses the frame and was masked", "it runs over the target"
    else:
        crosses, over = (
            f"{count} satellites' trails cross the frame and were masked",
            "one runs over the target",
        )
        if over_target > 1:
            over = f"{over_target} run over the target"
    return f"{crosses}; {over}." if over_target else f"{crosses}."


def about_solution(solution: Solution, *, seeing_arcsec: float | None) -> tuple[str, ...]:
    """Return how the frame was placed on the sky."""
    how = METHOD_WORDS.get(str(solution.method), "")
    words = (
        f"The frame was placed on the sky {how}: {solution.matched} stars agree within "
        f"{solution.rms_arcsec:.2f} arcsec."
    )
    return (words,) if seeing_arcsec is None else (words, f"The seeing was {seeing_arcsec:.1f} arcsec.")


def about_calibration(calibration: Calibration) -> tuple[str, ...]:
    """Return to which band the frame was brought, how well, and how sure the band is."""
    vouched = calibration.stars >= MIN_STARS
    stars = "1 star gives" if calibration.stars == 1 else f"{calibration.stars} stars give"
    scatter = f", and scatter by {calibration.scatter_mag:.3f} mag" if vouched else ""
    words = [
        f"{stars} the zero point in {calibration.band}: {calibration.zero_point_mag:.3f} ± "
        f"{calibration.zero_point_err_mag:.3f} mag (catalogue: {calibration.catalogue}){scatter}."
    ]
    words.extend((*_about_band(calibration), *calibration.notes))
    if abs(calibration.colour_term or 0.0) > STANDARD_COLOUR_TERM:
        words.append(
            f"The camera's band differs from {calibration.band} by {calibration.colour_term:+.2f} mag per "
            f"mag of {calibration.colour_name}: stars of unusual colour are less certain."
        )
    if calibration.stars < FEW_STARS:
        words.append("Few reference stars: a wider field or a deeper catalogue makes the zero point safer.")
    if vouched and calibration.intrinsic_mag > GOOD_INTRINSIC_MAG:
        words.append(
            f"The stars scatter by {calibration.intrinsic_mag:.3f} mag beyond their noise: check flat field, "
            "clouds and focus."
        )
    return tuple(words)


def about_header(calibration: Calibration, frame: Frame, *, meant: str | None) -> tuple[str, ...]:
    """Return how the header's filter and the stars' word on the band agree."""
    if meant is None:
        return ()
    if calibration.colour_term is None and calibration.band == meant:
        return (
            f"Too few stars tell the band: the header's filter '{frame.filter_name}' was taken for {meant}.",
        )
    if calibration.band != meant and calibration.runner_up is not None and calibration.probability > SURE:
        return (
            f"The header's filter '{frame.filter_name}' means {meant}, but the stars speak for "
            f"{calibration.band}: check which filter was in.",
        )
    return ()


def about_motion(length_pix: float | None) -> tuple[str, ...]:
    """Return that the target moved during the exposure."""
    if length_pix is None:
        return ()
    return (
        f"The target moved by {length_pix:.1f} pixels during the exposure; its light was taken along that.",
    )


def about_target(measurement: TargetMeasurement, *, exptime_s: float | None, band: str) -> tuple[str, ...]:
    """Return what the frame says of the target, and how to say more."""
    if measurement.mag is None:
        limit = f"{measurement.limit_mag:.2f} mag in {band} (5 sigma)"
        unseen = f"The target was not seen: it is fainter than {limit}."
        if exptime_s is None or measurement.snr < 1:
            return (unseen, "Expose much longer, or add up frames.")
        longer = (LIMIT_SIGMA / measurement.snr) ** 2
        return (unseen, f"Expose {longer:.0f} times longer than {exptime_s:g} s, or add up frames.")
    words = [
        f"The target has {measurement.mag:.3f} ± {measurement.mag_err:.3f} mag in {band}, at a "
        f"signal-to-noise ratio of {measurement.snr:.0f}; the photons' part of the error is "
        f"{measurement.stat_err_mag:.3f} mag."
    ]
    if measurement.host_share:
        words.append(
            f"It stands on light that is no star, a galaxy perhaps: {measurement.host_share:.0%} of its own "
            "were taken off, a third of that is in the error; only a difference of two images tells more."
        )
    elif measurement.flags & Flag.BLENDED:
        words.append("A neighbour's light is mixed in; the error includes it.")
    if measurement.flags & Flag.BAD_PIXEL:
        words.append("A bad pixel lies in the aperture and was replaced by its neighbours.")
    return tuple(words)


def _about_band(calibration: Calibration) -> tuple[str, ...]:
    if calibration.runner_up is None:  # only one band was asked for, or to be had
        return ()
    rival, rivals_share = calibration.runner_up, f"{calibration.runner_up_probability:.0%}"
    share = f"{calibration.probability:.0%}"
    if calibration.probability >= SURE:
        return (f"The stars leave little doubt about the band: {share}, next {rival} {rivals_share}.",)
    return (
        f"The band is not sure: {calibration.band} was taken ({share}), but it may be {rival} "
        f"({rivals_share}); name the filter if you know it.",
    )
