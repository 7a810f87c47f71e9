"""Servers of their own process: the portal with its API, and bare routes that send the same bytes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

_PATIENCE_S = 60.0
_KIB = 1024.0
REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    url: str
    pid: int

    def forget_peak(self) -> float:
        """Return the memory in use [MB] and let the peak be counted from here."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        return self._memory_mb("VmRSS")

    def peak_mb(self) -> float:
        """Return the most memory in use since then [MB]."""
        return self._memory_mb("VmHWM")

    def cpu_s(self) -> float:
        """Return the processor's time that the server has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory_mb(self, name: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name))
        return float(line.split()[1]) / _KIB


@contextmanager
def portal(data_dir: Path) -> Iterator[Server]:
    """Serve an installation as ``tomlake serve`` does: pages and API in one process."""
    port = free_port()
    told = {"TOMLAKE_DATA": str(data_dir), "TOMLAKE_PORT": str(port), "TOMLAKE_REQUESTS_PER_MIN": "0"}
    with running([sys.executable, "-m", "portal.serve"], port, "/api/v1/archives", told) as server:
        yield server


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """Serve the files of a folder from memory, by one route of FastAPI and nothing else."""
    port = free_port()
    program = [sys.executable, "-m", "benchmarks.api_bare", str(folder), str(port)]
    with running(program, port, "/bytes/ready", {}) as server:
        yield server


@contextmanager
def running(program: Sequence[str], port: int, ready: str, more: Mapping[str, str]) -> Iterator[Server]:
    """Run a program that serves on a port, until the block is left."""
    environment = {**os.environ, **more}
    with subprocess.Popen(program, cwd=REPOSITORY, env=environment) as process:
        try:
            server = Server(url=f"http://127.0.0.1:{port}", pid=process.pid)
            _wait_for(server.url + ready, process)
            yield server
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline_s:
        with suppress(OSError), urlopen(url, timeout=20):  # an URLError is one
            return
        time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer")
