"""The form that adds a target, for whoever is signed in, and the line that fills it from a catalogue."""

from dataclasses import replace

import streamlit as st

from engine.errors import Rejected
from engine.target import CLASSES, DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, Target, parse_position
from lake.adding import add_target
from lake.people.accounts import User
from portal.accounts.sharing import sharing_fields
from portal.fmt import date_text, escaped
from portal.opened import lake
from portal.parts import open_target
from portal.target_list.look_up import CATALOGUES, LIMIT_S, look_up
from portal.words import _

_FOUND = "new_target_found"  # what the catalogue said last


def new_target_form(user: User) -> None:
    """Show the form; the target's own page opens when it was added, and its archives are asked at once."""
    _catalogue_line()
    found: Target | None = st.session_state.get(_FOUND)
    with st.form("new_target", border=False):
        name = st.text_input(
            _("Name"),
            max_chars=NAME_MAX_CHARS,
            placeholder=_("such as: {name}", name="Gaia22dkv"),
            key="new_target_name",
        )
        left, right = st.columns(2)
        ra = left.text_input(_("RA"), placeholder=_("10:07:04.45 or 151.76854"), key="new_target_ra")
        dec = right.text_input(_("Dec"), placeholder=_("-66:10:51.2 or -66.18089"), key="new_target_dec")
        left, right = st.columns(2)  # a row of its own, so that a phone keeps the order
        classification = left.selectbox(_("Class"), CLASSES, key="new_target_class")
        importance = right.number_input(_("Importance"), 0.0, 10.0, 5.0, 0.5)
        description = st.text_area(
            _("Why is it worth watching?"), max_chars=DESCRIPTION_MAX_CHARS, height=80, key="new_target_why"
        )
        if found is not None and _also(found):
            st.caption(escaped(_("Kept with it: {words}.", words=_also(found))))
        shared = sharing_fields(user, "new_target")
        sent = st.form_submit_button(_("Add target"), type="primary", icon=":material/add:")
    if not sent:
        return
    try:
        ra_deg, dec_deg = parse_position(ra, dec)
        wanted = replace(
            _known(found, ra, dec, name),
            name=name,
            ra_deg=ra_deg,
            dec_deg=dec_deg,
            classification=classification,
            importance=importance,
            description=description,
            visibility=shared.visibility,
            group_id=shared.group_id,
            embargo_until_mjd=shared.embargo_until_mjd,
        )
        target = add_target(lake(), wanted, by=user.username)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return
    st.session_state.pop(_FOUND, None)
    open_target(target.name)


def _catalogue_line() -> None:
    """Ask for a name and a catalogue, and fill the form below with what it says."""
    with (
        st.form("catalogue_search", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        service = st.selectbox(_("Catalogue"), CATALOGUES, key="catalogue_service", width=140)
        term = st.text_input(
            _("Look up"), placeholder=_("a name that it knows"), key="catalogue_term", width=200
        )
        sent = st.form_submit_button(_("Fill in"), icon=":material/search:")
    if not sent:
        return
    asking = _("Asking {catalogue}, at most {seconds} s", catalogue=service, seconds=f"{LIMIT_S:g}")
    with st.spinner(asking):
        answer = look_up(service, term)
    if answer.target is None:
        st.warning(escaped(answer.refusal), icon=":material/error:")
        return
    found = answer.target
    ra, dec = _place(found)
    st.session_state.update(
        {
            _FOUND: found,
            "new_target_name": found.name,
            "new_target_ra": ra,
            "new_target_dec": dec,
            "new_target_class": found.classification,
            "new_target_why": found.description,
        }
    )


def _place(found: Target) -> tuple[str, str]:
    return f"{found.ra_deg:.6f}", f"{found.dec_deg:+.6f}"


def _known(found: Target | None, ra: str, dec: str, name: str) -> Target:
    """Return what the catalogue said beside the form's fields, as long as its place was left alone."""
    if found is None or (ra, dec) != _place(found):
        return Target(name=name, ra_deg=0.0, dec_deg=0.0)
    own = tuple((source, alias) for source, alias in found.aliases if alias != name)
    return replace(found, aliases=own)


def _also(found: Target) -> str:
    """Return in words what comes with a found target beside the form's fields."""
    motion = f"{found.pm_ra_mas_yr:+.1f} {found.pm_dec_mas_yr or 0.0:+.1f}" if found.pm_ra_mas_yr else ""
    parts = [
        found.designation and _("body {name} of the Solar System", name=found.designation),
        ", ".join(alias for _source, alias in found.aliases),
        motion and _("proper motion {motion} mas/yr", motion=motion),
        "" if found.discovery_mjd is None else _("discovered {date}", date=date_text(found.discovery_mjd)),
    ]
    return "; ".join(part for part in parts if part)
