"""The port that the web program listens on."""

import socket

from engine.errors import Rejected


def refuse_busy_port(host: str, port: int) -> None:
    """Say in one sentence what to change where the port is taken.

    Raises
    ------
    Rejected
        ``port-in-use``
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Rejected(
                f"Port {port} of {host} cannot be used ({error.strerror}): "
                f"stop what runs there, or choose another with TOMLAKE_PORT={port + 1}.",
                code="port-in-use",
            ) from error
