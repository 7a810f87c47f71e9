"""Start the web program: ``python -m portal.serve``."""

import logging
import socket
import sys
import tomllib
from pathlib import Path

from uvicorn.config import LOGGING_CONFIG

from engine.errors import Rejected, TomlakeError
from lake.settings import Settings, read_settings
from portal import opened
from portal.asgi import build_app

LOOK = Path(__file__).resolve().parent / "streamlit.toml"


def serve(settings: Settings) -> None:
    """Serve pages and API until the process is told to stop.

    Raises
    ------
    Rejected
        ``port-in-use``: another program listens there already.
    """
    refuse_busy_port(settings.host, settings.port)
    opened.use(settings)
    LOGGING_CONFIG["loggers"]["uvicorn.error"]["level"] = "WARNING"  # one line of ours says that it runs
    build_app().run(config=streamlit_config(settings))


def streamlit_config(settings: Settings) -> dict[str, object]:
    """Return every option of Streamlit: given in code, so that the working folder does not matter."""
    options = _flat(tomllib.loads(LOOK.read_text()))
    return options | {"server.address": settings.host, "server.port": settings.port}


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


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    options: dict[str, object] = {}
    for name, value in table.items():
        options |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return options


def main() -> None:
    """Serve with the settings of the environment; a refusal is one sentence and exit code 1."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        serve(read_settings())
    except TomlakeError as error:
        sys.exit(error.reason)


if __name__ == "__main__":
    main()
