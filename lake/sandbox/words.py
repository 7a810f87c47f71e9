"""What a person reads when a query fails: the database's words without the paths of this machine."""

import re
import signal
from collections.abc import Mapping

from engine.errors import Rejected, TomlakeError, Transient
from lake.sandbox.publication import SandboxLimits

MOST_CHARACTERS = 600
_PATH = re.compile(r"(?<![\w/.])~?(?:/[\w.@+~-]+){2,}/?")
_ADVICE = re.compile(r'\s*Use "SET [^"]*"[^.]*\.')  # nobody can SET anything here
_LINE = re.compile(r"\s*\n+LINE (\d+):.*", re.DOTALL)
_TOO_SLOW = frozenset({signal.SIGXCPU, signal.SIGALRM})
_TOO_LARGE = frozenset({signal.SIGABRT, signal.SIGKILL})


def failure(words: Mapping[str, object], limits: SandboxLimits) -> TomlakeError:
    """Return the refusal for what the process said last."""
    code = str(words.get("code"))
    if code == "unreadable":
        return out_of_order("the published files cannot be read")
    if code == "too-large" and str(words.get("reason")).startswith("One row"):
        return Rejected(str(words["reason"]), code=code)
    if code == "too-large":
        return too_large(limits)
    if code not in {"bad-sql", "not-a-select"}:
        return broken()
    return Rejected(clean(str(words.get("reason", ""))), code=code)


def death(number: int, limits: SandboxLimits) -> Rejected:
    """Return the refusal for a process that a signal ended."""
    if number in _TOO_SLOW:
        return too_slow(limits)
    return too_large(limits) if number in _TOO_LARGE else broken()


def too_slow(limits: SandboxLimits) -> Rejected:
    """Return the refusal of a query that took too long."""
    return Rejected(
        f"The query took longer than {limits.wall_clock_s:g} s; ask for fewer targets or a shorter time.",
        code="too-slow",
    )


def too_large(limits: SandboxLimits) -> Rejected:
    """Return the refusal of a query that needed too much memory."""
    return Rejected(
        f"The query needed more memory than {limits.memory_mb} MB; ask for fewer rows or columns at once.",
        code="too-large",
    )


def broken() -> Rejected:
    """Return the refusal of a query that broke the process that ran it."""
    return Rejected("The query broke the process that ran it; write it in another way.", code="sandbox-down")


def clean(message: str) -> str:
    """Return a message of the database as one line: no paths, no excerpt, no more than a paragraph."""
    line = _LINE.search(message)
    text = " ".join(_PATH.sub("...", _ADVICE.sub("", _LINE.sub("", message))).split())
    short = text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."
    return f"{short} (line {line[1]})" if line else short


def out_of_order(reason: str) -> Transient:
    """Return what to raise when no process can be had."""
    return Transient(
        f"Queries cannot be run at the moment ({reason}); try again in a minute.",
        code="sandbox-down",
        retry_after_s=60,
    )
