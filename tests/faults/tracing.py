"""Kills a child process right before its n-th step on the disk, by Linux's ptrace.

A step is a system call that changes a file or a folder: a write, a sync, a truncation, a file made, renamed,
linked or deleted. The child runs unchanged; it is stopped by the kernel at each system call.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Ended", "can_trace", "traced"]

_TRACE_ME, _SYSCALL, _SET_OPTIONS, _SYSCALL_INFO = 0, 24, 0x4200, 0x420E
#: PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL
_OPTIONS = 0x1 | 0x100000
_SYSCALL_STOP = signal.SIGTRAP | 0x80
_ENTRY = 1
#: Room for struct ptrace_syscall_info: op, padding, arch, ip, sp, nr, six arguments.
_INFO = struct.Struct("=B3xIQQQ6Q")

#: Numbers of the system calls by machine; those of x86-64 include the old names that glibc still uses.
_STEPS = {
    "x86_64": {
        "write": (1, 18, 20, 296, 40, 326),
        "sync": (74, 75),
        "truncate": (76, 77, 285),
        "rename": (82, 264, 316),
        "link": (86, 265),
        "unlink": (84, 87, 263),
        "mkdir": (83, 258),
        "open": (2,),
        "openat": (257,),
    },
    "aarch64": {
        "write": (64, 66, 68, 70, 71, 285),
        "sync": (82, 83),
        "truncate": (45, 46, 47),
        "rename": (38, 276),
        "link": (37,),
        "unlink": (35,),
        "mkdir": (34,),
        "open": (),
        "openat": (56,),
    },
}
_NAMES = {
    number: name
    for name, numbers in _STEPS.get(platform.machine(), {}).items()
    for number in numbers
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended."""

    code: int
    """Its exit status; minus the signal that killed it."""
    steps: list[str]
    """What it did on the disk, as "write store.sqlite-wal"; the last one was not done if it was killed."""


def can_trace() -> bool:
    """Whether this machine lets a process look at its own child like that."""
    if sys.platform != "linux" or not _NAMES:
        return False
    tried = subprocess.run([sys.executable, __file__], check=False, stderr=subprocess.DEVNULL)
    return tried.returncode == 0


def traced(
    work: Callable[[], int],
    kill_before: int | None = None,
    happens: Callable[[], None] | None = None,
    happens_before: int | None = None,
) -> Ended:
    """Run ``work`` in a fork of this process, and kill it before step ``kill_before`` (from 1) if that comes.

    Before step ``happens_before``, ``happens`` is called here, while the child stands still.

    Raises:
        OSError: the kernel does not allow it.
    """
    child = os.fork()
    if not child:
        code = 70
        try:
            _call(_TRACE_ME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            code = work()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        raise OSError("ptrace is not allowed here")
    _call(_SET_OPTIONS, child, 0, _OPTIONS)
    steps: list[str] = []
    deliver = 0
    while True:
        _call(_SYSCALL, child, 0, deliver)
        deliver = 0
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return Ended(os.WEXITSTATUS(status), steps)
        if os.WIFSIGNALED(status):
            return Ended(-os.WTERMSIG(status), steps)
        stopped = os.WSTOPSIG(status)
        if stopped != _SYSCALL_STOP:
            deliver = stopped
            continue
        step = _step(child)
        if step is None:
            continue
        steps.append(step)
        if happens is not None and len(steps) == happens_before:
            happens()
        if len(steps) == kill_before:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Ended(-signal.SIGKILL, steps)


def _step(child: int) -> str | None:
    """The step that the stopped ``child`` is about to take; ``None`` for anything else."""
    info = ctypes.create_string_buffer(88)
    _call(_SYSCALL_INFO, child, len(info), ctypes.addressof(info))
    op, _, _, _, number, *arguments = _INFO.unpack_from(info)
    name = _NAMES.get(number) if op == _ENTRY else None
    if name is None:
        return None
    if name in ("open", "openat"):
        flags = arguments[1 if name == "open" else 2]
        return "create" if flags & os.O_CREAT else None
    if name in ("write", "sync"):
        descriptor = arguments[0] & 0xFFFFFFFF
        if descriptor <= 2:
            return None  # talk
        try:
            target = os.readlink(f"/proc/{child}/fd/{descriptor}")
        except OSError:
            return name
        return f"{name} {os.path.basename(target)}" if target.startswith("/") else None
    return name


def _call(request: int, child: int, address: int = 0, data: int = 0) -> None:
    if _ptrace(request, child, address, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_library = ctypes.CDLL(None, use_errno=True)
_ptrace = _library.ptrace
_ptrace.argtypes = [ctypes.c_long] * 4
_ptrace.restype = ctypes.c_long

if __name__ == "__main__":
    sys.exit(traced(lambda: 0).code)
