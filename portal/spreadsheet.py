"""Text in files that people open in spreadsheets: nothing in it is computed there."""

import polars as pl

_OPENERS = ("=", "+", "-", "@", "\t", "\r")  # what a formula begins with
_FORMULA = "^([" + "".join(rf"\x{ord(each):02x}" for each in _OPENERS) + "])"  # the same for polars
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # says that the file is UTF-8


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before one that could be."""
    return f"'{text}" if text.startswith(_OPENERS) else text


def harmless_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a table with all its texts made harmless; what is no text stays, as do the names of columns."""
    return rows.with_columns(pl.selectors.string().str.replace(_FORMULA, "'${1}"))
