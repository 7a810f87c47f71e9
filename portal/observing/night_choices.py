"""What a visitor asks of a night: kept by the session, told by the address, which others may open."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from engine.errors import Rejected
from engine.visibility.night import (
    ASTRONOMICAL_DEG,
    CIVIL_DEG,
    FIRST_YEAR,
    LAST_YEAR,
    NAUTICAL_DEG,
    day_of,
)
from engine.visibility.windows import Limits
from lake.sites.telescopes import Telescope, telescope_at
from lake.tonight import Asked
from portal.words import marked

ELSEWHERE = marked("Another site")
FIRST_EVENING, LAST_EVENING = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
TWILIGHTS = {
    marked("civil"): CIVIL_DEG,
    marked("nautical"): NAUTICAL_DEG,
    marked("astronomical"): ASTRONOMICAL_DEG,
}
FIELDS = ("telescope", "longitude", "latitude", "aperture", "evening", "altitude", "moon", "twilight")
_WORDS = {"longitude": "lon", "latitude": "lat", "evening": "date"}  # in the address, where shorter
_ADDRESS = "night_address"  # what this page wrote into the address last
_RANGES = {
    "longitude": (-180.0, 360.0),
    "latitude": (-90.0, 90.0),
    "aperture": (0.01, 100.0),
    "altitude": (0.0, 80.0),
    "moon": (0.0, 80.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NightChoices:
    """What was chosen; the defaults are what most observers ask."""

    telescope: str = ""
    longitude: float | None = None
    latitude: float | None = None
    aperture: float | None = None
    evening: date | None = None  # None: tonight
    altitude: float = 30.0
    moon: float = 0.0
    twilight: str = "nautical"

    def asked_of(self, telescopes: Sequence[Telescope]) -> Telescope | None:
        """Return the telescope, None where no place is known yet."""
        named = next((each for each in telescopes if each.site.name == self.telescope), None)
        if named is not None or self.longitude is None or self.latitude is None:
            return named
        return telescope_at(self.longitude, self.latitude, aperture_m=self.aperture)

    def asked(self, telescope: Telescope, tonight: date) -> Asked:
        """Return it as the lake takes it."""
        limits = Limits(
            altitude_min_deg=self.altitude,
            sun_max_deg=TWILIGHTS.get(self.twilight, NAUTICAL_DEG),
            moon_min_deg=self.moon,
        )
        return Asked(telescope=telescope, day=day_of(self.evening or tonight), limits=limits)

    def address(self) -> dict[str, str]:
        """Return what stands in the address: only what differs from the defaults."""
        plain, is_named = NightChoices(), self.telescope not in {"", ELSEWHERE}
        place = {"longitude", "latitude", "aperture"} if is_named else {"telescope"}
        return {
            _WORDS.get(name, name): f"{value:g}" if isinstance(value, float) else str(value)
            for name in FIELDS
            if name not in place and (value := getattr(self, name)) != getattr(plain, name)
        }

    def download(self, format_: str) -> str:
        """Return where the API gives the plan in a format."""
        is_named = self.telescope not in {"", ELSEWHERE}
        told: dict[str, object] = {
            "telescope": self.telescope if is_named else None,
            "longitude_deg": None if is_named else self.longitude,
            "latitude_deg": None if is_named else self.latitude,
            "aperture_m": None if is_named else self.aperture,
            "date": self.evening,
            "altitude_min_deg": self.altitude,
            "moon_min_deg": self.moon,
            "twilight": self.twilight,
            "format": format_,
        }
        given = {name: value for name, value in told.items() if value is not None}
        return f"/api/v1/tonight?{urlencode(given)}"


def key(field: str) -> str:
    """Return the name under which the session keeps a choice."""
    return f"night_{field}"


def of_address(query: Mapping[str, str]) -> NightChoices:
    """Return the choices in an address; what it does not understand counts as not chosen."""
    plain, said = NightChoices(), {name: query.get(_WORDS.get(name, name), "") for name in FIELDS}
    numbers = {name: _number(said[name], *_RANGES[name]) for name in _RANGES}
    is_elsewhere = numbers["longitude"] is not None and numbers["latitude"] is not None
    return NightChoices(
        telescope=said["telescope"][:100] or (ELSEWHERE if is_elsewhere else ""),
        longitude=numbers["longitude"],
        latitude=numbers["latitude"],
        aperture=numbers["aperture"],
        evening=_date(said["evening"]),
        altitude=plain.altitude if numbers["altitude"] is None else numbers["altitude"],
        moon=plain.moon if numbers["moon"] is None else numbers["moon"],
        twilight=said["twilight"] if said["twilight"] in TWILIGHTS else plain.twilight,
    )


def seed(
    session: MutableMapping[str | int, Any], query: Mapping[str, str], telescopes: Sequence[Telescope]
) -> None:
    """Fill the session's choices: from an address that came from outside, else with what was there before."""
    words = [_WORDS.get(name, name) for name in FIELDS]
    asked = {word: query[word] for word in words if word in query}
    chosen = of_address(query)
    if asked and asked != session.get(_ADDRESS):
        session.update({key(name): getattr(chosen, name) for name in FIELDS})
    names = [each.site.name for each in telescopes]
    for name in FIELDS:
        session.setdefault(key(name), getattr(NightChoices(), name))
    if session[key("telescope")] not in [*names, ELSEWHERE]:
        session[key("telescope")] = names[0] if names else ELSEWHERE


def remember(session: MutableMapping[str | int, Any], chosen: NightChoices) -> dict[str, str]:
    """Return the address of the choices, which :func:`seed` will know as its own."""
    address = chosen.address()
    session[_ADDRESS] = address
    return address


def _number(text: str, least: float, most: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if least <= number <= most else None


def _date(text: str) -> date | None:
    try:
        asked = date.fromisoformat(text)
        day_of(asked)
    except (ValueError, Rejected):
        return None
    return asked
