"""Reads the fields of a request the way BHTOM's clients send them: JSON, url-encoded, or mislabelled."""

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.requests import Request

from portal.api.reply import Refused

MOST_BODY_BYTES = 1_000_000
_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')  # words in quotes are left alone
# between a value and the name of the next field, in the script with which BHTOM's guide asks for a token
_NO_COMMA = re.compile(r'(?<=["\d\]}el])(?=[ \t]*\r?\n\s*"(?:[^"\\\r\n]|\\.)*"\s*:)')
Fields = Mapping[str, object]


async def read_fields(request: Request) -> Fields:
    """Return the fields of a small request body; what the body looks like wins over what it claims to be.

    Raises
    ------
    Refused
        400 for a broken body, in the words of BHTOM; 413 for one above 1 MB.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise Refused(413, {"detail": "The body of this request may have 1 MB at most."})
    return fields_of(body)


async def read_all_fields(request: Request) -> Fields:
    """Return the fields of a small request from its body and, as BHTOM's guide has it, from its query."""
    query = parse_qsl(request.url.query, keep_blank_values=True)
    return {**dict(query), **await read_fields(request)}


BodyFields = Annotated[Fields, Depends(read_fields)]  # what is stored: a query says how, not what
SentFields = Annotated[Fields, Depends(read_all_fields)]


def fields_of(body: bytes) -> Fields:
    """Return the fields of a JSON object or of an url-encoded form; no body is no fields."""
    try:
        text = body.decode("utf-8").strip().lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise Refused(400, {"detail": f"JSON parse error - {error}"}) from error
    if not text:
        return {}
    if text[0] in '{["':
        return _json_fields(body.decode("utf-8"))
    pairs = parse_qsl(text, keep_blank_values=True)
    if not pairs:
        return _json_fields(text)
    fields: dict[str, object] = {}
    for name, value in pairs:
        before = fields.get(name)
        fields[name] = (
            value if before is None else [*(before if isinstance(before, list) else [before]), value]
        )
    return fields


def _json_fields(text: str) -> Fields:
    try:
        # NaN and Infinity are no JSON: Python would let them through into the tables
        value = _loaded(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, {"detail": f"JSON parse error - {error}"}) from error
    if not isinstance(value, dict):
        raise Refused(
            400,
            {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(value).__name__}."]},
        )
    return value


def _loaded(text: str) -> object:
    """Return what JSON says; BHTOM's guide writes a comma behind the last field, and forgets one between."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        mended = _LAST_COMMA.sub(lambda found: found[1] or "", _NO_COMMA.sub(",", text))
        if mended == text:
            raise
        return json.loads(mended, parse_constant=_no_constant)


def _no_constant(word: str) -> float:
    raise ValueError(f"Out of range float values are not JSON compliant: {word}")


def text_of(fields: Fields, name: str) -> str | None:
    """Return a field as text; a missing, null or empty one is None."""
    value = fields.get(name)
    if isinstance(value, list):
        value = value[-1] if value else None
    if value is None or isinstance(value, dict):
        return None
    return clean_text(value) or None


def clean_text(value: object) -> str:
    """Return a value as text that a database can keep: lone surrogates and NUL are JSON, but not that."""
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\x00", "").strip()


def number_of(fields: Fields, name: str) -> float | None:
    """Return a field as a finite number; a missing, null or empty one is None.

    Raises
    ------
    ValueError
        When it is something else.
    """
    text = text_of(fields, name)
    if text is None:
        return None
    if isinstance(fields[name], bool):
        raise ValueError(f"could not convert string to float: {text!r}")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"could not convert string to float: {text!r}")
    return number
