"""What a hostile or unlucky visitor types, and what a form needs beside it to be accepted."""

import csv
import io
from collections.abc import Sequence
from itertools import count

LONG = "a" * 10_000
# each alone, in every field of a form at once
ALONE = {
    "10,000 characters": LONG,
    "right to left, turned round": "\u202eevil\u202c שלום \u2067عربي\u2069",
    "emoji with joiners": "👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈",
    "script": "<script>alert(1)</script>",
    "Markdown": "<img src=x onerror=alert(1)> **bold** $x^2$ :red[hi] [a](javascript:alert(1))",
    "SQL": "'; DROP TABLE targets; --",
    "path": "../../etc/passwd",
    "formula": '=HYPERLINK("https://example.org";"a")',
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "NUL": "a\0b",
    "controls": "a\x01\x07\x1b[31m\x7f\x85b\r\nc\u2028d",
}
# in one field of a form after the other, with good words in the others
IN_ONE_FIELD = {
    "10,000 characters": LONG,
    "words": "=1+1 \u202eevil\u202c <script>**bold** :red[hi] [a](javascript:x) '; DROP --",
}
MORE_FORMULAS = ("plus", "minus", "at")  # only files tell them from the first: they are sent in one
NUMBERS = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308)
_TIMES = count(1)


def good_words(key: str) -> str:
    """Return what a field takes gladly, another each time where names may stand but once."""
    number = next(_TIMES)
    words = {
        "new_target_name": f"Typed {number}",
        "new_target_ra": f"{(number * 0.37) % 360:.4f}",
        "new_target_dec": f"{-60 + (number * 0.11) % 100:.4f}",
        "import_text": "",
        "sites_text": "",
    }
    return words.get(key, f"words {number}")


def good_number(label: str) -> float:
    """Return a number that a field takes gladly."""
    return {"Longitude": 21.0, "Latitude": 52.0}.get(label, 1.0)


def import_of(cells: Sequence[str]) -> str:
    """Return targets as CSV, each of which says one of these."""
    out = io.StringIO(newline="")
    rows = [(f"Sent {number}", 3.0 * number, 75.5, cell) for number, cell in enumerate(cells)]
    csv.writer(out).writerows([("name", "ra", "dec", "description"), *rows])
    return out.getvalue()
