"""The one lake this process works on: pages, routes and middleware all ask here.

The server calls :func:`use` with its settings before anything else; a test calls :func:`use_lake`.
"""

import threading

from lake.opening import Lake, open_lake
from lake.settings import Settings, read_settings


class _Opened:
    """The settings given by the server and the lake that was opened from them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.settings: Settings | None = None
        self.lake: Lake | None = None


_OPENED = _Opened()


def use(settings: Settings) -> None:
    """Name the settings from which :func:`lake` opens at its first call."""
    with _OPENED.lock:
        _OPENED.settings = settings
        _OPENED.lake = None


def use_lake(opened: Lake) -> None:
    """Work on a lake that is open already."""
    with _OPENED.lock:
        _OPENED.settings = opened.settings
        _OPENED.lake = opened


def settings() -> Settings:
    """Return the settings of this process; without :func:`use`, those of the environment."""
    with _OPENED.lock:
        if _OPENED.settings is None:
            _OPENED.settings = read_settings()
        return _OPENED.settings


def lake() -> Lake:
    """Return the open lake; the first call opens it."""
    given = settings()
    with _OPENED.lock:
        if _OPENED.lake is None:
            _OPENED.lake = open_lake(given)
        return _OPENED.lake


def close() -> None:
    """Close the lake when the server stops."""
    with _OPENED.lock:
        if _OPENED.lake is not None:
            _OPENED.lake.close()
        _OPENED.lake = None
