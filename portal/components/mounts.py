"""The portal's own page elements: the streaming uploader and what signs people in and out."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from engine.photometry.reading.first_look import FIRST_BYTES
from portal.frame.sending import PIECE_BYTES, WHOLE_BYTES, Said, about_of, query_of
from portal.words import _, marked

HERE = Path(__file__).resolve().parent
UPLOAD_URL = "/session/upload"
TRANSFERS_URL = "/api/v1/transfers"
SAMPLE_URL = "/session/sample-frame"
SIGN_IN_URL = "/session/login"
SIGN_OUT_URL = "/session/logout"
WAYS_IN_URL = "/session/oidc"
_NOT_ACCEPTED = marked("The server did not accept this ({status}).")
_SILENT = marked("The server does not answer: try again in a moment.")
WORDS: dict[str, tuple[str, ...]] = {  # of each element: data-say in its html, say("...") in its script
    "uploader": (
        marked("Drop files or a folder here, or choose files"),
        marked("Choose files to upload"),
        marked("Choose a folder"),
        marked("{ended} of {files} files sent"),
        marked("{ended} of {files} files sent; left out of the folder: {left}"),
        marked("waiting"),
        marked("connection lost, tries again"),
        marked("{percent} of {size}"),
        marked("received"),
        marked("not taken"),
        marked("The connection broke: drop the file again, it goes on from where it stopped."),
        marked("The server refused the file ({status})."),
    ),
    "sample": (
        marked("Fill this form from a sample frame"),
        marked("Drop a FITS file of the camera here, or choose one"),
        marked("Choose a sample frame"),
        _NOT_ACCEPTED,
        _SILENT,
    ),
    "sign_in": (
        marked("User name"),
        marked("Password"),
        marked("Code"),
        marked("I accept the [terms of use]."),  # in brackets: the link to them
        marked("Sign in"),
        _NOT_ACCEPTED,
        _SILENT,
    ),
    "ways_in": (_NOT_ACCEPTED, _SILENT),
    "sign_out": (marked("Sign out"),),
}


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
        "words": _words("uploader"),
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
    data = {"words": _words("sample"), "url": SAMPLE_URL, "first_bytes": FIRST_BYTES}
    return dict(_element("sample")(key=key, data=data, on_told_change=_nothing).told or {})


def sign_in_form(*, then: str) -> None:
    """Show name and password; after a sign-in the browser loads the page ``then``."""
    data = {"words": _words("sign_in"), "url": SIGN_IN_URL, "next": then}
    _element("sign_in")(key="sign_in", data=data)


def ways_in_buttons(labels: dict[str, str], *, then: str) -> None:
    """Show a button for each sign-in service, by its name; afterwards the browser loads the page ``then``."""
    ways = [{"name": name, "label": label} for name, label in labels.items()]
    data = {"words": _words("ways_in"), "url": WAYS_IN_URL, "next": then, "ways": ways}
    _element("ways_in")(key="ways_in", data=data)


def sign_out_button(*, then: str) -> None:
    """Show a button that ends the session; afterwards the browser loads the page ``then``."""
    data = {"words": _words("sign_out"), "url": SIGN_OUT_URL, "next": then}
    _element("sign_out")(key="sign_out", data=data)


def _words(name: str) -> dict[str, str]:
    """Return what an element says in the reader's language, by the English text; only what differs."""
    return {text: said for text in WORDS[name] if (said := _(text)) != text}


def _nothing() -> None:
    """Do nothing: an element needs a callback for its result to exist."""


@cache
def _element(name: str) -> Callable[..., Any]:
    css, html, say, js = (
        (HERE / file).read_text() for file in ("form.css", f"{name}.html", "say.js", f"{name}.js")
    )
    return st.components.v2.component(f"tomlake_{name}", html=html, css=css, js=say + js)
