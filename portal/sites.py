"""What the page of observatories shows and changes; rights are the lake's."""

from collections.abc import Callable

import polars as pl

from engine.errors import Rejected
from engine.frame import Camera
from lake.observatories import Observatory, add_camera, add_observatory, observatory_named
from lake.observatory_facts import ObservatoryRecord, observatory_records
from lake.observatory_fields import FIELDS
from lake.observatory_import import Imported, import_observatories
from lake.people.accounts import User
from lake.people.favourites import add_favourite, list_favourites, remove_favourite
from lake.target_rows import name_key
from portal.opened import lake

CSV_COLUMNS = ", ".join(field.name for field in FIELDS)


def sites(*, part: str = "") -> list[ObservatoryRecord]:
    """Return the observatories with active cameras or none, by name, whose name has a part."""
    found = [each for each in observatory_records(lake().operations) if _has(each, part)]
    return sorted(found, key=lambda each: name_key(str(each.values["name"])))


def favourite_onames(user: User | None) -> set[str]:
    """Return the cameras that a person keeps at hand."""
    return set() if user is None else {each.oname for each in list_favourites(lake().operations, user)}


def keep_at_hand(user: User, oname: str, *, is_wanted: bool) -> str:
    """Take a camera on a person's list or off it; return what to tell them."""
    if is_wanted:
        return _said(lambda: add_favourite(lake().operations, oname, user=user), f"{oname} is at hand.")
    return _said(lambda: remove_favourite(lake().operations, oname, user=user), f"{oname} is off your list.")


def site_facts(site: ObservatoryRecord) -> dict[str, str]:
    """Return what is known of an observatory, in words."""
    values, facts = site.values, site.facts
    told = {
        "Longitude (East)": f"{values['longitude_deg']:.5f}°",
        "Latitude": f"{values['latitude_deg']:+.5f}°",
        "Altitude": f"{values['altitude_m']:.0f} m",
        "Telescope": values["telescope"],
        "Aperture": values["aperture_m"] and f"{values['aperture_m']:g} m",
        "Focal length": facts.get("focal_length") and f"{facts['focal_length']} mm",
        "Filters": values["filters"],
        "Seeing": facts.get("seeing") and f"{facts['seeing']} arcsec",
        "Faintest": facts.get("approx_lim_mag") and f"about {facts['approx_lim_mag']} mag",
        "Authors": facts.get("authors"),
        "Origin": facts.get("origin"),
        "Comment": values["comment"],
        "Registered by": values["created_by"],
    }
    return {name: str(value) for name, value in told.items() if value}


def register(user: User, site: Observatory, camera: Camera) -> str:
    """Register a camera, with its observatory where that is new; return what to tell the person."""

    def act() -> None:
        here = observatory_named(lake().operations, site.name)
        here = here or add_observatory(lake().operations, site, by=user.username)
        add_camera(
            lake().operations,
            here.observatory_id or 0,
            camera,
            by=user.username,
            is_approved=user.is_staff,
        )

    waits = "" if user.is_staff else " Staff approve it; until then its frames are measured."
    return _said(act, f"{camera.name} of {site.name} is registered.{waits}")


def judged(user: User, body: bytes, *, is_stored: bool) -> tuple[Imported | None, str]:
    """Return the verdict on every row of a CSV, or None and why it cannot be read."""
    try:
        return import_observatories(lake().operations, body, by=user, dry_run=not is_stored), ""
    except Rejected as refusal:
        return None, refusal.reason


def verdict_table(made: Imported) -> pl.DataFrame:
    """Return the verdicts on the rows of a CSV as the page lists them."""
    rows = [(row.line, row.oname, str(row.fate), row.sentence) for row in made.rows]
    schema = {"Line": pl.Int64(), "ONAME": pl.String(), "Fate": pl.String(), "Says": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _has(site: ObservatoryRecord, part: str) -> bool:
    onames = [str(each.values["oname"]) for each in site.cameras]
    return any(name_key(part) in name_key(word) for word in (str(site.values["name"]), *onames))


def _said(act: Callable[[], object], done: str) -> str:
    try:
        act()
    except Rejected as refusal:
        return refusal.reason
    return done
