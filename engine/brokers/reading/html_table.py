"""Tables of pages for people, which some archives send in place of data."""

import re
from html import unescape

_ROW = re.compile(r"<tr\b[^>]*>", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b[^>]*>", re.IGNORECASE)
_ROW_END = re.compile(r"</tr|</table", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def html_rows(html: str) -> list[list[str]]:
    """Return the text of every cell of every table row; rows without cells, such as captions, are left out.

    Cells and rows that the page forgets to close end where the next one begins.
    """
    rows = [_CELL.split(_ROW_END.split(row, maxsplit=1)[0])[1:] for row in _ROW.split(html)[1:]]
    return [[unescape(_TAG.sub("", cell)).strip() for cell in row] for row in rows if row]
