"""The shape of an answer: its columns and keys without their values, so that a change has a name."""

import json
import re
from collections.abc import Iterable

from engine.brokers.reading.bundle import is_bundle, parts_of
from engine.errors import Rejected

_FIELD = re.compile(rb"<(?:FIELD|Param)\b[^>]*?\bname=[\"']([^\"']+)", re.IGNORECASE)
_CELL = re.compile(rb"<th\b[^>]*>(.*?)</th>", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[-+.\d][-+.\deE]*")
_DEPTH_MAX = 6
_NAMES_MAX = 400


def shape_of(body: bytes) -> tuple[str, ...]:
    """Return the names of an answer's columns or keys, sorted; of a bundle those of every part."""
    if is_bundle(body):
        try:
            parts = parts_of(body, title="An archive")
        except Rejected:
            return ("no whole bundle",)
        found = {
            f"{_without_numbers(name)}: {each}" for name, part in parts.items() for each in shape_of(part)
        }
    else:
        found = set(_names(body.strip()))
    return tuple(sorted(found))[:_NAMES_MAX]


def changes(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return in words what an answer has gained and lost."""
    old, new = set(before), set(now)
    lost = [f"{name} is gone" for name in sorted(old - new)]
    return lost + [f"{name} is new" for name in sorted(new - old)]


def _names(body: bytes) -> Iterable[str]:
    if not body:
        return ["nothing"]
    if body[:1] in b"{[":
        try:
            return _keys(json.loads(body), "", _DEPTH_MAX)
        except ValueError:
            return ["no JSON"]
    if body[:1] == b"<":
        found = _FIELD.findall(body) or _CELL.findall(body)
        return [name.decode("utf-8", "replace").strip() for name in found] or ["a page"]
    head = next((line for line in body.splitlines() if line.strip(b"#\\| \t")), b"")
    words = re.split(r"[,|~\t ]+", head.decode("utf-8", "replace").strip("#\\| "))
    return [word for word in words if word and not _NUMBER.fullmatch(word)] or [f"{len(words)} values"]


def _keys(value: object, path: str, depth: int) -> Iterable[str]:
    """Return the paths of all keys; of a list those of its first element."""
    if depth == 0:
        return [path]
    if isinstance(value, dict):
        return [
            key for name, each in value.items() for key in _keys(each, f"{path}.{name}".strip("."), depth - 1)
        ]
    if isinstance(value, list):
        return _keys(value[0], f"{path}[]", depth - 1) if value else [f"{path}[]"]
    return [path]


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "N", name)
