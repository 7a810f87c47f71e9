"""The public face: the command line and the Python client."""

from tomlake.client import Portal, connect
from tomlake.local import LocalLake, open_local

__all__ = ["LocalLake", "Portal", "connect", "open_local"]
