"""The form that registers an observatory with its first camera, and the sample frame that fills it."""

from collections.abc import Mapping

import streamlit as st

from engine.errors import Rejected
from engine.frame import Camera
from lake.people.accounts import User
from lake.sites.observatories import NAME_MAX_CHARS, Observatory, observatory_named
from lake.sites.registration import register
from portal.components.mounts import sample_frame
from portal.fmt import escaped
from portal.observing.telescopes import camera_address
from portal.opened import lake
from portal.words import _, marked

WORDS_MAX_CHARS = 500
_SEEN = "new_observatory_sample"  # the sample that filled the form last
# what a sample tells, and the field of the form that it fills
_FILLS = {
    "longitude_deg": "longitude", "latitude_deg": "latitude", "altitude_m": "altitude",
    "telescope": "telescope", "filter_name": "filters", "instrument": "camera",
    "gain_e_adu": "gain", "read_noise_e": "read_noise", "saturation_adu": "saturation",
    "pixel_scale_arcsec": "scale", "date_keyword": "date_keyword",
}  # fmt: skip


def new_observatory_form(user: User) -> None:
    """Show the form; the camera's own page opens when both are registered."""
    _sample_line()
    with st.form("new_observatory", border=False):
        place, camera = _place_fields(), _camera_fields()
        sent = st.form_submit_button(_("Register"), type="primary", icon=":material/add:")
    if not sent:
        return
    try:
        made = register(lake().operations, _site(place), _camera(camera), by=user)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return
    st.session_state.pop(_SEEN, None)
    st.switch_page("../pages/camera.py", query_params=camera_address(made.oname))


def _sample_line() -> None:
    """Take the header of a sample frame, fill the form below with it, and say what it did not tell."""
    told = sample_frame(key="sample_frame")
    if not told:
        st.caption(_("Only its header is read, and nothing is kept. Or fill the form by hand."))
        return
    if told != st.session_state.get(_SEEN):
        st.session_state[_SEEN] = told
        st.session_state.update(
            {
                _key(field): _filled(told[name])
                for name, field in _FILLS.items()
                if told.get(name) not in (None, "")
            }
        )
    size = {"width": told.get("width_pix"), "height": told.get("height_pix")}
    words = [_("Read from the sample: {width} × {height} pixels.", **size)]
    missing = [_(word) for name, word in _WANTED.items() if told.get(name) is None]
    if missing:
        lacks = ", ".join(missing)
        words.append(_("It does not tell the {missing}: fill in what you know.", missing=lacks))
    st.caption(" ".join(words))
    notes = told.get("notes")
    for note in notes if isinstance(notes, list) else []:
        st.caption(escaped(_(str(note))))


def _filled(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value


_WANTED = {
    "longitude_deg": marked("place"), "gain_e_adu": marked("gain"), "read_noise_e": marked("read noise"),
    "pixel_scale_arcsec": marked("pixel scale"),
}  # fmt: skip


def _place_fields() -> dict[str, object]:
    name = st.text_input(
        _("Observatory"), max_chars=NAME_MAX_CHARS, placeholder=_("such as: Ostrowik"), key=_key("name"),
        help=_("Of one that is here already only the name is needed"),
    )  # fmt: skip
    columns = st.columns(3)
    numbers = {
        field: column.number_input(label, value=None, format="%.5f", key=_key(field), help=words)
        for column, (field, label, words) in zip(
            columns,
            (
                ("longitude", _("Longitude"), _("Degrees, East is positive")),
                ("latitude", _("Latitude"), _("Degrees, North is positive")),
                ("altitude", _("Altitude (m)"), _("Above the sea")),
            ),
            strict=True,
        )
    }
    left, right = st.columns([2, 1])
    telescope = left.text_input(_("Telescope"), max_chars=NAME_MAX_CHARS, key=_key("telescope"))
    aperture = right.number_input(_("Aperture (m)"), value=None, min_value=0.0, key=_key("aperture"))
    filters = st.text_input(
        _("Filters"), max_chars=NAME_MAX_CHARS, placeholder="B, V, r", key=_key("filters")
    )
    acknowledgement = st.text_area(
        _("Acknowledgement"), max_chars=WORDS_MAX_CHARS, height=70, key=_key("acknowledgement"),
        help=_("What papers that use your frames are asked to write"),
    )  # fmt: skip
    words = {"telescope": telescope, "filters": filters, "acknowledgement": acknowledgement}
    return {"name": name, "aperture": aperture, **numbers, **words}


def _camera_fields() -> dict[str, object]:
    example = _("such as: CCD1")
    name = st.text_input(_("Camera"), max_chars=NAME_MAX_CHARS, placeholder=example, key=_key("camera"))
    fields = (
        ("gain", _("Gain (e⁻/ADU)")), ("read_noise", _("Read noise (e⁻)")),
        ("saturation", _("Saturation (ADU)")), ("scale", _("Pixel (arcsec)")),
    )  # fmt: skip
    first, second = st.columns(2), st.columns(2)
    given: dict[str, object] = {
        field: column.number_input(label, value=None, min_value=0.0, format="%g", key=_key(field))
        for column, (field, label) in zip((*first, *second), fields, strict=True)
    }
    with st.expander(_("Keywords of its header"), icon=":material/key:"):
        st.caption(_("Only where it does not follow the standard: tomlake knows the usual ones."))
        for field, label in (
            ("date_keyword", _("Date")),
            ("time_keyword", _("Time of day")),
            ("exptime_keyword", _("Exposure time")),
        ):
            given[field] = st.text_input(label, max_chars=60, key=_key(field))
    return {"name": name, **given}


def _site(given: Mapping[str, object]) -> Observatory:
    """Return the observatory of this name, or a new one of what was given."""
    return observatory_named(lake().operations, str(given["name"])) or _observatory(given)


def _observatory(given: Mapping[str, object]) -> Observatory:
    longitude_deg, latitude_deg = _number(given["longitude"]), _number(given["latitude"])
    if longitude_deg is None or latitude_deg is None:
        raise Rejected(
            "Give longitude and latitude in degrees: airmass and time need them.", code="bad-observatory"
        )
    return Observatory(
        name=str(given["name"]),
        longitude_deg=longitude_deg,
        latitude_deg=latitude_deg,
        altitude_m=_number(given["altitude"]) or 0.0,
        telescope=str(given["telescope"]).strip(),
        aperture_m=_number(given["aperture"]),
        filters=str(given["filters"]).strip(),
        acknowledgement=str(given["acknowledgement"]).strip(),
    )


def _camera(given: Mapping[str, object]) -> Camera:
    return Camera(
        name=str(given["name"]),
        gain_e_adu=_number(given["gain"]),
        read_noise_e=_number(given["read_noise"]),
        saturation_adu=_number(given["saturation"]),
        pixel_scale_arcsec=_number(given["scale"]),
        date_keyword=str(given["date_keyword"]).strip() or None,
        time_keyword=str(given["time_keyword"]).strip() or None,
        exptime_keyword=str(given["exptime_keyword"]).strip() or None,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _key(field: str) -> str:
    return f"new_observatory_{field}"
