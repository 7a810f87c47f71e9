"""`tomlake backup`, `tomlake restore` and `tomlake move`: keeping a lake safe, and carrying it over."""

from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from typer.core import TyperGroup

from engine.errors import Rejected
from engine.times import datetime_of
from lake.paths import paths_of
from lake.safekeeping import backup as backups
from lake.safekeeping.checking import check as check_backups
from lake.safekeeping.checking import list_backups
from lake.safekeeping.manifest import LATEST
from lake.safekeeping.move import move as move_lake
from lake.safekeeping.move import new_lines
from lake.safekeeping.place import Place
from lake.safekeeping.restore import restore as restore_backup
from lake.settings import read_settings
from tomlake.commands.session import opened_lake, out, shown_progress

_MAKE = "make"


class _UrlAtOnce(TyperGroup):
    """Commands of which ``make`` may be left out: ``tomlake backup URL``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - private to typer
        """Put ``make`` in front where no command stands."""
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else [_MAKE, *args])


app = typer.Typer(cls=_UrlAtOnce)
Url = Annotated[str, typer.Argument(help="Folder or s3:// place; without it TOMLAKE_BACKUP_URL.")]


@app.command(_MAKE, help="Hold everything of this moment; the word make may be left out.")
def make(
    url: Url = "",
    keep: Annotated[int, typer.Option(min=1, help="How many backups stay there.")] = backups.KEEP,
) -> None:
    """Make a backup."""
    with opened_lake() as lake, shown_progress() as progress:
        report = backups.backup(lake, _place_url(url), keep=keep, progress=progress)
    out.print(
        f"Backup {report.name} holds version {report.lake_version} in {report.files:,} files "
        f"({_size(report.size_bytes)}); {report.copied_files:,} were new ({_size(report.copied_bytes)}), "
        f"{report.seconds:.1f} s."
    )
    for path in report.gone:
        out.print(f"The lake has lost {path}; the backup still holds it.", markup=False)
    for path in report.lost:
        out.print(f"The lake has lost {path}, and no backup holds it.", markup=False)
    if report.gone or report.lost:
        raise typer.Exit(1)


@app.command("list", help="Show the backups in a place.")
def show(url: Url = "") -> None:
    """Show the backups in a place, the oldest first."""
    table = Table(
        Column("Backup", no_wrap=True), "Made (UTC)", "Version", "Files", "Size", "Points", "By tomlake"
    )
    for manifest in list_backups(_opened(url)):
        points = manifest.lake_tables()["photometry"].rows
        table.add_row(
            manifest.name,
            f"{datetime_of(manifest.made_mjd):%Y-%m-%d %H:%M:%S}",
            str(manifest.lake_version),
            f"{len(manifest.pieces):,}",
            _size(manifest.size_bytes),
            f"{points:,}",
            manifest.code_version,
        )
    out.print(table)


@app.command("check", help="Read every file of all backups in a place again.")
def check(url: Url = "") -> None:
    """Name every file that is not what it was."""
    with shown_progress() as progress:
        report = check_backups(_opened(url), progress=progress)
    for path, needed_by in report.damaged:
        out.print(f"{path} is damaged or missing; it belongs to {', '.join(needed_by)}.", markup=False)
    out.print(
        f"{report.files:,} files ({_size(report.size_bytes)}) were read; "
        f"{len(report.backups)} backups can be brought back whole."
    )
    if report.damaged or not report.backups:
        raise typer.Exit(1)


def restore(
    url: Annotated[str, typer.Argument(help="Folder or s3:// place of the backups.")],
    which: Annotated[str, typer.Option(help="Name as `tomlake backup list` shows it.")] = LATEST,
) -> None:
    """Bring a backup back into the empty places that the settings name."""
    with shown_progress() as progress:
        report = restore_backup(url, read_settings(), which=which, progress=progress)
    out.print(
        f"Backup {report.name} is back: version {report.lake_version}, {report.files:,} files "
        f"({_size(report.size_bytes)}), {report.rows:,} rows checked, {report.seconds:.1f} s."
    )
    for path in report.lost:
        out.print(f"{path} was lost before the backup was made.", markup=False)


def move(
    data: Annotated[str, typer.Option(help="New TOMLAKE_DATA; the same as before when not given.")] = "",
    operations_url: Annotated[str, typer.Option(help="postgresql://... or sqlite:///FILE")] = "",
    catalog_url: Annotated[str, typer.Option(help="postgresql://... or sqlite:///FILE")] = "",
    store_url: Annotated[str, typer.Option(help="Folder or s3:// place of the data files.")] = "",
    raw_url: Annotated[str, typer.Option(help="Folder or s3:// place of the raw files.")] = "",
) -> None:
    """Carry the lake over to other places, checked by checksums; the old one stays as it is."""
    with opened_lake() as lake, shown_progress() as progress:
        base = read_settings({"TOMLAKE_DATA": data}) if data else lake.settings
        new = replace(
            lake.settings,
            data_dir=base.data_dir,
            operations_url=operations_url or base.operations_url,
            catalog_url=catalog_url or base.catalog_url,
            store_url=store_url or base.store_url,
            raw_url=raw_url or base.raw_url,
        )
        report = move_lake(lake, new, progress=progress)
        lines = new_lines(lake.settings, new)
    rows = sum(each.rows for each in (*report.tables.values(), *report.databases.values()))
    out.print(
        f"Version {report.lake_version} was carried over in {report.seconds:.1f} s: {report.files:,} files; "
        f"{rows:,} rows of {len(report.tables) + len(report.databases)} tables have equal checksums."
    )
    out.print("From now on start tomlake with these settings (a password stands where *** is):")
    for line in lines:
        out.print(line, markup=False)


def _place_url(url: str) -> str:
    chosen = url or read_settings().backup_url
    if not chosen:
        raise Rejected("Name a folder or an s3:// place, or set TOMLAKE_BACKUP_URL.", code="no-place")
    return chosen


def _opened(url: str) -> Place:
    settings = read_settings()
    return Place(settings, _place_url(url), spool_dir=paths_of(settings).spool_dir)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
