"""One writer at a time: a lock that ends with the process that holds it, however that ends.

SQLite's own lock covers a transaction; this one covers all of an update, from the first text embedded to the
last file written, and says who holds it. It is the kernel's (flock) and not the file's: what a killed process
leaves in the file locks nobody out.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import json
import os
import stat
import time
from datetime import datetime
from pathlib import Path

from qa.corpus import LOCK_FILE
from qa.errors import StoreError

__all__ = ["WriterLock"]

#: How often a process that waits looks whether the lock is free.
_LOOK_SECONDS = 0.1
#: What the file holds is short; of one that holds more no more is read.
_LONGEST_NOTE = 1_000
#: No descriptor: a second closing would close what another thread has opened meanwhile.
_CLOSED = -1


class WriterLock:
    """The right to write the index of a folder, until :meth:`release`."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, folder: Path, patience: float) -> WriterLock:
        """Take the lock of ``folder``, waiting up to ``patience`` seconds for another process.

        Where the file system knows no locks there is none, and SQLite's has to do.

        Raises:
            StoreError: another process holds it still, or its file cannot be made.
        """
        if importlib.util.find_spec("fcntl") is None:  # not on this system; SQLite's lock has to do
            return cls(None)
        import fcntl

        descriptor = _opened(folder / LOCK_FILE)
        until = time.monotonic() + patience
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_there(descriptor, folder / LOCK_FILE):
                        break
                    os.close(descriptor)  # its last holder has removed the folder
                    descriptor = _CLOSED
                    descriptor = _opened(folder / LOCK_FILE)
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise _held(folder, descriptor) from None
                    time.sleep(_LOOK_SECONDS)
                except OSError as error:
                    if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):
                        raise
                    break
            _write_note(descriptor)
        except BaseException:
            if descriptor != _CLOSED:
                os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let the next one write; twice is harmless."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def _opened(path: Path) -> int:
    # A link or a pipe in an index from elsewhere must not be written to, nor waited for.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise StoreError(
            f"The index in {path.parent} cannot be written ({path.name}: {error.strerror}); check its "
            "permissions and the disk, or name another folder with --vectors DIR."
        ) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(descriptor)
        raise StoreError(f"{path} is no file of qa; remove it and run the command again.")
    return descriptor


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except OSError:
        return False


def _write_note(descriptor: int) -> None:
    """Say who holds the lock; a full disk is no reason not to hold it."""
    note = {"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(timespec="seconds")}
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)


def _held(folder: Path, descriptor: int) -> StoreError:
    who = ""
    try:
        note = json.loads(os.pread(descriptor, _LONGEST_NOTE, 0))
        since = datetime.fromisoformat(note["since"]).astimezone()
        who = f" (process {int(note['pid'])}, since {since:%Y-%m-%d %H:%M:%S})"
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        pass  # it is just being written, or by something else: the lock is held all the same
    return StoreError(
        f"Another process{who} is writing the index in {folder}; wait for it to end, then run the "
        "command again."
    )
