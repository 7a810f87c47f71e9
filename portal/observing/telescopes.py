"""What the pages show of observatories: the list, the map, favourites, and how good each camera is."""

from dataclasses import dataclass

import polars as pl

from engine.accuracy.report import Accuracy, Quantiles
from engine.accuracy.sentences import sentences
from engine.errors import Rejected
from engine.night_side import night_edge
from engine.times import mjd_now
from lake.accuracy import camera_accuracy, numbers_of_cameras
from lake.people.accounts import User
from lake.people.favourites import add_favourite, list_favourites, remove_favourite
from lake.sites.observatories import RegisteredCamera, camera_registered, list_cameras
from portal.fmt import MISSING, ago_text, date_text, duration_text, number_text
from portal.light_curve.moment import address_of, read_version
from portal.opened import lake
from portal.session import current_user
from portal.words import _, marked, several

SORTS: dict[str, tuple[str, bool]] = {
    marked("Most frames"): ("Frames", True),
    marked("Latest frame"): ("Last frame", True),
    marked("Deepest"): ("Depth", True),
    marked("Steadiest"): ("Scatter", False),
    marked("Name"): ("Observatory", False),
    marked("North to south"): ("Latitude", True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPage:
    """One camera as its page shows it."""

    registered: RegisteredCamera
    siblings: tuple[str, ...]  # ONAMEs in the same observatory, this one as well
    accuracy: Accuracy
    sentences: tuple[str, ...]
    is_favourite: bool


def cameras_table(user: User | None, *, sort: str, only_favourites: bool = False) -> pl.DataFrame:
    """Return every active camera with what its frames say, in the order that was asked for."""
    own = favourites(user)
    rows = [
        {
            "Observatory": each.observatory.name,
            "Camera": each.camera.name,
            "Telescope": each.observatory.telescope,
            "Kept": "★" if each.oname in own else "",
            "Latitude": each.observatory.latitude_deg,
            "Longitude": (each.observatory.longitude_deg + 180.0) % 360.0 - 180.0,
            "Name": each.oname,
            "facility": each.camera.facility,
            "simulated": each.observatory.simulated,
        }
        for each in list_cameras(lake().operations)
        if not only_favourites or each.oname in own
    ]
    known = numbers_of_cameras(lake().store, lake().operations, user, as_of=read_version()).select(
        "facility",
        "simulated",
        pl.col("camera").alias("Camera"),
        pl.col("frames").alias("Frames"),
        pl.from_epoch((pl.col("last_mjd") - 40587.0) * 86400.0).alias("Last frame"),
        pl.col("scatter_mag").alias("Scatter"),
        pl.col("limit_mag").alias("Depth"),
        pl.col("seeing_arcsec").alias("Seeing"),
    )
    column, is_descending = SORTS.get(sort, SORTS["Most frames"])
    return (
        pl.DataFrame(rows, schema=_ROW_COLUMNS)
        .join(known, on=["facility", "Camera", "simulated"], how="left")
        .with_columns(pl.col("Frames").fill_null(0))
        .sort(column, "Observatory", "Camera", descending=[is_descending, False, False], nulls_last=True)
        .select(_SHOWN)
    )


_ROW_COLUMNS: dict[str, pl.DataType] = {
    "Observatory": pl.String(),
    "Camera": pl.String(),
    "Telescope": pl.String(),
    "Kept": pl.String(),
    "Latitude": pl.Float64(),
    "Longitude": pl.Float64(),
    "Name": pl.String(),
    "facility": pl.String(),
    "simulated": pl.Boolean(),
}
_SHOWN = ("Kept", "Observatory", "Camera", "Frames", "Last frame", "Scatter", "Depth", "Seeing", "Telescope",
          "Latitude", "Longitude", "Name", "simulated")  # fmt: skip


def map_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the marks of the map: observatories of a list, then the edge of the night now."""
    places = table.group_by("Observatory", maintain_order=True).agg(
        pl.col("Latitude", "Longitude").first(),
        pl.col("Frames").sum(),
        cameras=pl.col("Camera").str.join(", "),
    )
    marks = places.select(
        kind=pl.lit("place"), longitude_deg="Longitude", latitude_deg="Latitude", observatory="Observatory",
        cameras="cameras", frames="Frames",
    )  # fmt: skip
    edge = night_edge(mjd_now()).with_columns(kind=pl.lit("edge"))
    return pl.concat([marks, edge], how="diagonal_relaxed")


def camera_page(oname: str, user: User | None) -> CameraPage | None:
    """Return everything about a camera, or None where there is none of this name."""
    try:
        registered = camera_registered(lake().operations, oname)
    except Rejected:
        return None
    found = camera_accuracy(lake().store, lake().operations, registered, user, as_of=read_version())
    same_place = registered.observatory.observatory_id
    siblings = [
        each.oname
        for each in list_cameras(lake().operations)
        if each.observatory.observatory_id == same_place
    ]
    return CameraPage(
        registered=registered,
        siblings=tuple(siblings),
        accuracy=found,
        sentences=sentences(found),
        is_favourite=registered.oname in favourites(user),
    )


def favourites(user: User | None) -> frozenset[str]:
    """Return the ONAMEs that a person keeps at hand."""
    return (
        frozenset()
        if user is None
        else frozenset(each.oname for each in list_favourites(lake().operations, user))
    )


def keep(oname: str, *, wanted: bool) -> None:
    """Put a camera on the list of who is signed in now, or take it off."""
    user = current_user()
    if user is None:
        return
    if not wanted:
        remove_favourite(lake().operations, oname, user=user)
    elif oname not in favourites(user):
        add_favourite(lake().operations, oname, user=user)


def camera_address(oname: str) -> dict[str, str]:
    """Return the address of a camera's page within the portal."""
    return address_of(camera=oname)


def headline_numbers(found: Accuracy) -> dict[str, str]:
    """Return the few numbers on top of a camera's page."""
    depths = sorted((each.count, each.middle, band) for band, each in found.limit_mag.items())
    depth = f"{depths[-1][1]:.1f} mag" if depths else MISSING
    seeing = f"{found.seeing_arcsec.middle:.1f}″" if found.seeing_arcsec else MISSING
    return {
        _("Frames"): number_text(found.frames),
        _("Stars measured"): number_text(found.stars),
        _("Depth"): depth,
        _("Seeing"): seeing,
        _("Exposure to arrival"): _hours(found.sending_h),
        _("Arrival to verdict"): _hours(found.working_h),
    }


def facts_of_camera(shown: CameraPage) -> dict[str, str]:
    """Return what is registered of a camera and its telescope."""
    place, camera = shown.registered.observatory, shown.registered.camera
    longitude_deg = (place.longitude_deg + 180.0) % 360.0 - 180.0
    north = _("N") if place.latitude_deg >= 0 else _("S")
    east = _("E") if longitude_deg >= 0 else _("W")
    given = {
        _("ONAME for uploads"): shown.registered.oname,
        _("Place"): f"{abs(place.latitude_deg):.3f}° {north}, {abs(longitude_deg):.3f}° {east}, "
        f"{place.altitude_m:.0f} m",
        _("Telescope"): place.telescope,
        _("Aperture"): f"{place.aperture_m:g} m" if place.aperture_m else "",
        _("Filters"): place.filters,
        _("Gain"): f"{camera.gain_e_adu:g} e⁻/ADU" if camera.gain_e_adu else "",
        _("Read noise"): f"{camera.read_noise_e:g} e⁻" if camera.read_noise_e is not None else "",
        _("Saturation"): f"{camera.saturation_adu:,.0f} ADU" if camera.saturation_adu else "",
        _("Pixel"): f"{camera.pixel_scale_arcsec:g}″" if camera.pixel_scale_arcsec else "",
        _("Registered"): _("{date} by {person}", date=date_text(place.created_mjd), person=place.created_by)
        if place.created_by
        else "",
        _("Comment"): place.comment,
    }
    return {name: value for name, value in given.items() if value}


def period_text(found: Accuracy) -> str:
    """Return from when to when the frames of a camera were taken."""
    if found.from_mjd is None or found.to_mjd is None:
        return _("no frames yet")
    return _(
        "{first} to {last}, the last {ago}",
        first=date_text(found.from_mjd),
        last=date_text(found.to_mjd),
        ago=ago_text(found.to_mjd),
    )


def failures_listed(found: Accuracy) -> dict[str, str]:
    """Return why frames gave no point, each with how many; the commonest reason first."""
    counted = found.failures.group_by("words", maintain_order=True).agg(pl.col("frames").sum())
    return {
        _(words): several("{count} frame", "{count} frames", count)
        + f", {100 * count / max(found.frames, 1):.1f} %"
        for words, count in counted.iter_rows()
    }


def _hours(told: Quantiles | None) -> str:
    if told is None:
        return MISSING
    seconds = told.middle * 3600.0
    if seconds < 90 * 60:
        return duration_text(seconds)
    return f"{told.middle:.1f} h" if told.middle < 48 else f"{told.middle / 24:.0f} d"
