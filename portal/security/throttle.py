"""How often one address may try to sign in."""

import threading
import time
from collections import deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Throttle:
    """Counts attempts per key within a sliding window; each attempt counts until it is forgiven.

    Parameters
    ----------
    attempts
        How many attempts one key has within the window.
    now_s
        The clock, in seconds; only differences are used.
    """

    def __init__(
        self, *, attempts: int, window_s: float, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._attempts = attempts
        self._window_s = window_s
        self._now_s = now_s
        self._lock = threading.Lock()
        self._times_s: dict[str, deque[float]] = {}

    def attempt(self, key: str) -> float:
        """Return 0 and count one attempt; where the window is full, the seconds to wait and count none."""
        with self._lock:
            now_s = self._now_s()
            times_s = self._recent(key, now_s)
            if len(times_s) >= self._attempts:
                return times_s[0] + self._window_s - now_s
            self._make_room(now_s)
            self._times_s.setdefault(key, times_s).append(now_s)
            return 0.0

    def forgive(self, key: str) -> None:
        """Forget the attempts of a key, because one of them was right."""
        with self._lock:
            self._times_s.pop(key, None)

    def _recent(self, key: str, now_s: float) -> deque[float]:
        times_s = self._times_s.get(key, deque())
        while times_s and times_s[0] <= now_s - self._window_s:
            times_s.popleft()
        return times_s

    def _make_room(self, now_s: float) -> None:
        if len(self._times_s) < MOST_KEYS:
            return
        live = {key: times for key in list(self._times_s) if (times := self._recent(key, now_s))}
        newest = sorted(live.items(), key=lambda item: item[1][-1])[-MOST_KEYS // 2 :]
        self._times_s = dict(newest)
