"""Turns at hosts: how often and by how many at once each is asked, however many threads ask."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True, kw_only=True)
class Turns:
    """When each host may be asked next, and by how many threads at once."""

    interval_s: float
    at_once: int
    _next_s: dict[str, float] = field(default_factory=dict)
    _places: dict[str, threading.Semaphore] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def of(self, url: str) -> Iterator[float]:
        """Hold a place at a host; the value is how long to wait before the question."""
        with self._lock:
            place = self._places.setdefault(host_of(url), threading.Semaphore(self.at_once))
        with place:
            now_s = time.monotonic()
            with self._lock:
                turn_s = max(now_s, self._next_s.get(host_of(url), now_s))
                self._next_s[host_of(url)] = turn_s + self.interval_s
            yield turn_s - now_s


def host_of(url: str) -> str:
    """Return the host of an address."""
    return urlsplit(url).hostname or url
