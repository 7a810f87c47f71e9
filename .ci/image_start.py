"""Start an image that `image_build.py` made, as its user, and see that it works as `docker run` would show.

Run in a network namespace of its own: the program finds no network but itself, and no port is taken.
"""

import fcntl
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from image_build import Image, entered, home_of, inside, run

START_S, STOP_S = 180.0, 15.0
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
# Everything that compose.yaml starts from this image, and the packages of the extras that it needs.
PROGRAMS = ("tomlake --help", "dask --version", "dask worker --help")
EXTRAS = """
import distributed, psycopg, s3fs
from lake.extensions import load_extension, new_duckdb
with new_duckdb() as duckdb:
    for name in ("ducklake", "sqlite_scanner", "postgres_scanner", "httpfs"):
        load_extension(duckdb, name)
"""


def bring_up_loopback() -> None:
    """Bring up the one interface of a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def answers(port: int) -> bool:
    """Return whether the portal says that it is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=4) as answer:
            return answer.status == 200
    except OSError:
        return False


def check_running(image: Image, program: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the program answers; see whose it is, what it wrote and that its health check agrees."""
    began_s = time.monotonic()
    while not answers(image.port):
        if program.poll() is not None or time.monotonic() > began_s + START_S:
            raise SystemExit(f"the portal does not answer:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)
    print(f"{time.monotonic() - began_s:6.1f} s  until /api/health answered 200")
    inside(image, image.health)
    print("         the HEALTHCHECK is content")
    uids = {
        line.split()[1]
        for status in Path("/proc").glob("[0-9]*/status")
        for line in status.read_text().splitlines()
        if line.startswith("Uid:") and os.path.realpath(status.parent / "root") == image.root
    }
    if uids != {image.user.partition(":")[0]}:
        raise SystemExit(f"the image's processes belong to {sorted(uids)}, not to its user {image.user}")
    if not any(Path(image.root + image.env["TOMLAKE_DATA"]).iterdir()):
        raise SystemExit("nothing was written to the data folder")
    print(f"         every process belongs to the user {image.user}, and the data folder is theirs")


def check_stopping(program: subprocess.Popen[bytes], root: str) -> None:
    """See that SIGTERM ends the program, and everything that it started."""
    began_s = time.monotonic()
    program.send_signal(signal.SIGTERM)
    code = program.wait(STOP_S)
    left = [
        status.parent.name
        for status in Path("/proc").glob("[0-9]*/status")
        if os.path.realpath(status.parent / "root") == root
    ]
    if code or left:
        raise SystemExit(f"after SIGTERM it ended with {code} and left the processes {left}")
    print(f"{time.monotonic() - began_s:6.1f} s  from SIGTERM to the end of every process")


def main(file: str) -> None:
    """Start the image's program, check it, stop it."""
    image = Image(**json.loads(Path(file).read_text()))
    bring_up_loopback()
    run("mount", "-t", "tmpfs", "tmpfs", f"{image.root}/dev/shm")
    for program in PROGRAMS:
        inside(image, shlex.split(program))
    inside(image, ["python", "-c", EXTRAS])
    print("         the programs and extras of compose.yaml are there")
    log = Path(file).with_name("log")
    with log.open("wb") as output:
        started = subprocess.Popen(
            entered(image, image.command),
            env={"HOME": home_of(image), **image.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    check_running(image, started, log)
    check_stopping(started, image.root)


if __name__ == "__main__":
    main(*sys.argv[1:])
