"""Text in files that people open in spreadsheets: nothing in it is computed there."""

import re

FORMULA = r"^[=+\-@\t\r]"
_FORMULA = re.compile(FORMULA)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # says that the file is UTF-8


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before one that could be."""
    return f"'{text}" if _FORMULA.match(text) else text
