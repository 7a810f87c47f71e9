"""What a first look at a frame showed, in numbers and in words: is it worth the wait, or what is wrong?"""

from dataclasses import dataclass

from engine.target import Target, separation_arcsec
from engine.times import datetime_of

FEW_STARS = 10
MANY_SATURATED = 0.2  # of the brightest stars
BURNT_SHARE = 0.01  # of all pixels: no star does that
_DEG_FAR, _ARCMIN_FAR = 2.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a first look at one plane of a file shows; what the header does not say is None or empty."""

    plane: str
    width_pix: int
    height_pix: int
    mjd: float
    exptime_s: float
    filter_name: str
    ra_deg: float | None  # where the header says that the middle is
    dec_deg: float | None
    stars: int  # that stand out of the sky
    saturated_share: float  # of all pixels
    saturated_stars: float  # share of the brightest stars


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at, in words."""

    about: str
    is_good: bool
    words: str


def checks(seen: Glance, target: Target | None, *, now_mjd: float) -> tuple[Check, ...]:
    """Return what the first look says of position, time, filter, saturation and stars."""
    return (
        _position(seen, target),
        _time(seen, now_mjd),
        _filter(seen),
        _saturation(seen),
        _count(seen),
    )


def _position(seen: Glance, target: Target | None) -> Check:
    about = "Position"
    if seen.ra_deg is None or seen.dec_deg is None:
        return Check(about=about, is_good=True, words="not in the header: the stars will tell")
    if target is None:
        return Check(about=about, is_good=True, words=f"{seen.ra_deg:.4f} {seen.dec_deg:+.4f}")
    away_arcmin = separation_arcsec(seen.ra_deg, seen.dec_deg, target.ra_deg, target.dec_deg) / 60.0
    if away_arcmin > _DEG_FAR * 60.0:
        words = f"the header points {away_arcmin / 60.0:.0f}° from the target: is it the right one?"
        return Check(about=about, is_good=False, words=words)
    far = f"{away_arcmin / 60.0:.1f}°" if away_arcmin > _ARCMIN_FAR else f"{away_arcmin:.1f}′"
    return Check(about=about, is_good=True, words=f"the header points {far} from the target")


def _time(seen: Glance, now_mjd: float) -> Check:
    when = f"{datetime_of(seen.mjd):%Y-%m-%d %H:%M} UTC, {seen.exptime_s:g} s"
    if seen.mjd > now_mjd + 1.0:
        return Check(about="Time", is_good=False, words=f"{when}, in the future: set the camera's clock")
    return Check(about="Time", is_good=True, words=when)


def _filter(seen: Glance) -> Check:
    words = seen.filter_name or "not in the header: the stars will tell the band"
    return Check(about="Filter", is_good=True, words=words)


def _saturation(seen: Glance) -> Check:
    about = "Saturation"
    if seen.saturated_share > BURNT_SHARE:
        words = f"{seen.saturated_share:.0%} of all pixels are burnt out: expose much shorter"
        return Check(about=about, is_good=False, words=words)
    if seen.saturated_stars > MANY_SATURATED:
        words = f"{seen.saturated_stars:.0%} of the brightest stars are burnt out: expose shorter"
        return Check(about=about, is_good=False, words=words)
    return Check(
        about=about, is_good=True, words=f"{seen.saturated_stars:.0%} of the brightest stars are burnt out"
    )


def _count(seen: Glance) -> Check:
    if seen.stars < FEW_STARS:
        words = f"only {seen.stars} stand out: check focus, clouds and the exposure time"
        return Check(about="Stars", is_good=False, words=words)
    return Check(about="Stars", is_good=True, words=f"{seen.stars:,} stand out of the sky")
