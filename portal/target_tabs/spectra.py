"""The part of a target's page that shows its spectra, with lines that a redshift moves."""

from functools import partial

import streamlit as st

from engine.spectral_lines import GROUPS, MOST_REDSHIFT
from engine.target import Target
from lake.people.accounts import User
from portal.fmt import escaped
from portal.one_target import spectra
from portal.parts import simulated_badge
from portal.words import _, marked, several

REDSHIFT = "z"  # its word in the address
_AIR, _VACUUM = marked("Air"), marked("Vacuum")
_SLIDER_MOST = 0.5


def spectra_tab(target: Target, user: User | None) -> None:
    """Show the spectra that were sent of a target."""
    found = {each.sent.upload_id: each for each in spectra.spectra(target, user)}
    if not found:
        with st.container(border=True):
            st.markdown(
                _(
                    "**No spectra yet.** Send one by the API's `/upload` with "
                    "`data_product_type=spectroscopy`: columns of wavelength (Å) and flux as text, or a 1-D "
                    "FITS file."
                )
            )
        return
    numbers = st.multiselect(
        _("Spectra"),
        list(found),
        default=list(found)[:3],
        max_selections=spectra.MOST_AT_ONCE,
        key=f"spectra_of_{target.target_id}",
        format_func=lambda number: found[number].name if number in found else "",
        label_visibility="collapsed",
        placeholder=_("Choose spectra"),
    )
    chosen = [found[number] for number in numbers if number in found]
    redshift, groups, is_vacuum = _fields(target)
    if chosen:
        drawn = spectra.spectra_chart(chosen, groups=groups, redshift=redshift, is_vacuum=is_vacuum)
        st.vega_lite_chart(
            drawn.rows,
            drawn.spec,
            key="spectra",
            alt=several(
                "{count} spectrum of {target}, lines at redshift {redshift}",
                "{count} spectra of {target}, lines at redshift {redshift}",
                len(chosen),
                target=target.name,
                redshift=f"{redshift:g}",
            ),
        )
        _below(target, chosen)
    _table(list(found.values()))


def _table(found: list[spectra.Shown]) -> None:
    st.dataframe(
        spectra.spectra_table(found),
        hide_index=True,
        placeholder="–",
        height="content",
        alt=several(
            "What is known of the {count} spectrum",
            "What is known of each of the {count} spectra",
            len(found),
        ),
        column_config={
            "Observed (UTC)": _("Observed (UTC)"),
            "Observer": _("Observer"),
            "Facility": _("Facility"),
            "From [Å]": st.column_config.NumberColumn(_("From [Å]"), format="%.0f"),
            "To [Å]": st.column_config.NumberColumn(_("To [Å]"), format="%.0f"),
            "Points": st.column_config.NumberColumn(_("Points"), format="%d"),
            "Unit": _("Unit"),
            "Upload": _("Upload"),
        },
    )


def _fields(target: Target) -> tuple[float, list[str], bool]:
    """Return the redshift, which lines are marked, and whether wavelengths are of vacuum."""
    number, slider = f"redshift_of_{target.target_id}", f"redshift_slider_of_{target.target_id}"
    if number not in st.session_state:
        _put(number, slider, spectra.redshift_of_text(st.query_params.get(REDSHIFT, "")))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.slider(
            _("Redshift"),
            0.0,
            _SLIDER_MOST,
            step=0.0005,
            format="%.4f",
            key=slider,
            width=300,
            on_change=_follow,
            args=(slider, number, slider),
        )
        st.number_input(
            _("Redshift z"),
            0.0,
            MOST_REDSHIFT,
            step=0.001,
            format="%.5f",
            key=number,
            width=150,
            on_change=_follow,
            args=(number, number, slider),
        )
        medium = st.segmented_control(
            _("Wavelengths of"),
            [_AIR, _VACUUM],
            default=_AIR,
            required=True,
            key="spectra_medium",
            format_func=_,
        )
    redshift = float(st.session_state[number])
    if redshift:
        st.query_params[REDSHIFT] = f"{redshift:.6g}"
    elif REDSHIFT in st.query_params:
        del st.query_params[REDSHIFT]
    return redshift, _groups(), medium == _VACUUM


def _groups() -> list[str]:
    return st.pills(
        _("Lines"),
        GROUPS,
        format_func=lambda group: _(spectra.GROUP_WORDS[group]),
        selection_mode="multi",
        default=list(spectra.GROUPS_AT_FIRST),
        key="spectra_lines",
        label_visibility="collapsed",
    )


def _follow(moved: str, number: str, slider: str) -> None:
    _put(number, slider, float(st.session_state[moved]))


def _put(number: str, slider: str, redshift: float) -> None:
    st.session_state[number] = redshift
    st.session_state[slider] = min(redshift, _SLIDER_MOST)


def _below(target: Target, chosen: list[spectra.Shown]) -> None:
    credited = dict.fromkeys(each.sent.observers for each in chosen if each.sent.observers)
    if any(each.sent.is_simulated for each in chosen):
        simulated_badge()
    words = [
        _("Scroll to zoom, drag to move, double-click to reset. Point at a dashed line to read its place.")
    ]
    if credited:
        words.append(_("Observed by {observers}.", observers=escaped("; ".join(credited))))
    if len(chosen) > 1:
        words.append(_("Each spectrum is drawn over its median, one above the other."))
    st.caption(" ".join(words))
    plain = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in target.name)[:60]
    st.download_button(
        _("CSV of these spectra"),
        partial(spectra.spectra_csv, chosen),
        file_name=f"{plain}_spectra.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="spectra_csv",
    )
