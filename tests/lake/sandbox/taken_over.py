"""Started as a sandbox process is, this tries what machine code could try that took the process over.

argv: the secret's path, the parent's process number, a listening port; stdout: the names of what succeeded.
"""

import ctypes
import mmap
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lake.sandbox import child  # noqa: F401 - so that its threads exist as they do in a real query
from lake.sandbox.fences import take_limits

secret, parent, port = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
libc = ctypes.CDLL(None, use_errno=True)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
take_limits(memory_mb=1500, cpu_s=60, wall_clock_s=60)


def call(name: str, *arguments: object) -> None:
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def raw(number: int, *arguments: object) -> None:
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), str(number))


def give_birth() -> None:
    if os.fork() == 0:
        os._exit(0)


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read the secret": secret.read_text,
    "write beside it": lambda: secret.with_name("evil").write_text("x"),
    "remove it": secret.unlink,
    "rename it": lambda: secret.rename(secret.with_name("evil")),
    "make a folder": lambda: Path("evil").mkdir(),
    "make a link": lambda: secret.with_name("evil").symlink_to(secret),
    "empty it": lambda: os.truncate(secret, 0),
    "list a folder": lambda: list(Path("/").iterdir()),
    "read the parent's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
    "open a socket": socket.socket,
    "call the port": lambda: socket.create_connection(("127.0.0.1", port)),
    "make a pair of sockets": socket.socketpair,
    "fork": give_birth,
    "start a program": lambda: os.execv("/bin/true", ["/bin/true"]),
    "spawn a program": lambda: os.posix_spawn("/bin/true", ["/bin/true"], {}),
    "start a shell": lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True),
    "look whether the parent lives": lambda: os.kill(parent, 0),
    "trace the parent": lambda: call("ptrace", 16, parent, 0, 0),
    "read the parent's memory": lambda: call("process_vm_readv", parent, None, 0, None, 0, 0),
    "become root": lambda: os.setuid(0),
    "raise the limit of files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "raise the limit of memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)),
    "take 3 GB": lambda: mmap.mmap(-1, 3_000_000_000),
    "make a file of memory": lambda: os.memfd_create("evil"),
    "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "change the root": lambda: os.chroot("/tmp"),
    "new name spaces": lambda: call("unshare", 0x10000000),
    "use io_uring": lambda: raw(425, 1, ctypes.create_string_buffer(256)),
    "use bpf": lambda: raw(321, 0, None, 0),
    "take a handle of the parent": lambda: raw(434, parent, 0),
}

for name, attempt in ATTEMPTS.items():
    try:
        attempt()
    except (OSError, ValueError, MemoryError):
        continue
    print(name, flush=True)  # noqa: T201
print("done", flush=True)  # noqa: T201
os._exit(0)
