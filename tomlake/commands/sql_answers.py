"""Answers of a query on a terminal: a table of the first rows, or every row as CSV."""

import time
from enum import StrEnum
from typing import TextIO

from rich.markup import escape
from rich.table import Table

from lake.sandbox.formats import csv_pieces
from lake.sandbox.sources import Answer
from tomlake.commands.session import out

SHOWN_ROWS = 40


class Mode(StrEnum):
    """How rows are shown."""

    TABLE = "table"
    CSV = "csv"


def show_answer(answer: Answer, mode: Mode, into: TextIO) -> None:
    """Write an answer while it comes; a table ends with the number of rows, the version and the time."""
    if mode is Mode.CSV:
        into.writelines(csv_pieces(answer.schema, answer.batches))
        into.flush()
        return
    started_s = time.monotonic()
    table = Table(*(escape(name) for name in answer.schema.names))
    rows = 0
    for batch in answer.batches:
        for row in zip(
            *(column.to_pylist() for column in batch.slice(0, max(0, SHOWN_ROWS - rows))), strict=True
        ):
            table.add_row(*("" if value is None else escape(str(value)) for value in row))
        rows += batch.num_rows
    out.print(table)
    hidden = max(0, rows - SHOWN_ROWS)
    words = f"{rows:,} {'row' if rows == 1 else 'rows'}"
    words += f", {hidden:,} not shown: use --csv or .mode csv" if hidden else ""
    out.print(f"{words} · {answer.note()} · {time.monotonic() - started_s:.3f} s")
