"""What a verdict is worth to readers of the light curve, and what to change at the telescope, in words."""

import re
from dataclasses import dataclass

from engine.accuracy.failures import WORDS
from engine.lightcurve import MAG_ERR_PER_RELATIVE_FLUX_ERR

SURE_SIGMAS = 3.0
MUCH_LARGER = 2.0  # one part of an error than the other
LOW_AIRMASS, TWILIGHT_DEG = 2.0, -12.0
BRIGHT_MOON, NEAR_MOON_DEG = 0.5, 40.0
BRIGHT_SKY = 0.3  # of saturation
_ADVICE = re.compile(
    r"(?:^|[:;,] (?:or )?)(?:check|expose|defocus|name the|a wider|shorter exposures|move|point)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """The numbers of a verdict that say what limits it; what is not known is None."""

    status: str  # measured, limit, rejected
    code: str = ""
    reason: str = ""
    mag_err: float | None = None
    stat_err_mag: float | None = None
    sys_err_mag: float | None = None
    limit_mag: float | None = None
    exptime_s: float | None = None
    airmass: float | None = None
    sun_altitude_deg: float | None = None
    moon_altitude_deg: float | None = None
    moon_separation_deg: float | None = None
    moon_lit: float | None = None
    sky_adu: float | None = None
    saturation_adu: float | None = None


def worth(of: Circumstance) -> str:
    """Return in one sentence what a verdict is worth."""
    if of.status == "measured" and of.mag_err:
        relative = of.mag_err * MAG_ERR_PER_RELATIVE_FLUX_ERR**-1
        return (
            f"Good to {relative:.1%}: beside a point as good, a change of "
            f"{SURE_SIGMAS * 2**0.5 * of.mag_err:.2f} mag is real."
        )
    if of.status == "limit" and of.limit_mag is not None:
        return (
            f"The target was not seen, and that is worth knowing: it was fainter than {of.limit_mag:.2f} mag."
        )
    return "It gave no point: nothing was added to the light curve."


def to_change(of: Circumstance) -> tuple[str, ...]:
    """Return what to change at the telescope, the most useful first; nothing where all is well."""
    if of.status == "rejected":
        return (of.reason if is_advice(of.reason) else WORDS.get(of.code, of.reason),)
    return (*_error(of), *_sky(of))


def is_advice(sentence: str) -> bool:
    """Return whether a sentence of a verdict says what to do, not only what was found."""
    return bool(_ADVICE.search(sentence))


def _error(of: Circumstance) -> tuple[str, ...]:
    photons, zero_point = of.stat_err_mag, of.sys_err_mag
    if of.status != "measured" or not photons or not zero_point:
        return ()
    if photons > MUCH_LARGER * zero_point:
        longer = "" if of.exptime_s is None else f" than {of.exptime_s:g} s"
        return (f"Photons limit it: expose four times longer{longer} and the error is half as large.",)
    if zero_point > MUCH_LARGER * photons:
        return (
            "The zero point limits it, not the photons: longer exposures do not help, more comparison stars "
            "and a good flat field do.",
        )
    return ()


def _sky(of: Circumstance) -> tuple[str, ...]:
    words = []
    if of.airmass is not None and of.airmass > LOW_AIRMASS:
        words.append(f"The target stood low, at airmass {of.airmass:.1f}: observe it higher up.")
    if of.sun_altitude_deg is not None and of.sun_altitude_deg > TWILIGHT_DEG:
        words.append("The sky was not dark yet: observe when the Sun is 12° below the horizon or more.")
    moon = (of.moon_altitude_deg, of.moon_lit, of.moon_separation_deg)
    if all(value is not None for value in moon):
        up_deg, lit, away_deg = (float(value or 0.0) for value in moon)
        if up_deg > 0 and lit > BRIGHT_MOON and away_deg < NEAR_MOON_DEG:
            words.append(f"The bright Moon stood {away_deg:.0f}° away: observe when it is down or far off.")
    if of.sky_adu and of.saturation_adu and of.sky_adu > BRIGHT_SKY * of.saturation_adu:
        words.append("The sky alone fills much of what a pixel holds: take more, shorter exposures.")
    return tuple(words)
