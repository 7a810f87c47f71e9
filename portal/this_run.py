"""What one run of a page asks several times and the database need answer once."""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import TypeVar

Answer = TypeVar("Answer")
_ANSWERS: ContextVar[dict[Hashable, object] | None] = ContextVar("answers", default=None)


def begin() -> None:
    """Forget what an earlier run was told; the router calls it first."""
    _ANSWERS.set({})


def once(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return the answer to a question, asked anew by every run, and always where none has begun."""
    answers = _ANSWERS.get()
    if answers is None:
        return ask()
    if key not in answers:
        answers[key] = ask()
    return answers[key]  # type: ignore[return-value]
