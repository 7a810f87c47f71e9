"""A memory of things that are quick to have again, bounded in bytes; the longest unused goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Generic, ParamSpec, TypeVar

Kept = TypeVar("Kept")
Key = ParamSpec("Key")


class Bounded(Generic[Kept]):
    """Keeps values under keys up to a number of bytes; serves all threads."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Kept | None:
        """Return the value of a key, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Kept, *, size_bytes: int) -> None:
        """Keep a value; one larger than the bound is not kept."""
        with self._lock:
            self._forget(key)
            if size_bytes > self._most_bytes:
                return
            self._kept[key] = (value, size_bytes)
            self._bytes += size_bytes
            while self._bytes > self._most_bytes:
                self._forget(next(iter(self._kept)))

    @property
    def size_bytes(self) -> int:
        """Return how many bytes are kept."""
        return self._bytes

    def _forget(self, key: Hashable) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= gone[1]


def kept_within(
    most_bytes: int, size_bytes: Callable[[Kept], int]
) -> Callable[[Callable[Key, Kept]], Callable[Key, Kept]]:
    """Return what makes a function remember its answers, as ``lru_cache`` does but bounded in bytes.

    A crowd of small answers fits, and a few large ones cannot fill the memory. None is not remembered.
    """

    def decorated(function: Callable[Key, Kept]) -> Callable[Key, Kept]:
        answers: Bounded[Kept] = Bounded(most_bytes=most_bytes)

        @wraps(function)
        def remembering(*args: Key.args, **kwargs: Key.kwargs) -> Kept:
            key = (args, *sorted(kwargs.items()))
            answer = answers.get(key)
            if answer is None:
                answer = function(*args, **kwargs)
                if answer is not None:
                    answers.put(key, answer, size_bytes=size_bytes(answer))
            return answer

        return remembering

    return decorated
