"""`tomlake up`, `serve` and `work`: the processes of an installation."""

import subprocess
from typing import Annotated

import typer

from jobs.supervisor import PORTAL, run
from lake.settings import read_settings
from portal.port import refuse_busy_port
from tomlake.commands.accounts import ensure_administrator
from tomlake.commands.demo import load_with_progress
from tomlake.commands.session import opened_lake, out

Demo = Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo on the very first start.")]


def up(demo: Demo = True) -> None:
    """Start portal, API, workers and clock; Ctrl-C stops everything."""
    settings = read_settings()
    refuse_busy_port(settings.host, settings.port)
    with opened_lake() as lake:
        password = ensure_administrator(lake)
        if password is not None and demo:
            load_with_progress(lake)
    out.print(f"tomlake is at {settings.public_url} - Ctrl-C stops it. Data: {settings.data_dir}")
    if password is not None:
        out.print(f"Sign in as admin with the password {password} (shown only now).", markup=False)
    raise typer.Exit(run(settings, with_web=True))


def serve() -> None:
    """Start the portal and the API only."""
    settings = read_settings()
    out.print(f"tomlake is at {settings.public_url} - Ctrl-C stops it.")
    raise typer.Exit(subprocess.call(PORTAL))  # noqa: S603 - our own program


def work() -> None:
    """Start workers and the clock only."""
    raise typer.Exit(run(read_settings(), with_web=False))
