"""The menu: every page of the portal, one line each, in the order in which it is shown."""

from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import streamlit as st

from lake.people.accounts import User
from portal.words import _

PAGES = Path(__file__).resolve().parent.parent / "pages"


class For(StrEnum):
    """Whom the menu shows a page."""

    ALL = "all"
    SIGNED_IN = "signed in"  # others may open it by its address
    STAFF = "staff"  # for others it is not there
    NOBODY = "nobody"  # other pages lead to it


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: ``pages/<name>.py``, at the address ``/<name>``."""

    name: str
    title: str
    icon: str = ""  # of Material Symbols
    shown_to: For = For.ALL

    def exists_for(self, user: User | None) -> bool:
        """Return whether a visitor can open the page at all."""
        return self.shown_to != For.STAFF or (user is not None and user.is_staff)

    def is_listed_for(self, user: User | None) -> bool:
        """Return whether the menu shows the page to a visitor."""
        if self.shown_to == For.SIGNED_IN:
            return user is not None
        return self.shown_to != For.NOBODY and self.exists_for(user)


MENU = (
    Entry("home", "Home", "home"),  # the first is what opens
    Entry("targets", "Targets", "my_location"),
    Entry("tonight", "Tonight", "bedtime"),
    Entry("proposals", "New", "notifications"),
    Entry("observatories", "Observatories", "location_on"),
    Entry("upload", "Upload", "upload"),
    Entry("jobs", "Jobs", "lists"),
    Entry("archives", "Archives", "public"),
    Entry("data", "Data", "database"),
    Entry("learn", "Learn", "school"),
    Entry("groups", "Groups", "group", For.SIGNED_IN),
    Entry("admin", "Admin", "shield_person", For.STAFF),
    Entry("account", "Sign in", "login"),
    Entry("target", "Target", shown_to=For.NOBODY),
    Entry("camera", "Camera", shown_to=For.NOBODY),
    Entry("frame", "Frame", shown_to=For.NOBODY),
    Entry("sign_up", "Sign up", shown_to=For.NOBODY),
    Entry("set_up", "Set up", shown_to=For.NOBODY),
    Entry("terms", "Terms of use", shown_to=For.NOBODY),
)


def entry_of(entry: Entry, user: User | None, *, unread: int = 0) -> Entry:
    """Return an entry in the visitor's words: *Account* bears the name of whose it is, and what is unread."""
    if entry.name == "account" and user is not None:
        title = f"{user.username} · {unread}" if unread else user.username
        return Entry(entry.name, title, "notifications_active" if unread else "account_circle")
    return replace(entry, title=_(entry.title))


def pages_of(user: User | None, *, unread: int = 0) -> list[st.Page]:
    """Return the pages that a visitor can open; the menu lists some of them."""
    shown = [entry_of(each, user, unread=unread) for each in MENU if each.exists_for(user)]
    # a copy, as each run marks the page that it opens
    return [copy(_page(entry, is_listed=entry.is_listed_for(user))) for entry in shown]


@lru_cache(maxsize=256)
def _page(entry: Entry, *, is_listed: bool) -> st.Page:
    """Return a page, made once: looking for its file takes longer than all else of the router."""
    return st.Page(
        PAGES / f"{entry.name}.py",
        title=entry.title,
        icon=f":material/{entry.icon}:" if entry.icon else None,
        url_path=entry.name,
        default=entry.name == MENU[0].name,
        visibility="visible" if is_listed else "hidden",
    )
