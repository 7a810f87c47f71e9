"""The part of a target's page that shows its spectra, with lines that a redshift moves."""

from functools import partial

import streamlit as st

from engine.spectral_lines import GROUPS, MOST_REDSHIFT
from engine.target import Target
from lake.people.accounts import User
from portal.fmt import escaped
from portal.one_target import spectra
from portal.parts import simulated_badge

REDSHIFT = "z"  # its word in the address
_AIR, _VACUUM = "Air", "Vacuum"
_SLIDER_MOST = 0.5


def spectra_tab(target: Target, user: User | None) -> None:
    """Show the spectra that were sent of a target."""
    found = {each.name: each for each in spectra.spectra(target, user)}
    if not found:
        with st.container(border=True):
            st.markdown(
                "**No spectra yet.** Send one by the API's `/upload` with `data_product_type=spectroscopy`: "
                "columns of wavelength (Å) and flux as text, or a 1-D FITS file."
            )
        return
    names = st.multiselect(
        "Spectra",
        list(found),
        default=list(found)[:3],
        max_selections=spectra.MOST_AT_ONCE,
        key=f"spectra_of_{target.target_id}",
        label_visibility="collapsed",
        placeholder="Choose spectra",
    )
    chosen = [found[name] for name in names if name in found]
    redshift, groups, is_vacuum = _fields(target)
    if chosen:
        drawn = spectra.spectra_chart(chosen, groups=groups, redshift=redshift, is_vacuum=is_vacuum)
        st.vega_lite_chart(
            drawn.rows,
            drawn.spec,
            key="spectra",
            alt=f"{len(chosen)} spectra of {target.name}, lines at redshift {redshift:g}",
        )
        _below(target, chosen)
    st.dataframe(
        spectra.spectra_table(list(found.values())),
        hide_index=True,
        placeholder="–",
        height="content",
        alt=f"What is known of each of the {len(found)} spectra",
        column_config={
            "From [Å]": st.column_config.NumberColumn(format="%.0f"),
            "To [Å]": st.column_config.NumberColumn(format="%.0f"),
            "Points": st.column_config.NumberColumn(format="%d"),
        },
    )


def _fields(target: Target) -> tuple[float, list[str], bool]:
    """Return the redshift, which lines are marked, and whether wavelengths are of vacuum."""
    number, slider = f"redshift_of_{target.target_id}", f"redshift_slider_of_{target.target_id}"
    if number not in st.session_state:
        _put(number, slider, spectra.redshift_of_text(st.query_params.get(REDSHIFT, "")))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.slider(
            "Redshift",
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
            "Redshift z",
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
            "Wavelengths of", [_AIR, _VACUUM], default=_AIR, required=True, key="spectra_medium"
        )
    groups = st.pills(
        "Lines",
        GROUPS,
        selection_mode="multi",
        default=list(spectra.GROUPS_AT_FIRST),
        key="spectra_lines",
        label_visibility="collapsed",
    )
    redshift = float(st.session_state[number])
    if redshift:
        st.query_params[REDSHIFT] = f"{redshift:.6g}"
    elif REDSHIFT in st.query_params:
        del st.query_params[REDSHIFT]
    return redshift, groups, medium == _VACUUM


def _follow(moved: str, number: str, slider: str) -> None:
    _put(number, slider, float(st.session_state[moved]))


def _put(number: str, slider: str, redshift: float) -> None:
    st.session_state[number] = redshift
    st.session_state[slider] = min(redshift, _SLIDER_MOST)


def _below(target: Target, chosen: list[spectra.Shown]) -> None:
    credited = dict.fromkeys(each.sent.observers for each in chosen if each.sent.observers)
    if any(each.sent.is_simulated for each in chosen):
        simulated_badge()
    st.caption(
        "Scroll to zoom, drag to move, double-click to reset. Point at a dashed line to read its place."
        + (f" Observed by {escaped('; '.join(credited))}." if credited else "")
        + (" Each spectrum is drawn over its median, one above the other." if len(chosen) > 1 else "")
    )
    plain = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in target.name)[:60]
    st.download_button(
        "CSV of these spectra",
        partial(spectra.spectra_csv, chosen),
        file_name=f"{plain}_spectra.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="spectra_csv",
    )
