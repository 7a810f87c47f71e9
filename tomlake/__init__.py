"""The public face: the command line and the Python client.

What is asked of this module is imported when it is asked for: the command line starts without the lake.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tomlake.client import Portal, connect
    from tomlake.local import LocalLake, open_local

__all__ = ["LocalLake", "Portal", "connect", "open_local"]
_PLACES = {
    "LocalLake": "tomlake.local",
    "Portal": "tomlake.client",
    "connect": "tomlake.client",
    "open_local": "tomlake.local",
}


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
