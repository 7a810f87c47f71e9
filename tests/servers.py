"""A private PostgreSQL and a private S3 server, for the tests that need them."""

import logging
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installations import files_at
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

USER = "tomlake"
_SETTINGS = "-c fsync=off -c max_connections=300 -c shared_buffers=128MB -c log_min_messages=fatal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A PostgreSQL server in a folder of its own, listening on this machine only."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Return its address without a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 {_SETTINGS}"
        self._control("-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self, *, mode: str = "immediate") -> None:
        """Stop it; ``immediate`` is like a power cut."""
        self._control("-m", mode, "-w", "stop")

    def _control(self, *arguments: str) -> None:
        _as_postgres([program("pg_ctl"), "-D", str(self.folder / "data"), *arguments])


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, or "" where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(found[0]) if found else shutil.which(name) or ""


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Give a new, empty server; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tomlake-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = Postgres(folder=folder, port=free_port())
    try:
        _as_postgres([program("initdb"), "-D", str(folder / "data"), "-A", "trust", "-U", USER, "-E", "UTF8"])
        server.start()
        yield server
    finally:
        subprocess.run(
            _command([program("pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"]),
            check=False,
            capture_output=True,
        )
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def s3(bucket: str) -> Iterator[str]:
    """Give the address of a new S3 server with an empty bucket, all of it in memory."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # moto's own server looks for the service of each request among all of Amazon's, a third of its work
    handler = MotoRequestHandler
    server = make_server("127.0.0.1", 0, create_backend_app("s3"), threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    files_at(endpoint).makedirs(bucket, exist_ok=True)
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_postgres(command: Sequence[str]) -> None:
    done = subprocess.run(_command(command), check=False, capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout} {done.stderr}")


def _command(command: Sequence[str]) -> list[str]:
    """Return the command as the user that PostgreSQL insists on: never root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)
