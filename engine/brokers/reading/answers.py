"""Reading archives' answers: text tables in the forms that archives send, refused when they are broken.

Every value stays text until a named column is asked for as numbers, so that identifiers keep all their
digits and flags their leading zeros.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import pairwise

import polars as pl

from engine.errors import Rejected, Transient

_NULLS = ("", "null", "nan", "none")


def drift(title: str, what: str) -> Rejected:
    """Return the refusal of an answer that is not what the archive used to send."""
    return Rejected(f"{title} sent something unexpected: {what}.", code="schema-drift")


def refuse_pages(body: bytes, *, title: str) -> bytes:
    """Return the body unless it is a page for people, or nothing: what ill archives send with status 200.

    An archive that knows nothing of a target says so, be it by a header without rows.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``cut-off``: nothing was sent.
    """
    if not body.strip():
        raise Transient(f"{title} sent an empty answer; it is asked again later.", code="cut-off")
    if body.lstrip()[:1] == b"<":
        raise Transient(
            f"{title} sent a page instead of data; it is asked again later.", code="answer-is-a-page"
        )
    return body


def text_of(body: bytes, *, title: str) -> str:
    """Return the body as text, checked to end with a whole line."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise drift(title, "the answer is not text") from error
    if text.lstrip()[:1] == "<":
        raise drift(title, "a page instead of a table")
    if text and not text.endswith(("\n", "\r")):
        raise drift(title, "the last line is cut off")
    return text


def csv_table(body: bytes, *, title: str, required: Sequence[str], delimiter: str = ",") -> pl.DataFrame:
    """Return a CSV answer as a table of text; no rows below the header is an empty table.

    Blanks after a comma and a ``#`` before the first name are not part of names and values.

    Raises
    ------
    Rejected
        ``schema-drift``: not text, a page, no header, a column missing, or a row cut off.
    """
    lines = csv.reader(
        io.StringIO(text_of(body, title=title), newline=""), delimiter=delimiter, skipinitialspace=True
    )
    rows = [row for row in lines if row]
    if not rows:
        raise drift(title, "an answer without a header")
    header = [name.strip() for name in rows[0]]
    header[0] = header[0].lstrip("#")
    return text_table(header, rows[1:], title=title, required=required)


def ipac_table(body: bytes, *, title: str, required: Sequence[str]) -> pl.DataFrame:
    r"""Return an IPAC table as a table of text; its bars say where columns begin, wherever that is.

    Raises
    ------
    Rejected
        ``schema-drift``, also when there are fewer rows than ``\RowsRetrieved`` promises.

    References
    ----------
    https://irsa.ipac.caltech.edu/applications/DDGEN/Doc/ipac_tbl.html
    """
    lines = text_of(body, title=title).splitlines()
    heads = [line for line in lines if line.startswith("|")]
    rows = [line for line in lines if line.strip() and not line.startswith(("|", "\\"))]
    if not heads:
        raise drift(title, "an IPAC table without a header")
    bars = [place for place, char in enumerate(heads[0]) if char == "|"]
    if any(len(line) < bars[-2] for line in rows):
        raise drift(title, "a row is cut off")
    promised = _keyword(lines, "RowsRetrieved")
    if promised.isdigit() and int(promised) != len(rows):
        raise drift(title, f"{len(rows)} rows where {promised} were promised")
    header = [heads[0][start + 1 : end].strip() for start, end in pairwise(bars)]
    cells = [[line[start:end].strip() for start, end in pairwise(bars)] for line in rows]
    return text_table(header, cells, title=title, required=required)


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, title: str, required: Iterable[str]
) -> pl.DataFrame:
    """Return rows of text as a table, after checking that none is cut off and no column is missing."""
    missing = [name for name in required if name not in header]
    if missing:
        raise drift(title, f"no column {', '.join(missing)}")
    for row in rows:
        if len(row) != len(header):
            raise drift(title, f"a row of {len(row)} values under {len(header)} columns")
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    return pl.DataFrame(
        {name: list(values) for name, values in zip(header, columns, strict=True)},
        schema={name: pl.String() for name in header},
    )


def with_numbers(table: pl.DataFrame, names: Iterable[str], *, title: str) -> pl.DataFrame:
    """Return the table with these columns as numbers; empty, ``null`` and ``NaN`` become null."""
    names = list(names)
    try:
        return table.with_columns(_number(name) for name in names)
    except pl.exceptions.InvalidOperationError as error:
        raise drift(title, f"words where numbers stood, in one of {', '.join(names)}") from error


def within(table: pl.DataFrame, name: str, low: float, high: float, *, title: str) -> pl.DataFrame:
    """Return the table unless a value of this column is missing, or outside ``low`` to ``high``."""
    if not table.get_column(name).is_between(low, high).fill_null(False).all():
        raise drift(title, f"a value of {name} that is not between {low:g} and {high:g}")
    return table


def _number(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    is_null = text.str.to_lowercase().is_in(_NULLS)
    return pl.when(~is_null).then(text).cast(pl.Float64).alias(name)


def _keyword(lines: Iterable[str], name: str) -> str:
    """Return the value of a keyword such as RowsRetrieved, empty where the table has none."""
    pairs = (line.partition("=") for line in lines if line.startswith("\\"))
    values = [value.strip() for key, _, value in pairs if key.strip() == f"\\{name}"]
    return values[0] if values else ""
