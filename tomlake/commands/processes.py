"""`tomlake up`, `serve` and `work`: the processes of an installation."""

import subprocess
from dataclasses import replace
from typing import Annotated

import typer

from jobs.executor import check_executor
from jobs.supervisor import PORTAL, run
from lake.public.origin import origin_of
from lake.settings import Executor, Settings, read_settings
from portal.port import refuse_busy_port
from tomlake.commands.accounts import ensure_administrator
from tomlake.commands.demo import load_with_progress
from tomlake.commands.session import opened_lake, out

Demo = Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo on the very first start.")]
Where = Annotated[Executor | None, typer.Option("--executor", help="Where heavy jobs run: here, or on Dask.")]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Address of Dask's scheduler: tcp://host:8786.")]


def up(demo: Demo = True, executor: Where = None, scheduler: Scheduler = "") -> None:
    """Start portal, API, workers and clock; Ctrl-C stops everything."""
    settings = _settings(executor, scheduler)
    refuse_busy_port(settings.host, settings.port)
    with opened_lake() as lake:
        password = ensure_administrator(lake)
        if password is not None and demo and origin_of(settings) is None:
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


def work(executor: Where = None, scheduler: Scheduler = "") -> None:
    """Start workers and the clock only."""
    raise typer.Exit(run(_settings(executor, scheduler), with_web=False))


def _settings(executor: Executor | None, scheduler: str) -> Settings:
    """Return the settings with what the options say, refused before anything starts."""
    settings = read_settings()
    settings = replace(
        settings, executor=executor or settings.executor, scheduler=scheduler or settings.scheduler
    )
    check_executor(settings)
    return settings
