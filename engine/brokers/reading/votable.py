"""VOTable answers, in any of their encodings, as a table of text.

References
----------
Ochsenbein et al. 2019, IVOA Recommendation VOTable 1.4.
"""

import io
import struct
from collections.abc import Sequence
from xml.parsers.expat import ExpatError

import numpy as np
import polars as pl
from astropy.io.votable import parse
from astropy.io.votable.tree import TableElement, VOTableFile

from engine.brokers.reading.answers import drift, text_table
from engine.errors import Transient


def refuse_failures(body: bytes, *, title: str) -> bytes:
    """Return a VOTable answer unless it tells of a failure or is a page; archives send both with status 200.

    Raises
    ------
    Transient
        ``answer-is-a-page``, ``query-failed``
    """
    if b"<VOTABLE" not in body[:2000]:
        raise Transient(
            f"{title} sent a page instead of data; it is asked again later.", code="answer-is-a-page"
        )
    head = body[:4000].replace(b"'", b'"')
    if b'value="ERROR"' in head:
        raise Transient(f"{title} could not answer; it is asked again later.", code="query-failed")
    return body


def votable_rows(body: bytes, *, title: str, required: Sequence[str]) -> pl.DataFrame:
    """Return the first table of a VOTable as text; numbers are written so that they read back exactly.

    Raises
    ------
    Rejected
        ``schema-drift``: no VOTable, one that was cut off, or a column missing.
    """
    if b"<VOTABLE" not in body[:2000] or not body.rstrip().endswith(b"</VOTABLE>"):
        raise drift(title, "no whole VOTable")
    try:
        table = _first_table(parse(io.BytesIO(body), verify="ignore"))
    except (ValueError, IndexError, KeyError, TypeError, EOFError, ExpatError, struct.error) as error:
        raise drift(title, "a VOTable that cannot be read") from error
    if table is None:
        raise drift(title, "a VOTable without a table")
    names = [str(field.name) for field in table.fields]
    rows = [[_text(value, hidden) for value, hidden in zip(row, mask, strict=True)]
            for row, mask in zip(table.array.data, np.ma.getmaskarray(table.array), strict=True)]  # fmt: skip
    return text_table(names, rows, title=title, required=required)


def _first_table(file: VOTableFile) -> TableElement | None:
    return next(iter(file.iter_tables()), None)


def _text(value: object, hidden: object) -> str:
    if bool(hidden):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return (
        repr(value.item()) if isinstance(value, np.generic) and not isinstance(value, np.str_) else str(value)
    )
