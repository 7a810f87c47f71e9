"""`tomlake up`, `serve` and `work`: the processes of an installation."""

import subprocess
from dataclasses import replace
from typing import Annotated

import typer

from jobs.executor import check_executor
from jobs.supervisor import PORTAL, run
from lake.people.accounts import list_users
from lake.public.origin import origin_of
from lake.settings import ADMIN_PASSWORD, Executor, Settings, child_environment, read_settings
from portal.port import refuse_busy_port
from tomlake.commands.demo import load_with_progress
from tomlake.commands.first_run import ensure_administrator
from tomlake.commands.session import opened_lake, out

Demo = Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo on the very first start.")]
Where = Annotated[Executor | None, typer.Option("--executor", help="Where heavy jobs run: here, or on Dask.")]
AdminPassword = Annotated[
    str, typer.Option(envvar=ADMIN_PASSWORD, hidden=True)  # on a command line everybody could read it
]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Address of Dask's scheduler: tcp://host:8786.")]


def up(
    demo: Demo = True,
    executor: Where = None,
    scheduler: Scheduler = "",
    admin_password: AdminPassword = "",
) -> None:
    """Start portal, API, workers and clock; Ctrl-C stops everything."""
    settings = _settings(executor, scheduler)
    refuse_busy_port(settings.host, settings.port)
    with opened_lake() as lake:
        is_first = not list_users(lake.operations)
        welcome = ensure_administrator(lake, password=admin_password)
        if is_first and demo and origin_of(settings) is None:
            load_with_progress(lake)
    out.print(f"tomlake is at {settings.public_url} - Ctrl-C stops it. Data: {settings.data_dir}")
    if welcome is not None:
        out.print(welcome, markup=False)
    raise typer.Exit(run(settings, with_web=True))


def serve(admin_password: AdminPassword = "") -> None:
    """Start the portal and the API only."""
    settings = read_settings()
    with opened_lake() as lake:
        welcome = ensure_administrator(lake, password=admin_password)
    out.print(f"tomlake is at {settings.public_url} - Ctrl-C stops it.")
    if welcome is not None:
        out.print(welcome, markup=False)
    raise typer.Exit(subprocess.call(PORTAL, env=child_environment(settings)))  # noqa: S603 - our own program


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
