"""`tomlake doctor` checks a deployment; `tomlake quarantine` shows what could not be read."""

from contextlib import ExitStack
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from engine.times import datetime_of
from lake.doctor import State, examine
from lake.inbox.quarantine import quarantined
from lake.rights import SYSTEM
from lake.settings import read_settings
from tomlake.commands.session import opened_lake, out


def doctor() -> None:
    """Check this installation; the exit code is 1 where something is broken."""
    table = Table("Check", "State", "What to do")
    with ExitStack() as stack:
        findings = examine(read_settings(), lambda: stack.enter_context(opened_lake()))
    for finding in findings:
        table.add_row(finding.about, finding.state, finding.sentence)
    out.print(table)
    if any(finding.state == State.BROKEN for finding in findings):
        raise typer.Exit(1)


def quarantine(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50) -> None:
    """List the uploads that could not be read: kept aside, given to nobody."""
    table = Table("Since (UTC)", "Upload", "File", "MB", "By", "Why", "sha256")
    with opened_lake() as lake:
        for each in quarantined(lake.operations, SYSTEM, limit=limit):
            since = f"{datetime_of(each.since_mjd):%Y-%m-%d %H:%M}"
            facts = (str(each.upload_id), each.filename, f"{each.size_bytes / 1e6:.1f}", each.uploaded_by)
            table.add_row(
                since, *map(escape, facts), escape(f"{each.reason} ({each.code})"), each.sha256[:12]
            )
    out.print(table)
