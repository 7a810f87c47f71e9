"""One simulated object of the demo: its quiet brightness, and its one history."""

import zlib
from dataclasses import dataclass

import numpy as np

from tomlake.demo.behaviours import Behaviour, Floats

HISTORY_START_MJD = 56000.0
EQUINOX_MJD = 58928.0  # March 2020: the Sun at RA 0
DAYS_PER_YEAR = 365.25
HISTORY_MARGIN_D = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One simulated object; ``g_mag`` is its quiet brightness in Gaia G."""

    name: str
    ra_deg: float
    dec_deg: float
    classification: str
    g_mag: float
    bp_rp_mag: float
    behaviour: Behaviour
    story: str
    importance: float = 5.0
    cadence_d: float = 3.0
    observed: bool = False  # the simulated observatory takes frames of it

    def change_mag(self, mjd: Floats, *, now_mjd: float) -> Floats:
        """Return the magnitudes to add to the quiet brightness: one history, whoever asks and when."""
        anchors = np.array([HISTORY_START_MJD, now_mjd + HISTORY_MARGIN_D])
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return self.behaviour(np.concatenate([anchors, mjd]), rng)[2:]


def sun_ra_deg(mjd: Floats) -> Floats:
    """Return the right ascension of a mean Sun: good to some degrees, enough for a demo."""
    return (mjd - EQUINOX_MJD) * 360.0 / DAYS_PER_YEAR % 360.0


def night_ra_deg(now_mjd: float, *, hours_after_midnight: float) -> float:
    """Return the right ascension that culminates so long after midnight at this time of the year."""
    sun = float(sun_ra_deg(np.array([now_mjd]))[0])
    return round((sun + 180.0 + 15.0 * hours_after_midnight) % 360.0, 3)
