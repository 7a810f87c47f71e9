"""`tomlake harvest`, `archives`, `canary` and `import`: what archives know, and how they fare."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from engine.brokers.asking.client import HttpClient
from engine.brokers.protocol import Asks
from engine.brokers.reach import reason_not_to_ask
from engine.brokers.registry import BROKERS, broker, served
from engine.errors import Rejected, TomlakeError
from engine.target import Target
from engine.times import datetime_of
from jobs.canary import sing
from jobs.harvest import Asked, harvest_target, import_answer
from lake.archives import list_archive_health
from lake.opening import Lake
from lake.rights import SYSTEM
from lake.targets import get_target
from tomlake.commands.session import opened_lake, out

Name = Annotated[str, typer.Argument(help="Name of the target, or one of its aliases.")]
Key = Annotated[
    str, typer.Argument(help="Key of an archive, such as neowise; `tomlake archives` lists them.")
]
Said = tuple[str, bool]  # in words, and whether the archive is well


def harvest(
    name: Name,
    archive: Annotated[str, typer.Option(help="Ask only this archive.")] = "",
) -> None:
    """Ask the archives for everything they have of a target.

    Exit code 0: every archive answered; 1: at least one did not.
    """
    with opened_lake() as lake, HttpClient(secrets=lake.settings.secrets) as http:
        target = get_target(lake.operations, name, SYSTEM)
        keys = [broker(archive).info.key] if archive else _able(lake, target)
        _tell(keys, lambda key: _ask(http, lake, target, key))


def canary(archive: Annotated[str, typer.Argument(help="Ask only this archive.")] = "") -> None:
    """Ask each archive one question whose answer is known, and tell what has changed.

    Exit code 0: every archive answers as it must; 1: at least one does not.
    """
    with opened_lake() as lake, HttpClient(secrets=lake.settings.secrets) as http:
        infos = [broker(archive).info] if archive else served(lake.settings.secrets)
        keys = [info.key for info in infos if info.canary is not None or archive]
        _tell(keys, lambda key: sing(http, lake, key))


def import_file(
    archive: Key, name: Name, place: Annotated[str, typer.Argument(help="A file, or its address.")]
) -> None:
    """Read an archive's file that you have, as the light curve that the archive has of a target."""
    with opened_lake() as lake, HttpClient(secrets=lake.settings.secrets) as http:
        target = get_target(lake.operations, name, SYSTEM)
        body = http.get(place) if place.startswith(("http://", "https://")) else _bytes_of(Path(place))
        out.print(import_answer(lake, target, archive, body, by="command line"), markup=False)


def archives() -> None:
    """List the archives: what each last answered, and when it is asked again after failures."""
    with opened_lake() as lake:
        health = {each.archive: each for each in list_archive_health(lake.operations)}
        secrets = lake.settings.secrets
    table = Table("Archive", "Key", "Asked by", "Last answer", "Rows", "Seconds", "Failures", "Says")
    for info in (known.info for known in BROKERS):
        seen = health.get(info.key)
        missing = (
            f"set TOMLAKE_{info.account.upper()}" if info.account and info.account not in secrets else ""
        )
        by = "file" if info.asks == Asks.FILE else str(info.asks)
        if seen is None:
            table.add_row(info.title, info.key, by, "never", "", "", "", missing)
            continue
        table.add_row(
            info.title,
            info.key,
            by,
            "never"
            if seen.last_success_mjd is None
            else f"{datetime_of(seen.last_success_mjd):%Y-%m-%d %H:%M}",
            f"{seen.rows:,}",
            "" if seen.latency_s is None else f"{seen.latency_s:.1f}",
            str(seen.failures or ""),
            missing or seen.reason,
        )
    out.print(table)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Rejected(f"{path} cannot be read: {error.strerror}.", code="no-file") from error


def _tell(keys: list[str], ask: Callable[[str], Said]) -> None:
    """Ask archives all at once and print what each says as it comes."""
    failures = 0
    with ThreadPoolExecutor(max(1, len(keys))) as threads:
        asked = {threads.submit(ask, key): key for key in keys}
        with Console(stderr=True).status(f"Asking {len(keys)} archives") as status:
            for number, done in enumerate(as_completed(asked), 1):
                words, is_well = done.result()
                failures += not is_well
                out.print(f"{asked[done]}: {words}", markup=False)
                status.update(f"{number} of {len(keys)} archives answered")
    if failures:
        raise typer.Exit(1)


def _able(lake: Lake, target: Target) -> list[str]:
    infos = served(lake.settings.secrets)
    return [info.key for info in infos if not reason_not_to_ask(info, target)]


def _ask(http: HttpClient, lake: Lake, target: Target, key: str) -> Said:
    asked = Asked(by="command line")
    try:
        words = harvest_target(
            http, lake, target, source=key, asked=asked, progress=lambda _step, _part: None
        )
    except TomlakeError as error:
        return error.reason, False
    return words, True
