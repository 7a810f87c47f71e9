"""What the kernel takes away from a sandbox process; each fence tells whether it stands.

Two moments: before any thread exists (the kernel binds these fences to threads), and when the files of
the query are open, after which the process can open nothing more.
"""

import ctypes
import os
import resource
import signal
import sys

from lake.sandbox import syscalls

LEAST_OWN_UID = 0x70000000  # far above real users; one for each process, so that none can touch another
THREADS_AT_MOST = 64
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_NAME = 4, 38, 15
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same numbers on every architecture
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # version of Landlock: number of rights over files
_FS_READ = (1 << 2) | (1 << 3)  # of files and folders; modules are still to be loaded


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def close_doors() -> list[str]:
    """Return the kernel fences that stand; call it while the process has one thread."""
    if not sys.platform.startswith("linux"):
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, b"tomlake-sql", 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    fences = {
        "no-new-privileges": libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        "no-network": _leave_network(libc),
        "landlock": _restrict_landlock(libc),
        "seccomp": syscalls.forbid(libc),
    }
    return [name for name, stands in fences.items() if stands]


def take_limits(*, memory_mb: int, cpu_s: int, wall_clock_s: float) -> list[str]:
    """Return the limits that hold from now on; files that are open stay readable, no other can be opened."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(wall_clock_s) + 2)  # should the parent be dead
    used_s = resource.getrusage(resource.RUSAGE_SELF)
    cpu_end_s = int(used_s.ru_utime + used_s.ru_stime) + cpu_s + 1
    wanted = {
        "memory": (resource.RLIMIT_AS, memory_mb * 1_000_000),
        "cpu": (resource.RLIMIT_CPU, cpu_end_s),
        "no-core-dump": (resource.RLIMIT_CORE, 0),
        "no-writing": (resource.RLIMIT_FSIZE, 0),
        "no-opening": (resource.RLIMIT_NOFILE, 0),
    }
    held = [name for name, (kind, most) in wanted.items() if _limit(kind, most)]
    return held + (["own-user"] if _become_nobody() else [])


def allow_many_files() -> None:
    """Let the process open as many published files as the system allows it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _limit(kind: int, most: int) -> bool:
    hard = resource.getrlimit(kind)[1]
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (lowest, lowest))
    except (ValueError, OSError):
        return False
    return True


def _become_nobody() -> bool:
    """Give up root for a user number that nobody else has; without root the process stays who it is."""
    if os.getuid() != 0:
        return False
    _limit(resource.RLIMIT_NPROC, THREADS_AT_MOST)
    for uid in (LEAST_OWN_UID + os.getpid(), 65534):  # some containers know small numbers only
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        except OSError:
            continue
        return True
    return False


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Move to a network of its own that has no interface; a user may need a user space of its own for it."""
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def _restrict_landlock(libc: ctypes.CDLL) -> bool:
    """Forbid writing, starting programs, TCP, and signals to others; reading ends with ``take_limits``."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    bits = max(count for since, count in _FS_RIGHTS.items() if since <= version)
    rules = _Ruleset(
        fs=((1 << bits) - 1) & ~_FS_READ, net=3 if version >= 4 else 0, scoped=3 if version >= 6 else 0
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    restricted: bool = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return restricted
