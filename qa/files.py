"""Files that are written whole or not at all.

What is being written lies beside its name as ``NAME.PID.tmp``. A process that is killed leaves that behind;
the next one that writes the same name removes it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = [
    "latest_backup",
    "next_backup",
    "read_regular_file",
    "replace_file",
    "replacing",
    "worth_keeping",
    "write_new_file",
]


def read_regular_file(path: Path, most: int) -> bytes:
    """The bytes of a file of at most ``most``; never waits on a pipe or a device.

    Raises:
        OSError: there is none, it is larger, or it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return stream.read()


def replace_file(path: Path, data: bytes | memoryview) -> None:
    """Write ``path`` so that a kill or a full disk leaves the old file or the new one, never half.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    with replacing(path) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path, *, keep_earlier: bool = False) -> Iterator[IO[bytes]]:
    """A stream whose bytes become ``path`` at the end, or nothing at all if an error comes before it.

    With ``keep_earlier`` the file that was there stays beside it, as :func:`latest_backup` names it then, if
    it is :func:`worth_keeping`.

    Raises:
        OSError: as :func:`replace_file`.
    """
    with _beside(path) as temporary:
        with _synced(temporary) as stream:
            yield stream
        if keep_earlier and worth_keeping(path):
            _keep(path)
        os.replace(temporary, path)
        _sync_folder(path.parent)


def worth_keeping(path: Path) -> bool:
    """True if a file lies there that holds anything."""
    return path.is_file() and path.stat().st_size > 0


def next_backup(path: Path) -> Path:
    """Where the file at ``path`` is to be kept: never where an earlier one is."""
    return _backup(path, _backups(path) + 1)


def latest_backup(path: Path) -> Path:
    """Where the file is kept that ``path`` was before."""
    return _backup(path, max(_backups(path), 1))


def _backup(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.bak" + (f".{number}" if number > 1 else ""))


def _backups(path: Path) -> int:
    """The number of the last file that was kept of ``path``, 0 where there is none."""
    kept = re.compile(re.escape(path.name) + r"\.bak(?:\.([1-9]\d{0,8}))?")
    with os.scandir(path.parent) as entries:
        found = (kept.fullmatch(entry.name) for entry in entries)
        return max((int(match[1] or 1) for match in found if match), default=0)


def write_new_file(path: Path, data: bytes) -> None:
    """Write ``path`` whole, if there is nothing of that name.

    Raises:
        FileExistsError: there is; it is as it was.
        OSError: it cannot be written.
    """
    with _beside(path) as temporary:
        with _synced(temporary) as stream:
            stream.write(data)
        try:
            os.link(temporary, path)  # unlike a renaming, it refuses a name that is taken
        except FileExistsError:
            raise
        except OSError:  # a file system without links; then a look has to do
            if os.path.lexists(path):
                raise FileExistsError(path) from None
            os.replace(temporary, path)
        _sync_folder(path.parent)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside ``path`` for what is being written; nothing is left there at the end."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        _remove_leftovers(path)
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _keep(path: Path) -> None:
    """Give what lies at ``path`` a second name, so that there is a whole file of the first at any instant."""
    backup = next_backup(path)
    try:
        os.link(path, backup, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without links
        os.replace(path, backup)


def _remove_leftovers(path: Path) -> None:
    """Delete what processes that are no more had begun to write for ``path``."""
    leftover = re.compile(re.escape(path.name) + r"\.(\d{1,9})\.tmp")
    with os.scandir(path.parent) as entries:
        for entry in entries:
            match = leftover.fullmatch(entry.name)
            if match and not _is_running(int(match[1])):
                Path(entry.path).unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name != "posix":  # elsewhere os.kill has no signal that does nothing
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another person's
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk too, where the file system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _synced(path: Path) -> Iterator[IO[bytes]]:
    """A new file to write to, on the disk at the end."""
    # Whatever lies there, a link perhaps, is not written to but replaced.
    path.unlink(missing_ok=True)
    with path.open("xb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
