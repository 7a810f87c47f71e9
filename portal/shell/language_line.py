"""The line below every page that lets its reader choose a language, once there is more than one."""

from html import escape
from urllib.parse import urlencode, urlsplit

import streamlit as st

from portal.words import _, language, languages

CHOOSE_URL = "/session/language"
_STYLE = "font-size:0.875rem;opacity:0.75;padding-top:2rem"


def language_line() -> None:
    """Draw a link for each language but the one that is spoken, which stands there as a word."""
    spoken = languages()
    if len(spoken) > 1:
        words = " · ".join(_word(code, name) for code, name in spoken.items())
        label = escape(_("Language"))
        st.html(f'<nav aria-label="{label}" style="{_STYLE}">{words}</nav>')


def _word(code: str, name: str) -> str:
    if code == language():
        return f'<span lang="{code}" aria-current="true">{escape(name)}</span>'
    query = urlencode({"code": code, "next": _here()})
    return f'<a lang="{code}" href="{escape(f"{CHOOSE_URL}?{query}")}" target="_self">{escape(name)}</a>'


def _here() -> str:
    """Return the address of the page that is shown, without its host."""
    path = urlsplit(st.context.url or "/").path or "/"
    query = urlencode(st.query_params.to_dict())
    return f"{path}?{query}" if query else path
