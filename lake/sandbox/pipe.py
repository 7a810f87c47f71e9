"""Reading from a process that may be hostile: never longer, and never more, than was allowed."""

import os
import select
import time


class Spent(Exception):  # noqa: N818 - a limit is reached, on purpose
    """The time or the amount that was allowed is used up."""


class Pipe:
    """The reading end of a pipe; a read past the deadline or the allowance raises :class:`Spent`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._deadline_s = 0.0
        self._octets = 0
        self.closed = False

    def allow(self, *, seconds: float, octets: int) -> None:
        """Set what may be read from now on."""
        self._deadline_s = time.monotonic() + seconds
        self._octets = octets

    def read(self, size: int, /) -> bytes:
        """Return exactly ``size`` bytes, or fewer at the end."""
        parts = bytearray()
        while len(parts) < size and (part := self._some(size - len(parts))):
            parts += part
        return bytes(parts)

    def readline(self) -> bytes:
        """Return one line, or what there is of it at the end; its bytes come one by one."""
        line = bytearray()
        while not line.endswith(b"\n") and (part := self._some(1)):
            line += part
        return bytes(line)

    def close(self) -> None:
        """Close the descriptor, once."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    def _some(self, most: int) -> bytes:
        if most > self._octets:
            raise Spent("more than was allowed")
        watched = select.poll()
        watched.register(self._descriptor, select.POLLIN)
        if not watched.poll(max(0.0, self._deadline_s - time.monotonic()) * 1000):
            raise Spent("longer than was allowed")
        part = os.read(self._descriptor, most)
        self._octets -= len(part)
        return part
