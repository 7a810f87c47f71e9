"""The part of a target's page that shows where it stands among the stars."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from engine.target import Target
from lake.people.accounts import User
from portal.drawing import Drawing, pdf_of, png_of, svg_of
from portal.fmt import escaped
from portal.one_target import sky
from portal.one_target.finder import AT_NIGHT, ON_PAPER, Turn, finder_chart, limit_at_first
from portal.parts import simulated_badge
from portal.words import _, marked, several

_NO_FRAME = marked("No frame on it")
_TITLES = {
    Turn.NORTH_UP: marked("Finder chart of {target}, {side} arcmin wide, north up, east left"),
    Turn.SOUTH_UP: marked("Finder chart of {target}, {side} arcmin wide, south up, east right"),
    Turn.MIRRORED: marked("Finder chart of {target}, {side} arcmin wide, north up, east right"),
}
_PNG_SCALE = 2.0
_FAINTEST, _BRIGHTEST = 22.0, 8.0


def sky_tab(target: Target, user: User | None) -> None:
    """Show a finder chart of the lake's own stars, to be printed, and where others show the place."""
    stands = sky.standing_now(target)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        side_arcmin = st.segmented_control(
            _("Field"),
            sky.SIDES_ARCMIN,
            default=sky.FIRST_SIDE_ARCMIN,
            required=True,
            format_func=lambda side: f"{side:g}′",
            key="sky_side",
        )
        turn = st.selectbox(_("As seen"), list(Turn), key="sky_turn", width=210, format_func=_)
    stars = sky.star_field(stands, side_arcmin or sky.FIRST_SIDE_ARCMIN)
    if stars.stars.is_empty():
        with st.container(border=True):
            st.markdown(
                _(
                    "**No stars are kept here yet.** They come with the first frame of this field; "
                    "until then look at the place elsewhere:"
                )
            )
    else:
        _chart(stands, user, stars, turn or Turn.NORTH_UP)
    _elsewhere(stands)


def _chart(target: Target, user: User | None, stars: sky.StarField, turn: Turn) -> None:
    frames = sky.placed_frames(target, user)
    side_arcmin = st.session_state["sky_side"] or sky.FIRST_SIDE_ARCMIN
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        limit_mag = st.slider(
            _("Stars down to (mag)"),
            _BRIGHTEST,
            _FAINTEST,
            min(max(limit_at_first(stars.stars), _BRIGHTEST), _FAINTEST),
            step=0.5,
            format="%.1f",
            key=f"sky_limit_{target.target_id}_{side_arcmin:g}",
            width=240,
        )
        frame = st.selectbox(
            _("Frame laid on it"),
            [_NO_FRAME, *frames],
            key="sky_frame",
            disabled=not frames,
            format_func=lambda name: _(name) if name == _NO_FRAME else name,
            help=_("The pixels kept about the target, where its own coordinates put them."),
            width=330,
        )
    patch = sky.patch_of(frames[frame], target) if frame in frames else None
    field = sky.field_of(target, stars, side_arcmin=side_arcmin, limit_mag=limit_mag, patch=patch)
    night = st.context.theme.type != "light" and patch is None
    shown = finder_chart(field, turn=turn, inks=AT_NIGHT if night else ON_PAPER)
    title = _(_TITLES[turn], target=target.name, side=f"{field.side_arcmin:g}")
    st.image(svg_of(shown, title=title), alt=title)
    if stars.is_simulated:
        simulated_badge()
    st.caption(_words(stars, frame if patch is not None else ""))
    _files(finder_chart(field, turn=turn), target, title)


def _words(stars: sky.StarField, frame: str) -> str:
    words = [
        several(
            "{count} star of the catalogue in reach, moved to today by their proper motions.",
            "{count} stars of the catalogue in reach, moved to today by their proper motions.",
            len(stars.stars),
        ),
        _("Numbers are magnitudes (Gaia G where it is known). The cross marks the target."),
    ]
    if not (stars.is_whole or stars.is_simulated):
        words.append(_("No archive was asked for all of this field yet: there may be more stars."))
    if frame:
        words.append(_("Blue: the frame of {frame}.", frame=escaped(frame)))
    return " ".join(words)


def _files(paper: Drawing, target: Target, title: str) -> None:
    plain = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in target.name)[:60]
    makers: dict[str, tuple[str, Callable[[], str | bytes]]] = {
        "PNG": ("image/png", partial(png_of, paper, scale=_PNG_SCALE)),
        "SVG": ("image/svg+xml", partial(svg_of, paper, title=title)),
        "PDF": ("application/pdf", partial(pdf_of, paper)),
    }
    with st.container(horizontal=True):
        for label, (mime, make) in makers.items():
            st.download_button(
                label,
                make,  # drawn only when somebody asks for it, and on white
                file_name=f"{plain}_finder.{label.lower()}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"sky_{label.lower()}",
            )


def _elsewhere(target: Target) -> None:
    st.header(_("Elsewhere"), anchor=False)
    with st.container(horizontal=True, gap="small"):
        for name, address in sky.links_out(target).items():
            st.link_button(name, address, icon=":material/open_in_new:")
