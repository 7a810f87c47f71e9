"""The portal's own page elements: the streaming uploader and what signs people in and out."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from engine.photometry.reading.first_look import FIRST_BYTES
from portal.frame.sending import PIECE_BYTES, WHOLE_BYTES, Said, about_of, query_of

HERE = Path(__file__).resolve().parent
UPLOAD_URL = "/session/upload"
TRANSFERS_URL = "/api/v1/transfers"
SAMPLE_URL = "/session/sample-frame"
SIGN_IN_URL = "/session/login"
SIGN_OUT_URL = "/session/logout"
WAYS_IN_URL = "/session/oidc"


def uploader(said: Said, *, folder_takes: str, hint: str, is_open: bool, key: str) -> list[int]:
    """Show a place to drop files that go straight to the server; return the ids of the uploads it made.

    Parameters
    ----------
    folder_takes
        Which names in a folder are sent, as a pattern that browsers understand.
    hint
        One line below the invitation.
    is_open
        Whether files are taken now.
    """
    data = {
        "url": UPLOAD_URL,
        "transfers_url": TRANSFERS_URL,
        "query": query_of(said),
        "about": about_of(said),
        "whole_bytes": WHOLE_BYTES,
        "piece_bytes": PIECE_BYTES,
        "folder_takes": folder_takes,
        "hint": hint,
        "open": is_open,
    }
    result = _element("uploader")(key=key, data=data, on_accepted_change=_nothing)
    return [int(upload_id) for upload_id in result.accepted or []]


def sample_frame(*, key: str) -> dict[str, object]:
    """Show a place to drop a frame of which only the header is read; return what it told, empty before."""
    data = {"url": SAMPLE_URL, "first_bytes": FIRST_BYTES}
    return dict(_element("sample")(key=key, data=data, on_told_change=_nothing).told or {})


def sign_in_form(*, then: str) -> None:
    """Show name and password; after a sign-in the browser loads the page ``then``."""
    _element("sign_in")(key="sign_in", data={"url": SIGN_IN_URL, "next": then})


def ways_in_buttons(labels: dict[str, str], *, then: str) -> None:
    """Show a button for each sign-in service, by its name; afterwards the browser loads the page ``then``."""
    ways = [{"name": name, "label": label} for name, label in labels.items()]
    _element("ways_in")(key="ways_in", data={"url": WAYS_IN_URL, "next": then, "ways": ways})


def sign_out_button(*, then: str) -> None:
    """Show a button that ends the session; afterwards the browser loads the page ``then``."""
    _element("sign_out")(key="sign_out", data={"url": SIGN_OUT_URL, "next": then})


def _nothing() -> None:
    """Do nothing: an element needs a callback for its result to exist."""


@cache
def _element(name: str) -> Callable[..., Any]:
    css, html, js = (HERE / file for file in ("form.css", f"{name}.html", f"{name}.js"))
    return st.components.v2.component(
        f"tomlake_{name}", html=html.read_text(), css=css.read_text(), js=js.read_text()
    )
