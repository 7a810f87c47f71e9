"""Upload: choose the target, drop the files, watch the verdicts arrive."""

import streamlit as st

from portal import data
from portal.accounts import sharing
from portal.at_work import work
from portal.components.mounts import uploader
from portal.fmt import escaped
from portal.frame import sending
from portal.frame.cards import upload_card
from portal.parts import simulated_banner
from portal.session import current_user, still_current
from portal.words import _, marked, several

NO_CAMERA = marked("Not registered: read everything from the header")
POLL_S = 2.0
MOST_CARDS = 6  # a night is read better as a table

user = current_user()
st.title(_("Upload"))
st.markdown(
    _(
        "Images of any telescope (FITS, also compressed) become calibrated points of the light curve, "
        "with your name on them. Tables of stars, finished light curves and spectra come in by the same box."
    ),
    width=760,
)
if user is None:
    with st.container(border=True, width=620):
        st.markdown(_("**Sign in to upload.** Your name is credited with every point that your frames give."))
        st.page_link("../pages/account.py", label=_("Sign in"), icon=":material/login:")
    st.stop()

names = data.target_names(user)
if not names:
    with st.container(border=True, width=620):
        st.markdown(_("**There is no target yet.** Add the first one on the page Targets."))
    st.stop()

form, answers = st.columns([1, 1.15], gap="large")
with form:
    asked = st.query_params.get("target")
    target = st.selectbox(
        _("Target"),
        names,
        index=names.index(asked) if asked in names else None,
        placeholder=_("Type a few letters of its name"),
        key="upload_target",
    )
    if target and data.is_simulated(target, user):
        simulated_banner(_("This target belongs to the demo: send it simulated frames only."))
    kind = st.selectbox(
        _("What the files are"),
        sending.KINDS,
        format_func=lambda each: _(each.label),
        key="upload_kind",
    )
    st.caption(_(kind.hint))
    mjd = None
    if kind.needs_mjd:
        mjd = st.number_input(
            _("MJD of mid-exposure (UTC)"),
            value=None,
            min_value=sending.MJD_RANGE[0],
            max_value=sending.MJD_RANGE[1],
            format="%.6f",
            key="upload_mjd",
            help=_("A table of stars does not say when it was exposed."),
        )
    cameras = work.cameras(user)
    remembered = sending.last_camera(user)
    choices = [NO_CAMERA, *cameras]
    oname = st.selectbox(
        _("Observatory and camera"),
        choices,
        index=choices.index(remembered) if remembered in cameras else 0,
        key="upload_camera",
        format_func=lambda name: cameras.get(name) or _(name),
        help=_(
            "A registered camera adds what your headers do not say: gain, read noise, site. "
            "The one that you took last is chosen."
        ),
    )
    with st.expander(_("More options"), icon=":material/tune:"):
        wanted_filter = st.text_input(
            _("Calibrate to"),
            value="GaiaSP/any",
            max_chars=50,
            key="upload_filter",
            help=_("GaiaSP/any lets the stars of the frame decide the band."),
        )
        comment = st.text_input(_("Comment"), max_chars=500, key="upload_comment")
        shared = sharing.sharing_fields(user, "upload")
    trial = st.toggle(_("Trial: verdict only, no point is added"), key="upload_trial")
    said = sending.Said(
        target=target or "",
        kind=kind.kind,
        observatory="" if oname == NO_CAMERA else oname,
        requested_filter=wanted_filter,
        comment=comment,
        is_trial=trial,
        mjd=mjd,
        shared=shared,
    )
    lacks_mjd = kind.needs_mjd and mjd is None
    hint = _("As many as you like, {size} each at most", size=f"{work.upload_max_mb():,} MB")
    if target is None:
        hint = _("First choose the target above")
    elif lacks_mjd:
        hint = _("First say when the exposure was, above")
    accepted = uploader(
        said,
        folder_takes=kind.folder_takes,
        hint=hint,
        is_open=target is not None and not lacks_mjd,
        key="uploader",
    )


is_waiting = not all(work.is_finished(each) for each in work.uploads_named(accepted, user))


@st.fragment(run_every=POLL_S if is_waiting else None)
def verdicts_of(upload_ids: list[int]) -> None:
    """Show the uploads of this visit and how far they are."""
    still_current(user)
    sent = work.uploads_named(upload_ids, user)
    done = sum(work.is_finished(one) for one in sent)
    if is_waiting and done == len(sent):
        st.rerun()  # nothing more will come: the page need not ask any more
    st.caption(
        several(
            "{done} of {count} file measured or answered",
            "{done} of {count} files measured or answered",
            len(sent),
            done=done,
        )
    )
    if len(sent) > 1:
        st.dataframe(
            sending.became(sent, user),
            hide_index=True,
            placeholder="–",
            column_config={
                "Verdict": st.column_config.LinkColumn(_("Verdict"), display_text=_("open"), width=62),
                "State": st.column_config.TextColumn(_("State"), width=86),
                "File": st.column_config.TextColumn(_("File"), width=170),
                "Gave": _("Gave"),
                "Look at": _("Look at"),
            },
        )
    for one in sent[:MOST_CARDS]:
        upload_card(one, user)


with answers:
    if accepted:
        st.header(_("Verdicts"))
        verdicts_of(accepted)
    earlier = [one for one in work.own_uploads(user, limit=6) if one.upload_id not in accepted]
    if earlier:
        st.header(_("Your last uploads"))
        for one in earlier:
            upload_card(one, user)
    elif not accepted:
        with st.container(border=True):
            st.markdown(_("**The verdict on each frame appears here**, usually within a minute:"))
            st.markdown(
                _(
                    "- the magnitude and its error, or how faint the target must be\n"
                    "- the band that fits your filter best, and how well\n"
                    "- in plain words what went wrong, and what to change"
                )
            )
    st.caption(_("Signed in as {person}", person=escaped(user.full_name or user.username)))
