"""`tomlake doctor`: checks a deployment before people come."""

from contextlib import ExitStack

import typer
from rich.table import Table

from lake.doctor import State, examine
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
