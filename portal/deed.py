"""Deeds of a page: something is tried, and the person is told how it ended."""

from collections.abc import Callable

from engine.errors import Rejected
from portal.words import _


def outcome(act: Callable[[], object], done: str) -> str:
    """Return what to tell the person: that it is done, or why it was refused."""
    try:
        act()
    except Rejected as refusal:
        return _(refusal.reason)
    return done
