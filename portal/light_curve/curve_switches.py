"""The switches above a light curve, seeded from the address and kept in it: a link shows the same picture."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import streamlit as st

from engine.errors import Rejected
from portal.fmt import escaped
from portal.light_curve.looks import (
    BRIGHTNESSES,
    COLOUR_COLUMNS,
    DISTANCE_UNITS,
    MAGNITUDE,
    PARSECS,
    Look,
    look_of,
)
from portal.light_curve.views import BOTH, TIMES, View, mjd_of_text
from portal.words import _, marked

_ADDRESS = "curve_address"  # what this page wrote into the address, last and before, and when
_HEARD_S = 1.5  # a browser that is asked for the next run sooner may still send the address of before
_MOST_WORD_CHARS = 200
_MOST_EBV_MAG, _FIRST_DISTANCE = 10.0, 10.0
_PLAIN: dict[str, Any] = {  # by the word in the address
    "show": MAGNITUDE, "by": "Band", "ebv": 0.0, "distance": _FIRST_DISTANCE, "unit": PARSECS,
    "times": BOTH, "hide": [], "since": "", "until": "", "every": False,
}  # fmt: skip
_KEYS = {
    "show": "look_brightness", "by": "look_colour", "ebv": "look_ebv", "distance": "look_distance",
    "unit": "look_distance_unit", "every": "every_point",
}  # fmt: skip
_WORDS = {"show": BRIGHTNESSES, "by": tuple(COLOUR_COLUMNS), "unit": DISTANCE_UNITS, "times": TIMES}
_COLOUR_BY = {
    "Band": marked("Colour by band"),
    "Observatory": marked("Colour by observatory"),
    "Observer": marked("Colour by observer"),
    "Archive": marked("Colour by archive"),
}
_PLAIN_VIEW = View(is_choosable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a visitor switched on."""

    look: Look
    view: View
    every_point: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What this page wrote into the address."""

    now: dict[str, str]
    before: dict[str, str]
    at_s: float


def switches(sources: Sequence[str], *, is_long: bool) -> Shown:
    """Return what the visitor switched on; what cannot be is told, and the plain chart drawn.

    Parameters
    ----------
    sources
        The archives of this light curve, which can be hidden.
    """
    seed(st.session_state, st.query_params, sources)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(
            _("Brightness"),
            BRIGHTNESSES,
            required=True,
            format_func=_,
            key=_KEYS["show"],
            label_visibility="collapsed",
        )
        st.selectbox(
            _("Colour by"),
            list(COLOUR_COLUMNS),
            key=_KEYS["by"],
            format_func=lambda name: _(_COLOUR_BY[name]),
            label_visibility="collapsed",
            width=210,
        )
        _dust_and_distance()
        drag_chooses = _times_and_archives(sources)
        if is_long:
            st.toggle(_("Show every point (slower)"), key=_KEYS["every"])
    _keep_in_address()
    try:
        return _shown(drag_chooses=drag_chooses, is_long=is_long)
    except Rejected as refusal:
        st.warning(escaped(_(refusal.reason)), icon=":material/error:")
        return Shown(look=Look(), view=_PLAIN_VIEW)


def _dust_and_distance() -> None:
    with st.popover(_("Dust and distance"), icon=":material/tune:"):
        st.number_input(
            _("Reddening E(B−V) [mag]"),
            min_value=0.0,
            max_value=_MOST_EBV_MAG,
            step=0.01,
            format="%.3f",
            key=_KEYS["ebv"],
            help=_("How much redder dust of the Milky Way makes the target. Maps of dust tell it."),
        )
        st.number_input(_("Distance"), min_value=0.0, format="%.6g", key=_KEYS["distance"])
        st.segmented_control(_("Given as"), DISTANCE_UNITS, required=True, key=_KEYS["unit"], format_func=_)
        st.caption(
            _("The address of this page keeps both. A redshift counts by the cosmology of Planck 2018.")
        )


def _times_and_archives(sources: Sequence[str]) -> bool:
    """Draw the fields of a view; return whether dragging chooses points."""
    with st.popover(_("Time and archives"), icon=":material/date_range:"):
        left, right = st.columns(2)
        left.text_input(_("From"), key=_key("since"), max_chars=40, placeholder=_("2026-05-01 or 61161"))
        right.text_input(_("Until"), key=_key("until"), max_chars=40, placeholder=_("date or MJD"))
        st.segmented_control(_("Scale of time"), TIMES, required=True, key=_key("times"), format_func=_)
        if len(sources) > 1:
            st.multiselect(
                _("Hide what these gave"), list(sources), key=_key("hide"), placeholder=_("Nothing")
            )
        return st.toggle(
            _("Drag chooses points"),
            key="view_drag",
            help=_("Else dragging moves, and shift with it chooses."),
        )


def _shown(*, drag_chooses: bool, is_long: bool) -> Shown:
    now = {word: st.session_state.get(_key(word), plain) for word, plain in _PLAIN.items()}
    look = look_of(
        brightness=now["show"] or MAGNITUDE,
        colour_by=now["by"],
        ebv_mag=now["ebv"],
        distance=now["distance"],
        unit=now["unit"] or PARSECS,
    )
    view = View(
        hidden=tuple(now["hide"]),
        since_mjd=mjd_of_text(now["since"]),
        until_mjd=mjd_of_text(now["until"]),
        times=now["times"] or BOTH,
        is_choosable=True,
        drag_chooses=drag_chooses,
    )
    return Shown(look=look, view=view, every_point=is_long and bool(now["every"]))


def _key(word: str) -> str:
    return _KEYS.get(word, f"view_{word}")


def seed(session: MutableMapping[str | int, Any], query: Mapping[str, str], sources: Sequence[str]) -> None:
    """Fill the fields from an address that came from outside, by Back, or with another tab."""
    asked = {word: query[word][:_MOST_WORD_CHARS] for word in _PLAIN if word in query}
    if not _is_own(asked, session.get(_ADDRESS)) or _KEYS["show"] not in session:
        session.update({_key(word): _of_text(word, asked.get(word), sources) for word in _PLAIN})
        session[_ADDRESS] = _Written(now=asked, before=asked, at_s=monotonic())


def _is_own(asked: dict[str, str], written: _Written | None) -> bool:
    """Return whether the address is what this page wrote, so that the fields know better."""
    if written is None:
        return False
    is_late = asked == written.before and monotonic() - written.at_s < _HEARD_S
    return asked == written.now or is_late


def _of_text(word: str, text: str | None, sources: Sequence[str]) -> object:
    """Return the value of a field that a word in the address asks for, the plain one where it cannot be."""
    plain = _PLAIN[word]
    if text is None:
        return plain
    if word in _WORDS:
        return text if text in _WORDS[word] else plain
    if word == "hide":
        return [source for source in text.split(",") if source in sources]
    if word == "every":
        return text == "1"
    return _number(text, plain) if isinstance(plain, float) else text[:40]


def _number(text: str, plain: float) -> float:
    try:
        number = float(text)
    except ValueError:
        return plain
    most = _MOST_EBV_MAG if plain == 0.0 else 1e12
    return number if 0.0 <= number <= most else plain


def _keep_in_address() -> None:
    """Write what differs from the plain chart into the address, beside what others keep there."""
    now = {word: st.session_state.get(_key(word), plain) for word, plain in _PLAIN.items()}
    told = {word: _text(value) for word, value in now.items() if value not in (None, _PLAIN[word])}
    before = st.query_params.to_dict()
    after = {word: value for word, value in before.items() if word not in _PLAIN} | told
    written: _Written = st.session_state[_ADDRESS]
    if told != written.now:
        st.session_state[_ADDRESS] = _Written(now=told, before=written.now, at_s=monotonic())
    if after != before:
        st.query_params.from_dict(after)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
