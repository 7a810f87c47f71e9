"""The part of a target's page that a paper copies from: authors, methods, thanks, BibTeX and tables."""

from dataclasses import dataclass
from functools import partial

import polars as pl
import streamlit as st

from engine.citing.bibtex import bibtex
from engine.citing.cited import Cited, cited
from engine.citing.sentences import acknowledgements, author_list, methods
from engine.citing.tables import deluxetable, latex_table
from engine.target import Target
from lake.citing import papers_of
from lake.people.accounts import User
from portal.light_curve.curves import light_curve
from portal.light_curve.moment import permalink, reading
from portal.opened import lake
from portal.parts import fact_list
from portal.words import _, several

SHOWN_LINES = 30
FILE_NAME_MAX_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What a paper writes of a light curve."""

    cited: Cited
    authors: str
    methods: str
    thanks: str
    bibtex: str


def citation_of(target: Target, user: User | None) -> Citation:
    """Return what a paper writes of the points of a target that a visitor may see."""
    points = light_curve(target.target_id or 0, user)
    counted = cited(points, target.name, papers_of(lake().operations, reading(), points))
    return Citation(
        cited=counted,
        authors=author_list(counted),
        methods=methods(counted),
        thanks=acknowledgements(counted),
        bibtex=bibtex(counted),
    )


def cite_tab(target: Target, user: User | None) -> None:
    """Show whom a paper that uses this light curve credits, and what it writes."""
    points = light_curve(target.target_id or 0, user)
    if points.is_empty():
        with st.container(border=True):
            st.markdown(_("**Nothing to cite yet.** Archives and frames add points as they come."))
        return
    told = citation_of(target, user)
    _who(told.cited)
    _part(_("Methods"), told.methods, _("Numbers and versions are those of the points you see now."))
    _part(_("Acknowledgements"), told.thanks, _("As archives and telescopes ask for it."))
    in_order = _("In the order of their points, for AASTeX. Ask each before you submit.")
    _part(_("Authors"), told.authors, in_order)
    from_bibcodes = _("Made from bibcodes: titles and authors are where each adsurl leads.")
    _part(_("BibTeX"), told.bibtex, from_bibcodes)
    _tables(target, points, told)
    st.header(_("Permalink"), anchor=False)
    st.code(permalink(target.name), language=None, wrap_lines=True)


def _who(told: Cited) -> None:
    st.header(_("Whom to credit"), anchor=False)
    credited = {
        person.name: " · ".join(
            each for each in (_points(points), person.affiliation, _orcid(person.orcid)) if each
        )
        for person, points in told.people
    }
    infos = told.papers.archives
    for each in told.archives:
        info = infos.get(each.name)
        paper = f" · {info.citation}" if info else ""
        credited[info.title if info else each.name] = f"{_points(each.points)}{paper}"
    fact_list(credited)


def _points(count: int) -> str:
    return several("{count} point", "{count} points", count)


def _orcid(orcid: str) -> str:
    return f"https://orcid.org/{orcid}" if orcid else ""


def _part(heading: str, text: str, remark: str) -> None:
    """Show a text with the button that copies it; nothing where there is none."""
    if not text:
        return
    st.header(heading, anchor=False)
    st.caption(remark)
    is_long = text.count("\n") > SHOWN_LINES
    st.code(text, language="latex", wrap_lines=True, height=420 if is_long else "content")


def _tables(target: Target, points: pl.DataFrame, told: Citation) -> None:
    st.header(_("Files"), anchor=False)
    plain = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in target.name)
    stem = plain[:FILE_NAME_MAX_CHARS]
    with st.container(horizontal=True):
        for label, key, make in (
            (_("AASTeX table (.tex)"), "aastex", deluxetable),
            (_("LaTeX table (.tex)"), "latex", latex_table),
        ):
            st.download_button(
                label,
                partial(make, points, target.name),  # made only when somebody asks for it
                file_name=f"{stem}_{key}.tex",
                mime="application/x-tex",
                icon=":material/download:",
                on_click="ignore",
                key=f"cite_{key}",
            )
        if told.bibtex:
            st.download_button(
                _("BibTeX (.bib)"),
                told.bibtex,
                file_name=f"{stem}.bib",
                mime="application/x-bibtex",
                icon=":material/download:",
                on_click="ignore",
                key="cite_bib",
            )
        st.download_button(
            _("All sentences (.tex)"),
            "\n\n".join((f"% {target.name!a}", told.authors, told.methods, told.thanks, "")),
            file_name=f"{stem}.tex",
            mime="application/x-tex",
            icon=":material/download:",
            on_click="ignore",
            key="cite_tex",
        )
