"""Where target, Sun and Moon stood over the telescope: they tell a frame's worth, and a clock that lies."""

from dataclasses import dataclass

import numpy as np
from astropy.coordinates import AltAz, SkyCoord, get_body
from astropy.time import Time

from engine.frame import Camera
from engine.visibility.horizon import airmass_at

LOW_DEG = 25.0
BRIGHT_MOON = 0.5
NEAR_MOON_DEG = 30.0
DAY_DEG = 0.0  # with the Sun above it no star is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Angles at the middle of an exposure."""

    altitude_deg: float
    sun_altitude_deg: float
    moon_altitude_deg: float
    moon_separation_deg: float
    moon_lit: float  # share of its face

    @property
    def airmass(self) -> float | None:
        """Return the air in front of the target, 1 at the zenith; None below the horizon."""
        return None if self.altitude_deg <= 0 else float(airmass_at(self.altitude_deg))

    @property
    def is_impossible(self) -> bool:
        """Return whether stars cannot have been seen so: time or place of the telescope is wrong."""
        return self.sun_altitude_deg > DAY_DEG or self.altitude_deg < 0.0


def circumstances(camera: Camera, position: SkyCoord, mjd: float) -> Circumstances | None:
    """Return the circumstances of an exposure, None where nobody says where the camera stands."""
    place = camera.location
    if place is None:
        return None
    moment = Time(mjd, format="mjd", scale="utc", location=place)
    sky = AltAz(obstime=moment, location=place)
    moon, sun = (get_body(name, moment, place) for name in ("moon", "sun"))
    elongation = float(sun.separation(moon, origin_mismatch="ignore").rad)
    target = position.transform_to(sky)
    moon_here = moon.transform_to(sky)
    return Circumstances(
        altitude_deg=float(target.alt.deg),
        sun_altitude_deg=float(sun.transform_to(sky).alt.deg),
        moon_altitude_deg=float(moon_here.alt.deg),
        moon_separation_deg=float(target.separation(moon_here).deg),
        moon_lit=(1.0 - float(np.cos(elongation))) / 2.0,
    )


def about_circumstances(told: Circumstances) -> tuple[str, ...]:
    """Return in words what the sky was like, or that the time cannot be right."""
    if told.is_impossible:
        what = (
            f"the Sun stood {told.sun_altitude_deg:.0f}° above the horizon"
            if told.sun_altitude_deg > DAY_DEG
            else f"the target stood {-told.altitude_deg:.0f}° below the horizon"
        )
        return (
            f"At the time in the header {what} of this observatory: the clock probably shows local time, or "
            "the observatory's place is wrong; correct it and send the frame again.",
        )
    words = [f"The target stood {told.altitude_deg:.0f}° high, at an airmass of {told.airmass:.2f}."]
    if told.altitude_deg < LOW_DEG:
        words.append("So low the air costs light and sharpness: observe it when it stands higher.")
    if told.moon_altitude_deg > 0 and told.moon_lit > BRIGHT_MOON:
        near = ", close to it" if told.moon_separation_deg < NEAR_MOON_DEG else ""
        words.append(f"The Moon, {told.moon_lit:.0%} lit, stood {told.moon_separation_deg:.0f}° away{near}.")
    return tuple(words)
