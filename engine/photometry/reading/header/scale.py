"""Time scales of headers, brought to UTC."""

import warnings

from astropy.time import Time

from engine.times import SECONDS_PER_DAY

_SCALES = {"TT": "tt", "TDT": "tt", "ET": "tt", "TAI": "tai", "IAT": "tai", "TDB": "tdb", "GPS": "tai"}
_UNIVERSAL = frozenset({"", "UTC", "UT", "UT1", "UTC(NTP)", "GMT", "Z", "ZULU", "LOCAL", "LT"})
_GPS_BEHIND_TAI_S = 19.0


def utc_of(mjd: float, timesys: str) -> tuple[float, str]:
    """Return an MJD of a header's TIMESYS as MJD (UTC), and a note when it was moved or unknown."""
    name = timesys.strip().upper()
    if name in _UNIVERSAL:
        return mjd, ""
    scale = _SCALES.get(name)
    if scale is None:
        return mjd, f"TIMESYS = {timesys[:20]} is unknown; the time was taken as UTC."
    shift = _GPS_BEHIND_TAI_S / SECONDS_PER_DAY if name == "GPS" else 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a date beyond the known leap seconds
        utc = float(Time(mjd + shift, format="mjd", scale=scale).utc.mjd)
    return utc, f"The time was converted from {name} to UTC."
