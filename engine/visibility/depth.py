"""How faint a telescope sees: learned from the limits of its own frames, else guessed from its aperture."""

from dataclasses import dataclass

import numpy as np

from engine.visibility.horizon import Array

ENOUGH_FRAMES = 5
_GOOD_NIGHT = 0.75  # of a camera's frames are worse than this: clouds, Moon and haze spoil the others
_GUESS_MAG, _GUESS_APERTURE_M, _GUESS_EXPTIME_S = 17.5, 0.3, 60.0  # a small telescope under a usual sky


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The limiting magnitude (5 sigma) of a telescope in one exposure."""

    limit_mag: float
    exptime_s: float
    frames: int = 0  # that it was learned from; 0: it is a guess

    @property
    def told(self) -> str:
        """Return where the number comes from."""
        reach = f"{self.limit_mag:.1f} mag in {self.exptime_s:.0f} s"
        if self.frames:
            return f"Reaches {reach}, learned from {self.frames} of its own frames."
        return f"May reach {reach}: a guess from its aperture, as too few of its frames are here."


def learned_depth(limit_mag: Array, exptime_s: Array) -> Depth | None:
    """Return what frames reached, None where they are too few; shapes (n,).

    Limits are brought to the usual exposure, as the noise of the sky grows with the root of the time.
    """
    if len(limit_mag) < ENOUGH_FRAMES:
        return None
    usual_s = float(np.median(exptime_s))
    scaled = limit_mag + 1.25 * np.log10(usual_s / exptime_s)
    return Depth(limit_mag=float(np.quantile(scaled, _GOOD_NIGHT)), exptime_s=usual_s, frames=len(limit_mag))


def guessed_depth(aperture_m: float | None) -> Depth | None:
    """Return what a telescope may reach in a minute under a usual sky; None where its aperture is unknown."""
    if aperture_m is None or aperture_m <= 0.0:
        return None
    wider_mag = 2.5 * np.log10(aperture_m / _GUESS_APERTURE_M)
    return Depth(limit_mag=float(_GUESS_MAG + wider_mag), exptime_s=_GUESS_EXPTIME_S)
