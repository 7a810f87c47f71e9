"""What a page sends to the browser: which texts are read as Markdown or HTML, and what it answers."""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

# shown as they stand; whatever else is a text may be read as Markdown or HTML
PLAIN_ELEMENTS = {"text", "code", "vega_lite_chart", "dataframe", "bidi_component", "iframe", "json"}
PLAIN_FIELDS = {
    "id", "form_id", "icon", "format", "autocomplete", "placeholder", "alt", "url", "page", "query_string",
    "default", "value", "raw_value", "raw_values", "page_script_hash", "deferred_file_id",
}  # fmt: skip
PLAIN_OPTIONS = {"selectbox", "multiselect"}
ANSWERS = ("error", "warning", "info", "success", "toast")
# what would do something: tags anywhere, the rest in Markdown unless a backslash stands before it
_TAGS = r"<script|<img src=x|<b>Eve"
_IN_HTML = re.compile(_TAGS, re.IGNORECASE)
_IN_MARKDOWN = re.compile(
    rf"(?<!\\)(?:{_TAGS}|\*\*bold\*\*|:red\[hi|\]\(javascript:|\$x\^2\$|(?<!\*)\*(?:b|Kowalska|Maker)\*(?!\*))",
    re.IGNORECASE,
)
_INTERNAL = re.compile(
    r"Traceback|[a-z]\w*Error\b|sqlalchemy|sqlite3|psycopg|duckdb|polars|NoneType|object at 0x|\bSELECT\b"
)
SENTENCE_MAX_CHARS = 700


def nodes(at: AppTest) -> Iterator[Any]:
    """Give every element and every container of a page."""
    return iter(at._tree)


def armed(at: AppTest) -> list[str]:
    """Return the texts of a page in which what somebody typed would do something."""
    found = []
    for node in nodes(at):
        reads = _IN_HTML if node.type == "html" else _IN_MARKDOWN
        found += [f"{node.type}.{where}: {text[:200]}" for where, text in texts(node) if reads.search(text)]
    return found


def texts(node: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - AppTest has no name for any node
    """Give every text of an element that the browser reads as Markdown or HTML, with its field."""
    proto = getattr(node, "proto", None)
    if node.type in PLAIN_ELEMENTS or not isinstance(proto, Message):
        return
    for name, text in _fields(proto):
        if name not in PLAIN_FIELDS and not (name == "options" and node.type in PLAIN_OPTIONS):
            yield name, text


def _fields(message: Message) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        for each in value if field.is_repeated else [value]:
            if isinstance(each, str):
                yield field.name, each
            elif isinstance(each, Message):
                yield from _fields(each)


def answers(at: AppTest) -> list[str]:
    """Return what a page tells the person, as they read it."""
    return [re.sub(r"\\(.)", r"\1", str(each.value)) for kind in ANSWERS for each in getattr(at, kind)]


def is_plain_sentence(text: str) -> bool:
    """Return whether a text is for people: whole sentences, short, and nothing of the program in it."""
    ends = text.rstrip().endswith((".", "!", "?", ":"))
    return ends and len(text) <= SENTENCE_MAX_CHARS and not _INTERNAL.search(text)
