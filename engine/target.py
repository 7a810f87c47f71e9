"""A target: what a person wants watched, its rules of naming, and how urgent it is."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from astropy import units
from astropy.coordinates import Angle, SkyCoord, angular_separation

from engine.errors import Rejected
from engine.track import Track

NAME_MAX_CHARS = 100
DESCRIPTION_MAX_CHARS = 2000
DUPLICATE_RADIUS_ARCSEC = 3.0
FORBIDDEN_IN_NAMES = "()/\\:"

CLASSES: tuple[str, ...] = (
    "Unknown", "Be-star outburst", "AGN", "BL Lac", "CV", "CEPH", "EB", "Galaxy", "GWOC", "LPV", "LBV",
    "M-dwarf flare", "Microlensing Event", "Nova", "Peculiar Supernova", "Planetary Transit", "QSO", "RCrB",
    "RR Lyrae Variable", "SSO", "Star", "SN", "SLSN", "Supernova impostor", "Symbiotic star", "TDE",
    "Variable star-other", "XRB", "Xray-transient", "YSO",
)  # fmt: skip


class Visibility(StrEnum):
    """Who may see a target."""

    PUBLIC = "public"
    GROUP = "group"
    PRIVATE = "private"  # its maker and staff, also where it is of a group


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One object on the sky; positions are ICRS at ``epoch``."""

    target_id: int | None = None
    name: str
    ra_deg: float
    dec_deg: float
    epoch: float = 2000.0  # Julian year
    pm_ra_mas_yr: float | None = None  # includes cos(dec)
    pm_dec_mas_yr: float | None = None
    classification: str = "Unknown"
    description: str = ""
    discovery_mjd: float | None = None
    importance: float = 9.98  # 0 to 10
    cadence_d: float = 1.0
    visibility: Visibility = Visibility.PUBLIC
    embargo_until_mjd: float | None = None  # until then only maker, group and staff see a public target
    group_id: int | None = None  # of the people who see it before others, and may work on it
    simulated: bool = False
    created_by: str = ""
    created_mjd: float | None = None
    aliases: tuple[tuple[str, str], ...] = ()  # (source, name)
    designation: str = ""  # of a body of the Solar System, which has no fixed position
    track: Track | None = None  # of one that moves: it tells the place in place of ra_deg and dec_deg

    @property
    def position(self) -> SkyCoord:
        """Return the ICRS position."""
        return SkyCoord(self.ra_deg, self.dec_deg, unit="deg")


def checked_name(name: str) -> str:
    """Return a target's name without outer blanks, or say why it cannot be a name."""
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean:
        raise Rejected("A target needs a name.", code="name-empty")
    if len(clean) > NAME_MAX_CHARS:
        raise Rejected(
            f"The name has {len(clean)} characters; {NAME_MAX_CHARS} are allowed.", code="name-too-long"
        )
    if any(char in FORBIDDEN_IN_NAMES for char in clean):
        raise Rejected(
            f"Target name cannot contain any of: {' '.join(FORBIDDEN_IN_NAMES)}", code="name-characters"
        )
    if not re.fullmatch(r"[A-Za-z0-9 _.+\-*'\[\]@#]+", clean):
        raise Rejected(
            "A target name is made of plain letters, digits, blanks and . + - _ * ' [ ] @ # only.",
            code="name-characters",
        )
    return clean


def parse_position(ra: str | float, dec: str | float) -> tuple[float, float]:
    """Return (ra_deg, dec_deg) from decimal degrees or from sexagesimal hours and degrees.

    Raises
    ------
    Rejected
        ``bad-position``: not readable; ``position-range``: outside 0..360 or -90..90.
    """
    try:
        ra_deg = _angle_deg(ra, units.hourangle)
        dec_deg = _angle_deg(dec, units.deg)
    except (ValueError, units.UnitsError, TypeError) as error:
        raise Rejected(
            f"The position {ra!s:.40} {dec!s:.40} is neither degrees nor hh:mm:ss dd:mm:ss.",
            code="bad-position",
        ) from error
    if not (0.0 <= ra_deg <= 360.0 and -90.0 <= dec_deg <= 90.0):
        raise Rejected("Coordinates beyond range", code="position-range")
    return ra_deg % 360.0, dec_deg


def _angle_deg(text: str | float, sexagesimal_unit: units.UnitBase) -> float:
    try:
        return float(text)
    except ValueError:
        return float(Angle(str(text), unit=sexagesimal_unit).deg)


def separation_arcsec(ra1_deg: float, dec1_deg: float, ra2_deg: float, dec2_deg: float) -> float:
    """Return the angle between two positions on the sphere."""
    here, there = np.radians((ra1_deg, dec1_deg)), np.radians((ra2_deg, dec2_deg))
    return float(np.degrees(angular_separation(*here, *there)) * 3600.0)


def observing_priority(*, importance: float, cadence_d: float, since_last_d: float | None) -> float:
    """Return BHTOM's priority: importance times the missed cadences; 10 cadences where never observed.

    References
    ----------
    BHTOM, https://bhtom.space, documentation of the target list.
    """
    if cadence_d <= 0:
        return 0.0
    waited_d = 10.0 if since_last_d is None else max(0.0, since_last_d)
    return round(waited_d / cadence_d * importance, 1)
