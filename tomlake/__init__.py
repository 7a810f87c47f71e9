"""The public face: the command line and the Python client."""

from tomlake.client import Portal, connect

__all__ = ["Portal", "connect"]
