"""Where the telescope stands: longitude (East positive) and latitude, whatever sign the header uses."""

import re
from dataclasses import dataclass

from engine.photometry.reading.header.cards import Header, angle_of, is_sexagesimal

_LATITUDE = ("SITELAT", "LATITUDE", "LAT-OBS", "OBSGEO-B", "OBS-LAT", "GEOLAT", "ESO TEL GEOLAT", "LAT")
_LONGITUDE = ("SITELONG", "LONGITUD", "LONG-OBS", "OBSGEO-L", "OBS-LONG", "GEOLON", "ESO TEL GEOLON", "LONG")
_ALTITUDE = (
    "HEIGHT",
    "ALT-OBS",
    "SITEELEV",
    "SITEALT",
    "OBSGEO-H",
    "OBS-ELEV",
    "ALTITUDE",
    "ESO TEL GEOELEV",
)
_SIDEREAL = ("LST-OBS", "LST", "ST", "SIDTIME")
_EAST_BY_DEFINITION = frozenset({"OBSGEO-L", "ESO TEL GEOLON"})
_LST_TOLERANCE_DEG = 2.0
_ZONE = re.compile(r":\d{2}(?:\.\d*)?\s*([-+]\d{2}):?\d{2}$")  # the observer's zone, also in hours East
_ZONE_TOLERANCE_DEG = 45.0
_J2000_MJD = 51544.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place on the Earth as far as the header knows it."""

    longitude_deg: float | None = None
    latitude_deg: float | None = None
    altitude_m: float | None = None
    notes: tuple[str, ...] = ()


def read_site(header: Header, *, mjd: float) -> Site:
    """Return the site; sidereal time at ``mjd`` (UTC), zone or comment decide the longitude's sign."""
    latitude_deg = header.angle(*_LATITUDE)
    written = next(header.filled(*_LONGITUDE), None)
    longitude_deg = angle_of(written[1]) if written is not None else None
    if latitude_deg is None or longitude_deg is None or written is None:
        return Site()
    if not (abs(latitude_deg) <= 90 and -360 <= longitude_deg <= 360) or latitude_deg == longitude_deg == 0:
        return Site(notes=("The header's geographic position is impossible and was not used.",))
    longitude_deg = (longitude_deg + 180.0) % 360.0 - 180.0
    east_deg = _east_positive(header, written[0], longitude_deg, mjd=mjd)
    note = f"{written[0]} counts West as positive; it was turned." if east_deg != longitude_deg else ""
    altitude_m = header.number(*_ALTITUDE)
    return Site(
        longitude_deg=east_deg,
        latitude_deg=latitude_deg,
        altitude_m=altitude_m if altitude_m is not None and -500 < altitude_m < 9000 else None,
        notes=(note,) if note else (),
    )


def _east_positive(header: Header, keyword: str, longitude_deg: float, *, mjd: float) -> float:
    if keyword in _EAST_BY_DEFINITION:
        return longitude_deg
    sidereal = next((text for _, text in header.filled(*_SIDEREAL) if is_sexagesimal(text)), None)
    sidereal_h = angle_of(sidereal) if sidereal is not None else None
    if sidereal_h is not None:
        by_stars_deg = sidereal_h * 15.0 - _greenwich_sidereal_deg(mjd)
        for candidate_deg in (longitude_deg, -longitude_deg):
            apart_deg = abs((by_stars_deg - candidate_deg + 180.0) % 360.0 - 180.0)
            if apart_deg < _LST_TOLERANCE_DEG:
                return candidate_deg
    zone = _ZONE.search(header.text("DATE-OBS"))
    if zone is not None and abs(zone_deg := float(zone.group(1)) * 15.0) > _ZONE_TOLERANCE_DEG:
        return abs(longitude_deg) if zone_deg > 0 else -abs(longitude_deg)
    comment = header.comment(keyword)
    says_west = "west" in comment and "east" not in comment
    return -longitude_deg if says_west and longitude_deg > 0 else longitude_deg


def _greenwich_sidereal_deg(mjd: float) -> float:
    # Meeus 1998, Astronomical Algorithms, eq. 12.4, linear terms
    return (280.46061837 + 360.98564736629 * (mjd - _J2000_MJD)) % 360.0
