"""`tomlake client`: ask a portal elsewhere from the command line, with a token of yours or with none."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from engine.errors import Rejected
from tomlake.client import Portal, Progress, connect
from tomlake.commands.session import out, shown_progress

app = typer.Typer(no_args_is_help=True)
Url = Annotated[str, typer.Option("--url", envvar="TOMLAKE_URL", help="Address of the portal.")]
# from the environment: on the command line every user of the machine could read it
Token = Annotated[str, typer.Option("--token", envvar="TOMLAKE_TOKEN", hidden=True)]
Name = Annotated[str, typer.Argument(help="Name, alias or number of the target.")]
_ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".vot": "votable", ".fits": "fits"}


@app.callback()
def asked(context: typer.Context, url: Url = "", token: Token = "") -> None:
    """Ask a portal elsewhere; your token stands in the variable TOMLAKE_TOKEN."""
    context.obj = (url, token)


@app.command()
def targets(context: typer.Context) -> None:
    """Print the targets that you may see, as CSV."""
    rows = _portal(context).targets()
    plain = [name for name, dtype in rows.schema.items() if not dtype.is_nested()]
    _csv(rows.select(plain))


@app.command()
def download(
    context: typer.Context,
    name: Name,
    path: Annotated[Path | None, typer.Argument(help="A file; its ending says the format.")] = None,
    format: Annotated[str, typer.Option("--format", help="Where the ending does not say it.")] = "",  # noqa: A002
) -> None:
    """Write a light curve into a file, or print it as CSV."""
    portal = _portal(context)
    if path is None:
        _csv(portal.light_curve(name))
        return
    out.print(str(portal.download(name, path, format=format or _ENDINGS.get(path.suffix.lower(), "csv"))))


@app.command()
def upload(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="FITS files.")],
    target: Annotated[str, typer.Option(help="What they show.")],
    observatory: Annotated[str, typer.Option(help="ONAME of the camera.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="A verdict, but no point.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for each verdict.")] = False,
) -> None:
    """Send files; after a cut connection each goes on where it stood."""
    portal = _portal(context)
    about = {"observatory": observatory, "dry_run": dry_run}
    sent = []
    for path in paths:
        with shown_progress() as show:
            made = portal.upload(path, target=target, progress=_drawn(show, path.name), **about)
        out.print(f"{path.name}: upload {made['upload_id']}")
        sent.append(made["upload_id"])
    for upload_id in sent if wait else []:
        verdict = portal.wait(upload_id)
        out.print(f"{verdict['filename']}: {verdict['status']} {verdict['reason']}".rstrip())


@app.command()
def sql(context: typer.Context, statement: Annotated[str, typer.Argument(help="One SELECT.")]) -> None:
    """Print the rows of one SELECT over the public lake of a portal, as CSV."""
    _csv(_portal(context).sql(statement))


def _portal(context: typer.Context) -> Portal:
    url, token = context.obj
    if not url:
        raise Rejected("Say which portal: --url https://..., or the variable TOMLAKE_URL.", code="no-url")
    return connect(url, token=token)


def _drawn(show: Callable[[str, float], None], name: str) -> Progress:
    return lambda done_bytes, all_bytes: show(name, done_bytes / max(all_bytes, 1))


def _csv(rows: pl.DataFrame) -> None:
    sys.stdout.write(rows.write_csv())
