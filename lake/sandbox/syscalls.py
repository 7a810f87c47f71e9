"""The calls of the kernel that no query needs, forbidden by a seccomp filter (Linux on x86-64 and ARM)."""

import ctypes
import os
import platform
import struct
from dataclasses import dataclass

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # opcodes of the filter
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets of a call's description
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS = 0x00050001, 0x00050026
_CLONE_THREAD = 0x00010000
_FOREIGN_ABI = 0x40000000  # numbers of the x32 convention

# io_uring x3, pidfd x3, process_madvise, mount interface x6: numbered alike everywhere
_EVERYWHERE = (424, 425, 426, 427, 434, 438, 440, 428, 429, 430, 431, 432, 433)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    audit: int
    clone: int
    tgkill: int
    forbidden: tuple[int, ...]


_X86_64 = _Machine(
    audit=0xC000003E,
    clone=56,
    tgkill=234,
    forbidden=(
        41, 42, 43, 44, 46, 49, 50, 53, 288, 307,  # sockets
        57, 58, 59, 322,  # fork, vfork, execve, execveat
        62, 129, 200, 297,  # kill, rt_sigqueueinfo, tkill, rt_tgsigqueueinfo
        101, 310, 311, 312,  # ptrace, process_vm_readv, process_vm_writev, kcmp
        155, 161, 165, 166, 272, 308,  # pivot_root, chroot, mount, umount2, unshare, setns
        175, 246, 248, 249, 250, 298, 313, 319, 320, 321, 323,  # modules, keys, perf, memfd, bpf, faults
    ),
)  # fmt: skip
_AARCH64 = _Machine(
    audit=0xC00000B7,
    clone=220,
    tgkill=131,
    forbidden=(
        198, 199, 200, 201, 202, 203, 206, 211, 242, 269,  # sockets
        221, 281,  # execve, execveat
        129, 130, 138, 240,  # kill, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo
        117, 270, 271, 272,  # ptrace, process_vm_readv, process_vm_writev, kcmp
        39, 40, 41, 51, 97, 268,  # umount2, mount, pivot_root, chroot, unshare, setns
        104, 105, 217, 218, 219, 241, 273, 279, 280, 282, 294,  # kexec, modules, keys, perf, bpf, faults
    ),
)  # fmt: skip
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def forbid(libc: ctypes.CDLL) -> bool:
    """Return whether the kernel now refuses the calls to this thread and all that it starts."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = _filter(machine, pid=os.getpid())
    program = _Program(length=len(code) // 8, code=code)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(machine: _Machine, *, pid: int) -> bytes:
    """Return the filter: refused are the forbidden calls, new processes, and signals to another process."""
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, machine.audit, yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _FOREIGN_ABI, no=1),
        _step(_RETURN, _EPERM),
        _step(_EQUAL, 435, no=1),  # clone3 hides its flags; the C library then takes clone
        _step(_RETURN, _ENOSYS),
    ]
    for number in (*machine.forbidden, *_EVERYWHERE):
        steps += [_step(_EQUAL, number, no=1), _step(_RETURN, _EPERM)]
    steps += [
        _step(_EQUAL, machine.clone, no=4),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_BIT, _CLONE_THREAD, yes=1),
        _step(_RETURN, _EPERM),
        _step(_RETURN, _ALLOW),
        _step(_EQUAL, machine.tgkill, no=3),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, pid, yes=1),
        _step(_RETURN, _EPERM),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _step(opcode: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """Return one instruction; ``yes`` and ``no`` are how many instructions to skip."""
    return struct.pack("=HBBI", opcode, yes, no, value)
