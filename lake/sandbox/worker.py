"""One sandbox process as its parent sees it: started, asked once, watched, and ended whatever it does."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from lake.sandbox.pipe import Pipe, Spent
from lake.sandbox.words import out_of_order

START_TIMEOUT_S = 30.0
GRACE_S = 1.0
STATUS_BYTES = 65_536
# the kernel's fences come before the first library, because libraries start threads
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); sys.modules.update(pandas=None, numpy=None); "
    "from lake.sandbox.fences import close_doors; held = close_doors(); "
    "from lake.sandbox.child import main; main(held)"
)
_ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "LC_ALL": "C.UTF-8"}


class Worker:
    """A process that answers one query; one thread asks and reads, any thread may stop it."""

    def __init__(self) -> None:
        told, tells = os.pipe()
        folder = tempfile.mkdtemp(prefix="tomlake-sql-")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own words only
                [sys.executable, "-I", "-B", "-c", _START, str(Path(__file__).parents[2]), str(tells)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=_ENVIRONMENT,
                pass_fds=(tells,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(told)
            raise out_of_order(error.strerror or "no process") from error
        finally:
            os.close(tells)
            Path(folder).rmdir()  # the process stands in a folder without a name: nothing can be made there
        self._status = Pipe(told)
        self._stopping = threading.Lock()
        self._clock: threading.Timer | None = None
        self.ran_out_of_time = False

    @property
    def process_id(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def ask(
        self, request: Mapping[str, object], *, wall_clock_s: float, when_late: Callable[[], None]
    ) -> None:
        """Hand the request over; ``when_late`` is called, in another thread, when the time is up."""
        self._status.allow(seconds=START_TIMEOUT_S, octets=STATUS_BYTES)
        if not self._line():
            raise out_of_order("the process did not start")
        self._status.allow(seconds=wall_clock_s + GRACE_S, octets=STATUS_BYTES)
        self._clock = threading.Timer(wall_clock_s, self._be_late, [when_late])
        self._clock.daemon = True
        self._clock.start()
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it died: its verdict tells why
            if stdin is not None:
                stdin.write(json.dumps(request).encode() + b"\n")
                stdin.close()

    def answer(self, *, seconds: float, octets: int) -> Pipe:
        """Return the pipe that the rows come from; the caller closes it."""
        pipe = Pipe(os.dup(self._process.stdout.fileno() if self._process.stdout else -1))
        pipe.allow(seconds=seconds + GRACE_S, octets=octets)
        return pipe

    def last_words(self) -> dict[str, object]:
        """Return how the query ended as the process tells it; nothing where it died."""
        try:
            words = json.loads(self._line() or b"{}")
        except ValueError:
            return {}
        return words if isinstance(words, dict) else {}

    def died_of(self) -> int:
        """Return the signal that ended the process, 0 for none; it is waited for."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        self.stop()
        return max(0, -(self._process.returncode or 0))

    def stop(self) -> None:
        """Kill the process with all it may have started, and wait for it."""
        with self._stopping:
            if self._clock is not None:
                self._clock.cancel()
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def close(self) -> None:
        """Stop the process and close its pipes; for the thread that asked."""
        self.stop()
        for pipe in (self._process.stdin, self._process.stdout, self._status):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def is_alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def _be_late(self, when_late: Callable[[], None]) -> None:
        self.ran_out_of_time = True
        self.stop()
        when_late()

    def _line(self) -> bytes:
        try:
            return self._status.readline()
        except Spent:
            return b""
