"""Other names of a target, and its proper motion, from those who know what lies at its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot

from astropy import units

from engine.brokers.names import gaia_alerts, gaia_dr3, ogle_ews, simbad, tns
from engine.brokers.protocol import Http
from engine.errors import Rejected
from engine.target import Target, separation_arcsec

_NEAR_ARCSEC = 3.0
_SAME_ARCSEC = 1.0  # whose proper motion is taken for the target's
_ALERT_ARCSEC, _EVENT_ARCSEC = 1.0, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherNames:
    """What one archive knows of a target."""

    aliases: tuple[tuple[str, str], ...] = ()  # (source, name)
    pm_ra_mas_yr: float | None = None  # includes cos(dec)
    pm_dec_mas_yr: float | None = None


def of_simbad(http: Http, target: Target) -> OtherNames:
    """Return the names of the object of the target's name and place, else of the only one there."""
    try:
        by_name = simbad.find(http, target.name)
    except Rejected as refusal:
        if refusal.code != "unknown-name":
            raise
    else:
        if _apart_arcsec(by_name, target) <= _NEAR_ARCSEC:
            return _known(by_name, target)
    found = simbad.near(http, ra_deg=target.ra_deg, dec_deg=target.dec_deg, radius_arcsec=_NEAR_ARCSEC)
    if len(found) != 1:
        return OtherNames()
    known = _known(found[0], target)
    return OtherNames(
        aliases=(("SIMBAD", found[0].name), *known.aliases),
        pm_ra_mas_yr=known.pm_ra_mas_yr,
        pm_dec_mas_yr=known.pm_dec_mas_yr,
    )


def of_gaia_dr3(http: Http, target: Target) -> OtherNames:
    """Return number and proper motion of the star at the target's place, where it is the only one there."""
    reach = {"ra_deg": target.ra_deg, "dec_deg": target.dec_deg, "radius_arcsec": _NEAR_ARCSEC}
    stars = gaia_dr3.near(http, epoch=target.epoch, **reach)
    there = [star for star in stars if _apart_arcsec(star, target) <= _NEAR_ARCSEC]
    if len(there) != 1 or _apart_arcsec(there[0], target) > _SAME_ARCSEC:
        return OtherNames()
    known = _known(there[0], target)
    return OtherNames(
        aliases=((gaia_dr3.TITLE, there[0].name),),
        pm_ra_mas_yr=known.pm_ra_mas_yr,
        pm_dec_mas_yr=known.pm_dec_mas_yr,
    )


def of_tns(http: Http, target: Target) -> OtherNames:
    """Return the names of the only transient at the target's place, surveys' own ones among them."""
    names = tns.near(http, ra_deg=target.ra_deg, dec_deg=target.dec_deg, radius_arcsec=_NEAR_ARCSEC)
    if len(names) != 1:
        return OtherNames()
    surveys = tns.find(http, names[0]).aliases
    return OtherNames(aliases=((tns.TITLE, names[0]), *surveys))


def of_gaia_alerts(http: Http, target: Target) -> OtherNames:
    """Return the name of the alert at the target's place, and that which the TNS gave it."""
    for row in gaia_alerts.alerts(http).iter_rows(named=True):
        near = abs(row["DecDeg"] - target.dec_deg) * 3600.0 <= _ALERT_ARCSEC
        if (
            near
            and separation_arcsec(target.ra_deg, target.dec_deg, row["RaDeg"], row["DecDeg"]) <= _ALERT_ARCSEC
        ):
            named = (("Gaia Alerts", row["Name"]), ("TNS", row["TNSid"]))
            return OtherNames(aliases=tuple((source, name) for source, name in named if name))
    return OtherNames()


def of_ogle_ews(http: Http, target: Target) -> OtherNames:
    """Return the names of the microlensing events at the target's place."""
    names = ogle_ews.near(http, ra_deg=target.ra_deg, dec_deg=target.dec_deg, radius_arcsec=_EVENT_ARCSEC)
    return OtherNames(aliases=tuple(("OGLE", name) for name in names))


# In this order: whose proper motion comes first counts.
KNOWERS: Mapping[str, Callable[[Http, Target], OtherNames]] = {
    gaia_dr3.TITLE: of_gaia_dr3,
    simbad.TITLE: of_simbad,
    gaia_alerts.TITLE: of_gaia_alerts,
    tns.TITLE: of_tns,
    ogle_ews.TITLE: of_ogle_ews,
}


def _known(found: Target, target: Target) -> OtherNames:
    motion = (found.pm_ra_mas_yr, found.pm_dec_mas_yr)
    is_same = None not in motion and _apart_arcsec(found, target) <= _SAME_ARCSEC
    pm_ra_mas_yr, pm_dec_mas_yr = motion if is_same else (None, None)
    return OtherNames(aliases=found.aliases, pm_ra_mas_yr=pm_ra_mas_yr, pm_dec_mas_yr=pm_dec_mas_yr)


def _apart_arcsec(found: Target, target: Target) -> float:
    """Return how far an object stood from the target's place at the epoch of that place."""
    east_mas, north_mas = found.pm_ra_mas_yr or 0.0, found.pm_dec_mas_yr or 0.0
    if not hypot(east_mas, north_mas):
        return separation_arcsec(found.ra_deg, found.dec_deg, target.ra_deg, target.dec_deg)
    years = target.epoch - found.epoch
    then = found.position.spherical_offsets_by(east_mas * years * units.mas, north_mas * years * units.mas)
    return float(then.separation(target.position).arcsec)
