"""`tomlake sql`: one statement, a script from a pipe, or a shell, on the lake or on a published version."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from engine.errors import Rejected
from lake.opening import Lake
from lake.sandbox.sources import PublicVersion, RealLake, Source
from tomlake.commands.session import opened_lake
from tomlake.commands.sql_answers import Mode
from tomlake.commands.sql_loop import Shell

HISTORY = "sql_history"  # in the data folder


def sql(
    statement: Annotated[
        str, typer.Argument(help="What to ask; nothing: a shell. Tables: photometry, frames, batches, ...")
    ] = "",
    csv: Annotated[bool, typer.Option("--csv", help="Write every row as CSV.")] = False,
    as_of: Annotated[str, typer.Option("--as-of", help="Snapshot's name, version's number or date.")] = "",
    published: Annotated[
        str, typer.Option("--published", help="Ask this published version (or latest) as the public does.")
    ] = "",
) -> None:
    """Query the lake, read-only.

    The statement reads with your own rights: what your account can read on this machine, it can read.
    What strangers send belongs into --published, where nothing but the published version is in reach.
    """
    if as_of and published:
        raise Rejected("Give --as-of or --published, not both.", code="bad-option")
    with opened_lake() as lake, _source(lake, as_of=as_of, published=published) as source:
        shell = Shell(source, mode=Mode.CSV if csv else Mode.TABLE, into=sys.stdout)
        if statement:
            shell.run(statement)
        elif sys.stdin.isatty():
            shell.talk(lake.settings.data_dir / HISTORY)
        else:
            shell.script(sys.stdin)


@contextmanager
def _source(lake: Lake, *, as_of: str, published: str) -> Iterator[Source]:
    opened = PublicVersion(lake, version=published) if published else RealLake(lake, as_of=as_of)
    with closing(opened):
        yield opened
