"""Start the web program: ``python -m portal.serve``."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
import tomllib
from pathlib import Path

from uvicorn.config import LOGGING_CONFIG

from engine.errors import TomlakeError
from lake.settings import Settings, read_settings
from portal import opened
from portal.asgi import build_app
from portal.port import refuse_busy_port

PARENT_CHECK_S = 1.0
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


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    options: dict[str, object] = {}
    for name, value in table.items():
        options |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return options


def end_with_parent() -> None:
    """Let this process end soon after the one that started it, however that ended."""
    parent_pid = os.getppid()

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main() -> None:
    """Serve with the settings of the environment; a refusal is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(description="Serve the portal and the API.")
    parser.add_argument("--child", action="store_true", help="end when the parent process ends")
    if parser.parse_args().child:
        end_with_parent()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        serve(read_settings())
    except TomlakeError as error:
        sys.exit(error.reason)


if __name__ == "__main__":
    main()
